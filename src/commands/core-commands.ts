// How a person opens the core of a bundle: the exact commands, for gdb, and for Node's own heap llnode.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Manifest } from "../bundle/manifest.ts";

const CoreFacts = z.object({ file: z.string().regex(/^[A-Za-z0-9._-]+$/), open: z.string() });

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
