// What the readings say of a restart, in one word: for people who are about to do one.
import type { SpeaksFor, Sureness } from "./rule.ts";

interface Speaking {
  readonly id: string;
  readonly sureness?: Sureness | undefined;
  readonly speaksFor?: SpeaksFor | undefined;
}

export interface RestartVerdict<Reading> {
  /** `likely`: what is wrong ends with the process. `unlikely`: its cause is outside. `unknown`: nothing says either. */
  readonly helps: "likely" | "unlikely" | "unknown";
  /** The reading that decides. */
  readonly because: Reading | undefined;
}

/** By the first reading, in the order of telling, that speaks for or against a restart and is more than a hint. */
export function restartVerdict<Reading extends Speaking>(
  readings: readonly Reading[],
): RestartVerdict<Reading> {
  const because = readings.find(
    ({ speaksFor = "none", sureness = "hint" }) => speaksFor !== "none" && sureness !== "hint",
  );
  if (because === undefined) return { helps: "unknown", because };
  return { helps: because.speaksFor === "restart" ? "likely" : "unlikely", because };
}
