// The gaps of a collector as people read them: what was refused for one and the same reason is one sentence.

const UNREADABLE = /^(.+) cannot be read: ([A-Z0-9]+)$/;
/** Names told of one refusal. */
const MOST_TOLD = 5;

/** Gathers `io cannot be read: EACCES` and its like into one sentence an errno, before the other gaps. */
export function gatherGaps(gaps: readonly string[]): readonly string[] {
  const unreadable = new Map<string, string[]>();
  const kept = gaps.filter((gap) => {
    const [, what, errno] = UNREADABLE.exec(gap) ?? [];
    if (what === undefined || errno === undefined) return true;
    const names = unreadable.get(errno);
    if (names) names.push(what);
    else unreadable.set(errno, [what]);
    return false;
  });
  const gathered = [...unreadable].map(([errno, names]) => {
    const more = names.length > MOST_TOLD ? ` and ${names.length - MOST_TOLD} more` : "";
    return `${names.slice(0, MOST_TOLD).join(", ")}${more} cannot be read: ${errno}`;
  });
  return [...gathered, ...kept];
}

/** Whether the system refused it for want of a right (EPERM, EACCES: errno(3)). */
export function isRefusal(reason: string): boolean {
  return /\b(?:EACCES|EPERM)\b|not permitted|permission denied/i.test(reason);
}
