// Whether a file is binary: masking would take bytes out of it that are no text, and would find nothing in what is packed.
// What must stay true: text in whatever encoding of single bytes or UTF-8 counts as text, because secrets in it are masked.
import { constants } from "node:fs";
import { open } from "node:fs/promises";

const PIECE_BYTES = 1024 ** 2;
/** Control characters that no text holds; a terminal's output has BS, TAB, LF, VT, FF, CR, SO, SI and ESC. */
// eslint-disable-next-line no-control-regex
const NOT_TEXT = /[\u0001-\u0007\u0010-\u001a\u001c-\u001f]/;

/**
 * Whether a regular file has a NUL byte anywhere, or is no UTF-8 and has control characters that no text has. So a log in
 * Latin-1 is text, UTF-16 and anything compressed is binary. A link is refused (ELOOP).
 */
export async function isBinaryFile(path: string): Promise<boolean> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const decodes = (bytes: Uint8Array, stream: boolean): boolean => {
    try {
      decoder.decode(bytes, { stream });
      return true;
    } catch {
      return false;
    }
  };
  let isUtf8 = true;
  let hasControls = false;
  try {
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(piece, 0, PIECE_BYTES, at);
      at += bytesRead;
      const bytes = piece.subarray(0, bytesRead);
      if (bytes.includes(0)) return true;
      hasControls ||= NOT_TEXT.test(bytes.toString("latin1"));
      isUtf8 &&= decodes(bytes, bytesRead > 0);
      if (bytesRead === 0) return !isUtf8 && hasControls;
    }
  } finally {
    await handle.close();
  }
}
