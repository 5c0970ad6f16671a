// What a status that is no success means for a note: one sentence, what to do, and whether trying again can help.
import { BusyRecordError, LostAnswerError, NoteError } from "../errors.ts";
import { printable } from "../printable.ts";
import { parseRetryAfter } from "./retry-after.ts";

interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly place: string;
  readonly said: string;
  readonly what: string;
  readonly rights: string;
  readonly secretPath: string | undefined;
  /** Set when the request may have been carried out all the same, and must not be sent twice. */
  readonly sentAt?: string;
}

/** What was said, when it is a message and not a page. */
function quote(said: string): string {
  const text = said.trim();
  return text === "" || text.startsWith("<") ? "" : `: ${printable(text.slice(0, 500), 300)}`;
}

/** Seconds or a date, or GitHub's and PagerDuty's own way to say it. */
function waitOf(headers: Headers): number | undefined {
  const asked = headers.get("retry-after") ?? headers.get("ratelimit-reset");
  return parseRetryAfter(asked, headers.get("date"), Date.now());
}

/** GitHub says 403 for "too fast" (docs.github.com "Rate limits for the REST API"). */
function isTooFast({ status, headers }: Refusal): boolean {
  if (status !== 403) return false;
  return headers.get("retry-after") !== null || headers.get("x-ratelimit-remaining") === "0";
}

export function refusalOf(refusal: Refusal): NoteError {
  const { status, place, what, rights, secretPath, sentAt, said } = refusal;
  const mended = (message: string, hint: string) =>
    new NoteError(`${place}: ${message}`, { retryable: true, hint: `${hint}; then: exhibit push` });
  if (status === 408 || status >= 500) {
    const message = `${place}: cannot ${what}: status ${status}${quote(said)}`;
    if (sentAt !== undefined) return new LostAnswerError(message, sentAt);
    return new BusyRecordError(message, waitOf(refusal.headers));
  }
  if ([409, 423, 425, 429].includes(status) || isTooFast(refusal))
    return new BusyRecordError(`${place}: cannot ${what} now: status ${status}`, waitOf(refusal.headers));
  if (status === 401)
    return mended(
      `the token is wrong or expired (status 401)`,
      secretPath === undefined
        ? "name a user and a passwordFile in the settings"
        : `write a valid one into ${secretPath}`,
    );
  if (status === 403)
    return mended(`may not ${what} (status 403)${quote(said)}`, `the account needs: ${rights}`);
  if (status === 404 || status === 410)
    return mended(
      `cannot ${what}: it is not there, or we may not see it (status ${status})`,
      `correct the reference: exhibit note ID --to REF; or give the account: ${rights}`,
    );
  return new NoteError(`${place}: cannot ${what}: status ${status}${quote(said)}`, { retryable: false });
}
