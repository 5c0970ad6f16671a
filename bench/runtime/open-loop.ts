// A load that does not wait for answers, by a process of its own.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { servicePort, type NodeTarget } from "../../test/helpers/node-target.ts";

export interface Load {
  readonly count: number;
  readonly failed: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** 400 requests a second by a process of its own, for a while. */
export async function openLoop(target: NodeTarget, seconds: number, path = "/"): Promise<Load> {
  const script = new URL("../open-loop.mjs", import.meta.url).pathname;
  const words = [script, String(servicePort(target)), "400", String(seconds), path];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const load: Load = JSON.parse(stdout);
  return load;
}
