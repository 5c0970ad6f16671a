// The connection to an S3 store. The SDK is loaded with the first request, so that it costs a capture nothing. What
// must stay true: no request is without an end (the SDK itself sets none), and nothing but us decides about repeating.
import type { S3 } from "@aws-sdk/client-s3";
import { delay } from "../host/clock.ts";
import type { S3StoreSettings } from "../settings.ts";
import { stopped } from "./refusals.ts";
import { openAgents } from "./s3-agents.ts";
import { readS3Credentials } from "./s3-credentials.ts";
import { isTransient, s3Error, type S3Place } from "./s3-errors.ts";

/** All in milliseconds. */
export interface S3Timeouts {
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** What a request may take beside its bytes. */
  readonly requestMs: number;
}

const TIMEOUTS: S3Timeouts = { connectMs: 5000, idleMs: 30_000, requestMs: 60_000 };
/** A store that is slower than this for a whole request counts as stalled. */
const SLOWEST_BYTES_PER_MS = 64;
/** An answer tells the second alone, and is some time under way. */
const NOTABLE_OFFSET_MS = 60_000;
const PAUSES_MS = [500, 2000];
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  // The SDK logs to the console otherwise, and stderr is the operator's.
}

export interface S3Request {
  /** What goes over the wire in its course, for the deadline. */
  readonly bytes?: number;
  /** What the store may take beside that to answer. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface S3Connection {
  /** Makes one request, again if that may help. Throws what the SDK throws; see `s3Error`. */
  readonly request: <T>(
    call: (s3: S3, abortSignal: AbortSignal) => Promise<T>,
    options?: S3Request,
  ) => Promise<T>;
  /** What the store's clock is ahead of this host's, when an answer showed that they differ by minutes. */
  readonly clockOffsetMs: () => number | undefined;
}

export function connectS3(
  settings: S3StoreSettings,
  place: S3Place,
  timeouts: Partial<S3Timeouts> = {},
): S3Connection {
  const limits = { ...TIMEOUTS, ...timeouts };
  let loading: Promise<S3> | undefined;
  let client: S3 | undefined;
  const load = () => {
    loading ??= openClient(settings, limits);
    // Credentials that were missing may be there the next time.
    loading.catch(() => (loading = undefined));
    return loading;
  };
  return {
    clockOffsetMs: () => {
      const offsetMs = client?.config.systemClockOffset ?? 0;
      return Math.abs(offsetMs) < NOTABLE_OFFSET_MS ? undefined : offsetMs;
    },
    request: async (call, { bytes = 0, patienceMs = 0, signal } = {}) => {
      const limitMs = limits.requestMs + patienceMs + bytes / SLOWEST_BYTES_PER_MS;
      for (let attempt = 0; ; attempt++) {
        if (signal?.aborted) throw stopped(place.location);
        const s3 = await load();
        client = s3;
        try {
          return await within(limitMs, signal, (abort) => call(s3, abort));
        } catch (error) {
          if (signal?.aborted) throw stopped(place.location);
          const pause = PAUSES_MS[attempt];
          if (pause === undefined || !isTransient(error)) throw error;
          await delay(pause, signal);
        }
      }
    },
  };
}

/** The result of `work`, or a TimeoutError, whatever `work` itself does with its signal. */
async function within<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (abort: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  let stop: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    stop = () => {
      ending.abort();
      reject(Object.assign(new Error("no answer in time"), { name: "TimeoutError" }));
    };
  });
  const timer = setTimeout(() => stop?.(), limitMs);
  if (stop) signal?.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work(ending.signal), ended]);
  } finally {
    clearTimeout(timer);
    if (stop) signal?.removeEventListener("abort", stop);
    ending.abort();
  }
}

async function openClient(settings: S3StoreSettings, limits: S3Timeouts): Promise<S3> {
  const { S3 } = await import("./s3-sdk.ts");
  const { credentialsFile, endpoint, region, pathStyle } = settings;
  const agents = await openAgents(settings);
  return quietly(
    () =>
      new S3({
        region,
        forcePathStyle: pathStyle,
        ...(endpoint === null ? {} : { endpoint }),
        ...(credentialsFile === null ? {} : { credentials: () => readS3Credentials(credentialsFile) }),
        logger: SILENT,
        maxAttempts: 1,
        // With its defaults the SDK frames streams in a way that several stores refuse or store as part of the file.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        requestHandler: {
          connectionTimeout: limits.connectMs,
          socketTimeout: limits.idleMs,
          logger: SILENT,
          ...agents,
        },
      }),
  );
}

/** Makes a client without the SDK's warning about Node's age, which says nothing to an operator at 3 a.m. */
function quietly<T>(make: () => T): T {
  const name = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";
  const before = process.env[name];
  process.env[name] = "true";
  try {
    return make();
  } finally {
    // What we start later inherits our environment.
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** Runs `work` and turns whatever it throws into an UploadError about this store. */
export async function naming<T>(place: S3Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw s3Error(error, place);
  }
}
