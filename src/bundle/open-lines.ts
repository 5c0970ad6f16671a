// The commands that open what is not readable as it lies, and that check the signature, without Exhibit: for the report,
// `show` and the note. Paths are those of a manifest, so a shell takes them as they are.
import { MANIFEST_FILE, SIGNATURE_FILE } from "./layout.ts";
import type { FileRecord, Manifest } from "./manifest.ts";

const UNPACKERS: readonly (readonly [suffix: string, command: string])[] = [
  [".zst", "zstd -d"],
  [".gz", "gzip -d"],
];

/** The path that the opened file has then. */
export function openedPath({ path, plain }: FileRecord): string {
  return (plain?.path ?? path).replace(/\.(?:zst|gz)$/, "");
}

/** `age -d -i KEY evidence/core/core.zst.age | zstd -d > evidence/core/core`; undefined for a file that is readable as it is. */
function openLine(file: FileRecord): string | undefined {
  const { path, encryption } = file;
  const opened = openedPath(file);
  const inside = encryption === undefined ? path : path.replace(/\.age$/, "");
  // What was packed before it was encrypted as it lay keeps its suffix: it is unpacked as any other then.
  const unpack = inside === opened ? undefined : UNPACKERS.find(([suffix]) => inside.endsWith(suffix))?.[1];
  if (encryption !== undefined)
    return `age -d -i KEY ${path}${unpack === undefined ? "" : ` | ${unpack}`} > ${opened}`;
  return unpack === undefined ? undefined : `${unpack} ${path}`;
}

/** One line for each that holds memory; for other encrypted files one that stands for all. */
export function openLines(files: readonly FileRecord[]): readonly string[] {
  const memory = files.filter(({ sensitivity }) => sensitivity === "core");
  const others = files.filter((file) => file.sensitivity !== "core" && file.encryption !== undefined);
  const loop = `find evidence -name '*.age' -exec sh -c 'age -d -i KEY "$1" > "\${1%.age}"' - {} ';'`;
  return [...memory.flatMap((file) => openLine(file) ?? []), ...(others.length === 0 ? [] : [loop])];
}

/** The line that checks the signature. */
export function verifyLine(identity: string | undefined): string {
  const who = identity ?? "IDENTITY";
  return `ssh-keygen -Y verify -f ALLOWED_SIGNERS -I ${who} -n exhibit -s ${SIGNATURE_FILE} < ${MANIFEST_FILE}`;
}

/** `signed by SHA256:...`, or why it is not; undefined when nobody asked for it. */
export function signedWords({ signing }: Pick<Manifest, "signing">): string | undefined {
  if (signing === undefined) return undefined;
  if (signing.failed !== undefined) return `not signed: ${signing.failed}`;
  return `signed by ${signing.identity === undefined ? "" : `${signing.identity}, `}${signing.key ?? "an unknown key"}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** `3 files encrypted to 2 recipients`; undefined when everything is readable. */
export function encryptedWords({ files }: Pick<Manifest, "files">): string | undefined {
  const encrypted = files.filter(({ encryption }) => encryption !== undefined);
  if (encrypted.length === 0) return undefined;
  const recipients = new Set(encrypted.flatMap(({ encryption }) => encryption?.recipients ?? []));
  return `${plural(encrypted.length, "file")} encrypted to ${plural(recipients.size, "recipient")}`;
}

/** What there is to say of both. */
export function sealingFacts(manifest: Manifest): readonly string[] {
  return [signedWords(manifest), encryptedWords(manifest)].filter((fact) => fact !== undefined);
}
