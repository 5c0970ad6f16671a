// The profiles that Exhibit comes with, as data; those of the settings are merged over them by the caller.
import type { Profile } from "../settings.ts";

/** What nothing stops the target for, volatile first; `runtime` goes inside it, where it is safe, and stops nothing. */
const QUICK = ["process", "sockets", "threads", "runtime", "host", "logs", "open-files"];
/** What stops it, the core at the very end. */
const WITH_PAUSES = [...QUICK, "stacks", "core"];

export const profiles: Readonly<Record<string, Profile>> = {
  "before-restart": {
    summary: "what a root cause is found from, the core last",
    collectors: WITH_PAUSES,
  },
  deep: {
    summary: "the same as before-restart, looked at for longer; needs a larger --budget",
    collectors: WITH_PAUSES,
    window: 60_000,
  },
  quick: {
    summary: "only what does not stop the target",
    collectors: QUICK,
  },
};
