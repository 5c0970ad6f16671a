import { printable } from "../../printable.ts";
import { lineOf } from "../fact.ts";
import type { Rule, SpeaksFor } from "../rule.ts";

/** What each state that is out of the ordinary means, and what a restart would do: it cannot end what waits in the kernel. */
const STATES: Readonly<Record<string, { readonly text: string; readonly speaksFor: SpeaksFor }>> = {
  D: { text: "The main thread is in uninterruptible sleep (D)", speaksFor: "not-restart" },
  T: { text: "The process is stopped by a signal (T)", speaksFor: "none" },
  t: { text: "The process is stopped by a tracer (t)", speaksFor: "none" },
  Z: { text: "The process has ended and waits for its parent to take notice (Z)", speaksFor: "none" },
};

export const processState: Rule = {
  id: "process-state",
  question: "Can the process run at all?",
  next: "Who stopped it, or what does it wait for? A process in state D cannot be killed before the kernel lets it go.",
  judge: ({ process }) => {
    const found = STATES[process?.state?.value ?? ""];
    if (process?.state === undefined || found === undefined) return [];
    const { state, status, waitsIn } = process;
    const who = state.value === "t" && status?.tracerPid ? ` by process ${status.tracerPid}` : "";
    const where = state.value === "D" && waitsIn !== undefined ? `, in ${printable(waitsIn)}` : "";
    return [
      {
        text: `${found.text}${who}${where}.`,
        value: 1,
        unit: "count",
        sureness: "certain",
        speaksFor: found.speaksFor,
        ...lineOf(state),
      },
    ];
  },
};
