// The settings in force, for every command alike: what is wrong in them but stops nothing is told.
import { loadSettings, type LoadedSettings } from "../settings-files.ts";
import type { CommandContext } from "./command.ts";

/** Throws SettingsError; warns of EXHIBIT_ variables that mean nothing. */
export async function readSettings(
  context: Pick<CommandContext<unknown>, "global" | "warn">,
): Promise<LoadedSettings> {
  const loaded = await loadSettings({ configPath: context.global.config });
  for (const warning of loaded.warnings) context.warn(`exhibit: ${warning}`);
  return loaded;
}
