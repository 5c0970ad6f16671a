// What kind of file a member is, by its name: names are ours.
import { SUMS_FILE } from "./layout.ts";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".jsonl": "application/jsonl",
  ".txt": "text/plain",
  ".stderr": "text/plain",
  ".log": "text/plain",
  ".md": "text/markdown",
  ".html": "text/html",
  ".zip": "application/zip",
  ".zst": "application/zstd",
  ".gz": "application/gzip",
};

/** The media type of a path in a bundle; `application/octet-stream` where its ending says nothing. */
export function mediaTypeOf(path: string): string {
  if (path === SUMS_FILE) return "text/plain";
  return MEDIA_TYPES[/\.[a-z]+$/.exec(path)?.[0] ?? ""] ?? "application/octet-stream";
}
