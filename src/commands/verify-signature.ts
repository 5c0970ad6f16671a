// The signature's part of exhibit verify.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkSignature, type SignatureCheck } from "../bundle/check-signature.ts";
import { digestBytes } from "../bundle/digests.ts";
import { MANIFEST_FILE, SIGNATURE_FILE } from "../bundle/layout.ts";
import type { Fault, Verification } from "../bundle/verify.ts";
import { errnoOf, messageOf } from "../errors.ts";
import { readUpTo } from "../host/bounded-read.ts";
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { Style } from "./style.ts";

export interface SignatureOptions {
  readonly allowedSigners: string | undefined;
  readonly requireSignature: boolean;
}

/** Reads a small file beside the members: the manifest, its signature; undefined when there is none. */
export type ReadBeside = (name: string) => Promise<Buffer | undefined>;

/** A manifest of the largest capture we can imagine has a tenth of it. */
export const BESIDE_LIMIT_BYTES = 32 * 1024 ** 2;

/** What is to be said of the signature of a bundle, whose manifest was read before. */
export async function lookAtSignature(
  read: ReadBeside,
  { manifest, manifestSha256 }: Pick<Verification, "manifest" | "manifestSha256">,
  context: CommandContext<SignatureOptions>,
): Promise<SignatureCheck | undefined> {
  if (manifest === undefined) return undefined;
  const { allowedSigners } = context.options;
  const file = allowedSigners ?? (await readSettings(context)).settings.sign.allowedSigners;
  try {
    const signature = await read(SIGNATURE_FILE);
    const bytes = await read(MANIFEST_FILE);
    if (bytes === undefined || digestBytes(bytes).sha256 !== manifestSha256)
      return { state: "bad", detail: "is of a manifest that changed while it was looked at" };
    return await checkSignature({ bytes, manifest, signature }, file === null ? undefined : resolve(file));
  } catch (error) {
    return { state: "bad", detail: `cannot be read: ${printable(messageOf(error), 200)}` };
  }
}

/** From a bundle's folder. */
export async function readInFolder(folder: string, name: string): Promise<Buffer | undefined> {
  const path = join(folder, name);
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw new Error("it is no file");
    return await readUpTo(handle, BESIDE_LIMIT_BYTES);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A bad signature is a fault; with --require-signature everything but a good one. */
export function signatureFaults(
  signature: SignatureCheck | undefined,
  { requireSignature }: SignatureOptions,
): readonly Fault[] {
  if (signature === undefined || signature.state === "good") return [];
  if (signature.state !== "bad" && !requireSignature) return [];
  return [{ path: SIGNATURE_FILE, fault: "signature", detail: signature.detail }];
}

/** The line below "intact". */
export function signatureLine(signature: SignatureCheck | undefined, style: Style): string {
  if (signature === undefined) return "";
  const { state, detail } = signature;
  return `        ${state === "good" ? style.green(detail) : style.yellow(detail)}\n`;
}
