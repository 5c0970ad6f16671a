// The Chrome DevTools Protocol over one connection: two questions by HTTP, then a WebSocket (RFC 6455) with JSON messages.
// What must stay true: no close frame is ever written (see parsers/web-socket.ts), neither Runtime.enable nor
// Debugger.enable is sent (nodejs/diagnostics#326: that costs the target its speed), and every answer has a limit.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { ExhibitError } from "../errors.ts";
import { decodeFrame, encodeText, frameLength, OPCODES } from "../parsers/web-socket.ts";
import type { Connection } from "./pipe.ts";

const ANSWER_MS = 3000;
const HTTP_LIMIT_BYTES = 256 * 1024;

const VersionAnswer = z.object({ Browser: z.string() });
const ListAnswer = z.array(z.object({ webSocketDebuggerUrl: z.string() })).min(1);
const Message = z.object({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
});
const Evaluated = z.object({
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z
    .object({ text: z.string(), exception: z.object({ description: z.string().optional() }).optional() })
    .optional(),
});

/** It evaluates nothing any more: the process runs no JavaScript, it is on its way out. */
export class EndingError extends ExhibitError {}
/** The inspector, or the way to it, is gone. */
export class ClosedError extends ExhibitError {}
/** The inspector said no. */
class RefusedError extends ExhibitError {}

const closed = () => new ClosedError("the connection to its inspector is gone");

export interface Devtools {
  /** `20.20.2`. */
  readonly version: string;
  readonly send: (method: string, parameters: object, limitMs?: number) => Promise<unknown>;
  /** The value of an expression in the target; throws an ExhibitError with what it threw. */
  readonly evaluate: (expression: string, limitMs?: number) => Promise<unknown>;
  readonly onEvent: (listen: (method: string, parameters: unknown) => void) => void;
  readonly isOpen: () => boolean;
  /** What comes stays where it is until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly destroy: () => void;
  /** As in pipe.ts. */
  readonly handOver: () => void;
}

/** Throws an ExhibitError when it is no inspector of Node that answers. The connection is then gone. */
export async function openDevtools(connection: Connection, port: number): Promise<Devtools> {
  try {
    const host = `127.0.0.1:${port}`;
    const { Browser: browser } = await getJson(connection, { host, path: "/json/version" }, VersionAnswer);
    const version = /^node\.js\/v(\d{1,3}\.\d{1,4}\.\d{1,4})/.exec(browser)?.[1];
    if (version === undefined) throw new ExhibitError(`no inspector of Node answers on port ${port}`);
    const [first] = await getJson(connection, { host, path: "/json/list" }, ListAnswer);
    const path = /^ws:\/\/[^/]+(\/[\w-]{1,80})$/.exec(first?.webSocketDebuggerUrl ?? "")?.[1];
    if (path === undefined) throw new ExhibitError(`the inspector on port ${port} names no target`);
    await upgrade(connection, { host, path });
    return { version, ...talk(connection) };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

interface Page {
  readonly host: string;
  readonly path: string;
}

async function getJson<T>(connection: Connection, page: Page, schema: z.ZodType<T>): Promise<T> {
  const answer = ask(connection, (text) => {
    const head = /^HTTP\/1\.[01] 200 [^]*?\r\n\r\n/.exec(text)?.[0];
    const length = /^Content-Length: (\d{1,6})\r$/im.exec(head ?? "")?.[1];
    if (head === undefined || length === undefined) return undefined;
    const end = head.length + Number(length);
    return text.length < end ? undefined : { value: text.slice(head.length, end), used: end };
  });
  connection.write(`GET ${page.path} HTTP/1.1\r\nHost: ${page.host}\r\n\r\n`);
  const text = await answer;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ExhibitError(`${page.path} of the inspector cannot be read`, { cause });
  }
}

async function upgrade(connection: Connection, page: Page): Promise<void> {
  const answer = ask(connection, (text) => {
    const head = /^HTTP\/1\.1 101 [^]*?\r\n\r\n/.exec(text)?.[0];
    return head === undefined ? undefined : { value: "", used: head.length };
  });
  const key = randomBytes(16).toString("base64");
  connection.write(
    `GET ${page.path} HTTP/1.1\r\nHost: ${page.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  await answer;
}

/** Waits until `find` makes something of what has come. */
function ask(
  connection: Connection,
  find: (text: string) => { readonly value: string; readonly used: number } | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new ExhibitError(`the inspector ${why}`));
    const timer = setTimeout(() => fail("does not answer"), ANSWER_MS);
    connection.onEnd(() => fail("closed the connection"));
    connection.read((bytes) => {
      if (bytes.length > HTTP_LIMIT_BYTES) fail("answers with too much");
      const found = find(bytes.toString("latin1"));
      if (found === undefined) return 0;
      clearTimeout(timer);
      connection.read(() => 0);
      resolve(found.value);
      return found.used;
    });
  });
}

function talk(connection: Connection): Omit<Devtools, "version"> {
  let nextId = 1;
  let open = true;
  const waiting = new Map<number, (message: z.output<typeof Message> | undefined) => void>();
  let listen: ((method: string, parameters: unknown) => void) | undefined;
  let parts: Buffer[] = [];
  connection.onEnd(() => {
    open = false;
    for (const answer of waiting.values()) answer(undefined);
    waiting.clear();
  });
  const take = (text: string) => {
    const message = Message.safeParse(JSON.parse(text)).data;
    if (message?.id !== undefined) {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    } else if (message?.method !== undefined) listen?.(message.method, message.params);
  };
  connection.read((bytes) => {
    const length = frameLength(bytes);
    if (length === undefined || bytes.length < length) return 0;
    const frame = decodeFrame(bytes);
    if (frame === undefined) return 0;
    if (frame.opcode === OPCODES.close) connection.destroy();
    if (frame.opcode === OPCODES.text || frame.opcode === OPCODES.continuation) {
      parts.push(Buffer.from(frame.payload));
      if (frame.isFinal) {
        const whole = Buffer.concat(parts).toString("utf8");
        parts = [];
        take(whole);
      }
    }
    return frame.lengthBytes;
  });

  const send = (method: string, parameters: object, limitMs = ANSWER_MS) =>
    new Promise<unknown>((resolve, reject) => {
      const id = nextId++;
      if (!open) return reject(closed());
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new ExhibitError(`its inspector gave no answer to ${method} for ${limitMs} ms`));
      }, limitMs);
      waiting.set(id, (message) => {
        clearTimeout(timer);
        if (message === undefined) reject(closed());
        else if (message.error) reject(new RefusedError(`${method}: ${message.error.message}`));
        else resolve(message.result);
      });
      connection.write(encodeText(JSON.stringify({ id, method, params: parameters }), randomBytes(4)));
    });
  return {
    send,
    evaluate: async (expression, limitMs) => {
      // Its console's `require` is there for applications without one (includeCommandLineAPI).
      const how = { returnByValue: true, includeCommandLineAPI: true, silent: true };
      const answer = await send("Runtime.evaluate", { expression, ...how }, limitMs).catch(
        (error: unknown) => {
          throw error instanceof RefusedError ? new EndingError(error.message, { cause: error }) : error;
        },
      );
      const { result, exceptionDetails } = Evaluated.parse(answer);
      if (exceptionDetails === undefined) return result.value;
      throw new ExhibitError(
        `in the target: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`,
      );
    },
    onEvent: (next) => {
      listen = next;
    },
    isOpen: () => open,
    pause: connection.pause,
    resume: connection.resume,
    destroy: connection.destroy,
    handOver: connection.handOver,
  };
}
