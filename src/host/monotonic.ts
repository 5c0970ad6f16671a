// The clock that all processes of this host share and nobody sets (CLOCK_MONOTONIC, clock_gettime(2)): what one process may
// do until then, another can be told.

/** In milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
