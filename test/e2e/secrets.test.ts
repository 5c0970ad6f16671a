// Canaries in everything that may hold a secret, the target's and our own: none of them is in any byte that is kept, sent or
// said, the core aside. The names of the environment are kept.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertCleanAfterwards } from "../helpers/afterwards.ts";
import { openSandbox, statusesOf, type Sandbox } from "../helpers/exhibit.ts";
import { start } from "../helpers/started.ts";

const boxes: Sandbox[] = [];
after(() => {
  for (const box of boxes) box.remove();
});
const sandbox = (settings = "") => {
  const box = openSandbox(settings);
  boxes.push(box);
  return box;
};

/** Every file below a folder, by its path. */
function filesBelow(folder: string): readonly (readonly [string, Buffer])[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name))]);
}

/** Asserts that no text is in any of these bytes, plain, in base64 or encoded for a URL. */
function assertNowhere(secrets: readonly string[], where: readonly (readonly [string, Buffer])[]): void {
  for (const secret of secrets) {
    const forms = [
      secret,
      Buffer.from(secret).toString("base64").replace(/.=*$/, ""),
      encodeURIComponent(secret),
    ];
    for (const [name, bytes] of where)
      for (const form of forms) assert.ok(!bytes.includes(form), `${secret} is in ${name}`);
  }
}

const secret = (name: string) => `cAnary+${name}/9f3K2x7Qw8`;
const isCore = ([name]: readonly [string, Buffer]) => /\/core\.(?:zst|gz)$/.test(name);

test("no secret of the target is kept anywhere but in its core; the names of its environment are", async (t) => {
  const box = sandbox();
  const environment = {
    DB_PASSWORD: secret("env"),
    API_TOKEN: secret("token"),
    AWS_SECRET_ACCESS_KEY: secret("aws"),
    DATABASE_URL: `postgres://app:${encodeURIComponent(secret("url"))}@db.example.test/app`,
  };
  const log = join(box.folder, "service.log");
  const program = `
    const fs = require("node:fs");
    const log = fs.openSync(${JSON.stringify(log)}, "a");
    for (const line of [
      "GET / authorization: Bearer ${secret("bearer")}",
      "connecting with password=${secret("logged")}",
      "cookie: session=${secret("cookie")}",
      "value seen again, no clue beside it: " + process.env.DB_PASSWORD,
    ]) fs.writeSync(log, line + "\\n");
    setInterval(() => {}, 50); console.log("up");`;
  const words = ["env", ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  const { pid } = await start(t, [
    "env",
    ...words.slice(1),
    process.execPath,
    "-e",
    program,
    "--",
    "--password",
    secret("flag"),
    `--api-key=${secret("assigned")}`,
  ]);

  const flags = ["--pid", String(pid), "-b", "12s", "-i", "INC-1", "-m", `is ${secret("env")} wrong?`];
  const command = ["true", `--password=${secret("command")}`];
  const result = box.run(["guard", ...flags, "-v", "--json", "--", ...command]);

  assert.equal(result.status, 0, result.stderr);
  const manifest = box.manifest();
  const zip = execFileSync("unzip", ["-p", join(box.spool, manifest.captureId, "bundle.zip")], {
    maxBuffer: 1024 ** 3,
  });
  const kept = [
    ...filesBelow(box.archive),
    ...filesBelow(box.spool),
    ...filesBelow(join(box.folder, "incidents")),
  ];
  const names = ["env", "token", "aws", "url", "bearer", "logged", "cookie", "flag", "assigned", "command"];
  assertNowhere(names.map(secret), [
    ...kept.filter((file) => !isCore(file)),
    ["bundle.zip, unpacked", zip],
    ["stderr", Buffer.from(result.stderr)],
  ]);
  assert.equal(statusesOf(manifest).core, "ok");
  // What is searched for is there to be found: in memory, which nobody can mask.
  const cores = kept
    .filter(isCore)
    .map(([path]) => execFileSync("zstd", ["-dc", path], { maxBuffer: 1024 ** 3 }));
  const found = cores.map((core) => core.includes(secret("env")));
  assert.deepEqual(found, [true, true]);
  assert.ok(
    manifest.redactions.some(({ file }) => file.startsWith("evidence/logs/")),
    "the log was kept and masked",
  );
  for (const name of Object.keys(environment))
    assert.match(box.read("evidence/process/environment-names.txt"), new RegExp(`^${name}$`, "m"));
  await assertCleanAfterwards(box);
});

test("our own credentials are in nothing that is kept or said, also when store and record refuse", async (t) => {
  const [key, access, hook] = [
    "OurSecretAccessKey0123456789abcdefghijkl",
    "AKIAEXHIBITCANARY001",
    "whsec-canary",
  ];
  const whsec = `whsec_${Buffer.from(hook.repeat(4)).toString("base64")}`;
  const box = sandbox(
    "incidents: [{match: .*, type: webhook, url: 'http://127.0.0.1:9/hook', secretFile: hook}]\ncapture: {window: 200ms}\n",
  );
  const s3 =
    "evidence: {type: s3, url: 's3://bucket/prefix', endpoint: 'http://127.0.0.1:9', pathStyle: true, credentialsFile: s3}";
  writeFileSync(box.settings, readFileSync(box.settings, "utf8").replace("store: {", `store: {${s3}, `));
  const credentials = join(box.folder, "credentials");
  mkdirSync(credentials);
  writeFileSync(join(credentials, "hook"), `${whsec}\n`, { mode: 0o600 });
  const aws = `[default]\naws_access_key_id = ${access}\naws_secret_access_key = ${key}\n`;
  writeFileSync(join(credentials, "s3"), aws, { mode: 0o600 });
  const { pid } = await start(t, ["sh", "-c", "echo up; exec sleep 600"]);
  const env = { CREDENTIALS_DIRECTORY: credentials };

  const flags = ["--pid", String(pid), "-p", "quick", "-b", "2s", "--to", "evidence", "-i", "INC-1"];
  const result = box.run(["capture", ...flags, "--json", "-v"], { env });
  const push = box.run(["push", "-v"], { env });

  assert.deepEqual([result.status, push.status], [4, 4], result.stderr + push.stderr);
  assertNowhere(
    [key, access, whsec, whsec.slice(6)],
    [
      ...filesBelow(box.spool),
      ["output", Buffer.from(result.stdout + result.stderr + push.stdout + push.stderr)],
    ],
  );
  await assertCleanAfterwards(box);
});
