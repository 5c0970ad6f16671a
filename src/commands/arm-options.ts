// The options of arm.
import { captureOptions } from "./capture-options.ts";
import { optionMaker, type OptionsOf } from "./command.ts";

export const armOptions = {
  for: optionMaker("value")("--for TIME", "how long   [1h; at most 168h]"),
  off: optionMaker("flag")("--off", "no longer"),
  budget: optionMaker("value")(
    "-b, --budget TIME",
    "the unit stops at the latest after this   [30s; less where its TimeoutStopSec= leaves less]",
  ),
  profile: captureOptions.profile,
  incident: captureOptions.incident,
  reason: captureOptions.reason,
};
export type ArmOptions = OptionsOf<typeof armOptions>;
