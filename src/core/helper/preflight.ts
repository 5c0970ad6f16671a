// Whether a method may be tried at all, found out without stopping anything. What is not proven safe is refused here, in
// words that the manifest keeps.
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from "node:fs";
import { errnoOf } from "../../errors.ts";
import { asleepOf, reasonOfStuckThread, type Asleep } from "../stuck-thread.ts";
import { readHeadroom } from "./headroom.ts";
import type { TargetFacts } from "./target.ts";

/** Descriptors whose memory devices write to, or whose owner would have to answer for a fork. */
const UNSAFE_DESCRIPTORS = [
  [/^\/dev\/infiniband\//, "RDMA"],
  [/^\/dev\/vfio\//, "vfio"],
  [/^\/dev\/(?:nvidia|kfd|dri\/)/, "a GPU"],
  [/^\/dev\/kvm$/, "a virtual machine"],
  [/^anon_inode:\[userfaultfd\]/, "userfaultfd"],
] as const;

const MIB = 1024 ** 2;
const ELF_CLASS_64 = 2;

/** Why no thread of the target may be stopped; undefined when all may. */
export async function reasonNotToStop({ pid, status }: TargetFacts): Promise<string | undefined> {
  if (status.tracerPid) return `the target is already traced, by process ${status.tracerPid}`;
  const stuck = await reasonOfStuckThread(() => asleep(pid));
  if (stuck !== undefined) return stuck;
  try {
    closeSync(openSync(`/proc/${pid}/mem`, "r"));
  } catch (error) {
    return errnoOf(error) === "EACCES" || errnoOf(error) === "EPERM"
      ? "the target's memory may not be read"
      : "the target has no memory that can be read";
  }
  return undefined;
}

function asleep(pid: number): Asleep {
  const statuses: (readonly [number, string])[] = [];
  for (const thread of readdirSync(`/proc/${pid}/task`))
    try {
      statuses.push([Number(thread), readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1")]);
    } catch {
      // It has ended.
    }
  return asleepOf(statuses);
}

/** Why its core cannot be written by us: programs of another kind have other notes. */
export function reasonNotToRead({ pid }: TargetFacts): string | undefined {
  return elfClass(pid) === ELF_CLASS_64 ? undefined : "the target is not a 64-bit program";
}

/** Why no copy of the target may be made; undefined when one may. */
export function reasonNotToCopy(target: TargetFacts): string | undefined {
  const { pid, status } = target;
  const other = reasonNotToRead(target);
  if (other !== undefined) return other;
  if (/\bshstk\b/.test(status.lines.get("x86_Thread_features") ?? "")) return "the target has a shadow stack";
  if (/:\s*1$/.test(status.lines.get("Seccomp") ?? "")) return "the target is in seccomp's strict mode";
  return unsafeDescriptor(pid) ?? memoryFault(target);
}

function elfClass(pid: number): number | undefined {
  const file = openSync(`/proc/${pid}/exe`, "r");
  try {
    const bytes = Buffer.alloc(20);
    readSync(file, bytes, 0, bytes.length, 0);
    // EM_X86_64: an x32 program has it too, but is of class 1.
    return bytes.readUInt16LE(18) === 62 ? bytes[4] : undefined;
  } finally {
    closeSync(file);
  }
}

function unsafeDescriptor(pid: number): string | undefined {
  for (const descriptor of readdirSync(`/proc/${pid}/fd`))
    try {
      const link = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      const found = UNSAFE_DESCRIPTORS.find(([pattern]) => pattern.test(link));
      if (found) return `the target uses ${found[1]}, which a copy of it could disturb`;
    } catch {
      // It was closed.
    }
  return undefined;
}

/** What the copy itself costs at once, and a tenth of the memory for what the target writes while it exists. */
function memoryFault({ pid, status }: TargetFacts): string | undefined {
  const resident = status.residentBytes ?? 0;
  // What is swapped out comes into memory when it is read, and is charged as all of the target's is.
  const needed = Math.round(64 * MIB + resident / 512 + resident / 10 + (status.swapBytes ?? 0));
  const headroom = readHeadroom(pid);
  if (headroom === undefined || headroom.bytes >= needed) return undefined;
  const have = Math.max(0, Math.round(headroom.bytes / MIB));
  return `too little memory for a copy: ${have} MiB left ${headroom.where}, ${Math.round(needed / MIB)} MiB needed`;
}
