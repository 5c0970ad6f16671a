// npm run bench:upload: one big stream into a real store, beside the tools that people use for it. All contenders run in
// every round, the order turned by one each time; store and client share the machine, so wall time understates what a
// client saves. Flags: --mib of the stream, --rounds, --rss-gib the sizes of the memory rows (a store on disk).
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { ACCESS_KEY, SECRET_KEY } from "../test/helpers/rgw.ts";
import { startTestStore, type TestStore } from "../test/helpers/s3-store.ts";
import { writeSection } from "./results.ts";
import { median } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    mib: { type: "string", default: "1024" },
    rounds: { type: "string", default: "5" },
    "rss-gib": { type: "string", default: "1,4,16" },
  },
});
const mib = Number(values.mib);
const rounds = Number(values.rounds);
const rssGib = values["rss-gib"].split(",").filter(Boolean).map(Number);
const MIB = 1024 ** 2;
const BUCKET = "bench-upload";
const REQUIRE = `import { createRequire as exhibitRequire } from "node:module"; const require = exhibitRequire(import.meta.url);`;

interface Run {
  readonly wallS: number;
  readonly cpuS: number;
  readonly rssMb: number;
}
type Contender = (source: string) => readonly string[];

const folder = mkdtempSync(join(tmpdir(), "exhibit-bench-upload-"));

/** A third each of zeros, of text that repeats, and of noise: what a packed core is like, and worse. */
function makeSource(path: string): void {
  const file = openSync(path, "w");
  const text = Buffer.from("exhibit ".repeat(MIB / 8));
  for (let index = 0; index < mib; index++)
    writeSync(file, [Buffer.alloc(MIB), text, randomBytes(MIB)][index % 3] ?? text);
  closeSync(file);
}

function digestOf(path: string): string {
  return execFileSync("sha256sum", [path], { encoding: "utf8" }).slice(0, 64);
}

function measure(argv: readonly string[]): Run {
  const times = join(folder, "time.txt");
  const { status, stderr } = spawnSync("/usr/bin/time", ["-q", "-f", "%e %U %S %M", "-o", times, ...argv], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${status}\n${stderr}`);
  const [wallS = 0, userS = 0, systemS = 0, rssKb = 0] = readFileSync(times, "utf8")
    .trim()
    .split(" ")
    .map(Number);
  return { wallS, cpuS: userS + systemS, rssMb: rssKb / 1000 };
}

const environment = {
  AWS_ACCESS_KEY_ID: ACCESS_KEY,
  AWS_SECRET_ACCESS_KEY: SECRET_KEY,
  AWS_CONFIG_FILE: join(folder, "aws"),
  AWS_CA_BUNDLE: "",
};

async function buildDriver(): Promise<string> {
  const outfile = join(folder, "driver.mjs");
  await build({
    entryPoints: [new URL("upload-driver.ts", import.meta.url).pathname],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    banner: { js: REQUIRE },
    logLevel: "warning",
  });
  return outfile;
}

function ours(mode: string, at: TestStore, driver: string): Contender {
  return (source) => {
    const settings = JSON.stringify(at.settings({ url: `s3://${BUCKET}/exhibit` }));
    const facts = [source, String(statSync(source).size), digests.get(source) ?? digestOf(source)];
    return [process.execPath, driver, mode, settings, ...facts, join(folder, "spooled")];
  };
}

const shell = (line: string) => ["bash", "-c", `set -o pipefail; ${line}`];
const digests = new Map<string, string>();

function contendersFor(at: TestStore, driver: string): ReadonlyMap<string, Contender> {
  const host = at.rgw.endpoint.replace("http://", "");
  writeFileSync(
    environment.AWS_CONFIG_FILE,
    "[default]\nregion = us-east-1\ns3 =\n  addressing_style = path\n",
  );
  const s3cfg = join(folder, "s3cfg");
  writeFileSync(
    s3cfg,
    `[default]\naccess_key = ${ACCESS_KEY}\nsecret_key = ${SECRET_KEY}\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\n`,
  );
  const rclone = join(folder, "rclone");
  writeFileSync(
    rclone,
    `[r]\ntype = s3\nprovider = Ceph\naccess_key_id = ${ACCESS_KEY}\nsecret_access_key = ${SECRET_KEY}\nendpoint = ${at.rgw.endpoint}\nforce_path_style = true\n`,
  );
  return new Map<string, Contender>([
    ["exhibit, while the file grows", ours("grow", at, driver)],
    ["exhibit, a sealed file", ours("sealed", at, driver)],
    [
      "aws s3 cp -",
      (source) =>
        shell(
          `cat ${source} | aws --endpoint-url ${at.rgw.endpoint} s3 cp - s3://${BUCKET}/aws --only-show-errors`,
        ),
    ],
    [
      "rclone rcat",
      (source) =>
        shell(
          `unset AWS_CA_BUNDLE; cat ${source} | rclone --config ${rclone} rcat --s3-no-check-bucket --s3-disable-http2 r:${BUCKET}/rclone`,
        ),
    ],
    [
      "s3cmd put -",
      (source) => shell(`cat ${source} | s3cmd -c ${s3cfg} --no-progress -q put - s3://${BUCKET}/s3cmd`),
    ],
  ]);
}

/** The store of the rounds is in memory, and it frees what is deleted a second later. */
async function empty(at: TestStore): Promise<void> {
  const { Contents } = await at.outside.listObjectsV2({ Bucket: BUCKET });
  for (const { Key } of Contents ?? [])
    if (Key !== undefined) await at.outside.deleteObject({ Bucket: BUCKET, Key });
  rmSync(join(folder, "spooled"), { force: true });
}

async function runRounds(driver: string): Promise<ReadonlyMap<string, readonly Run[]>> {
  const at = await startTestStore(BUCKET);
  try {
    const source = join(folder, "source");
    makeSource(source);
    digests.set(source, digestOf(source));
    const all = [...contendersFor(at, driver)];
    const runs = new Map(all.map(([name]) => [name, [] as Run[]]));
    for (let round = 0; round < rounds; round++)
      for (const [name, argvFor] of [...all.slice(round % all.length), ...all.slice(0, round % all.length)]) {
        const run = measure(argvFor(source));
        runs.get(name)?.push(run);
        process.stderr.write(`round ${round + 1}: ${name}: ${JSON.stringify(run)}, load ${loadavg()[0]}\n`);
        await empty(at);
      }
    return runs;
  } finally {
    await at.stop();
    rmSync(join(folder, "source"), { force: true });
  }
}

async function runSizes(driver: string): Promise<readonly string[]> {
  if (rssGib.length === 0) return [];
  const at = await startTestStore(BUCKET, "bluestore");
  const rows: string[] = [];
  try {
    for (const gib of rssGib) {
      const source = join(folder, "sparse");
      writeFileSync(source, "");
      truncateSync(source, gib * 1024 * MIB);
      digests.set(source, digestOf(source));
      for (const mode of ["grow", "sealed"]) {
        const run = measure(ours(mode, at, driver)(source));
        const what = mode === "grow" ? "while the file grows" : "a sealed file";
        rows.push(
          `| memory at ${gib} GiB, ${what} | ${run.rssMb.toFixed(0)} MB (${run.wallS.toFixed(0)} s) | <= 150 MB |`,
        );
        process.stderr.write(`${rows.at(-1)}\n`);
        await empty(at);
      }
    }
    return rows;
  } finally {
    await at.stop();
  }
}

const spread = (all: readonly number[], digits: number) =>
  `${median(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)} to ${Math.max(...all).toFixed(digits)})`;

function table(runs: ReadonlyMap<string, readonly Run[]>): readonly string[] {
  const base = runs.get("aws s3 cp -") ?? [];
  return [...runs].map(([name, all]) => {
    // Ratios of the same round: what else the machine did is in both.
    const faster = all.map((run, index) => (base[index]?.wallS ?? Number.NaN) / run.wallS);
    const cpu = all.map((run, index) => run.cpuS / (base[index]?.cpuS ?? Number.NaN));
    return `| ${name} | ${spread(
      all.map(({ wallS }) => wallS),
      1,
    )} s | ${spread(faster, 2)} x | ${spread(
      all.map(({ cpuS }) => cpuS),
      1,
    )} s | ${spread(cpu, 2)} x | ${Math.max(...all.map(({ rssMb }) => rssMb)).toFixed(0)} MB |`;
  });
}

function version(argv: readonly [string, ...string[]]): string {
  const { stdout, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: "utf8" });
  return `${stdout}${stderr}`.split("\n")[0] ?? "";
}

try {
  const driver = await buildDriver();
  const runs = await runRounds(driver);
  const sizes = await runSizes(driver);
  const versions = [
    ["aws", "--version"],
    ["rclone", "--version"],
    ["s3cmd", "--version"],
    ["ceph", "--version"],
  ] as const;
  writeSection(
    "upload",
    `${availableParallelism()} cores, Node ${process.version}. A stream of ${mib} MiB into a Ceph RADOS gateway of the same machine, http; ${rounds} rounds, the order turned by one each round.
Ratios are to \`aws s3 cp -\` of the same round; goals: throughput >= 1.0 x, CPU <= 0.8 x, memory <= 150 MB.
Versions: ${versions.map((argv) => version(argv)).join("; ")}.

| median (range) | wall | throughput / aws | CPU, whole tree | CPU / aws | most memory |
| --- | --- | --- | --- | --- | --- |
${table(runs).join("\n")}

"While the file grows" counts that cat(1) writes it into the spool, which the others do not do; its digest is the writer's.
"A sealed file" is read once and checked against the digest that it was sealed with, beside the digest of each part.

| what | measured | goal |
| --- | --- | --- |
${sizes.join("\n")}
`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
