import { printable } from "../../printable.ts";
import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";

export const executableDeleted: Rule = {
  id: "executable-deleted",
  question: "Does it run the program that is installed?",
  next: "Was a package or deployment put in place without a restart? A restart starts another version than this one.",
  judge: ({ process }) => {
    const executable = process?.executable;
    if (!executable?.value.isDeleted) return [];
    const path = printable(executable.value.path);
    return [
      {
        text: `The process runs an executable that has been removed or replaced since it was started: ${path}.`,
        value: 1,
        unit: "count",
        sureness: "certain",
        speaksFor: "none",
        ...lineOf(executable),
      },
    ];
  },
};
