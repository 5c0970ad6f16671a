// The worker threads of a Node process, by the NodeWorker domain: each is told, none is looked into.
import { z } from "zod";
import type { Worker } from "../collectors/inspection.ts";
import { printable } from "../printable.ts";
import type { Devtools } from "./devtools.ts";

const Attached = z.object({
  workerInfo: z.object({ workerId: z.string(), title: z.string().catch(""), url: z.string().catch("") }),
});
const TITLE_CHARACTERS = 100;
const PATH_CHARACTERS = 300;

/** Asks for the workers' inspectors and leaves them at once: they are told before the answer (NodeWorker.enable). */
export async function listWorkers({ send, onEvent }: Devtools): Promise<readonly Worker[]> {
  const workers: Worker[] = [];
  onEvent((method, parameters) => {
    const worker = method === "NodeWorker.attachedToWorker" ? Attached.safeParse(parameters).data : undefined;
    if (worker === undefined) return;
    const { workerId: id, title, url } = worker.workerInfo;
    workers.push({
      id: printable(id, TITLE_CHARACTERS),
      title: printable(title, TITLE_CHARACTERS),
      // Code that was given as text has no file; it is not ours to keep.
      file: url.startsWith("file:") ? printable(url, PATH_CHARACTERS) : undefined,
    });
  });
  await send("NodeWorker.enable", { waitForDebuggerOnStart: false });
  await send("NodeWorker.disable", {});
  return workers;
}
