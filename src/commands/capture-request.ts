// What `guard` and `capture` are asked for: from flags and settings to a request, and to the processes that are meant.
import { chooseAge } from "../bundle/age.ts";
import { chooseCollectors } from "../capture/choose.ts";
import type { CaptureRequest } from "../capture/request.ts";
import { messageOf, UsageError } from "../errors.ts";
import { JobId } from "../fleet/contract.ts";
import { runQuick } from "../host/run.ts";
import { printable } from "../printable.ts";
import type { EncryptSettings } from "../settings.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { findTargets } from "../target/find.ts";
import type { FoundTarget } from "../target/found.ts";
import { parseDurationMs, parseSizeBytes } from "../units.ts";
import { VERSION } from "../version.ts";
import type { CaptureOptions, PlaceOptions, TargetOptions } from "./capture-options.ts";
import { storeName } from "./destination.ts";

const BUDGET_LIMITS_MS = { least: 1000, most: 30 * 60_000 };
const CORE_METHODS = ["auto", "snapshot", "stop", "gdb", "none"];
/** More processes than this are asked about. */
const MANY = 8;

/** Throws UsageError for what is no duration. */
export function readDuration(flag: string, text: string): number {
  const value = parseDurationMs(text);
  if (value === undefined) throw new UsageError(`${flag} ${text}: expected a duration such as 30s or 2m`);
  return value;
}

/** Throws UsageError for what is no budget. */
export function readBudget(options: Pick<CaptureOptions, "budget">, settings: LoadedSettings): number {
  const budgetMs =
    options.budget === undefined
      ? settings.settings.capture.budget
      : readDuration("--budget", options.budget);
  if (budgetMs < BUDGET_LIMITS_MS.least || budgetMs > BUDGET_LIMITS_MS.most)
    throw new UsageError(`--budget ${options.budget}: expected 1s to 30m`);
  return budgetMs;
}

/** Throws UsageError for what is no size; undefined when it is not given. */
export function readMaxSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSizeBytes(text);
  if (bytes === undefined) throw new UsageError(`--max-size ${text}: expected a size such as 20G or 512M`);
  return bytes;
}

type What = Pick<CaptureRequest, "phase" | "mitigation" | "lockWaitMs">;

/** Checks every flag that can be wrong, before anything is looked for; throws UsageError. */
export function readRequestOptions(
  options: CaptureOptions,
  loaded: LoadedSettings,
): Omit<CaptureRequest, "target" | "held" | "careful" | keyof What> {
  const { settings } = loaded;
  if (options.core !== undefined && !CORE_METHODS.includes(options.core))
    throw new UsageError(`--core ${options.core}: expected ${CORE_METHODS.join(", ")}`);
  const maxPauseMs =
    options.maxPause === undefined
      ? settings.capture.maxPause
      : readDuration("--max-pause", options.maxPause);
  const heapSnapshot = readHeapSnapshot(options.heapSnapshot, maxPauseMs);
  const chosen = chooseCollectors(settings, { ...options, heapSnapshot });
  const maxSize = readMaxSize(options.maxSize) ?? settings.spool.maxSize;
  const budgetMs = readBudget(options, loaded);
  return {
    platform: process.platform === "sunos" ? "illumos" : "linux",
    collectors: chosen.choices,
    profile: chosen.profile,
    windowMs: chosen.windowMs,
    budgetMs,
    maxPauseMs,
    spool: { path: settings.spool.path, keepFree: settings.spool.keepFree, maxBytes: maxSize },
    ...reasonWithoutMemory(settings.encrypt),
    agoMs: Math.round(performance.now()),
    ...readPlace(options, loaded),
    ...(options.job === undefined ? {} : { job: readJob(options.job) }),
    ...earlyOf(options, loaded),
  };
}

/** A snapshot is taken for an accepted price alone. */
function readHeapSnapshot(
  asked: CaptureOptions["heapSnapshot"],
  maxPauseMs: number,
): { readonly acceptPauseMs?: number } | undefined {
  if (typeof asked !== "string") return asked && {};
  const acceptPauseMs = readDuration("--heap-snapshot", asked);
  if (acceptPauseMs > maxPauseMs)
    throw new UsageError(`--heap-snapshot ${asked}: --max-pause is less`, {
      hint: `say --max-pause ${asked}, too`,
    });
  return { acceptPauseMs };
}

function readJob(text: string): string {
  if (JobId.safeParse(text).success) return text;
  throw new UsageError(`--job ${printable(text)}: is no id of a job`);
}

/** Who is told, why, and the store that is meant; throws UsageError when there is no such store. */
export function readPlace(
  options: PlaceOptions,
  loaded: LoadedSettings,
): Pick<CaptureRequest, "incidents" | "placement" | "tool" | "reason" | "store" | "noNote"> {
  return {
    // People paste: what cannot be seen must not get into notes and manifests as it is.
    incidents: options.incident.map((incident) => printable(incident)),
    placement: loaded.settings.placement,
    tool: { version: VERSION, settingsDigest: loaded.digest },
    ...(options.reason === undefined ? {} : { reason: printable(options.reason, 2000) }),
    ...(options.noUpload ? {} : { store: storeName(options, loaded) }),
    ...(options.noNote ? { noNote: true } : {}),
  };
}

/** Finished evidence goes there at once when it is another host, not a folder of this one. */
function earlyOf(options: CaptureOptions, loaded: LoadedSettings): Pick<CaptureRequest, "early"> {
  if (options.noUpload) return {};
  const name = storeName(options, loaded);
  const { store, encrypt } = loaded.settings;
  const settings = store[name];
  // What is to be encrypted is so at the seal, and readable until then.
  const isEarly = settings?.type === "s3" && !encrypt.everything;
  const encryptsCores = encrypt.recipients.length > 0 || encrypt.required;
  return isEarly ? { early: { name, settings, encryptsCores } } : {};
}

/** Looked up before anything is captured: a core that would only lie on this host's disk is not worth a pause. */
function reasonWithoutMemory(encrypt: EncryptSettings): Pick<CaptureRequest, "noMemory"> {
  if (!encrypt.required) return {};
  try {
    chooseAge(encrypt.recipients);
    return {};
  } catch (error) {
    return {
      noMemory: `holds memory, which cannot be encrypted here: ${messageOf(error)} (encrypt.required)`,
    };
  }
}

/** The processes that the operator means; throws TargetError when none is there. */
export async function findAsked(
  positional: string | undefined,
  options: TargetOptions,
): Promise<readonly FoundTarget[]> {
  const pids = options.pid.map((text) => {
    if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`--pid ${text}: expected a process id`);
    return Number(text);
  });
  const container = positional?.startsWith("container:") ? positional.slice("container:".length) : undefined;
  return findTargets(
    {
      ...(container === undefined && positional !== undefined ? { unit: positional } : {}),
      ...(container === undefined ? {} : { container }),
      ...(pids.length > 0 ? { pids } : {}),
      ...(options.match === undefined ? {} : { match: options.match }),
    },
    {
      platform: process.platform === "sunos" ? "illumos" : "linux",
      run: (argv) => runQuick(argv, { timeoutMs: 5000 }),
    },
  );
}

/** Refuses to go on without a yes where the interface promises a question. */
export async function confirmMany(
  targets: readonly FoundTarget[],
  options: Pick<CaptureOptions, "yes">,
  ask: ((question: string) => Promise<boolean>) | undefined,
): Promise<void> {
  if (targets.length <= MANY || options.yes) return;
  const question = `${targets.length} processes match. Capture all of them?`;
  if (await ask?.(question)) return;
  throw new UsageError(`${targets.length} processes match`, { hint: "narrow it, or say --yes" });
}
