import { asleepOf, reasonOfStuckThread } from "../../core/stuck-thread.ts";
import type { CollectorContext } from "../collector.ts";

/** Why no tool may stop the target's threads, all of which it would wait for; undefined when none is stuck. */
export function reasonNotToStop({
  process,
}: Pick<CollectorContext<unknown>, "process">): Promise<string | undefined> {
  return reasonOfStuckThread(async () => {
    const statuses: (readonly [number, string])[] = [];
    for (const thread of await process.list("task").catch(() => [])) {
      const text = await process.read(`task/${thread}/status`).catch(() => undefined);
      if (text !== undefined) statuses.push([Number(thread), text.toString("latin1")]);
    }
    return asleepOf(statuses);
  });
}
