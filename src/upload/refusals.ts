// What every kind of store refuses in the same words.
import { UploadError } from "../errors.ts";
import { UnsendableError } from "./unsendable.ts";

/** Other bytes are under a name that is never overwritten. */
export function conflict(where: string, foundSha256: string | undefined, wantedSha256: string): UploadError {
  const found = foundSha256 === undefined ? "bytes of unknown SHA-256" : `SHA-256 ${foundSha256}`;
  return new UnsendableError(
    `${where}: holds ${found} and is never overwritten; this bundle has SHA-256 ${wantedSha256}`,
    {
      hint: "compare the two with exhibit verify; move the wrong one away by hand",
    },
  );
}

/** The operator or a deadline ended it. */
export function stopped(what: string): UploadError {
  return new UploadError(`${what}: the upload was stopped`, { hint: "exhibit push sends what is missing" });
}
