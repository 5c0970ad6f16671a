// What a rule is: one question that is asked of every target, answered from evidence alone. Pure: no I/O, no clock, and
// it never throws. What is unknown gives no reading; a healthy target gives none either.
import type { Evidence } from "./evidence.ts";

/**
 * `certain`: the number is the statement. `likely`: the number is, and what it means is hardly ever otherwise. `hint`: worth a
 * look, and often nothing.
 */
export type Sureness = "certain" | "likely" | "hint";

/**
 * What it says of a restart. `restart`: what is wrong is kept in the process, and ends with it. `not-restart`: the cause is
 * outside of it (a peer, the disk, the host, its limit of CPU). `none`: neither.
 */
export type SpeaksFor = "restart" | "not-restart" | "none";

/** One sentence that the data supports, with its number, the raw line behind it and the file that holds the line. */
export interface Reading {
  /** Stable kebab-case name of what was found: `close-wait`, `gc-share`. */
  readonly id: string;
  readonly question: string;
  readonly text: string;
  readonly value: number;
  /** `percent`, `count`, `bytes`, `ms`. */
  readonly unit: string;
  /** How long was looked, for samples. */
  readonly windowMs?: number;
  /** How the number was made, where there is more than one way. */
  readonly method?: string;
  /** The raw line, untouched: a renderer makes it printable. */
  readonly line?: string;
  /** Path in the bundle: `evidence/sockets/tcp.txt`. */
  readonly file: string;
  readonly sureness: Sureness;
  readonly speaksFor: SpeaksFor;
  /** What a reader should ask next. */
  readonly next: string;
}

/** A rule's own answer; what it does not say anew is the rule's. */
export type Judged = Omit<Reading, "id" | "question" | "next"> &
  Partial<Pick<Reading, "id" | "question" | "next">>;

/** Something the target should be connected to. */
export interface ExpectedPeer {
  /** `HOST:PORT` as it was declared, or seen in an earlier bundle. */
  readonly asked: string;
  /** The endpoints that count, as the sockets show them: `10.0.0.1:5432`, `[2001:db8::1]:5432`. */
  readonly endpoints: readonly string[];
  readonly source: "settings" | "asked" | "earlier";
  /** The earlier bundle. */
  readonly captureId?: string;
  /** Whether it takes a connection from this host now; absent when nobody tried. */
  readonly answers?: boolean;
}

/** What should be so, by whoever knows: the settings, the operator, an earlier bundle. */
export interface Expectations {
  readonly connectedTo: readonly ExpectedPeer[];
}

export const NO_EXPECTATIONS: Expectations = { connectedTo: [] };

export interface Rule {
  readonly id: string;
  readonly question: string;
  readonly next: string;
  readonly judge: (evidence: Evidence, expectations: Expectations) => readonly Judged[];
}
