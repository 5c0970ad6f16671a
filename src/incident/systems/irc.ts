// IRC channels: one line a note. A server confirms nothing that was said, so a second connection of ours listens in the
// channel: what it hears was delivered. PRIVMSG and not NOTICE: a NOTICE to a wrong channel is lost without a word
// (RFC 2812 3.3.2). What was said in the past cannot be looked up; the receipt remembers it.
import { LostAnswerError, NoteError } from "../../errors.ts";
import { readSecret, secretPath } from "../../host/secret-file.ts";
import { printable } from "../../printable.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import { stageOf, type Note } from "../note.ts";
import { withPatience, type Patience } from "../patience.ts";
import type { IncidentRecord, Posted, PostOptions } from "../record.ts";
import { renderChat, renderChatFollowUp } from "../render-chat.ts";
import type { Reference } from "../system.ts";
import { commandOf, connectIrc, type IrcConnection } from "./irc-connection.ts";

const TIMEOUT_MS = 10_000;
const PATIENCE: Patience = { deadlineMs: 15_000, firstPauseMs: 500 };

/** Answers to JOIN and PRIVMSG that mean no (RFC 2812 5.2). */
const REFUSALS = new Set("401 403 404 405 407 411 412 437 442 471 473 474 475 476 477 482 489".split(" "));

interface IrcOptions {
  readonly timeoutMs?: number;
  readonly patience?: Patience;
}

export function openIrcRecord(
  { settings, id }: Reference<SettingsOf<"irc">>,
  { timeoutMs = TIMEOUT_MS, patience = PATIENCE }: IrcOptions = {},
): IncidentRecord {
  const channel = settings.channel ?? id;
  if (!/^[#&][^\s,:\p{Cc}]{1,49}$/u.test(channel))
    throw new NoteError("does not name an IRC channel", {
      retryable: true,
      hint: String.raw`set channel, or give match a group for it: ^chat:(?<id>#[\w-]+)$`,
    });
  const where = `${channel} on ${settings.host}`;
  const connect = async () => {
    const file = settings.passwordFile;
    return connectIrc(
      settings,
      file === undefined ? undefined : await readSecret(secretPath(file)),
      timeoutMs,
    );
  };
  const doubt = (error: unknown, sentAt: string) =>
    new LostAnswerError(
      `${where}: the line was sent and not heard; look at the channel, and say it again with: exhibit note ID --to REF --supersede`,
      sentAt,
      { cause: error },
    );

  const say = async (line: string, { onSend }: PostOptions) => {
    const speaker = await connect();
    const listener = await connect().catch((error: unknown) => {
      speaker.close();
      throw error;
    });
    try {
      await Promise.all([join(speaker, channel, where), join(listener, channel, where)]);
      await onSend?.();
      const sentAt = new Date().toISOString();
      const heard = listener.waitFor((one) =>
        one.startsWith(`:${speaker.nick}!`) && one.endsWith(`PRIVMSG ${channel} :${line}`) ? true : undefined,
      );
      const no = speaker.waitFor((one) => refusal(one, where));
      // The speaker's end alone proves nothing: the line may be on its way to the listener.
      no.catch(() => undefined);
      speaker.send(`PRIVMSG ${channel} :${line}`);
      const isRefused = no.catch((error: unknown) => (isClear(error) ? Promise.reject(error) : heard));
      await Promise.race([heard, isRefused]).catch((error: unknown) => {
        throw isClear(error) ? error : doubt(error, sentAt);
      });
    } finally {
      speaker.close();
      listener.close();
    }
  };

  return {
    type: "irc",
    location: where,
    edits: false,
    post: async (note, _incident, options = {}): Promise<Posted> => {
      const { told, sentAt, supersede, signal } = options;
      if (told !== undefined && !supersede && !isNews(note, told)) return { state: "present", where };
      if (sentAt !== undefined && !supersede) throw doubt(undefined, sentAt);
      const line = told === undefined ? renderChat(note) : renderChatFollowUp(note);
      await withPatience(() => say(line, options), patience, signal);
      return { state: told === undefined ? "posted" : "updated", where };
    },
    preflight: async () => {
      (await connect()).close();
      return undefined;
    },
    plan: (note) => [`PRIVMSG ${channel} :${renderChat(note)}`],
  };
}

/** A second line is for what people wait for. */
function isNews(note: Note, told: number): boolean {
  const wanted = stageOf(note);
  return wanted > told && (wanted >= 4 || (wanted % 2 === 1 && told % 2 === 0));
}

/** The server itself said no. */
function isClear(error: unknown): boolean {
  return error instanceof NoteError && !(error instanceof LostAnswerError) && error.hint !== undefined;
}

function refusal(line: string, where: string): undefined {
  if (!REFUSALS.has(commandOf(line))) return undefined;
  throw new NoteError(`${where}: we may not speak there: ${printable(line)}`, {
    retryable: true,
    hint: "let the nickname into the channel, or correct the reference; then: exhibit push",
  });
}

async function join(connection: IrcConnection, channel: string, where: string): Promise<void> {
  // 366 ends the list of names: we are in.
  const joined = connection.waitFor((line) => (commandOf(line) === "366" ? true : refusal(line, where)));
  connection.send(`JOIN ${channel}`);
  await joined;
}
