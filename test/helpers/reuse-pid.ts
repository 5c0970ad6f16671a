// Run in a pid namespace of its own, where /proc/sys/kernel/ns_last_pid says which pid comes next (pid_namespaces(7)):
// holds a process, ends it, lets another take its pid, and prints what can be read of the first.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { errnoOf, messageOf } from "../../src/errors.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { checkIdentity, identityOf } from "../../src/target/identity.ts";
import { end } from "./started.ts";

const first = spawn("sleep", ["1000"]);
await once(first, "spawn");
const pid = first.pid ?? 0;
const held = openProcess(pid);
const identity = identityOf(held);
const before = checkIdentity(held, identity);
await end(first);

// Another thread of ours may take the pid first; then it is free again soon.
let second = first;
for (let attempt = 0; attempt < 200; attempt++) {
  writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
  second = spawn("sleep", ["1000"]);
  await once(second, "spawn");
  if (second.pid === pid) break;
  await end(second);
}

function readHeld(): string {
  try {
    return held.readSync("stat").toString();
  } catch (error) {
    return errnoOf(error) ?? messageOf(error);
  }
}

const anew = openProcess(pid);
console.log(
  JSON.stringify({
    reused: second.pid === pid,
    before,
    read: readHeld(),
    held: checkIdentity(held, identity),
    anew: checkIdentity(anew, identity),
  }),
);
await end(second);
