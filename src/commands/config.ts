// exhibit config: the settings in force, and where each came from.
import { printable } from "../printable.ts";
import type { LoadedSettings, Origin } from "../settings-files.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { ConfigResult } from "./results/setup.ts";
import { layColumns } from "./style.ts";

export async function run(context: CommandContext<object>): Promise<CommandResult> {
  const loaded = await readSettings(context);
  const { written, origins, files, digest } = loaded;
  const json: ConfigResult = {
    settings: { ...written },
    origins: Object.fromEntries([...origins].map(([key, origin]) => [key, { ...origin }])),
    files: [...files],
    digest,
  };
  return { exitCode: 0, text: textOf(loaded), json };
}

function textOf({ written, origins, files, digest }: LoadedSettings): string {
  const rows = [...origins].map(([key, origin]) => [
    printable(key),
    printable(JSON.stringify(valueAt(written, key)) ?? "", 100),
    describe(origin),
  ]);
  const read = files.length === 0 ? "no settings file" : files.map((file) => printable(file)).join(", ");
  return `${layColumns(rows).join("\n")}\n\nread: ${read}\ndigest: ${digest}\n`;
}

function describe({ source, file, line }: Origin): string {
  if (file === undefined) return source;
  return printable(line === undefined ? file : `${file}:${line}`);
}

/** A key of a placement may hold dots itself, so at each level the longest key that fits is taken. */
function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  for (const [name, child] of Object.entries(value).toSorted(([a], [b]) => b.length - a.length)) {
    if (name === key) return child;
    if (key.startsWith(`${name}.`)) return valueAt(child, key.slice(name.length + 1));
  }
  return value;
}
