// The body of an answer, up to a limit: what is longer is no answer of a record system.

const LIMIT_BYTES = 16 * 1024 ** 2;

/** The text of an answer; throws when it is larger than 16 MiB or ends too early. */
export async function readAnswer(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return "";
  // Leaving the loop cancels the rest.
  for await (const piece of response.body) {
    if (!(piece instanceof Uint8Array)) break;
    pieces.push(piece);
    size += piece.length;
    if (size > LIMIT_BYTES) throw new Error("the answer is too long");
  }
  return Buffer.concat(pieces).toString("utf8");
}
