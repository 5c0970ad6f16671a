// Talking to the site of a record system: one request, one checked answer. What must stay true: a token goes to the
// site of the settings alone (redirects are refused) and comes from a file alone; every request has an end, every answer
// a limit; an answer that is no answer of the system (a login page, cut JSON) counts for nothing; and an answer that was
// lost after something was sent is told apart from one that never was.
import type { z } from "zod";
import { BusyRecordError, ExhibitError, LostAnswerError, messageOf, NoteError } from "../errors.ts";
import { openDeadline } from "../host/deadline.ts";
import { readSecret } from "../host/secret-file.ts";
import { printable } from "../printable.ts";
import { VERSION } from "../version.ts";
import { readAnswer } from "./answer-body.ts";
import { refusalOf } from "./refusals.ts";

/** One request, and what its answer must look like. */
export interface Call<T> {
  /** As in "may not ...": `read the comments`. */
  readonly what: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** Below the site's address, its pieces encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: FormData;
  readonly answer: z.ZodType<T>;
  /** Sent twice is the same as sent once. GET, PUT and PATCH always are. */
  readonly repeatable?: true;
}

export interface Site {
  /** Without a slash at the end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The path of the secret's file, and the headers that carry it. */
  readonly secret?: {
    readonly path: string;
    readonly headers: (secret: string) => Readonly<Record<string, string>>;
  };
  /** What the account needs, as a hint. */
  readonly rights: string;
  /** The status that an answer amounts to, where the system says it in the body. */
  readonly statusOf?: (status: number, json: unknown) => number;
}

export type Ask = <T>(call: Call<T>, signal?: AbortSignal) => Promise<T>;

const TIMEOUT_MS = 10_000;

/** The encoded pieces of a path, each from a value: `segments("repos", "o", "r")`. */
export function segments(...pieces: readonly (string | number)[]): string {
  return pieces.map((piece) => `/${encodeURIComponent(piece)}`).join("");
}

function addressOf(site: Site, { path, query }: Call<unknown>): string {
  const words = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  return `${site.url.replace(/\/+$/, "")}${path}${words}`;
}

async function secretHeaders({ secret }: Site): Promise<Readonly<Record<string, string>>> {
  if (secret === undefined) return {};
  try {
    const text = await readSecret(secret.path);
    // Anything else cannot be in a header; a message of fetch would tell it.
    if (/^[\x21-\x7e]+$/.test(text)) return secret.headers(text);
    throw new ExhibitError(`${secret.path}: is no token: expected one word`);
  } catch (error) {
    if (!(error instanceof ExhibitError)) throw error;
    // A person mends it, and the note is still to be posted.
    const hint = error.hint === undefined ? {} : { hint: `${error.hint}; then: exhibit push` };
    throw new NoteError(error.message, { retryable: true, ...hint, cause: error });
  }
}

function headersOf(site: Site, call: Call<unknown>): Readonly<Record<string, string>> {
  const isJson = call.json !== undefined;
  return {
    accept: "application/json",
    "user-agent": `exhibit/${VERSION}`,
    ...(isJson ? { "content-type": "application/json" } : {}),
    ...site.headers,
    ...call.headers,
  };
}

/** A request as it would be sent, for a person: the secret is `***`. */
export function describeCall(site: Site, call: Call<unknown>): string {
  const headers = { ...headersOf(site, call), ...site.secret?.headers("***") };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const body = call.json === undefined ? [] : ["", JSON.stringify(call.json, undefined, 2)];
  return [`${call.method} ${addressOf(site, call)}`, ...lines, ...body].join("\n");
}

// Nothing was sent yet (undici, node:net, node:dns).
const NOT_SENT = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT/;

function noAnswer(
  error: unknown,
  place: string,
  call: Call<unknown>,
  isLate: boolean,
  sentAt: string,
): NoteError {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = isLate ? "no answer in time" : printable(messageOf(cause ?? error));
  if (/redirect/i.test(reason))
    return new NoteError(`${place}: sends us to another address`, {
      retryable: true,
      hint: "a token does not follow: put the address where it ends into the settings, then: exhibit push",
    });
  const message = `${place}: cannot ${call.what}: ${reason}`;
  if (isRepeatable(call) || NOT_SENT.test(code)) return new BusyRecordError(message, undefined);
  return new LostAnswerError(message, sentAt, { cause: error });
}

export function isRepeatable({ method, repeatable }: Call<unknown>): boolean {
  return method !== "POST" || repeatable === true;
}

/** Opens a site: the result sends a call and returns its checked answer, or throws NoteError. */
export function openSite(site: Site, { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Ask {
  const place = new URL(site.url).host;
  return async (call, signal) => {
    const headers = { ...headersOf(site, call), ...(await secretHeaders(site)) };
    const body = call.form ?? (call.json === undefined ? undefined : JSON.stringify(call.json));
    const deadline = openDeadline(timeoutMs, ...(signal ? [signal] : []));
    const sentAt = new Date().toISOString();
    let response: Response;
    let text: string;
    try {
      response = await fetch(addressOf(site, call), {
        method: call.method,
        redirect: "error",
        signal: deadline.signal,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      text = await readAnswer(response);
    } catch (error) {
      throw noAnswer(error, place, call, deadline.signal.aborted, sentAt);
    } finally {
      deadline.close();
    }
    return judge({ site, call, place, sentAt, response, text });
  };
}

interface Answer<T> {
  readonly site: Site;
  readonly call: Call<T>;
  readonly place: string;
  readonly sentAt: string;
  readonly response: Response;
  readonly text: string;
}

function parseJson(text: string): { readonly json: unknown } | undefined {
  if (text.trim() === "") return { json: undefined };
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function judge<T>(answer: Answer<T>): T {
  const { site, call, place, sentAt, response, text } = answer;
  const parsed = parseJson(text);
  const status = parsed && site.statusOf ? site.statusOf(response.status, parsed.json) : response.status;
  if (status < 200 || status > 299)
    throw refusalOf({
      status,
      headers: response.headers,
      place,
      said: text,
      what: call.what,
      rights: site.rights,
      secretPath: site.secret?.path,
      ...(isRepeatable(call) ? {} : { sentAt }),
    });
  const checked = parsed && call.answer.safeParse(parsed.json);
  if (checked?.success) return checked.data;
  const isPage = /^\s*<(?:!doctype\s+html|html)/i.test(text);
  const reason = isPage
    ? "a web page answered, not the system's API"
    : `cannot ${call.what}: the answer is not what the system documents`;
  const hint = isPage
    ? "check url and token in the settings, and what stands between; then: exhibit push"
    : "check url and type in the settings; then: exhibit push";
  // A page in between took nothing; a broken answer of the system itself may follow a note that was taken.
  if (!isPage && !isRepeatable(call)) throw new LostAnswerError(`${place}: ${reason}`, sentAt);
  throw new NoteError(`${place}: ${reason}`, { retryable: true, hint });
}
