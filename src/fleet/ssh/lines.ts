// Lines of a stream that a stranger may write: each bounded, a longer one is dropped.
import type { Readable } from "node:stream";
import { LINE_LIMIT_BYTES } from "./messages.ts";

/** The lines of a stream, without their ends; ends with the stream, also when it breaks. */
export async function* readLines(stream: Readable): AsyncGenerator<string, void, void> {
  let kept = Buffer.alloc(0);
  let isTooLong = false;
  try {
    for await (const chunk of stream) {
      const data: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      let from = 0;
      for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, from)) {
        const line = Buffer.concat([kept, data.subarray(from, at)]);
        if (!isTooLong && line.length <= LINE_LIMIT_BYTES) yield line.toString("utf8");
        kept = Buffer.alloc(0);
        isTooLong = false;
        from = at + 1;
      }
      const rest = data.subarray(from);
      isTooLong ||= kept.length + rest.length > LINE_LIMIT_BYTES;
      kept = isTooLong ? Buffer.alloc(0) : Buffer.concat([kept, rest]);
    }
  } catch {
    // A connection that broke has no more lines.
  }
}
