// What a measurement started is ended at the end.
const works: (() => unknown)[] = [];

/** Handed to the helpers of the tests, which register here. */
export const t = { after: (work: () => unknown) => void works.push(work) };

export async function cleanUp(): Promise<void> {
  for (const work of works.splice(0).toReversed()) await work();
}

export const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
