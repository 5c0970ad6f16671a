// exhibit show REF FILE: one small file of a bundle, checked. A program gets its bytes; a person at a terminal gets text
// in which nothing can move the cursor.
import { isUtf8 } from "node:buffer";
import { digestBytes } from "../bundle/digests.ts";
import { ExhibitError } from "../errors.ts";
import { printable, printableLines } from "../printable.ts";
import { readFileRange } from "../upload/directory-read.ts";
import { unknownFile } from "../upload/plan-fetch.ts";
import {
  checkedBytes,
  MEMBER_LIMIT_BYTES,
  mustBeSmall,
  readMember,
  type MemberBytes,
} from "../upload/read-member.ts";
import type { SpoolEntry } from "../upload/spool.ts";
import { isMemberPath } from "../upload/stored-bundle.ts";
import type { FoundBundle } from "./bundle-ref.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import type { ShowFileResult } from "./results/bundles.ts";

/** A line of a file may be long; a terminal wraps it. */
const LINE_LIMIT = 20_000;

export async function showFile(
  { terminal, say }: Pick<CommandContext<unknown>, "terminal" | "say">,
  bundle: FoundBundle,
  file: string,
): Promise<CommandResult> {
  const found =
    bundle.kind === "local" ? await readLocal(bundle.entry, file) : await readMember(bundle.ref, file);
  const { data, sha256, checked } = found;
  if (!checked) say(`exhibit: ${printable(file, 300)}: no manifest says what its digest should be`);
  const isText = isUtf8(data);
  const json: ShowFileResult = {
    captureId: bundle.kind === "local" ? bundle.entry.captureId : bundle.ref.captureId,
    file,
    bytes: data.length,
    sha256,
    checked,
    encoding: isText ? "utf8" : "base64",
    content: data.toString(isText ? "utf8" : "base64"),
  };
  if (!terminal.isTty) return { exitCode: 0, bytes: data, json };
  if (isText) return { exitCode: 0, text: printableLines(json.content, LINE_LIMIT), json };
  throw new ExhibitError(`${printable(file, 300)}: is no text (${data.length} bytes)`, {
    hint: "send it to a file or a program: > FILE, | zstd -dc | less",
  });
}

async function readLocal({ path, manifest }: SpoolEntry, file: string): Promise<MemberBytes> {
  const record = manifest?.files.find((one) => one.path === file);
  const found = isMemberPath(file)
    ? await readFileRange(path, file, { from: 0, bytes: MEMBER_LIMIT_BYTES })
    : undefined;
  if (found === undefined) throw unknownFile(file, manifest?.files.map((one) => one.path) ?? []);
  mustBeSmall({ path: file, bytes: found.totalBytes });
  if (record) return checkedBytes(found.data, record);
  return { data: found.data, sha256: digestBytes(found.data).sha256, checked: false };
}
