// One upload by our uploader, as a process of its own to be measured: `grow` while cat(1) writes the file into the spool,
// `sealed` of a file that is there. Arguments: grow|sealed, settings as JSON, source, its size, its SHA-256, spool file.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { S3StoreSettings } from "../src/settings.ts";
import { openS3Store } from "../src/upload/s3.ts";

const [, , mode = "", json = "", source = "", size = "", sha256 = "", spooled = ""] = process.argv;
const store = openS3Store("bench", S3StoreSettings.parse(JSON.parse(json)));
const whole = { bytes: Number(size), sha256 };
const facts = {
  key: "v1/none/bench/bench/core.zst",
  mediaType: "application/zstd",
  sensitivity: "core",
} as const;

async function copied(): Promise<typeof whole> {
  const [code] = await once(cat, "exit");
  if (code !== 0) throw new Error(`cat ended with ${code}`);
  return whole;
}

const cat = spawn(mode === "grow" ? "cat" : "true", [source], {
  stdio: ["ignore", mode === "grow" ? openSync(spooled, "w") : "ignore", "inherit"],
});
const result =
  mode === "grow"
    ? await store.putGrowing?.({ ...facts, path: spooled, finished: copied() })
    : await store.put({ ...facts, ...whole, path: source, exclusive: true });
if (result?.state !== "stored") throw new Error(`not stored: ${JSON.stringify(result)}`);
