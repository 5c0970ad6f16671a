// exhibit profiles: which collectors run, what each needs and what it does to the target.
import { chooseCollectors, findProfile } from "../capture/choose.ts";
import { profiles as builtIn } from "../collectors/profiles.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { LoadedSettings } from "../settings-files.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { ProfileResult, ProfilesResult } from "./results/setup.ts";
import { layColumns } from "./style.ts";

export async function run(context: CommandContext<object>): Promise<CommandResult> {
  const [action = "list", name] = context.positionals;
  if (action === "list" && name !== undefined)
    throw new UsageError("profiles list takes no name", { hint: `exhibit profiles show ${printable(name)}` });
  if (action === "show" && name === undefined)
    throw new UsageError("which profile?", { hint: "exhibit profiles list names them" });
  const loaded = await readSettings(context);
  const result = name === undefined ? list(loaded) : show(loaded, name);
  return context.global.quiet ? { ...result, text: result.names.map((one) => `${one}\n`).join("") } : result;
}

/** A result that can be cut to the names alone, for --quiet. */
type Named = CommandResult & { readonly names: readonly string[] };

function list({ settings }: LoadedSettings): Named {
  const names = [...new Set([...Object.keys(builtIn), ...Object.keys(settings.profiles)])].toSorted();
  const json: ProfilesResult = {
    profiles: names.map((name) => {
      const from = settings.profiles[name] ? "settings" : "built-in";
      const { choices } = chooseCollectors(settings, { profile: name });
      return {
        name,
        summary: findProfile(settings, name).summary,
        from,
        collectors: choices.map(({ collector }) => collector.name),
      };
    }),
  };
  const mark = (name: string) => (name === settings.capture.profile ? `${name} *` : name);
  const rows = json.profiles.map(({ name, summary, collectors }) => [
    mark(name),
    printable(summary),
    collectors.join(" "),
  ]);
  return {
    exitCode: 0,
    text: `${layColumns(rows).join("\n")}\n\n* unless --profile says otherwise\n`,
    json,
    names,
  };
}

function show({ settings }: LoadedSettings, name: string): Named {
  const { summary } = findProfile(settings, name);
  const { windowMs, choices } = chooseCollectors(settings, { profile: name });
  const json: ProfileResult = {
    name,
    summary,
    from: settings.profiles[name] ? "settings" : "built-in",
    windowMs,
    collectors: choices.map(({ collector, options }) => ({
      name: collector.name,
      tool: collector.tool,
      summary: collector.summary,
      sensitive: [...collector.sensitive],
      window: collector.window ?? false,
      platforms: Object.fromEntries(
        Object.entries(collector.platforms).map(([platform, { needs, touch }]) => [
          platform,
          { needs: [...needs], touch },
        ]),
      ),
      options: Object.fromEntries(Object.entries(options ?? {})),
    })),
  };
  const platform = process.platform === "sunos" ? "illumos" : "linux";
  const rows = json.collectors.map((collector) => {
    const support = collector.platforms[platform];
    const needs = support?.needs.map((command) => printable(command)).join(" ");
    return [
      collector.name,
      printable(collector.tool),
      support?.touch ?? `not on ${platform}`,
      needs || "-",
      printable(collector.summary),
    ];
  });
  const table = layColumns([["COLLECTOR", "TOOL", "TOUCH", "NEEDS", "QUESTION"], ...rows]);
  return {
    exitCode: 0,
    text: `${printable(name)}: ${printable(summary)}\n\n${table.join("\n")}\n`,
    json,
    names: json.collectors.map((one) => one.name),
  };
}
