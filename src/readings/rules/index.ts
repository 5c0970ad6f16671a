// The list of rules, in no order that matters: order.ts says which of their readings comes first.
import type { Rule } from "../rule.ts";
import { acceptBacklog } from "./accept-backlog.ts";
import { cgroupMemoryRule } from "./cgroup-memory.ts";
import { cgroupOomKill } from "./cgroup-oom-kill.ts";
import { closeWait } from "./close-wait.ts";
import { cpuSteal } from "./cpu-steal.ts";
import { cpuThrottled } from "./cpu-throttled.ts";
import { deadlock } from "./deadlock.ts";
import { descriptors } from "./descriptors.ts";
import { disconnected } from "./disconnected.ts";
import { diskFull } from "./disk-full.ts";
import { eventLoopBlocked } from "./event-loop-blocked.ts";
import { eventLoopLate } from "./event-loop-late.ts";
import { executableDeleted } from "./executable-deleted.ts";
import { gcShare } from "./gc-share.ts";
import { heapNearLimit } from "./heap-near-limit.ts";
import { hostOomKill } from "./host-oom-kill.ts";
import { listenOverflows } from "./listen-overflows.ts";
import { load } from "./load.ts";
import { mainThreadStack } from "./main-thread-stack.ts";
import { memoryGrowing } from "./memory-growing.ts";
import { notLookedInto } from "./not-looked-into.ts";
import { peerAgainstTwins } from "./peer-against-twins.ts";
import { pressure } from "./pressure.ts";
import { processState } from "./process-state.ts";
import { requestsInFlight } from "./requests-in-flight.ts";
import { residentMemory } from "./resident-memory.ts";
import { restartLoop } from "./restart-loop.ts";
import { slowestRoute } from "./slowest-route.ts";
import { synSent } from "./syn-sent.ts";
import { threadCpuWait } from "./thread-cpu-wait.ts";
import { threadCpu } from "./thread-cpu.ts";
import { threadsOnOneLock } from "./threads-on-one-lock.ts";
import { threadsUninterruptible } from "./threads-uninterruptible.ts";
import { unacknowledgedBytes } from "./unacknowledged-bytes.ts";
import { unreadBytes } from "./unread-bytes.ts";

export const rules: readonly Rule[] = [
  acceptBacklog,
  cgroupMemoryRule,
  cgroupOomKill,
  closeWait,
  cpuSteal,
  cpuThrottled,
  deadlock,
  descriptors,
  disconnected,
  diskFull,
  eventLoopBlocked,
  eventLoopLate,
  executableDeleted,
  gcShare,
  heapNearLimit,
  hostOomKill,
  listenOverflows,
  load,
  mainThreadStack,
  memoryGrowing,
  notLookedInto,
  peerAgainstTwins,
  pressure,
  processState,
  requestsInFlight,
  residentMemory,
  restartLoop,
  slowestRoute,
  synSent,
  threadCpuWait,
  threadCpu,
  threadsOnOneLock,
  threadsUninterruptible,
  unacknowledgedBytes,
  unreadBytes,
];
