// exhibit verify: checks a bundle against its manifest and names every file that is not as it was sealed.
import { MANIFEST_FILE } from "../bundle/layout.ts";
import { verifyBundle, type Fault, type Verification } from "../bundle/verify.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { parsePrefix } from "../upload/find-stored.ts";
import { lookAtReceipt } from "../upload/receipt.ts";
import { verifyStored } from "../upload/verify-stored.ts";
import { findBundle, type StoreFlag } from "./bundle-ref.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { expectedDigest } from "./expected-digest.ts";
import { readSettings } from "./read-settings.ts";
import type { VerifyResult } from "./results/bundles.ts";
import { findFolder, isFolderName } from "./spool-entry.ts";
import { layColumns, styleOf } from "./style.ts";
import { openTransferLine } from "./transfer-line.ts";
import {
  BESIDE_LIMIT_BYTES,
  lookAtSignature,
  readInFolder,
  signatureFaults,
  signatureLine,
  type ReadBeside,
  type SignatureOptions,
} from "./verify-signature.ts";

interface VerifyOptions extends SignatureOptions {
  readonly store: StoreFlag;
  readonly sha256: string | undefined;
}

export async function run(context: CommandContext<VerifyOptions>): Promise<CommandResult> {
  const [asked] = context.positionals;
  if (asked === undefined) throw new UsageError("which bundle? exhibit ls lists them");
  const expected = expectedDigest(context.options.sha256);
  const { path, checked, confirmed, read } = await check(asked, context);
  const { manifest, manifestSha256, files } = checked;
  const signature = await lookAtSignature(read, checked, context);
  const faults = [
    ...checked.faults,
    ...faultsOfManifest(manifestSha256, [expected, confirmed]),
    ...signatureFaults(signature, context.options),
  ];
  const json: VerifyResult = {
    path,
    ...(manifest === undefined ? {} : { captureId: manifest.captureId, state: manifest.state }),
    intact: faults.length === 0,
    fileCount: files,
    ...(manifestSha256 === undefined ? {} : { manifestSha256 }),
    faults: faults.map((fault) => ({ ...fault })),
    ...(signature === undefined ? {} : { signature: { ...signature } }),
  };
  const style = styleOf(context.terminal);
  if (faults.length > 0) {
    const rows = faults.map((fault) => [fault.fault, `${printable(fault.path, 300)}: ${fault.detail}`]);
    const lines = layColumns(rows).map((line) => line.replace(/^\S+/, (word) => style.red(word)));
    const count = `${faults.length} ${faults.length === 1 ? "fault" : "faults"}`;
    context.say(
      manifest === undefined
        ? `exhibit: ${printable(path, 300)} cannot be checked`
        : `exhibit: ${manifest.captureId} is not as it was sealed: ${count}`,
    );
    return { exitCode: 1, text: `${lines.join("\n")}\n`, json };
  }
  const text = `${style.green("intact")}  ${manifest?.captureId}: ${files} files are as they were sealed\n        manifest sha256 ${manifestSha256}\n${signatureLine(signature, style)}`;
  return { exitCode: 0, text, json };
}

interface Checked {
  /** The folder, or the address in a store. */
  readonly path: string;
  readonly checked: Verification;
  /** The digest of the manifest that a store confirmed to this host. */
  readonly confirmed: string | undefined;
  readonly read: ReadBeside;
}

/** A folder is taken as it is, wherever it came from; anything else is looked for. */
async function check(asked: string, context: CommandContext<VerifyOptions>): Promise<Checked> {
  const { store } = context.options;
  if (
    store === undefined &&
    isFolderName(asked) &&
    !asked.startsWith("s3://") &&
    parsePrefix(asked) === undefined
  ) {
    const path = await findFolder(asked);
    return { ...(await checkFolder(path)), confirmed: undefined };
  }
  const loaded = await readSettings(context);
  const found = await findBundle(asked, loaded, store);
  const spool = loaded.settings.spool.path;
  const captureId = found.kind === "local" ? found.entry.captureId : found.ref.captureId;
  const receipt = await lookAtReceipt(spool, captureId);
  const confirmed = receipt.state === "read" ? receipt.value.uploads[0]?.manifestSha256 : undefined;
  if (found.kind === "local") return { ...(await checkFolder(found.entry.path)), confirmed };
  const line = openTransferLine(context, `reading ${captureId}`);
  let done = 0;
  const onBytes = (bytes: number, totalBytes: number) => line.show((done += bytes), totalBytes);
  const checked = await verifyStored(found.ref, { onBytes }).finally(line.close);
  const { store: from, prefix } = found.ref;
  const read = (name: string) => from.get(`${prefix}/${name}`, BESIDE_LIMIT_BYTES);
  return { path: from.url(prefix), checked, confirmed, read };
}

async function checkFolder(path: string): Promise<Omit<Checked, "confirmed">> {
  return { path, checked: await verifyBundle(path), read: (name) => readInFolder(path, name) };
}

/** Nothing in a bundle says what its manifest should be: only what somebody was told before. */
function faultsOfManifest(
  found: string | undefined,
  [expected, confirmed]: readonly [expected: string | undefined, confirmed: string | undefined],
): readonly Fault[] {
  if (found === undefined) return [];
  if (expected !== undefined && !found.startsWith(expected))
    return [wrongManifest(`sha256 is ${found}, not ${expected}`)];
  if (confirmed === undefined || confirmed === found) return [];
  return [wrongManifest(`sha256 is ${found}; this host sent ${confirmed}`)];
}

function wrongManifest(detail: string): Fault {
  return { path: MANIFEST_FILE, fault: "changed", detail };
}
