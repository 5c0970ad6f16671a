import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rehearse } from "../../../src/core/helper/rehearsal.ts";
import { openSystem, Request, SystemError, type System } from "../../../src/core/ptrace/system.ts";
import { childrenOf } from "../../helpers/core-target.ts";
import { until } from "../../helpers/until.ts";

const isQuiet = () => until(() => childrenOf(process.pid) === "", 30_000);

/** The real one, that tells which requests were made, in order. */
async function listening(): Promise<{ readonly system: System; readonly requests: number[] }> {
  const real = await openSystem();
  const requests: number[] = [];
  const ptrace: System["ptrace"] = (request, ...rest) => {
    requests.push(request);
    return real.ptrace(request, ...rest);
  };
  const setRegset: System["setRegset"] = (...words) => {
    requests.push(Request.SETREGSET);
    real.setRegset(...words);
  };
  return { system: { ...real, ptrace, setRegset }, requests };
}

test("a whole pause is rehearsed on a process of our own, and nothing of it stays", async () => {
  const { system, requests } = await listening();
  await rehearse(system);
  for (const request of [Request.SEIZE, Request.SETREGSET, Request.GET_SYSCALL_INFO, Request.DETACH])
    assert.ok(requests.includes(request), `0x${request.toString(16)}`);
  await isQuiet();
});

test("where the kernel breaks a chain it is the rehearsal that fails", async () => {
  const real = await openSystem();
  const broken: System = {
    ...real,
    ptrace: (request, thread, address, data) => {
      if (request === Request.GET_SYSCALL_INFO) throw new SystemError("ptrace", 5);
      return real.ptrace(request, thread, address, data);
    },
  };
  await assert.rejects(rehearse(broken), {
    message:
      "the rehearsal on a process of our own failed: the snapshot broke off: SystemError: ptrace: errno 5",
  });
  await isQuiet();
});

test("where there can be no rehearsal the target is looked at without one", async () => {
  const { system, requests } = await listening();
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    await rehearse(system);
  } finally {
    process.env.PATH = path;
  }
  assert.deepEqual(requests, []);
  await isQuiet();
});

test("what was rehearsed on ends with us, even by SIGKILL", async (t) => {
  const rehearsal = new URL("../../../src/core/helper/rehearsal.ts", import.meta.url).href;
  const system = new URL("../../../src/core/ptrace/system.ts", import.meta.url).href;
  // It is stopped in the middle of its chain, and its tracer waits.
  const source = `
    const { rehearse } = await import(${JSON.stringify(rehearsal)});
    const { openSystem, Request } = await import(${JSON.stringify(system)});
    const real = await openSystem();
    await rehearse({ ...real, ptrace: (request, thread, ...rest) => {
      if (request === Request.GET_SYSCALL_INFO) {
        process.stdout.write(thread + "\\n");
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      return real.ptrace(request, thread, ...rest);
    } });`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const told = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data) => resolve(String(data))),
  );
  const traced = Number(told);
  assert.match(readFileSync(`/proc/${traced}/comm`, "latin1"), /^cat$/m);
  child.kill("SIGKILL");
  await until(() => stateOf(traced) !== "alive", 30_000);
});

function stateOf(pid: number): "alive" | "gone" {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1")) ? "gone" : "alive";
  } catch {
    return "gone";
  }
}
