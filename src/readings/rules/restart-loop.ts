import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { about, count } from "../wording.ts";

/** Fewer in the life of a unit are what Restart= is for. */
const LEAST_RESTARTS = 3;
/** One that has run for longer has come to rest. */
const YOUNG_SECONDS = 600;

export const restartLoop: Rule = {
  id: "restart-loop",
  question: "Does it crash again and again?",
  next: "What did the ones before it end of (journalctl, coredumpctl)? One more restart is what happens anyway.",
  judge: ({ process }) => {
    const { restarts, ageSeconds } = process ?? {};
    if (restarts === undefined || ageSeconds === undefined) return [];
    if (restarts.value < LEAST_RESTARTS || ageSeconds > YOUNG_SECONDS) return [];
    return [
      {
        text: `systemd has restarted the unit ${count(restarts.value, "time")} by itself; this process is ${about(ageSeconds * 1000)} old.`,
        value: restarts.value,
        unit: "count",
        method: "systemd",
        sureness: "likely",
        speaksFor: "not-restart",
        ...lineOf(restarts),
      },
    ];
  },
};
