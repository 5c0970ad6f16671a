// The flags that every command takes, before or after its name.
import { optionMaker, type GlobalFlags, type OptionsOf } from "./command.ts";

const flag = optionMaker("flag");

export const globalOptions = {
  help: flag("-h, --help", ""),
  quiet: flag("-q, --quiet", "say nothing but errors"),
  verbose: flag("-v, --verbose", "say more"),
  version: flag("--version", ""),
  json: flag("--json", "one JSON document on stdout (a published schema); progress stays on stderr"),
  color: optionMaker("value")("--color WHEN", "auto, always, never   (NO_COLOR and TERM=dumb heeded)", {
    choices: ["auto", "always", "never"],
  }),
  config: optionMaker("value")(
    "--config FILE",
    "settings              [/etc/exhibit/exhibit.yaml, else the built-in defaults]",
    {
      completes: "file",
    },
  ),
  noInput: flag("--no-input", "never ask; where an answer is needed, fail and name the flag"),
};
export type GlobalOptions = OptionsOf<typeof globalOptions>;

/** Flags before and after the command's name, put together; the later one counts. */
export function mergeGlobals(before: GlobalOptions, after: GlobalOptions): GlobalFlags {
  const color = after.color ?? before.color;
  return {
    quiet: before.quiet || after.quiet,
    verbose: before.verbose || after.verbose,
    json: before.json || after.json,
    color: color === "always" || color === "never" ? color : "auto",
    config: after.config ?? before.config,
    noInput: before.noInput || after.noInput,
  };
}
