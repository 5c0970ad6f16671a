import { readFileSync } from "node:fs";

/** Put in place by the bundler; undefined when the sources run as they are. */
declare const EXHIBIT_VERSION: string | undefined;

/** The version of package.json. */
export const VERSION: string = typeof EXHIBIT_VERSION === "string" ? EXHIBIT_VERSION : readVersion();

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? "unknown";
}
