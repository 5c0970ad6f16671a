// Who we are on the bus: a file of credentials (.creds) holds a name, signed by the account, and the key that proves it is
// ours. Read again before every attempt to connect, so that a new file is enough to renew them.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ExhibitError, messageOf } from "../../errors.ts";
import { readSecret, secretPath } from "../../host/secret-file.ts";
import type { FleetSettings } from "../../settings.ts";

/** What a token says of its bearer; `exp` in seconds (RFC 7519). */
const Claims = z.looseObject({ name: z.string().min(1), exp: z.number().optional() });

export interface Credentials {
  /** As the account has signed it: the only name the bus lets us answer by. */
  readonly name: string;
  readonly expiresAtMs?: number;
  /** The file as it is. */
  readonly bytes: Uint8Array;
}

/** Throws ExhibitError when the file cannot be read, others may read it, or it is no credentials. */
export async function readCredentials(file: string): Promise<Credentials> {
  const path = secretPath(file);
  const text = await readSecret(path);
  const token = /-+BEGIN NATS USER JWT-+\s+(\S+)\s+-+END NATS USER JWT/.exec(text)?.[1];
  const claims = Claims.safeParse(payloadOf(token ?? ""));
  if (token === undefined || !claims.success)
    throw new ExhibitError(`${path}: holds no credentials of NATS`, {
      hint: "exhibit agent credentials FOLDER makes them",
    });
  const { name, exp } = claims.data;
  return {
    name,
    ...(exp === undefined || exp === 0 ? {} : { expiresAtMs: exp * 1000 }),
    // The client looks for the end of the last line, too.
    bytes: new TextEncoder().encode(`${text}\n`),
  };
}

/** What a token says, unchecked: the server checks it. */
function payloadOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The authorities to trust, as PEM; undefined: those that Node knows. Throws ExhibitError when it cannot be read. */
export async function readAuthority({ caFile }: Pick<FleetSettings, "caFile">): Promise<string | undefined> {
  if (caFile === null) return undefined;
  const path = secretPath(caFile);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ExhibitError(`${path}: cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: "see fleet.caFile in the settings",
    });
  }
}
