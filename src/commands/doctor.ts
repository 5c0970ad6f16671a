// exhibit doctor: what would work on this host now, and how to fix the rest.
import { allCollectors } from "../capture/choose.ts";
import { printableLines } from "../printable.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import type { Check, CheckState } from "./doctor/check.ts";
import { checkClock, checkNode, checkPlatform, readOsFamily } from "./doctor/host.ts";
import { checkSecrets, checkSpool, checkStores } from "./doctor/places.ts";
import { checkKernelStack, checkRights } from "./doctor/rights.ts";
import { checkEncryption, checkSigning } from "./doctor/sealing.ts";
import { checkSnapshot } from "./doctor/snapshot.ts";
import { checkCollectors, checkHelpers } from "./doctor/tools.ts";
import { readSettings } from "./read-settings.ts";
import type { DoctorResult } from "./results/setup.ts";
import { layColumns, styleOf, type Style } from "./style.ts";

export async function run(context: CommandContext<object>): Promise<CommandResult> {
  const loaded = await readSettings(context);
  const platform = process.platform === "sunos" ? "illumos" : "linux";
  const uid = process.getuid?.();
  const family = await readOsFamily();
  const { settings } = loaded;
  const checks: readonly Check[] = [
    checkNode(process.version),
    checkPlatform(process.platform),
    ...(platform === "linux" ? [...(await checkRights(uid)), await checkKernelStack(uid)] : []),
    await checkSnapshot(process.platform, process.arch, uid),
    await checkClock(),
    await checkSpool(settings.spool),
    ...(await checkStores(settings.store)),
    ...(await checkSecrets(settings)),
    await checkEncryption(settings, family),
    await checkSigning(settings.sign, family),
    ...(await checkCollectors(allCollectors(settings).values(), platform, family)),
    ...(await checkHelpers(platform, family)),
  ];
  const state = stateOf(checks);
  const json: DoctorResult = { state, checks: checks.map((check) => ({ ...check })) };
  return {
    exitCode: { ok: 0, warning: 3, failed: 1 }[state],
    text: textOf(checks, styleOf(context.terminal)),
    json,
  };
}

function stateOf(checks: readonly Check[]): DoctorResult["state"] {
  if (checks.some(({ state }) => state === "failed")) return "failed";
  return checks.some(({ state }) => state === "warning") ? "warning" : "ok";
}

const MARKS: Readonly<Record<CheckState, string>> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  skipped: "-",
};

function textOf(checks: readonly Check[], style: Style): string {
  const colour = { ok: style.green, warning: style.yellow, failed: style.red, skipped: style.gray };
  const rows = layColumns(
    checks.map(({ state, name, detail }) => [MARKS[state], name, printableLines(detail)]),
  );
  const lines = checks.flatMap(({ state, fix }, index) => {
    const row = (rows[index] ?? "").replace(MARKS[state], colour[state](MARKS[state]));
    return fix === undefined ? [row] : [row, style.bold(`         fix: ${printableLines(fix)}`)];
  });
  return `${lines.join("\n")}\n`;
}
