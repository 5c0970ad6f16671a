// What attaching adds to the longest latency.
import { look, SERVICE, startNode } from "../../test/helpers/node-target.ts";
import { t, wait } from "./cleanup.ts";
import { openLoop, type Load } from "./open-loop.ts";

/** What attaching adds to the longest latency: the median of nine pairs of windows, the one with and the one without in turns. */
export async function addedLatency(binary: string): Promise<number> {
  const target = await startNode(t, SERVICE, { binary });
  await openLoop(target, 1);
  const added: number[] = [];
  for (let pair = 0; pair < 9; pair++) {
    const alone = () => openLoop(target, 1.5);
    const attached = async () => {
      const during = openLoop(target, 1.5);
      await wait(500);
      const { leave } = await look(t, target.pid);
      await leave();
      return during;
    };
    const inTurns = pair % 2 === 0 ? [alone, attached] : [attached, alone];
    const longest = new Map<() => Promise<Load>, number>();
    for (const one of inTurns) longest.set(one, (await one()).max);
    added.push((longest.get(attached) ?? Number.NaN) - (longest.get(alone) ?? Number.NaN));
  }
  target.child.kill("SIGKILL");
  return added.toSorted((a, b) => a - b)[4] ?? Number.NaN;
}
