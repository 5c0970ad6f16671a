// A record behind a URL: one signed POST, as Standard Webhooks ask (github.com/standard-webhooks, spec 1.0). The
// webhook-id is the same over all repetitions, so a lost answer may be followed by the same post again: the receiver
// drops what it has. What must stay true: nothing but a 2xx of the receiver itself counts, redirects are not followed
// (the signature is meant for one place), and neither the secret nor the URL's path or query gets into a message.
import { createHmac } from "node:crypto";
import { BusyRecordError, ExhibitError, messageOf, NoteError } from "../errors.ts";
import { readSecret } from "../host/secret-file.ts";
import { openDeadline } from "../host/deadline.ts";
import { printable } from "../printable.ts";
import type { IncidentRecord } from "./record.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { eventId, renderEvent } from "./webhook-event.ts";

const TIMEOUT_MS = 15_000;
/** The specification wants 24 to 64 bytes. */
const MIN_KEY_BYTES = 24;
const MAX_ANSWER_BYTES = 4096;

/** The key in `whsec_` + base64. Throws NoteError. */
export function webhookKey(secret: string, path: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const key = Buffer.from(encoded ?? "", "base64");
  if (key.length >= MIN_KEY_BYTES) return key;
  throw new NoteError(`${path}: expected whsec_ and base64 of at least ${MIN_KEY_BYTES} bytes`, {
    retryable: false,
    hint: `make one: (umask 077; printf 'whsec_%s' "$(head -c 32 /dev/urandom | base64)" > ${path})`,
  });
}

async function readKey(path: string): Promise<Buffer> {
  try {
    return webhookKey(await readSecret(path), path);
  } catch (error) {
    if (error instanceof NoteError || !(error instanceof ExhibitError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new NoteError(error.message, { retryable: true, ...hint, cause: error });
  }
}

/** `v1,` and the base64 of the HMAC over id, time stamp and body. */
export function signWebhook(
  key: Uint8Array,
  message: { readonly id: string; readonly timestamp: string; readonly body: string },
): string {
  const { id, timestamp, body } = message;
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** The beginning of an answer, for a message or to tell a page from an answer. */
async function beginning(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (response.body === null) return "";
  // Leaving the loop cancels the rest.
  for await (const piece of response.body) {
    if (!(piece instanceof Uint8Array)) break;
    pieces.push(piece);
    size += piece.length;
    if (size >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Passes when the receiver took the event; throws NoteError otherwise. */
async function checkAnswer(response: Response, place: string): Promise<void> {
  const text = (await beginning(response)).trim();
  const said = text === "" ? "" : `: ${printable(text.slice(0, 500), 500)}`;
  const { status, headers } = response;
  if (response.ok) {
    // A login or error page of something in between; a receiver that says "ok" as text/html is fine.
    if (!/^<(?:!doctype\s+html|html)/i.test(text)) return;
    throw new NoteError(`${place}: answered with a web page, not a receiver's answer`, {
      retryable: false,
      hint: "check the url in the settings, and what stands between",
    });
  }
  if (status === 408 || status === 429 || status >= 500) {
    const wait = parseRetryAfter(headers.get("retry-after"), headers.get("date"), Date.now());
    throw new BusyRecordError(`${place}: status ${status}${said}`, wait);
  }
  if (status === 401 || status === 403 || status === 404)
    throw new NoteError(`${place}: status ${status}${said}`, {
      retryable: true,
      hint: "correct the url or the secret of the webhook in the settings, then: exhibit push",
    });
  const hint = status === 410 ? { hint: "the receiver is gone for good: remove it from the settings" } : {};
  throw new NoteError(`${place}: status ${status}${said}`, { retryable: false, ...hint });
}

function whyNoAnswer(error: unknown): { readonly reason: string; readonly retryable: boolean } {
  const cause =
    error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  return { reason: cause, retryable: !/redirect/i.test(cause) };
}

export interface WebhookPlace {
  readonly url: string;
  /** Path of the file with the secret. */
  readonly secretFile: string;
  readonly timeoutMs?: number;
}

/** Notes as signed events to one URL. */
export function openWebhookRecord({ url, secretFile, timeoutMs = TIMEOUT_MS }: WebhookPlace): IncidentRecord {
  // Paths and queries of webhooks often are secrets themselves.
  const { origin, pathname } = new URL(url);
  const place = pathname === "/" ? origin : `${origin}/…`;
  return {
    type: "webhook",
    location: place,
    edits: false,
    plan: (note, incident) => [
      [
        `POST ${place}`,
        "content-type: application/cloudevents+json; charset=utf-8",
        `webhook-id: ${eventId(note)}`,
        "webhook-timestamp: (seconds since 1970)",
        "webhook-signature: v1,***",
        "",
        renderEvent(note, incident),
      ].join("\n"),
    ],
    post: async (note, incident, { signal } = {}) => {
      const key = await readKey(secretFile);
      const body = renderEvent(note, incident);
      const id = eventId(note);
      const timestamp = String(Math.floor(Date.now() / 1000));
      const deadline = openDeadline(timeoutMs, ...(signal ? [signal] : []));
      try {
        const response = await fetch(url, {
          method: "POST",
          redirect: "error",
          signal: deadline.signal,
          headers: {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": "exhibit",
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signWebhook(key, { id, timestamp, body }),
          },
          body,
        });
        await checkAnswer(response, place);
      } catch (error) {
        if (error instanceof NoteError) throw error;
        const isLate = deadline.signal.aborted && !signal?.aborted;
        const { reason, retryable } = isLate
          ? { reason: "no answer in time", retryable: true }
          : whyNoAnswer(error);
        throw new NoteError(`${place}: ${printable(reason)}`, { retryable, cause: error });
      } finally {
        deadline.close();
      }
      return { state: "posted", where: place };
    },
  };
}
