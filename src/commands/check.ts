// exhibit check: a few yes/no questions about a live target, each answer with its evidence; nothing is stopped or kept.
import { readlinkSync } from "node:fs";
import pLimit from "p-limit";
import { chooseCollectors } from "../capture/choose.ts";
import { declaredPeers, expectedPeer } from "../capture/expected-peers.ts";
import { checkTarget, type CheckedTarget } from "../capture/check-target.ts";
import { ExhibitError, messageOf, NoAnswerError, SettingsError, UsageError } from "../errors.ts";
import { takesConnection } from "../host/takes-connection.ts";
import { hostOf, portOf } from "../parsers/connection-peers.ts";
import { printable } from "../printable.ts";
import { answerText, type Answer } from "../readings/answer.ts";
import { rules } from "../readings/rules/index.ts";
import type { ExpectedPeer } from "../readings/rule.ts";
import { Peer, type Settings } from "../settings.ts";
import type { FoundTarget } from "../target/found.ts";
import type { checkOptionTable } from "./check-options.ts";
import { ask } from "./ask.ts";
import { confirmMany, findAsked } from "./capture-request.ts";
import type { CommandContext, CommandResult, OptionsOf, StopSignal } from "./command.ts";
import { exitCodeOf } from "./keys.ts";
import { renderCheck } from "./check-page.ts";
import { readSettings } from "./read-settings.ts";
import type { CheckResult } from "./results/check.ts";

type CheckOptions = OptionsOf<typeof checkOptionTable>;

/** Counted from our own start, so that it holds on a host that is busy, too. */
const LIMIT_MS = 2800;
const CONNECT_MS = 700;
const SIDE_BY_SIDE = 8;
const EXIT: Readonly<Record<Answer, number>> = { restart: 1, elsewhere: 0, nothing: 0, unknown: 3 };

export async function run(context: CommandContext<CheckOptions>): Promise<CommandResult> {
  try {
    return await check(context);
  } catch (error) {
    if (error instanceof UsageError || error instanceof SettingsError) throw error;
    const hint = error instanceof ExhibitError && error.hint !== undefined ? { hint: error.hint } : {};
    throw new NoAnswerError(messageOf(error), { ...hint, cause: error });
  }
}

async function check(context: CommandContext<CheckOptions>): Promise<CommandResult> {
  const { options, positionals, terminal } = context;
  for (const peer of options.connectedTo) assertPeer(peer);
  const { settings } = await readSettings(context);
  const { choices } = chooseCollectors(settings, { profile: "quick", skip: "logs,runtime" });
  const found = await findAsked(positionals[0], options);
  await confirmMany(found, options, context.canAsk ? (question) => ask(context, question) : undefined);
  const agoMs = performance.now();
  const sideBySide = pLimit(SIDE_BY_SIDE);
  const stop = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const undo = context.onSignal((signal) => {
    stoppedBy ??= signal;
    stop.abort();
  });
  const results = await Promise.all(
    found.map((one) =>
      sideBySide(async () => {
        const peers = expectedPeers(one, options.connectedTo, settings.services);
        const request = { ...one, platform: platformOf(), collectors: choices, agoMs, limitMs: LIMIT_MS };
        const checked = await checkTarget({
          ...request,
          stop: stop.signal,
          ...(one.rights.reason === undefined ? {} : { missingRight: one.rights.reason }),
          expectations: peers.then((known) => ({ connectedTo: known })),
        }).finally(() => one.held.close());
        const unresolved = (await peers).filter(({ endpoints }) => endpoints.length === 0);
        return resultOf(
          one,
          checked,
          unresolved.map(({ asked }) => asked),
        );
      }),
    ),
  ).finally(undo);
  if (stoppedBy !== undefined) return { exitCode: exitCodeOf(stoppedBy) };
  const codes = results.map(({ answer }) => EXIT[answer]);
  const json: CheckResult = { checks: results };
  return {
    exitCode: [1, 3].find((code) => codes.includes(code)) ?? 0,
    text: results.map((result) => `${renderCheck(result, terminal).join("\n")}\n`).join("\n"),
    json,
  };
}

function platformOf(): "illumos" | "linux" {
  return process.platform === "sunos" ? "illumos" : "linux";
}

function assertPeer(asked: string): void {
  const isPeer =
    Peer.safeParse(asked).success && Number(portOf(asked)) >= 1 && Number(portOf(asked)) <= 65_535;
  if (!isPeer)
    throw new UsageError(`--connected-to ${printable(asked)}: expected HOST:PORT or [ADDRESS]:PORT`);
}

/** What the operator asks for and what the settings declare, each tried from here. */
async function expectedPeers(
  { target, held }: FoundTarget,
  asked: readonly string[],
  services: Settings["services"],
): Promise<readonly ExpectedPeer[]> {
  const declared = declaredPeers(target, services);
  const peers = await Promise.all(asked.map((one) => expectedPeer(one, "asked")));
  const all = [...peers, ...(await declared)];
  // From another network namespace the same address may be another host: there nothing is tried.
  const [its, ours] = [() => held.linkSync("ns/net").toString(), () => readlinkSync("/proc/self/ns/net")].map(
    attemptLink,
  );
  return its === undefined || its !== ours ? all : Promise.all(all.map(tried));
}

async function tried(peer: ExpectedPeer): Promise<ExpectedPeer> {
  if (peer.endpoints.length === 0) return peer;
  const each = peer.endpoints.map((endpoint) =>
    takesConnection(
      { host: hostOf(endpoint).replace(/^\[|\]$/g, ""), port: Number(portOf(endpoint)) },
      CONNECT_MS,
    ),
  );
  return { ...peer, answers: (await Promise.all(each)).includes(true) };
}

function attemptLink(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function resultOf(
  { target }: FoundTarget,
  { answer, readings, unseen, records, windowMs }: CheckedTarget,
  unresolved: readonly string[],
): CheckResult["checks"][number] {
  const missing = [
    ...unseen,
    ...unresolved.map((asked) => `connections to ${asked} (the name cannot be resolved)`),
  ];
  const told = answer !== "restart" && missing.length > 0 ? "unknown" : answer;
  return {
    target: {
      pid: target.pid,
      command: printable(target.command),
      ...(target.service === undefined ? {} : { service: printable(target.service) }),
      runtime: target.runtime.name,
    },
    answer: told,
    text: answerText(told, missing),
    questions: rules.length,
    readings: [...readings],
    unseen: missing,
    collectors: records.map(({ name, status, reason }) => ({
      name,
      status,
      ...(reason === undefined ? {} : { reason }),
    })),
    windowMs: Math.round(windowMs),
  };
}
