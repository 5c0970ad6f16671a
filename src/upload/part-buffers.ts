// The memory that parts are sent from: one block for the whole process, handed out in thirds or as a whole, first come,
// first served. What must stay true: however many uploads run, they wait for each other here, and memory does not grow.
import { BUFFERED_PART_BYTES, PART_BYTES } from "./part-plan.ts";

export interface PartBuffer {
  readonly bytes: Buffer;
  /** To be called exactly once, when nobody reads it any more. */
  readonly give: () => void;
}

const UNITS = BUFFERED_PART_BYTES / PART_BYTES;

/** Made with the first part; pages that no part has touched yet cost nothing. */
let block: Buffer | undefined;
const free = Array.from({ length: UNITS }, (_, unit) => unit);
const queue: { readonly units: number; readonly start: (taken: readonly number[]) => void }[] = [];

function serve(): void {
  for (let next = queue[0]; next && next.units <= free.length; next = queue[0]) {
    queue.shift();
    next.start(free.splice(0, next.units));
  }
}

/** A buffer of exactly `bytes`, at most BUFFERED_PART_BYTES, as soon as there is room. */
export async function takePartBuffer(bytes: number): Promise<PartBuffer> {
  if (bytes > BUFFERED_PART_BYTES) throw new RangeError(`no buffer has ${bytes} bytes`);
  const units = bytes <= PART_BYTES ? 1 : UNITS;
  const taken = await new Promise<readonly number[]>((start) => {
    queue.push({ units, start });
    serve();
  });
  block ??= Buffer.allocUnsafeSlow(BUFFERED_PART_BYTES);
  const at = Math.min(...taken) * PART_BYTES;
  return {
    bytes: block.subarray(at, at + bytes),
    give: () => {
      free.push(...taken);
      serve();
    },
  };
}
