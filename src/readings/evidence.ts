// The parsed values of one bundle, read back from what the collectors saved: what rules, the report and comparisons are
// made of. No I/O of its own: `read` answers from a folder, a store, or a live look that was never written. Every part
// and every value may be missing, and is then unknown, never 0.
import type { CaptureFile } from "../bundle/manifest.ts";
import { readDescriptors, type DescriptorEvidence } from "./evidence/descriptors.ts";
import { filesOf, type ReadEvidence } from "./evidence/files.ts";
import { readHost, type HostEvidence } from "./evidence/host.ts";
import { readProcess, type ProcessEvidence } from "./evidence/process.ts";
import type { RuntimeEvidence } from "./evidence/runtime-evidence.ts";
import { readRuntime } from "./evidence/runtime.ts";
import { readRecorded, type RecordedEvidence } from "./evidence/recorded.ts";
import { readSockets, type SocketEvidence } from "./evidence/sockets.ts";
import { readStacks, type StackEvidence } from "./evidence/stacks.ts";
import { readUsage, type UsageEvidence } from "./evidence/usage.ts";
import { readThreads, type ThreadEvidence } from "./evidence/threads.ts";

export type EvidenceTarget = NonNullable<CaptureFile["target"]>;

export interface Evidence {
  readonly target?: EvidenceTarget | undefined;
  readonly process?: ProcessEvidence | undefined;
  readonly threads?: ThreadEvidence | undefined;
  /** What the whole process held, look by look. */
  readonly usage?: UsageEvidence | undefined;
  readonly sockets?: SocketEvidence | undefined;
  readonly descriptors?: DescriptorEvidence | undefined;
  readonly host?: HostEvidence | undefined;
  readonly runtime?: RuntimeEvidence | undefined;
  readonly stacks?: StackEvidence | undefined;
  /** The minutes before. */
  readonly recorded?: RecordedEvidence | undefined;
}

/** Reads the evidence of one bundle; `about` is its capture.json or manifest, or what a live look knows of its target. */
export async function readEvidence(
  read: ReadEvidence,
  about: { readonly target?: EvidenceTarget | undefined },
): Promise<Evidence> {
  const of = (collector: string) => filesOf(collector, read);
  const [process, threads, usage, sockets, descriptors, host, runtime, stacks, recorded] = await Promise.all([
    readProcess(of("process")),
    readThreads(of("threads")),
    readUsage(of("threads")),
    readSockets(of("sockets")),
    readDescriptors(of("open-files")),
    readHost(of("host")),
    readRuntime(of("runtime")),
    readStacks(of("stacks")),
    readRecorded(of("recorder")),
  ]);
  return {
    target: about.target,
    process,
    threads,
    usage,
    sockets,
    descriptors,
    host,
    runtime,
    stacks,
    recorded,
  };
}
