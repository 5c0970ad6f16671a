// Settings from the environment: EXHIBIT_ and the key, its words parted by underscores. `capture.maxPause` is
// EXHIBIT_CAPTURE_MAX_PAUSE. Only single values can be set so, never secrets; EXHIBIT_PLACEMENT_X sets placement.x.
import { closestName } from "./parsers/closest-name.ts";

const KEYS = [
  "spool.path",
  "spool.keepAfterUpload",
  "spool.maxSize",
  "spool.keepFree",
  "link.base",
  "sign.key",
  "sign.identity",
  "sign.allowedSigners",
  "capture.budget",
  "capture.maxPause",
  "capture.profile",
  "capture.window",
];

/** Ours, but no settings: the settings file itself, the mark on commands that a capture runs, and the agent's permit to pause. */
const OTHERS = ["EXHIBIT_CONFIG", "EXHIBIT_RUN", "EXHIBIT_PAUSES"];
const PLACEMENT = "EXHIBIT_PLACEMENT_";

/** The variable of a key. */
function variableOf(key: string): string {
  return `EXHIBIT_${key
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll(".", "_")
    .toUpperCase()}`;
}

export interface EnvironmentValue {
  readonly variable: string;
  readonly key: string;
  readonly text: string;
}

/** The values in the environment, and a warning for each EXHIBIT_ variable that means nothing. Empty is not set. */
export function readEnvironment(env: NodeJS.ProcessEnv): {
  readonly values: readonly EnvironmentValue[];
  readonly warnings: readonly string[];
} {
  const known = new Map(KEYS.map((key) => [variableOf(key), key]));
  const values: EnvironmentValue[] = [];
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith("EXHIBIT_") || OTHERS.includes(variable) || !text) continue;
    const name = variable.slice(PLACEMENT.length);
    const isPlacement = variable.startsWith(PLACEMENT) && /^[A-Z0-9_]+$/.test(name);
    const key = isPlacement ? `placement.${name.toLowerCase()}` : known.get(variable);
    if (key !== undefined) values.push({ variable, key, text });
    else {
      const near = closestName(variable, [...known.keys()]);
      warnings.push(
        `${variable} is no setting and was ignored${near === undefined ? "" : `; did you mean ${near}?`}`,
      );
    }
  }
  return { values, warnings };
}
