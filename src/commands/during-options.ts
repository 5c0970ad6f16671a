// The options of run and add: why, and where it goes.
import { placeOptions } from "./capture-options.ts";
import { optionMaker, type OptionsOf } from "./command.ts";

const SIZE = "Size";

export const runOptions = {
  ...placeOptions,
  maxSize: optionMaker("value", SIZE)(
    "--max-size SIZE",
    `${"of the output that is kept; what comes after is only shown".padEnd(47)}   [64M]`,
  ),
};
export type RunOptions = OptionsOf<typeof runOptions>;

export const addOptions = {
  ...placeOptions,
  yes: optionMaker("flag", SIZE)(
    "-y, --yes",
    "skip the question (asked only on a terminal: more than 1 GiB, or half of the free disk)",
  ),
};
export type AddOptions = OptionsOf<typeof addOptions>;
