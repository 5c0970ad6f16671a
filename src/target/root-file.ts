// Files of the target below its own root, which may be another one than ours. The target's people own what is there: a
// link on the way could lead out of it into our files, so every component is opened by itself and none may be a link.
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { readUpToSync, refusal } from "../host/bounded-read.ts";
import type { HeldProcess } from "../host/process-files.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;

/** A regular file by its absolute path in the target. Throws the system's error: ELOOP or ENOTDIR where a link is. */
export function readBelowRoot(held: HeldProcess, path: string, limitBytes: number): Buffer {
  const components = path.split("/").filter((component) => component !== "");
  const name = components.pop();
  if (
    name === undefined ||
    [...components, name].some((component) => component === ".." || component === ".")
  )
    throw refusal("EINVAL", "not a plain absolute path");
  let folder = openSync(held.pathOf("root"), O_RDONLY | O_DIRECTORY);
  try {
    for (const component of components) {
      const next = openSync(`/proc/self/fd/${folder}/${component}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      closeSync(folder);
      folder = next;
    }
    return readRegular(`/proc/self/fd/${folder}/${name}`, limitBytes);
  } finally {
    closeSync(folder);
  }
}

function readRegular(path: string, limitBytes: number): Buffer {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    if (!fstatSync(file).isFile()) throw refusal("EINVAL", "not a regular file");
    return readUpToSync(file, limitBytes);
  } finally {
    closeSync(file);
  }
}
