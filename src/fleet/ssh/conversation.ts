// One connection to one host: wait for the greeting, give the order, listen until the result. Whatever becomes of the
// connection is a value here; nothing throws.
import { once } from "node:events";
import { delay } from "../../host/clock.ts";
import { killGroup } from "../../host/process-group.ts";
import { startConversation } from "../../host/start.ts";
import { printable } from "../../printable.ts";
import { VERSION } from "../../version.ts";
import { PROTOCOL } from "../contract.ts";
import type { FleetHost } from "../transport.ts";
import { faultOf, type Fault } from "./faults.ts";
import { readLines } from "./lines.ts";
import { FarMessage, GREETING, Hello, STOP_LINE, type Order } from "./messages.ts";

/** Login, start-up files and the start of Node, on a host that is busy. */
const GREETING_MS = 60_000;
/** What a capture that was told to stop may take to seal. */
const STOP_MS = 10_000;

type Answer = Exclude<FarMessage, { readonly kind: "accepted" }>;

export type Talk =
  | {
      readonly kind: "answered";
      readonly hello: Hello;
      readonly answer: Answer;
      readonly helloAtMs: number;
    }
  /** Nothing was ordered. */
  | ({ readonly kind: "not-begun" } & Fault)
  /** The order was given, and no result came. */
  | { readonly kind: "cut"; readonly reason: string; readonly stopped: boolean };

export interface Saying {
  readonly host: FleetHost;
  /** The words of ssh. */
  readonly argv: readonly [string, ...string[]];
  /** What is run there, for people. */
  readonly command: string;
  readonly orderOf: (hello: Hello) => Order;
  readonly signal: AbortSignal;
  /** The login is through. */
  readonly onGreeting?: () => void;
}

/** Gives one order and waits for its result. An abort says stop to the far side, and waits a little for the result. */
export async function talk({ host, argv, command, orderOf, signal, onGreeting }: Saying): Promise<Talk> {
  if (signal.aborted) return { kind: "not-begun", state: "failed", reason: "the job has ended" };
  const child = startConversation(argv);
  const stderr: Buffer[] = [];
  let heard = 0;
  child.stderr.on("data", (chunk: Buffer) => {
    heard += chunk.length;
    if (heard <= 64 * 1024) stderr.push(chunk);
  });
  // Of an error of starting no `exit` comes.
  const gone = Promise.race([once(child, "exit"), once(child, "close")]).catch(() => undefined);
  const giveUp = new AbortController();
  const words = () => Buffer.concat(stderr).toString("utf8");
  try {
    const lines = readLines(child.stdout);
    const greeted = await Promise.race([greeting(lines), delay(GREETING_MS, signal)]);
    const hello = greeted?.hello;
    const helloAtMs = Date.now();
    if (hello === undefined) {
      if (greeted === undefined)
        return signal.aborted
          ? { kind: "not-begun", state: "failed", reason: "the job has ended" }
          : { kind: "not-begun", state: "offline", reason: `no greeting within ${GREETING_MS / 1000} s` };
      await gone;
      if (child.pid === undefined)
        return {
          kind: "not-begun",
          state: "failed",
          reason: "ssh is not on this host; install OpenSSH's client",
        };
      return {
        kind: "not-begun",
        ...faultOf(host, { exitCode: child.exitCode ?? undefined, stderr: words() }, command),
      };
    }
    onGreeting?.();
    if (hello.protocol !== PROTOCOL)
      return {
        kind: "not-begun",
        state: "denied",
        reason: `exhibit ${printable(hello.version, 30)} there speaks protocol ${hello.protocol}, this one (${VERSION}) ${PROTOCOL}; update the older one${hello.protocol < PROTOCOL ? ", or say --push" : ""}`,
        ...(hello.protocol < PROTOCOL ? { lacks: "fleet" } : {}),
      };

    child.stdin.write(`${JSON.stringify(orderOf(hello))}\n`);
    const onAbort = () => {
      child.stdin.write(`${STOP_LINE}\n`);
      void delay(STOP_MS, giveUp.signal).then(() => giveUp.abort());
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const answer = await Promise.race([answerIn(lines), delay(2_147_483_647, giveUp.signal)]);
    signal.removeEventListener("abort", onAbort);
    if (answer !== undefined) return { kind: "answered", hello, answer, helloAtMs };
    const said = words().trim().split("\n").at(-1) ?? "";
    const how = signal.aborted ? "it was told to stop, and has not answered" : "the connection was cut";
    return {
      kind: "cut",
      reason: said === "" ? how : `${how}: ${printable(said, 200)}`,
      stopped: signal.aborted,
    };
  } finally {
    giveUp.abort();
    // What the far side began is none of this group: it goes on there, or has answered.
    killGroup(child.pid, "SIGKILL");
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

/** Whatever start-up files print comes before the greeting; undefined within when the output ended without one. */
async function greeting(lines: AsyncGenerator<string>): Promise<{ readonly hello: Hello | undefined }> {
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value !== GREETING) continue;
    const line = await lines.next();
    return { hello: line.done ? undefined : parsed(Hello, line.value) };
  }
  return { hello: undefined };
}

async function answerIn(lines: AsyncGenerator<string>): Promise<Answer | undefined> {
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const message = parsed(FarMessage, next.value);
    if (message !== undefined && message.kind !== "accepted") return message;
  }
  return undefined;
}

function parsed<T>(
  schema: {
    readonly safeParse: (value: unknown) => { readonly success: boolean; readonly data?: T | undefined };
  },
  line: string,
): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
