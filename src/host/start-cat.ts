// A process of our own, for the helper that takes a core, which must not carry all of start.ts along.
import { spawn, type ChildProcess } from "node:child_process";

/** cat(1) between two pipes: it ends when we do, as its input does then. */
export function startCat(): ChildProcess {
  return spawn("cat", { stdio: ["pipe", "pipe", "ignore"], cwd: "/" }).on("error", () => undefined);
}
