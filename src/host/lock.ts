// A lock that dies with its holder: flock(1) held by a helper whose stdin is our pipe. When we are killed the pipe
// closes, the helper ends, and the kernel frees the lock; there is no stale lock file to reason about.
import { once } from "node:events";
import { startHelper } from "./start.ts";

export interface Lock {
  readonly release: () => Promise<void>;
}

/** Takes the lock, waiting at most `waitMs`; undefined when another process holds it, or flock(1) is not on this host. */
export async function holdLock(path: string, waitMs: number): Promise<Lock | undefined> {
  const wait = String(Math.ceil(waitMs / 1000));
  const helper = startHelper(["flock", "-w", wait, path, "sh", "-c", "echo held; read -r _"]);
  const exited = new Promise<"ended">((resolve) => {
    helper.once("error", () => resolve("ended"));
    helper.once("exit", () => resolve("ended"));
  });
  const { stdout, stdin } = helper;
  if (!stdout || !stdin) return undefined;
  stdin.on("error", () => undefined);
  const first = await Promise.race([
    once(stdout, "data").then(
      () => "held" as const,
      () => "ended" as const,
    ),
    exited,
  ]);
  if (first === "ended") return undefined;
  return {
    release: async () => {
      stdin.end();
      await exited;
      stdout.destroy();
    },
  };
}
