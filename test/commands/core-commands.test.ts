// The lines that open a core: each is typed by a real shell, wherever the bundle lies and whatever a stranger wrote into it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { coreCommands } from "../../src/commands/core-commands.ts";
import { sealBundle, type Evidence } from "../helpers/sealed-bundle.ts";
import { changeManifest } from "../helpers/whole-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-core-commands-"));
after(() => rmSync(folder, { recursive: true }));

const CORE = Buffer.alloc(1 << 18, "core");
const BUILD_ID = "ebeaf2df364d5eeb7096f0f7722a69eec6efdf3b";
const key = join(folder, "key");
execFileSync("age-keygen", ["-o", key], { stdio: "ignore" });
const recipient = /age1\w+/.exec(readFileSync(key, "utf8"))?.[0] ?? "";

const packed = (program: string) => execFileSync(program, ["-c"], { input: CORE });
const encrypted = (input: Buffer) => execFileSync("age", ["-r", recipient], { input });

let bundles = 0;
/** A bundle in a folder with a blank and a quote in its name, and the lines for its core. */
async function linesFor(
  member: string,
  content: Buffer,
  more: { readonly facts?: object; readonly target?: object; readonly evidence?: Evidence } = {},
) {
  const spool = join(folder, `it's number ${bundles++}`);
  const file = member.replace(/\.(?:age|gz)$/, "");
  const facts = {
    method: "snapshot",
    file,
    open: `gdb /usr/bin/node ${file.replace(".zst", "")}`,
    ...more.facts,
  };
  const path = `evidence/core/${member}`;
  const sealed = changeManifest(
    sealBundle(spool, {
      evidence: { ...more.evidence, [path]: content, "evidence/core/core.json": JSON.stringify(facts) },
    }),
    (manifest) => ({
      ...manifest,
      target: { ...manifest.target, ...more.target },
      files: manifest.files.map((one) => (one.path === path ? { ...one, sensitivity: "core" } : one)),
    }),
  );
  return coreCommands(sealed.path, sealed.manifest);
}

for (const [member, content] of [
  ["core.zst", packed("zstd")],
  ["core.gz", packed("gzip")],
  ["core.zst.age", encrypted(packed("zstd"))],
  ["core.gz.age", encrypted(packed("gzip"))],
  ["core.age", encrypted(CORE)],
  ["core", CORE],
] as const)
  test(`the first line makes a core of ${member}, the others name that file`, async () => {
    const [unpack = "", gdb, llnode] = await linesFor(member, content);
    const here = mkdtempSync(join(folder, "here-"));

    const typed = spawnSync("sh", ["-c", unpack.replace(" KEY ", ` ${key} `)], {
      cwd: here,
      encoding: "utf8",
    });

    assert.equal(typed.status, 0, `${unpack}: ${typed.stderr}`);
    assert.deepEqual(readdirSync(here), ["core"]);
    assert.ok(readFileSync(join(here, "core")).equals(CORE));
    assert.deepEqual([gdb, llnode], ["gdb /usr/bin/node core", "llnode /usr/bin/node -c core"]);
  });

test("of an executable that was replaced or is a container's, the right one is named by its build id", async () => {
  const modules = [
    { path: "/lib/libc.so.6", buildId: "00aa00aa00aa" },
    { path: "/usr/bin/node (deleted)", buildId: BUILD_ID },
  ];
  const core = packed("zstd");

  const deleted = await linesFor("core.zst", core, { facts: { executableDeleted: true, modules } });
  const contained = await linesFor("core.zst", core, { target: { containerId: "4f2a91" } });

  assert.deepEqual(deleted.slice(1), [
    `# the executable was deleted or replaced while it ran: name the one with build id ${BUILD_ID} in its place`,
    "gdb /usr/bin/node core",
    "llnode /usr/bin/node -c core",
  ]);
  assert.equal(
    contained[1],
    "# the executable is a file of the container 4f2a91: name the one that ran from its image in its place",
  );
});

test("no stranger's word ends a remark and becomes a command", async () => {
  const here = mkdtempSync(join(folder, "hostile-"));
  const evil = "x\ntouch owned;'\ntouch owned";
  const core = packed("zstd");
  const lines = [
    ...(await linesFor("core.zst", core, { target: { containerId: evil } })),
    ...(await linesFor("core.zst", core, {
      facts: { executableDeleted: true, modules: [{ path: "/usr/bin/node", buildId: evil }] },
    })),
    ...(await linesFor("core.zst", core, { facts: { open: `gdb ${evil} core` } })),
  ].filter((line) => !/^(?:gdb|llnode|zstd) /.test(line));

  spawnSync("sh", ["-c", lines.join("\n")], { cwd: here });

  assert.equal(lines.length, 1);
  assert.deepEqual(readdirSync(here), []);
});

test("other memory in the bundle is not taken for its core", async () => {
  mkdirSync(join(folder, "other"));
  const evidence = { "evidence/a-heap/heap.heapsnapshot.zst": packed("zstd") };

  const [unpack] = await linesFor("core.zst", packed("zstd"), { evidence });

  assert.match(unpack ?? "", /evidence\/core\/core\.zst/);
});
