// The options of check: what to look at, and what it should be connected to.
import { optionMaker } from "./command.ts";
import { targetOptions, yes } from "./capture-options.ts";

export const checkOptionTable = {
  ...targetOptions,
  connectedTo: optionMaker("list", "Questions")(
    "--connected-to HOST:PORT",
    "is it connected to this, and if not, does it answer from here   (repeat)",
  ),
  ...yes,
};
