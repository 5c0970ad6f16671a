// The redactor of one bundle: a key of its own, and the values that were seen in the target. Both are kept beside the
// bundle until it is sealed, so that a bundle sealed after a kill is masked just as well, and by the same masks.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { errnoOf } from "../../errors.ts";
import { redactFile } from "./redact-file.ts";
import { createRedactor } from "./redactor.ts";

/** `values` are latin1 text, as `secretValues` picks them. */
const Secrets = z.strictObject({ key: z.string().regex(/^[0-9a-f]{32,}$/), values: z.array(z.string()) });
export type Secrets = z.infer<typeof Secrets>;

export function makeSecrets(values: readonly string[]): Secrets {
  return { key: randomBytes(32).toString("hex"), values: [...values] };
}

export interface BundleRedactor {
  /** Redacts a file in place, in bounded memory; see redact-file.ts. */
  readonly redactFile: (
    path: string,
    beforeChange?: (counts: ReadonlyMap<string, number>) => Promise<void>,
  ) => Promise<ReadonlyMap<string, number>>;
  readonly redactText: (text: string) => string;
  /** Arguments are looked at together: a secret stands behind its flag. As many come back. */
  readonly redactArguments: (argv: readonly string[]) => string[];
}

export function makeBundleRedactor({ key, values }: Secrets): BundleRedactor {
  const redactor = createRedactor({ values, key: Buffer.from(key, "hex") });
  // The values are bytes; text is compared with them as bytes.
  const redactText = (text: string): string => {
    const { text: redacted } = redactor.redactText(Buffer.from(text, "utf8").toString("latin1"));
    return Buffer.from(redacted, "latin1").toString("utf8");
  };
  return {
    redactFile: (file, beforeChange) => redactFile(redactor, file, beforeChange),
    redactText,
    redactArguments: (argv) => {
      const together = redactText(argv.join("\0")).split("\0");
      return together.length === argv.length ? together : argv.map(redactText);
    },
  };
}

/** The redactor of a bundle in the spool; where its secrets are gone or torn (a power cut), the rules alone must do. */
export async function openRedactor(path: string): Promise<BundleRedactor> {
  return makeBundleRedactor((await readSecrets(path)) ?? makeSecrets([]));
}

async function readSecrets(path: string): Promise<Secrets | undefined> {
  try {
    return Secrets.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    const code = errnoOf(error);
    if (code !== undefined && code !== "ENOENT") throw error;
    return undefined;
  }
}
