// Keys for an S3 store from a file of our own settings, in the form of ~/.aws/credentials. What must stay true:
// nothing of its content gets into a message.
import { ExhibitError, UploadError } from "../errors.ts";
import { readSecret, secretPath } from "../host/secret-file.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Reads the keys; throws UploadError with what to do. */
export async function readS3Credentials(file: string): Promise<S3Credentials> {
  const path = secretPath(file);
  const keys = parseS3Credentials(await readSecret(path).catch(refused));
  if (keys) return keys;
  throw new UploadError(`${path}: holds no aws_access_key_id and aws_secret_access_key`, {
    hint: "write them as in ~/.aws/credentials, one `name = value` a line",
  });
}

/** The store's own kind of error, so that the bundle's fate is told with it. */
function refused(error: unknown): never {
  if (!(error instanceof ExhibitError)) throw error;
  const hint = error.hint ?? "see credentialsFile in the store's settings";
  throw new UploadError(error.message, { hint, cause: error });
}

/** Keys of the section `[default]`, or of lines before any section; undefined when there are none. Never throws. */
export function parseS3Credentials(text: string): S3Credentials | undefined {
  const values = new Map<string, string>();
  let section = "default";
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[\s*([^\]]*?)\s*\]\s*$/.exec(line)?.[1] ?? section;
    const [, name, value] = /^\s*(aws_[a-z_]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
    if (section === "default" && name !== undefined && value !== undefined) values.set(name, value);
  }
  const accessKeyId = values.get("aws_access_key_id");
  const secretAccessKey = values.get("aws_secret_access_key");
  const sessionToken = values.get("aws_session_token");
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
