// The engine behind every record system. What must stay true: exactly one note a bundle, whatever is lost on the way.
// So: the link first (an upsert), then look for a note of ours with this bundle's id, then post or edit, then read back:
// a success alone proves nothing (Request Tracker answers 201 to an empty comment and 200 to a refused link). An answer
// that was lost is followed by looking, never by sending again; what cannot be found then may still arrive, and is not
// sent again for a while.
import { LostAnswerError, NoteError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { stageOf, type Note } from "./note.ts";
import { withPatience, type Patience } from "./patience.ts";
import type { Attachment, IncidentRecord, Posted, PostOptions } from "./record.ts";
import { describeCall, openSite, type Ask } from "./site.ts";
import type { Entry, System } from "./system.ts";
import { stagesIn } from "./wording.ts";

export interface EngineOptions {
  readonly timeoutMs?: number;
  readonly patience?: Patience;
  /** How long a lost post may still arrive. */
  readonly quietMs?: number;
  /** Pauses between the looks after an answer was lost. */
  readonly looksMs?: readonly number[];
}

const PATIENCE: Patience = { deadlineMs: 15_000, firstPauseMs: 500 };
const QUIET_MS = 60_000;
const LOOKS_MS = [0, 250, 1000, 2000];
const MOST_PAGES = 100;

/** Notes of ours for this bundle, and the stage of each. */
interface Found {
  readonly entry: Entry;
  readonly stage: number;
}

/** Where nobody tells who wrote an entry, a note of ours is one that ends with the marker. */
function stageIn({ author, text }: Entry, self: string | undefined, captureId: string): number | undefined {
  if (self !== undefined && author !== undefined && author !== self) return undefined;
  const stages = stagesIn(text, captureId);
  if (self === undefined && !/exhibit:\S+\/\d\]?$/.test(text.trimEnd())) return undefined;
  return stages.at(-1);
}

function later(sentAt: string | undefined, quietMs: number): string | undefined {
  const until = Date.parse(sentAt ?? "") + quietMs;
  return until > Date.now() ? new Date(until).toISOString().slice(11, 19) : undefined;
}

/** Notes in a record system. */
export function openSystemRecord(system: System, options: EngineOptions = {}): IncidentRecord {
  const { patience = PATIENCE, quietMs = QUIET_MS, looksMs = LOOKS_MS } = options;
  const { type, where, site } = system;
  const ask = openSite(site, options);
  let knownSelf: string | undefined;

  const whoami = async (signal?: AbortSignal) => {
    if (system.whoami !== undefined) knownSelf ??= await ask(system.whoami, signal);
    return knownSelf;
  };

  const find = async (note: Note, signal?: AbortSignal): Promise<readonly Found[]> => {
    const self = await whoami(signal);
    const found: Found[] = [];
    let next: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { entries, next: after } = await ask(system.list(note, next), signal);
      for (const entry of entries) {
        const stage = stageIn(entry, self, note.captureId);
        if (stage !== undefined) found.push({ entry, stage });
      }
      if (after === undefined) return found;
      next = after;
    }
    throw new NoteError(`${where}: has more entries than can be looked through`, { retryable: false });
  };

  /** Whether there are more notes than `before`, or one that tells as much as this one. */
  const isThere = async (note: Note, before: number, signal?: AbortSignal) => {
    const found = await find(note, signal);
    return found.length > before && found.some(({ stage }) => stage >= stageOf(note));
  };

  const send = async (
    note: Note,
    before: readonly Found[],
    doubt: Doubt,
    { signal, onSend }: PostOptions,
  ) => {
    await onSend?.();
    const kind = before.length === 0 ? "whole" : "second";
    doubt.sentAt = new Date().toISOString();
    try {
      await ask(system.post(note, kind), signal);
    } catch (error) {
      // Anything but silence is a clear no.
      if (!(error instanceof LostAnswerError)) doubt.sentAt = undefined;
      if (!(error instanceof LostAnswerError)) throw error;
      for (const pauseMs of looksMs) {
        await delay(pauseMs, signal);
        if (await isThere(note, before.length, signal)) return;
      }
      throw error;
    }
    if (await isThere(note, before.length, signal)) return;
    doubt.sentAt = undefined;
    throw new NoteError(`${where}: said that it has the note, and does not show it to us`, {
      retryable: true,
      hint: `the account needs: ${site.rights}; then: exhibit push`,
    });
  };

  const putLink = async (note: Note, signal?: AbortSignal) => {
    const link = system.link?.(note);
    if (link === undefined) return;
    await ask(link.put, signal);
    if (await ask(link.check, signal)) return;
    throw new NoteError(`${where}: said that it has the link, and does not show it`, {
      retryable: true,
      hint: `the account needs: ${site.rights}; then: exhibit push`,
    });
  };

  const ensure = async (note: Note, doubt: Doubt, post: PostOptions): Promise<Posted["state"]> => {
    const { signal, supersede } = post;
    await putLink(note, signal);
    const mine = await find(note, signal);
    const stage = Math.max(-1, ...mine.map((one) => one.stage));
    const [first] = mine;
    if (first !== undefined && !supersede && !tellsMore(note, stage, system)) {
      // What was in doubt has arrived.
      return doubt.sentAt === undefined ? "present" : "posted";
    }
    if (first !== undefined && system.edit) {
      await ask(system.edit(first.entry, note), signal);
      if (await isThere(note, 0, signal)) return "updated";
      throw new NoteError(`${where}: said that it has changed the note, and shows the old one`, {
        retryable: true,
      });
    }
    const until = later(doubt.sentAt, quietMs);
    if (until !== undefined)
      throw new LostAnswerError(
        `${where}: an earlier try got no answer and may still arrive; it is sent again after ${until}`,
        doubt.sentAt ?? "",
      );
    await send(note, mine, doubt, post);
    return first === undefined ? "posted" : "updated";
  };

  return {
    type,
    location: where,
    edits: system.edit !== undefined,
    post: async (note, _incident, post = {}) => {
      const doubt: Doubt = { sentAt: post.sentAt };
      const state = await withPatience(() => ensure(note, doubt, post), patience, post.signal).catch(
        (error: unknown) => {
          // Whatever failed last: something was sent, and nobody has said no.
          if (doubt.sentAt === undefined || error instanceof LostAnswerError || !(error instanceof NoteError))
            throw error;
          throw new LostAnswerError(error.message, doubt.sentAt, { cause: error });
        },
      );
      return { state, where };
    },
    preflight: async (signal) => {
      await whoami(signal);
      const told = await ask(system.look, signal);
      const missing = system.rights && (await ask(system.rights, signal));
      if (missing === undefined) return told;
      throw new NoteError(`${where}: the account lacks: ${missing}`, {
        retryable: true,
        hint: `it needs: ${site.rights}; then: exhibit push`,
      });
    },
    plan: (note) => planOf(system, note),
    ...(system.files ? { attach: (note, file, signal) => attach(system, ask, { note, file, signal }) } : {}),
  };
}

/** When something was sent that may still arrive. */
interface Doubt {
  sentAt: string | undefined;
}

/** Whether a note that is there is to be changed, or followed by a second one: that is for what people wait for. */
function tellsMore(note: Note, stage: number, { edit }: System): boolean {
  const wanted = stageOf(note);
  if (edit !== undefined) return wanted > stage;
  return wanted > stage && (wanted >= 4 || (wanted % 2 === 1 && stage % 2 === 0));
}

function planOf(system: System, note: Note): readonly string[] {
  const link = system.link?.(note);
  const calls = [
    ...(link === undefined ? [] : [link.put, link.check]),
    ...(system.whoami === undefined ? [] : [system.whoami]),
    system.list(note, undefined),
    system.post(note, "whole"),
    system.list(note, undefined),
  ];
  return calls.map((call) => describeCall(system.site, call));
}

async function attach(
  { files, where }: System,
  ask: Ask,
  {
    note,
    file,
    signal,
  }: { readonly note: Note; readonly file: Attachment; readonly signal?: AbortSignal | undefined },
): Promise<Posted> {
  if (files === undefined) throw new NoteError(`${where}: takes no files`, { retryable: false });
  const isThere = async () => (await ask(files.names(note), signal)).some((name) => name.includes(file.name));
  if (await isThere()) return { state: "present", where };
  const limit = await ask(files.limit, signal);
  if (file.bytes.length > limit)
    throw new NoteError(`${where}: ${file.name} has ${file.bytes.length} bytes; the site takes ${limit}`, {
      retryable: false,
      hint: "the note has the link to it",
    });
  try {
    await ask(files.add(note, file), signal);
  } catch (error) {
    if (!(error instanceof LostAnswerError) || !(await isThere())) throw error;
  }
  if (await isThere()) return { state: "posted", where };
  throw new NoteError(`${where}: said that it has ${file.name}, and does not show it`, { retryable: true });
}
