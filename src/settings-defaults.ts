// The built-in settings, as a person would write them: config/exhibit.yaml says the same with every one explained.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Settings as they are written: durations and sizes are still text. */
export type WrittenSettings = Readonly<Record<string, unknown>>;

/** What is in force when nobody said anything; bundles and spool lie below `folder`. */
export function defaultSettings(folder: string): WrittenSettings {
  return {
    version: 1,
    store: { default: { type: "directory", path: join(folder, "archive") } },
    spool: { path: join(folder, "spool"), keepAfterUpload: "24h", maxSize: "20G", keepFree: "10%" },
    link: { base: null },
    encrypt: { recipients: [], everything: false, required: false },
    sign: { key: null, identity: null, allowedSigners: null },
    incidents: [{ match: ".*", type: "file" }],
    placement: {},
    services: [],
    capture: { budget: "30s", maxPause: "10s", profile: "before-restart", window: "5s" },
    agent: { socket: "/run/exhibit/agent.sock", socketMode: "0600", metrics: null },
    recorder: { services: [], period: "1s", before: "10m" },
    triggers: {},
    fleet: { servers: [], caFile: null, credentialsFile: null, host: null, services: [], pausesAtMost: 1 },
    profiles: {},
    collectors: {},
  };
}

export const SYSTEM_FOLDER = "/var/lib/exhibit";

/** Where an ordinary user's bundles go; a relative XDG_STATE_HOME is ignored (XDG Base Directory Specification). */
export function userFolder(env: NodeJS.ProcessEnv): string {
  const state = env.XDG_STATE_HOME;
  return state !== undefined && isAbsolute(state)
    ? join(state, "exhibit")
    : join(homedir(), ".local/state/exhibit");
}
