// How a big object is cut into parts. S3 takes at most 10,000 parts of 5 MiB to 5 GiB each (the last may be smaller), 5
// TiB in all (Amazon S3 User Guide, "Multipart upload limits").
//
// Memory: parts of up to 48 MiB are held in buffers, three of 16 MiB or one of 48 MiB, whatever the object's size; larger
// ones are read twice from the file in pieces of 1 MiB, once to sign and once to send. So memory does not grow with the
// object. A size that is not known beforehand begins with small parts, of which a kill costs least, and reaches 156 GiB
// before the first part that must be read twice.

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export const PART_BYTES = 16 * MIB;
/** Parts up to here are sent from memory. */
export const BUFFERED_PART_BYTES = 48 * MIB;
/** For what comes in spite of a bound. */
const SPARE_PARTS = 100;
export const PARTS_LIMIT = 10_000;
export const PART_LIMIT_BYTES = 5 * GIB;
export const OBJECT_LIMIT_BYTES = 5 * 1024 * GIB;

/** Steps of a plan: so many parts of this size each. The last step's count is what is left of 10,000. */
export type PartPlan = readonly (readonly [parts: number, partBytes: number])[];

/** 62.5 GiB, then up to 156 GiB from memory; 406 GiB; 1.4 TiB; 5.3 TiB, which is more than an object may have. */
const GROWING: PartPlan = [
  [4000, PART_BYTES],
  [2000, BUFFERED_PART_BYTES],
  [1000, 256 * MIB],
  [1000, GIB],
  [2000, 2 * GIB],
];

/**
 * The plan for an object of `bytes`, exactly or at most; without it for one of unknown size. A bound that proves too low
 * costs nothing: what comes after it goes up in larger parts.
 */
export function planParts(bytes?: number): PartPlan {
  if (bytes === undefined) return GROWING;
  const usual = PARTS_LIMIT - SPARE_PARTS;
  const needed = Math.ceil(bytes / usual / PART_BYTES) * PART_BYTES;
  return [
    [usual, Math.max(PART_BYTES, needed)],
    [SPARE_PARTS, PART_LIMIT_BYTES],
  ];
}

/** How large part `number` (from 1) is; undefined when there can be no such part. */
export function partBytes(plan: PartPlan, number: number): number | undefined {
  let last = 0;
  for (const [parts, bytes] of plan) {
    last += parts;
    if (number <= last) return bytes;
  }
  return undefined;
}
