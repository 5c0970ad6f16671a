// The cores of a bundle that was fetched: each as a sparse file beside the bundle's folder, or how to make it one, and the
// commands that open it.
import { dirname, join } from "node:path";
import type { FileRecord, Manifest } from "../bundle/manifest.ts";
import { unpackCore } from "../core/unpack.ts";
import { ExhibitError } from "../errors.ts";
import { shellWord } from "../host/shell-line.ts";
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";
import { openCommands } from "./core-commands.ts";
import type { FetchedCore } from "./results/bundles.ts";

interface Fetched {
  readonly manifest: Manifest;
  /** The bundle's folder. */
  readonly folder: string;
  /** Its files that are here and right. */
  readonly here: ReadonlySet<string>;
}

/** Unpacks one after the other, for each is as large as the disk likes it. A core that fails is told and does not stop the rest. */
export async function unpackCores(
  { manifest, folder, here }: Fetched,
  { onSignal, say, warn }: Pick<CommandContext<unknown>, "onSignal" | "say" | "warn">,
): Promise<readonly FetchedCore[]> {
  const interrupted = new AbortController();
  const undo = onSignal(() => interrupted.abort());
  const cores: FetchedCore[] = [];
  try {
    for (const file of manifest.files.filter(
      ({ sensitivity, path }) => sensitivity === "core" && here.has(path),
    )) {
      const path = unpackedPath(folder, file.path);
      const core = await unpackOne(file, { folder, path, signal: interrupted.signal });
      if (core.state === "packed") warn(`exhibit: ${printable(file.path, 300)}: ${core.reason ?? ""}`);
      if (core.state === "encrypted")
        say(`exhibit: ${printable(file.path, 300)} is encrypted; unpack it with the key`);
      const isCollected = file.path.startsWith("evidence/core/core");
      cores.push({ ...core, open: isCollected ? [...(await openCommands(folder, manifest, path))] : [] });
    }
  } finally {
    undo();
  }
  return cores;
}

/** Not in the bundle's folder: there it would be a file that nobody sealed. */
function unpackedPath(folder: string, member: string): string {
  return join(`${folder}.unpacked`, member.replace(/\.age$/, "").replace(/\.(?:zst|gz)$/, ""));
}

async function unpackOne(
  file: FileRecord,
  { folder, path, signal }: { readonly folder: string; readonly path: string; readonly signal: AbortSignal },
): Promise<Omit<FetchedCore, "open">> {
  const packed = join(folder, file.path);
  if (file.path.endsWith(".age"))
    return { member: file.path, path, state: "encrypted", unpack: decryptLines(file, { packed, path }) };
  if (!/\.(?:zst|gz)$/.test(file.path))
    return { member: file.path, path: packed, state: "present", bytes: file.bytes, unpack: [] };
  try {
    return {
      member: file.path,
      path,
      ...(await unpackCore({ packed, path, plain: file.plain, signal })),
      unpack: [],
    };
  } catch (error) {
    if (!(error instanceof ExhibitError)) throw error;
    const reason = printable(`${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`, 600);
    return { member: file.path, path, state: "packed", reason, unpack: [] };
  }
}

/** What a person types who has the key: decrypt, unpack, check. */
function decryptLines(
  { path: member, plain }: FileRecord,
  { packed, path }: { readonly packed: string; readonly path: string },
): string[] {
  const to = shellWord(path);
  const decrypt = `age -d -i KEY ${shellWord(packed)}`;
  const inside = member.replace(/\.age$/, "");
  const unpack = /\.(?:zst|gz)$/.test(inside) ? ` | zstd -d --sparse -o ${to}` : ` > ${to}`;
  const sum = plain === undefined ? [] : [`echo ${shellWord(`${plain.sha256}  ${path}`)} | sha256sum -c`];
  return [`mkdir -p ${shellWord(dirname(path))}`, `${decrypt}${unpack}`, ...sum];
}
