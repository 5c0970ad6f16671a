// The difference between "this file cannot be stored" and "the store cannot be reached": after the first, the rest of
// the bundle is still sent; after the second, nothing is tried until the next time.
import { UploadError } from "../errors.ts";

/** One file that no repetition will bring into the store as it is: too big, missing, or not what the manifest says. */
export class UnsendableError extends UploadError {}
