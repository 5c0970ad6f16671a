// /proc/PID/stat and /proc/PID/task/TID/stat (proc(5)). The second field is a name that the process or thread chose,
// brackets, blanks and newlines included, so fields are counted from the last `)`: no later field can hold one.

/**
 * Clock ticks a second in everything that /proc counts in ticks: USER_HZ, 100 in the user-space ABI of every Linux port
 * that Node runs on (`getconf CLK_TCK`, sysconf(3)), whatever the kernel's own HZ is.
 */
export const TICKS_PER_SECOND = 100;

/** Set in `flags` for a thread of the kernel that has no memory of its own (include/linux/sched.h). */
export const PF_KTHREAD = 0x0020_0000;

export interface ProcStat {
  /** Of a thread: its thread id. */
  readonly pid: number;
  /** At most 15 bytes; a stranger wrote them. */
  readonly command: string;
  /** One letter: R running or waiting for a CPU, S asleep, D uninterruptible, T stopped, t traced, Z zombie, X dead, I idle. */
  readonly state: string;
  readonly parentPid: number;
  readonly processGroup: number | undefined;
  readonly session: number | undefined;
  /** PF_* of the kernel's include/linux/sched.h. */
  readonly flags: number | undefined;
  readonly minorFaults: number | undefined;
  readonly majorFaults: number | undefined;
  /** Since it began, in ticks. */
  readonly userTicks: number | undefined;
  readonly systemTicks: number | undefined;
  readonly nice: number | undefined;
  readonly threads: number | undefined;
  /** Ticks since boot, as text: 64 bits. With the pid it names one process, or thread, of this boot. */
  readonly startTime: string;
  readonly virtualBytes: number | undefined;
  readonly residentPages: number | undefined;
  /** The CPU it ran on last. */
  readonly processor: number | undefined;
  /** Waited for block devices and swap; 0 also when the kernel keeps no delay accounts. */
  readonly blockIoTicks: number | undefined;
}

/** The fields of one stat line; undefined when it is not one. */
export function parseProcStat(text: string): ProcStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 1 || close < open) return undefined;
  const fields = text
    .slice(close + 1)
    .trim()
    .split(/\s+/);
  // Fields are numbered as in proc(5), from 1; the state is number 3 and comes first here.
  const word = (number: number) => fields[number - 3];
  const field = (number: number) => integer(word(number));
  const [pid, parentPid, state, startTime] = [
    integer(text.slice(0, open).trim()),
    field(4),
    word(3),
    word(22),
  ];
  if (pid === undefined || parentPid === undefined || state === undefined || startTime === undefined)
    return undefined;
  if (!/^[A-Za-z]$/.test(state) || !/^\d{1,20}$/.test(startTime)) return undefined;
  return {
    pid,
    command: text.slice(open + 1, close),
    state,
    parentPid,
    processGroup: field(5),
    session: field(6),
    flags: field(9),
    minorFaults: field(10),
    majorFaults: field(12),
    userTicks: field(14),
    systemTicks: field(15),
    nice: field(19),
    threads: field(20),
    startTime,
    virtualBytes: field(23),
    residentPages: field(24),
    processor: field(39),
    blockIoTicks: field(42),
  };
}

/** Whether the process is a zombie or dead (proc(5), field 3: `x` and `X` are of single kernel versions). */
export function hasEnded({ state }: Pick<ProcStat, "state">): boolean {
  return state === "Z" || state === "X" || state === "x";
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
