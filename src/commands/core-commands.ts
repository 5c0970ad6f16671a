// How a person opens the core of a bundle: the exact commands, for gdb, and for Node's own heap llnode. What must be known before
// stands above them as a remark of the shell, so that all of it may be pasted.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Manifest } from "../bundle/manifest.ts";
import { shellWord } from "../host/shell-line.ts";

/** What a core.json may say: one debugger, one plain or quoted executable (core/open-line.ts), the core's name. */
const OPEN =
  /^(?:mdb|gdb (-c|[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+:,./-]*|\$'[A-Za-z0-9_@%+:,./\\ -]*')) [A-Za-z0-9._-]+$/;

const BuildId = z.string().regex(/^[0-9a-f]{8,128}$/);

const CoreFacts = z.object({
  file: z.string().regex(/^[A-Za-z0-9._-]+$/),
  open: z.string().regex(OPEN),
  executableDeleted: z.boolean().optional(),
  /** Of the executable. */
  buildId: BuildId.optional(),
  modules: z.array(z.object({ path: z.string(), buildId: BuildId.optional() })).optional(),
});
type CoreFacts = z.infer<typeof CoreFacts>;

/**
 * What opens the core of the bundle in `folder` when it lies at `core`; none when the bundle does not tell it in the words
 * that we write. Never rejects.
 */
export async function openCommands(
  folder: string,
  manifest: Manifest,
  core: string,
): Promise<readonly string[]> {
  const facts = await readFacts(folder);
  return facts === undefined ? [] : linesOf(facts, manifest, shellWord(core));
}

/** The commands in order; none when the bundle has no core that tells how. Never rejects. */
export async function coreCommands(path: string, manifest: Manifest): Promise<readonly string[]> {
  const stored = manifest.files.find(
    ({ sensitivity, path: member }) => sensitivity === "core" && member.startsWith("evidence/core/core"),
  );
  const facts = stored === undefined ? undefined : await readFacts(path);
  if (stored === undefined || facts === undefined) return [];
  const name = facts.file.replace(/\.(?:zst|gz)$/, "");
  return [unpackLine(join(path, stored.path), name), ...linesOf(facts, manifest, name)];
}

async function readFacts(folder: string): Promise<CoreFacts | undefined> {
  try {
    const text = await readFile(join(folder, "evidence", "core", "core.json"), "utf8");
    return CoreFacts.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function unpackLine(packed: string, name: string): string {
  const inside = packed.replace(/\.age$/, "");
  const isEncrypted = inside !== packed;
  const word = shellWord(packed);
  const [program, from] = isEncrypted ? [`age -d -i KEY ${word} | `, ""] : ["", ` ${word}`];
  if (inside.endsWith(".gz")) return `${program}gunzip -c${from} > ${name}`;
  if (inside.endsWith(".zst")) return `${program}zstd -d --sparse${from} -o ${name}`;
  return isEncrypted ? `age -d -i KEY -o ${name} ${word}` : `cp --sparse=always ${word} ${name}`;
}

/** `core` is a word for a shell. */
function linesOf(facts: CoreFacts, manifest: Manifest, core: string): string[] {
  const [, executable] = OPEN.exec(facts.open) ?? [];
  const isKnown = executable !== undefined && executable !== "-c";
  const isNode = manifest.target?.runtime.name === "node";
  return [
    ...(isKnown ? remarks(facts, manifest, executable) : []),
    facts.open.replace(/\S+$/, () => core),
    ...(isNode && isKnown ? [`llnode ${executable} -c ${core}`] : []),
  ];
}

/** With another executable than the one that ran, a debugger shows wrong names without a word. */
function remarks(facts: CoreFacts, { target }: Manifest, executable: string): string[] {
  const module = facts.modules?.find(({ path }) => path.replace(/ \(deleted\)$/, "") === executable);
  const buildId = facts.buildId ?? module?.buildId;
  const right = buildId === undefined ? "the one that ran" : `the one with build id ${buildId}`;
  if (facts.executableDeleted === true)
    return [`# the executable was deleted or replaced while it ran: name ${right} in its place`];
  if (target?.containerId === undefined) return [];
  // Whatever else stands there would end the remark, and be a command.
  const container = /^[A-Za-z0-9_.-]{1,128}$/.test(target.containerId) ? ` ${target.containerId}` : "";
  return [
    `# the executable is a file of the container${container}: name ${right} from its image in its place`,
  ];
}
