// A real agent in a sandbox of its own, and its socket.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { openSandbox, type Sandbox } from "./exhibit.ts";
import { end } from "./started.ts";
import { until } from "./until.ts";

const LIMIT_MS = 60_000;

export interface Agent {
  readonly sandbox: Sandbox;
  readonly socket: string;
  readonly recorder: string;
  /** Starts it, and waits until it listens. */
  readonly begin: (env?: NodeJS.ProcessEnv) => Promise<ReturnType<Sandbox["start"]>>;
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Said>;
}

export interface Said {
  readonly status: number | undefined;
  readonly body: string;
}

/** `settings` is YAML after those of the agent's socket. */
export function openAgent(t: Pick<TestContext, "after">, settings = ""): Agent {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-agent-"));
  const socket = join(folder, "run/agent.sock");
  const sandbox = openSandbox(`agent: {socket: ${socket}}\n${settings}`);
  const agents: ReturnType<Sandbox["start"]>[] = [];
  // In one hook: of several none runs after one that throws, and an agent that is left holds the process of its test file.
  t.after(async () => {
    await Promise.all(agents.map(end));
    sandbox.remove();
    rmSync(folder, { recursive: true });
  });
  const ask: Agent["ask"] = async (method, path, body) => {
    const asked = request({ socketPath: socket, method, path });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(asked, "response");
    return { status: response.statusCode, body: await text(response) };
  };
  const begin = async (env: NodeJS.ProcessEnv = {}) => {
    const child = sandbox.start(["agent"], { env });
    agents.push(child);
    const isListening = () => /listening on/.test(child.output());
    await until(() => isListening() || child.exitCode !== null, LIMIT_MS, "the agent listens");
    assert.ok(isListening(), child.output());
    return child;
  };
  return { sandbox, socket, recorder: join(sandbox.folder, "recorder"), begin, ask };
}
