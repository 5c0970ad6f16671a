// The far side of `exhibit fleet` over ssh: greets, reads one order from stdin, carries it out through our own command
// line, and tells how it ended. What must stay true: late is refused by this host's clock; the same job acts once; when
// the connection is cut, what was begun goes on to its own end, and whoever asks again is told of it.
import { hostname } from "node:os";
import type { Readable } from "node:stream";
import { messageOf } from "../errors.ts";
import { Envelope, PROTOCOL } from "../fleet/contract.ts";
import { readLines } from "../fleet/ssh/lines.ts";
import {
  GREETING,
  Order,
  STOP_LINE,
  type FarMessage,
  type FarResult,
  type Hello,
  type OrderToDo,
} from "../fleet/ssh/messages.ts";
import { delay } from "../host/clock.ts";
import { openDeadline } from "../host/deadline.ts";
import { printable } from "../printable.ts";
import { VERSION } from "../version.ts";
import {
  captureOutcome,
  checkOutcome,
  complaintIn,
  guardOutcome,
  leftOutcome,
  spoolIn,
  type Ended,
} from "./job-outcome.ts";
import { openJobs, type Jobs } from "./jobs.ts";
import { jobWords, targetWords } from "./orders.ts";
import { runOwn } from "./run-own.ts";

const ORDER_MS = 60_000;
const CHECK_MS = 30_000;
/** To seal and upload after the budget; then the upload waits for the next push. */
const AFTER_BUDGET_MS = 300_000;

export interface Answering {
  /** The spool of this host. */
  readonly spool: string;
  readonly config: string | undefined;
  readonly input: Readable;
  readonly print: (text: string) => void;
}

/** Answers one order; false when none came, or it was none. */
export async function answerOrder({ spool, config, input, print }: Answering): Promise<boolean> {
  const tell = (message: FarMessage) => print(`${JSON.stringify(message)}\n`);
  const hello: Hello = { protocol: PROTOCOL, version: VERSION, host: hostname(), nowMs: Date.now() };
  // A start-up file may have left a line without its end.
  print(`\n${GREETING}\n${JSON.stringify(hello)}\n`);
  const lines = readLines(input);
  const first = await Promise.race([lines.next(), delay(ORDER_MS)]);
  if (first === undefined || first.done) return false;
  const order = readOrder(first.value);
  if ("state" in order) {
    tell(order);
    return false;
  }
  const stop = new AbortController();
  void (async () => {
    // The end of stdin is no stop: the connection was cut, and what was begun goes on.
    for await (const line of lines) if (line.trim() === STOP_LINE) stop.abort();
  })();
  const run: Run = (words, signal) => runOwn(config, words, signal);
  await carryOut(order, { run, stop: stop.signal, tell, spool }).catch((error: unknown) =>
    tell(result("failed", printable(messageOf(error), 600))),
  );
  return true;
}

const result = (state: FarResult["state"], reason: string): FarResult => ({
  kind: "result",
  state,
  reason,
  captureIds: [],
  urls: [],
});

function readOrder(line: string): Order | FarResult {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return result("failed", "the order is no JSON");
  }
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) return result("failed", "the order names no protocol");
  if (envelope.data.protocol !== PROTOCOL)
    return result("denied", `it was asked in protocol ${envelope.data.protocol} and speaks ${PROTOCOL}`);
  const order = Order.safeParse(value);
  if (order.success) return order.data;
  const [issue] = order.error.issues;
  return result(
    "failed",
    `the order is not understood: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}

type Run = (words: readonly string[], signal?: AbortSignal) => Promise<Ended>;

interface With {
  readonly run: Run;
  readonly stop: AbortSignal;
  readonly tell: (message: FarMessage) => void;
  readonly spool: string;
}

async function carryOut(order: Order, { run, stop, tell, spool }: With): Promise<void> {
  if (order.do === "status") {
    const ended = await run(["ls"]);
    const bundles = spoolIn(ended);
    return tell(
      bundles === undefined
        ? { kind: "status", reason: complaintIn(ended) }
        : {
            kind: "status",
            waiting: bundles.filter(({ upload }) => upload === "waiting").length,
            capturing: bundles.filter(({ state }) => state === "capturing").length,
          },
    );
  }
  const lateMs = Date.now() - order.expiresAtMs;
  if (lateMs > 0)
    return tell(result("expired", `it came ${Math.ceil(lateMs / 1000)} s too late; nothing was done`));
  if (order.do === "check") {
    const deadline = openDeadline(CHECK_MS, stop);
    const peers = order.connectedTo.map((peer) => `--connected-to=${peer}`);
    const ended = await run(["check", ...peers, ...targetWords(order.target)], deadline.signal);
    deadline.close();
    return tell(checkOutcome(ended));
  }
  const jobs = await openJobs(spool);
  tell(await doOnce(order, jobs, { run, stop, tell, spool }));
}

/** Does it, or waits for who does it already. */
async function doOnce(order: OrderToDo, jobs: Jobs, { run, stop, tell }: With): Promise<FarResult> {
  if (await jobs.begin(order.job)) {
    tell({ kind: "accepted", repeated: false });
    const done = await act(order, run, stop);
    // Of what was not begun another try may do it.
    if (done.state === "busy") await jobs.forget(order.job);
    else await jobs.end(order.job, done);
    return done;
  }
  tell({ kind: "accepted", repeated: true });
  const deadline = openDeadline(order.budgetMs + AFTER_BUDGET_MS, stop);
  try {
    const known = await jobs.outcome(order.job, deadline.signal);
    if (known !== undefined) return known;
    while (!deadline.signal.aborted) {
      const left = leftOutcome(order.job, await run(["ls"]));
      if (left !== undefined) return left;
      await delay(500, deadline.signal);
    }
    return result("lost", "it was begun, and has not ended in time");
  } finally {
    deadline.close();
  }
}

async function act(order: OrderToDo, run: Run, stop: AbortSignal): Promise<FarResult> {
  if (order.do === "capture") {
    const deadline = openDeadline(order.budgetMs + AFTER_BUDGET_MS, stop);
    const ended = await run(
      ["capture", ...jobWords(order), "--yes", ...targetWords(order.target)],
      deadline.signal,
    );
    deadline.close();
    return captureOutcome(ended);
  }
  const words = targetWords(order.target).filter((word) => word !== "--");
  const [target] = words;
  if ("unit" in order.target && target?.startsWith("-"))
    return result("failed", "a unit cannot begin with -");
  // No end of ours: COMMAND takes the time it takes.
  return guardOutcome(await run(["guard", ...jobWords(order), ...words, "--", ...order.argv], stop));
}
