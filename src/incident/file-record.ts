// A record that is a file: one Markdown file for each incident in a folder, one section for each bundle. It needs nothing
// but the disk, so it is what notes go to when nothing else is set. What must stay true: one section a bundle, whatever
// is repeated and whoever else writes; what people write between the sections stays, byte for byte.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, open } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, messageOf, NoteError } from "../errors.ts";
import { makeFolder, writeFileDurable } from "../host/files.ts";
import { markdownText } from "./markdown-text.ts";
import { stageOf, type Note } from "./note.ts";
import { placeSection } from "./record-sections.ts";
import type { IncidentRecord, Posted } from "./record.ts";
import { withRecordLock } from "./record-lock.ts";
import { renderMarkdown } from "./render-markdown.ts";

/** A record of more than this is not ours to rewrite for every note. */
const MAX_BYTES = 16 * 1024 ** 2;
const NOT_BY_WAITING = new Set(["EACCES", "EPERM", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"]);

/** The file of an incident: its reference where that is a plain name, else what is left of it and a digest. */
export function recordFileName(incident: string): string {
  const plain = incident
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^[.-]+/, "_")
    .slice(0, 80);
  // A plain name that ends like a digest could be another reference's altered one.
  if (plain !== "" && plain === incident && !/-[0-9a-f]{8}$/.test(plain)) return `${plain}.md`;
  return `${plain || "_"}-${createHash("sha256").update(incident).digest("hex").slice(0, 8)}.md`;
}

interface Existing {
  readonly text: string;
  readonly mode: number | undefined;
}

/** The file as latin1 text, so that bytes that people wrote come back as they were. */
async function readRecord(path: string): Promise<Existing | undefined> {
  let handle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const facts = await handle.stat();
    if (!facts.isFile() || facts.size > MAX_BYTES)
      throw new NoteError(`${path}: is no file that a note can be added to`, {
        retryable: false,
        hint: "move it away",
      });
    return { text: await handle.readFile("latin1"), mode: facts.mode & 0o777 };
  } finally {
    await handle.close();
  }
}

async function put(path: string, incident: string, note: Note): Promise<Posted["state"]> {
  const existing = await readRecord(path);
  const heading = `# ${markdownText(incident, 200)}\n`;
  const { text, state } = placeSection(existing?.text ?? Buffer.from(heading).toString("latin1"), {
    captureId: note.captureId,
    stage: stageOf(note),
    content: Buffer.from(renderMarkdown(note)).toString("latin1"),
  });
  if (state === "present") return state;
  await writeFileDurable(path, Buffer.from(text, "latin1"));
  if (existing?.mode !== undefined) await chmod(path, existing.mode);
  return state;
}

/** Notes as Markdown files in `folder`, which is made when needed. */
export function openFileRecord(folder: string): IncidentRecord {
  return {
    type: "file",
    location: folder,
    edits: true,
    post: async (note, incident) => {
      const name = recordFileName(incident);
      const path = join(folder, name);
      try {
        await makeFolder(folder);
        return { state: await withRecordLock(folder, name, () => put(path, incident, note)), where: path };
      } catch (error) {
        if (error instanceof NoteError) throw error;
        throw new NoteError(`${path}: cannot write the note: ${messageOf(error)}`, {
          retryable: !NOT_BY_WAITING.has(errnoOf(error) ?? ""),
          cause: error,
        });
      }
    },
  };
}
