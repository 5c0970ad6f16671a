// File systems that are small or read-only, really mounted: only root may, and nothing else shows what they do.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

function mount(...args: readonly string[]): void {
  assert.equal(process.getuid?.(), 0, "this test mounts file systems: run it as root");
  execFileSync("mount", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/** A tmpfs of `bytes` at `path`; returns how to unmount it. */
export function mountSmall(path: string, bytes: number): () => void {
  mkdirSync(path, { recursive: true });
  mount("-t", "tmpfs", "-o", `size=${bytes}`, "exhibit-test", path);
  return () => void execFileSync("umount", [path]);
}

/** `source` read-only at `path`; returns how to unmount it. */
export function mountReadOnly(source: string, path: string): () => void {
  mkdirSync(path, { recursive: true });
  mount("--bind", source, path);
  mount("-o", "remount,bind,ro", path);
  return () => void execFileSync("umount", [path]);
}
