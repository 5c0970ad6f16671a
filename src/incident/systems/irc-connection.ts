// One connection to an IRC server (RFC 2812, SASL PLAIN of IRCv3): lines in, lines out. What must stay true: nothing we
// send holds a second line, and nothing waits for ever.
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { randomBytes } from "node:crypto";
import { BusyRecordError, messageOf, NoteError } from "../../errors.ts";
import { printable } from "../../printable.ts";
import type { SettingsOf } from "../../settings-incidents.ts";

/** With CR LF a line has at most 512 bytes. */
const MAX_LINE_BYTES = 510;
const MAX_BUFFER = 64 * 1024;

export interface IrcConnection {
  readonly nick: string;
  readonly send: (line: string) => void;
  /** The first answer for a line, from now on; rejects when the connection ends or the time is over. */
  readonly waitFor: <T>(test: (line: string) => T | undefined) => Promise<T>;
  readonly close: () => void;
}

interface Waiter {
  readonly test: (line: string) => boolean;
  readonly fail: (error: NoteError) => void;
}

/** The command or number of a line: `:server 433 * nick :in use` is 433. */
export function commandOf(line: string): string {
  return (line.startsWith(":") ? line.split(" ")[1] : line.split(" ")[0]) ?? "";
}

/** A name that nobody else has: short, because servers may allow 9 characters only. */
function ownName(nick: string): string {
  return `${nick.slice(0, 7)}${(randomBytes(2).readUInt16BE() % 1296).toString(36).padStart(2, "0")}`;
}

function openSocket({ host, port, tls }: SettingsOf<"irc">): Socket {
  if (!tls) return connectPlain({ host, port });
  // An address is no server name (RFC 6066, 3); it is looked for among those of the certificate.
  return connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

/** Connects and logs in. Throws NoteError. */
export async function connectIrc(
  settings: SettingsOf<"irc">,
  password: string | undefined,
  timeoutMs: number,
): Promise<IrcConnection> {
  const place = `${settings.host}:${settings.port}`;
  const socket = openSocket(settings);
  const nick = ownName(settings.nick);
  const waiters = new Set<Waiter>();
  let ended: NoteError | undefined;
  let buffer = "";
  const end = (reason: string) => {
    ended ??= new BusyRecordError(`${place}: ${printable(reason)}`, undefined);
    clearTimeout(timer);
    socket.destroy();
    for (const { fail } of waiters) fail(ended);
    waiters.clear();
  };
  const timer = setTimeout(() => end("no answer in time"), timeoutMs);
  const send = (line: string) => {
    if (/[\r\n\0]/.test(line) || Buffer.byteLength(line) > MAX_LINE_BYTES)
      throw new NoteError(`${place}: not one line of IRC`, { retryable: false });
    socket.write(`${line}\r\n`);
  };
  socket.on("error", (error) => end(messageOf(error)));
  socket.on("close", () => end("the connection ended"));
  socket.on("data", (data) => {
    buffer += data.toString("utf8");
    const lines = buffer.split(/\r?\n/);
    buffer = lines.pop() ?? "";
    if (buffer.length > MAX_BUFFER) return end("speaks no IRC");
    for (const line of lines) {
      if (line.startsWith("PING")) send(`PONG${line.slice(4)}`.slice(0, 400));
      for (const waiter of waiters) if (waiter.test(line)) waiters.delete(waiter);
    }
  });
  const waitFor = <T>(test: (line: string) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      if (ended) return reject(ended);
      const waiter: Waiter = {
        test: (line) => {
          try {
            const found = test(line);
            if (found !== undefined) resolve(found);
            return found !== undefined;
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return true;
          }
        },
        fail: reject,
      };
      waiters.add(waiter);
    });
  const close = () => {
    clearTimeout(timer);
    socket.removeAllListeners("close");
    if (socket.writable) socket.end("QUIT\r\n");
    setTimeout(() => socket.destroy(), 1000).unref();
  };
  try {
    await logIn({ nick, send, waitFor, close }, settings, password);
  } catch (error) {
    end("not logged in");
    throw error;
  }
  return { nick, send, waitFor, close };
}

/** What a server says when it does not let us in. */
function refused(line: string, place: string, secretFile: string | undefined): void {
  const command = commandOf(line);
  if (["464", "902", "904", "905", "465", "ERROR"].includes(command)) {
    const hint =
      secretFile === undefined
        ? "name a user and a passwordFile"
        : `write a valid password into ${secretFile}`;
    if (command === "ERROR") throw new BusyRecordError(`${place}: ${printable(line)}`, undefined);
    throw new NoteError(`${place}: does not let us in: ${printable(line)}`, {
      retryable: true,
      hint: `${hint}; then: exhibit push`,
    });
  }
  if (command === "433" || command === "432")
    throw new BusyRecordError(`${place}: does not take our nickname: ${printable(line)}`, undefined);
}

async function logIn(
  { nick, send, waitFor }: IrcConnection,
  settings: SettingsOf<"irc">,
  password: string | undefined,
): Promise<void> {
  const { user, host, port, passwordFile } = settings;
  const expect = (command: string, word = "") =>
    waitFor((line) => {
      refused(line, `${host}:${port}`, passwordFile);
      return commandOf(line) === command && line.includes(word) ? true : undefined;
    });
  const withSasl = user !== undefined && password !== undefined;
  if (withSasl) send("CAP REQ :sasl");
  // Without an account it is the server's own password (RFC 2812, 3.1.1).
  else if (password !== undefined) send(`PASS :${password}`);
  send(`NICK ${nick}`);
  send(`USER ${settings.nick} 0 * :Exhibit`);
  const welcome = expect("001");
  if (withSasl) {
    welcome.catch(() => undefined);
    await expect("CAP", "ACK");
    send("AUTHENTICATE PLAIN");
    await expect("AUTHENTICATE");
    send(`AUTHENTICATE ${Buffer.from(`\0${user}\0${password}`).toString("base64")}`);
    await expect("903");
    send("CAP END");
  }
  await welcome;
}
