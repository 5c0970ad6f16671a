// exhibit fetch: brings a bundle, or some files of it, here from a store, and checks every digest.
import { resolve } from "node:path";
import prettyBytes from "pretty-bytes";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { fetchBundle, type FetchedFile } from "../upload/fetch-bundle.ts";
import { planFetch } from "../upload/plan-fetch.ts";
import { findInStores, type StoreFlag } from "./bundle-ref.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { expectedDigest } from "./expected-digest.ts";
import { unpackCores } from "./fetch-core.ts";
import { readSettings } from "./read-settings.ts";
import type { FetchedCore, FetchResult } from "./results/bundles.ts";
import { layColumns, styleOf } from "./style.ts";
import { openTransferLine } from "./transfer-line.ts";

interface FetchOptions {
  readonly output: string | undefined;
  readonly store: StoreFlag;
  readonly sha256: string | undefined;
  readonly core: boolean;
}

export async function run(context: CommandContext<FetchOptions>): Promise<CommandResult> {
  const [asked, ...paths] = context.positionals;
  if (asked === undefined) throw new UsageError("which bundle? exhibit ls --store lists them");
  const { options, warn } = context;
  const sha256 = expectedDigest(options.sha256);
  const loaded = await readSettings(context);
  const ref = await findInStores(asked, loaded, options.store);
  const plan = await planFetch(ref, { paths, sha256, core: options.core });
  const url = ref.store.url(ref.prefix);
  if (plan.manifest === undefined)
    warn(
      `exhibit: ${ref.captureId} has no manifest.json: it was interrupted, or not all of it was sent yet; nothing says whether what comes is right`,
    );
  for (const path of plan.left)
    warn(`exhibit: ${printable(path, 300)}: is none of the bundle's files, and stays in the store`);
  const output = resolve(options.output ?? ".");
  const line = openTransferLine(context, `fetching ${ref.captureId}`);
  const files = await fetchBundle({ ref, plan, output, onProgress: line.show }).finally(line.close);
  const path = `${output.replace(/\/$/, "")}/${ref.captureId}`;
  const here = new Set(files.filter((file) => RIGHT.has(file.state)).map((file) => file.path));
  const cores =
    options.core && plan.manifest !== undefined
      ? await unpackCores({ manifest: plan.manifest, folder: path, here }, context)
      : undefined;
  const json: FetchResult = {
    captureId: ref.captureId,
    store: ref.store.name,
    url,
    path,
    state: plan.manifest?.state ?? "unsealed",
    ...(plan.manifestSha256 === undefined ? {} : { manifestSha256: plan.manifestSha256 }),
    files: files.map(({ path: member, bytes, state, reason }) => ({
      path: member,
      bytes,
      state,
      ...(reason === undefined ? {} : { reason }),
    })),
    left: [...plan.left],
    ...(cores === undefined ? {} : { cores: [...cores] }),
  };
  return { ...endingOf(files, json, context), json };
}

const RIGHT = new Set<FetchedFile["state"]>(["fetched", "present"]);

/** Where it is, or how it gets there; then how it is opened. */
function coreLines({ path, state, unpack, open }: FetchedCore): readonly string[] {
  if (state === "packed") return [];
  return [...(state === "encrypted" ? unpack : [path]), ...open].map((line) => printable(line, 4000));
}

function endingOf(
  files: readonly FetchedFile[],
  { path, state, captureId, cores = [] }: FetchResult,
  { say, terminal }: CommandContext<FetchOptions>,
): Pick<CommandResult, "exitCode" | "text"> {
  const faults = files.filter((file) => !RIGHT.has(file.state));
  const came = files.filter((file) => file.state === "fetched");
  const bytes = prettyBytes(
    came.reduce((sum, file) => sum + file.bytes, 0),
    { binary: true },
  );
  const here = files.length - faults.length - came.length;
  const already = here === 0 ? "" : `, ${here} here already`;
  if (faults.length === 0) {
    say(
      `exhibit: ${came.length} files fetched (${bytes})${already}${state === "unsealed" ? "" : "; every digest is right"}`,
    );
    const lines = [path, ...cores.flatMap(coreLines)].map((line) => `${line}\n`);
    if (cores.some((core) => core.state === "packed")) return { exitCode: 1, text: lines.join("") };
    return { exitCode: state === "unsealed" ? 3 : 0, text: lines.join("") };
  }
  const style = styleOf(terminal);
  const rows = faults.map((file) => [
    file.state,
    `${printable(file.path, 300)}: ${printable(file.reason ?? "", 400)}${file.hint === undefined ? "" : ` (${printable(file.hint, 400)})`}`,
  ]);
  const lines = layColumns(rows).map((row) => row.replace(/^\S+/, (word) => style.red(word)));
  say(
    `exhibit: ${captureId}: ${faults.length} of ${files.length} files are not here; ${came.length} fetched (${bytes})${already}`,
  );
  return { exitCode: 1, text: `${lines.join("\n")}\n` };
}
