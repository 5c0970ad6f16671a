// How a person opens the core of a bundle: the exact commands, for gdb, and for Node's own heap llnode.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Manifest } from "../bundle/manifest.ts";
import { shellWord } from "../host/shell-line.ts";

/** What a core.json may say: one debugger, one plain or quoted executable (core/open-line.ts), the core's name. */
const OPEN =
  /^(?:mdb|gdb (-c|[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+:,./-]*|\$'[A-Za-z0-9_@%+:,./\\ -]*')) [A-Za-z0-9._-]+$/;

const CoreFacts = z.object({ file: z.string().regex(/^[A-Za-z0-9._-]+$/), open: z.string().regex(OPEN) });

/**
 * What opens the core of the bundle in `folder` when it lies at `core`; none when the bundle does not tell it in the words
 * that we write. Never rejects.
 */
export async function openCommands(
  folder: string,
  manifest: Manifest,
  core: string,
): Promise<readonly string[]> {
  try {
    const text = await readFile(join(folder, "evidence", "core", "core.json"), "utf8");
    const { open } = CoreFacts.parse(JSON.parse(text));
    const [, executable] = OPEN.exec(open) ?? [];
    const word = shellWord(core);
    const isNode = manifest.target?.runtime.name === "node";
    const heap =
      isNode && executable !== undefined && executable !== "-c" ? [`llnode ${executable} -c ${word}`] : [];
    return [open.replace(/\S+$/, () => word), ...heap];
  } catch {
    return [];
  }
}

/** The commands in order; none when the bundle has no core that tells how. Never rejects. */
export async function coreCommands(path: string, manifest: Manifest): Promise<readonly string[]> {
  const stored = manifest.files.find(
    ({ sensitivity, path: member }) => sensitivity === "core" && member !== "",
  );
  if (stored === undefined) return [];
  try {
    const folder = join(path, "evidence", "core");
    const text = await readFile(join(folder, "core.json"), "utf8");
    const { file, open } = CoreFacts.parse(JSON.parse(text));
    const name = file.replace(/\.zst$/, "");
    const packed = join(path, stored.path);
    const decrypt = `age -d -i KEY ${packed} |`;
    const inside = stored.path.replace(/\.age$/, "");
    const isEncrypted = inside !== stored.path;
    const unpack = inside.endsWith(".gz")
      ? `${isEncrypted ? decrypt : ""} gunzip -c ${isEncrypted ? "" : packed} > ${name}`
          .trim()
          .replaceAll("  ", " ")
      : `${isEncrypted ? decrypt : ""} zstd -d --sparse ${isEncrypted ? "" : packed} -o ${name}`
          .trim()
          .replaceAll("  ", " ");
    const executable = /^gdb (.+) \S+$/.exec(open)?.[1];
    const heap =
      manifest.target?.runtime.name === "node" && executable !== undefined && !executable.startsWith("-c")
        ? [`llnode ${executable} -c ${name}`]
        : [];
    return [unpack, open, ...heap];
  } catch {
    return [];
  }
}
