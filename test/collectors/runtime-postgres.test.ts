// Needs: postgresql
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSandbox, statusesOf } from "../helpers/exhibit.ts";
import { end } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

/** Debian keeps the server's programs by version. */
const version = readdirSync("/usr/lib/postgresql").at(-1) ?? "";
const program = (name: string) => join("/usr/lib/postgresql", version, "bin", name);
const as = (...words: string[]) => ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", ...words];

test("PostgreSQL tells who waits for whom, read-only, without the texts of queries", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-pg-"));
  chmodSync(folder, 0o755);
  const [data, socket] = [join(folder, "data"), join(folder, "socket")];
  const { stdout: uid } = spawnSync("id", ["-u", "postgres"], { encoding: "utf8" });
  const { stdout: gid } = spawnSync("id", ["-g", "postgres"], { encoding: "utf8" });
  for (const path of [data, socket]) {
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, Number(uid), Number(gid));
  }
  const box = openSandbox();
  t.after(() => {
    box.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const made = spawnSync("setpriv", as(program("initdb"), "-D", data, "--no-sync", "-A", "peer"), {
    encoding: "utf8",
    cwd: "/",
  });
  assert.equal(made.status, 0, made.stderr);
  const server = spawn(
    "setpriv",
    as(
      program("postgres"),
      "-D",
      data,
      "-k",
      socket,
      "-p",
      "54329",
      "-c",
      "listen_addresses=",
      "-c",
      "fsync=off",
    ),
    { cwd: "/", stdio: "ignore" },
  );
  t.after(() => end(server));
  const psql = (...words: string[]) =>
    as("psql", "-X", "-h", socket, "-p", "54329", "-d", "postgres", ...words);
  await until(
    () => spawnSync("setpriv", psql("-c", "create table t (i int)"), { cwd: "/" }).status === 0,
    30_000,
  );
  const ask = (query: string) =>
    spawnSync("setpriv", psql("-tA", "-c", query), { cwd: "/", encoding: "utf8" }).stdout.trim();
  const session = (query: string) => {
    const child = spawn("setpriv", psql("-c", query), { cwd: "/", stdio: "ignore" });
    t.after(() => end(child));
  };
  // One holds the table, then another waits for it.
  session("begin; lock table t; select pg_sleep(300)");
  await until(() => ask("select count(*) from pg_locks where relation = 't'::regclass") === "1", 30_000);
  session("select * from t");
  await until(() => ask("select count(*) from pg_locks where not granted") === "1", 30_000);

  const ran = box.run(["capture", "--pid", String(server.pid), "--only", "runtime", "-b", "20s"]);

  assert.equal(statusesOf(box.manifest()).runtime, "ok", ran.stderr);
  const reading = box.manifest().readings.find(({ id }) => id === "database-sessions");
  assert.match(reading?.text ?? "", /^2 sessions, 1 of them blocked by others, 0 idle in a transaction/);
  assert.match(box.read("evidence/runtime/locks.csv"), /AccessShareLock,f/);
  assert.ok(!box.read("evidence/runtime/activity.csv").includes("pg_sleep"));
});
