// A real Request Tracker 5 for tests, on a free port of loopback with a folder of its own. It is gone with the process
// that started it, however that ends.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./rgw.ts";

export interface Rt {
  readonly url: string;
  /** Of an account with the documented rights. */
  readonly token: string;
  /** Of an account that may only read. */
  readonly weak: string;
  /** Open, resolved, then as many open ones as were asked for. */
  readonly tickets: readonly [number, number, number, ...(readonly number[])];
  /** As its API tells it, for looking from outside. */
  readonly get: (path: string) => Promise<unknown>;
  readonly post: (path: string, json: unknown) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Starts it and returns when it answers, some 10 seconds later. */
export async function startRt(tickets = 1): Promise<Rt> {
  let reason = "";
  // Between looking for a free port and using it somebody else may take it.
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort();
    const script = new URL("rt.sh", import.meta.url).pathname;
    const child = spawn("bash", [script, mkdtempSync(join(tmpdir(), "rt-")), String(port)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, EXHIBIT_TEST_TICKETS: String(tickets) },
    });
    let stderr = "";
    child.stderr.on("data", (data) => (stderr += String(data)));
    const exited = once(child, "exit").then(() => undefined);
    const line = await Promise.race([once(child.stdout, "data").then(([data]) => String(data)), exited]);
    if (line !== undefined) return opened(`http://127.0.0.1:${port}`, JSON.parse(line), child);
    reason = stderr;
  }
  return assert.fail(`Request Tracker does not start: ${reason}`);
}

function opened(url: string, seed: Pick<Rt, "token" | "weak" | "tickets">, child: ChildProcess): Rt {
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `token ${seed.token}`, "content-type": "application/json" };
    const response = await fetch(`${url}/REST/2.0${path}`, { ...init, headers });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.json();
  };
  return {
    url,
    ...seed,
    get: (path) => ask(path),
    post: (path, json) => ask(path, { method: "POST", body: JSON.stringify(json) }),
    stop: async () => {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.stdin?.end();
      await exit;
    },
  };
}
