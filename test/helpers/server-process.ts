// A server of another project for tests: started on a free port of loopback with a folder of its own, ended with us.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./rgw.ts";

export interface ServerProcess {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  const isOpen = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "error").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}

/** `argvFor` writes what it needs into the folder and says how the server is started in the foreground. */
export async function startServer(
  name: string,
  argvFor: (folder: string, port: number) => readonly [string, ...string[]],
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  let output = "";
  // Between looking for a free port and using it somebody else may take it.
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort();
    const [command, ...args] = argvFor(folder, port);
    // Ends it when we end, however: it reads nothing, but its keeper does.
    const keeper = 'exec 3<&0; "$@" </dev/null & p=$!; cat <&3 >/dev/null; kill -TERM $p; wait $p';
    const child = spawn("sh", ["-c", keeper, name, command, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    const collect = (data: unknown) => (output += String(data));
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    for (const end = performance.now() + 20_000; performance.now() < end && child.exitCode === null;) {
      if (await accepts(port))
        return {
          port,
          stop: async () => {
            const exit = once(child, "exit");
            child.stdin.end();
            await exit;
            rmSync(folder, { recursive: true, force: true });
          },
        };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const exit = once(child, "exit");
    child.stdin.end();
    await exit;
  }
  return assert.fail(`${name} does not start: ${output.slice(-1000)}`);
}
