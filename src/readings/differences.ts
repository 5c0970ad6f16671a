// What sets two looks at one service apart: what it is, what it is connected to, and the numbers that moved. Pure; what is
// known of one side only is no difference.
import type { EvidenceTarget, Evidence } from "./evidence.ts";
import type { ComparedVital } from "./compare.ts";
import { outgoing, tcpOf } from "./connections.ts";

export interface Difference {
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** A number counts as moved from here on, of the larger one; below `LEAST` of its unit it is noise. */
const MOVED_SHARE = 0.2;
const LEAST: Readonly<Record<string, number>> = { percent: 5, bytes: 16 * 1024 ** 2, ms: 10, count: 5 };
const MOST_NAMED = 8;

/** What the process is, has been told, and may do. */
export function differencesOf(
  a: { readonly target: EvidenceTarget; readonly evidence: Evidence },
  b: { readonly target: EvidenceTarget; readonly evidence: Evidence },
): readonly Difference[] {
  const facts = (side: typeof a): readonly (readonly [string, string | undefined])[] => {
    const { target, evidence } = side;
    return [
      ["service", target.service],
      ["executable", target.executable],
      ["build id", target.buildId],
      [
        "executable deleted",
        target.executableDeleted === undefined ? undefined : String(target.executableDeleted),
      ],
      [
        "runtime",
        [target.runtime.name, target.runtime.version].filter((part) => part !== undefined).join(" "),
      ],
      ["arguments", target.arguments?.join(" ")],
      ["user id", target.uid === undefined ? undefined : String(target.uid)],
      ["cgroup", target.cgroup],
      ...[...(evidence.process?.limits ?? [])].map(
        ([name, { value }]) => [`limit: ${name}`, `${value.soft} / ${value.hard}`] as const,
      ),
      ["file systems", filesystems(evidence)],
    ];
  };
  const others = new Map(facts(b));
  const plain = facts(a).flatMap(([what, told]) => {
    const other = others.get(what);
    return told === undefined || other === undefined || told === other ? [] : [{ what, a: told, b: other }];
  });
  return [...plain, ...peerDifferences(a.evidence, b.evidence)];
}

function filesystems({ descriptors }: Evidence): string | undefined {
  if (descriptors === undefined) return undefined;
  return [...new Set(descriptors.filesystems.map(({ value }) => value.type))].toSorted().join(" ");
}

/** Those that the other has not, by name up to a number. */
const only = (one: ReadonlySet<string>, other: ReadonlySet<string>) => {
  const names = [...one].filter((peer) => !other.has(peer)).toSorted();
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
  return names.length === 0 ? "-" : `${names.slice(0, MOST_NAMED).join(", ")}${more}`;
};

/** Peers it has opened connections to, which the other has none to. */
function peerDifferences(a: Evidence, b: Evidence): readonly Difference[] {
  if (a.sockets === undefined || b.sockets === undefined) return [];
  const [mine, theirs] = [peersOf(a), peersOf(b)];
  const [first, second] = [only(mine, theirs), only(theirs, mine)];
  return first === second ? [] : [{ what: "connected to, and the other is not", a: first, b: second }];
}

function peersOf({ sockets }: Evidence): ReadonlySet<string> {
  return new Set(
    outgoing(tcpOf(sockets)).flatMap(({ state, peer }) =>
      state === "ESTABLISHED" && peer !== undefined ? [peer] : [],
    ),
  );
}

/** The numbers that are known of both and differ by more than noise. */
export function movedVitals(vitals: readonly ComparedVital[]): readonly ComparedVital[] {
  return vitals.filter(({ before, after, unit }) => {
    if (before === undefined || after === undefined) return false;
    const distance = Math.abs(after - before);
    return distance >= (LEAST[unit] ?? 0) && distance >= MOVED_SHARE * Math.max(before, after);
  });
}
