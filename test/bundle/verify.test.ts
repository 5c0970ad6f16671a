import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { digestBytes } from "../../src/bundle/digests.ts";
import { verifyBundle, type Verification } from "../../src/bundle/verify.ts";
import { sealBundle } from "../helpers/sealed-bundle.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-verify-"));
after(() => rmSync(root, { recursive: true }));

const original = sealBundle(join(root, "spool"), {
  evidence: {
    "evidence/process/status.txt": "Name:\tnode\nState:\tS (sleeping)\n",
    "evidence/process/stat.txt": "42 (node) S 1 1 1\n",
    "evidence/core/core.zst": Buffer.alloc(900, 7),
    "evidence/logs/empty.txt": "",
  },
});
const PATHS = original.manifest.files.map(({ path }) => path);
let count = 0;

/** What is said of a copy that was tampered with. */
async function verifyAfter(tamper: (folder: string) => void): Promise<Verification> {
  const folder = join(root, `copy-${++count}`);
  cpSync(original.path, folder, { recursive: true });
  tamper(folder);
  const verification = await verifyBundle(folder);
  rmSync(folder, { recursive: true });
  return verification;
}

/** What is said when one byte is changed, at each of these places in turn: in one copy, which is put right again each time. */
async function verifyFlips(
  path: string,
  places: readonly number[],
  judge: (verification: Verification, at: number) => void,
) {
  const folder = join(root, `copy-${++count}`);
  cpSync(original.path, folder, { recursive: true });
  for (const at of places) {
    flip(join(folder, path), at);
    judge(await verifyBundle(folder), at);
    flip(join(folder, path), at);
  }
  assert.deepEqual((await verifyBundle(folder)).faults, []);
  rmSync(folder, { recursive: true });
}

/** Every so many bytes of a file. */
const placesIn = (bytes: number, every: number) =>
  Array.from({ length: Math.ceil(bytes / every) }, (_, index) => index * every);

const faultsOf = ({ faults }: Verification) => faults.map(({ path, fault }) => `${path}: ${fault}`);

/** Changes one byte. */
function flip(path: string, at: number): void {
  const data = readFileSync(path);
  data[at] = (data[at] ?? 0) ^ 1;
  writeFileSync(path, data);
}

test("a bundle as it was sealed has no fault", async () => {
  const verification = await verifyAfter(() => undefined);

  assert.deepEqual(verification.faults, []);
  assert.equal(verification.files, PATHS.length);
  assert.equal(verification.manifestSha256, original.manifestSha256);
  assert.deepEqual(verification.manifest, original.manifest);
});

test("a changed byte is noticed wherever it is, and the file is named", async () => {
  for (const { path, bytes } of original.manifest.files)
    await verifyFlips(path, placesIn(bytes, 97), (verification, at) => {
      const faults = faultsOf(verification);

      assert.ok(faults.includes(`${path}: changed`), `byte ${at} of ${path}: ${faults.join()}`);
      assert.ok(faults.every((fault) => fault.startsWith(path)));
    });
});

test("a file that is cut, grown or emptied is noticed and named, with its size", async () => {
  for (const { path, bytes } of original.manifest.files.filter((file) => file.bytes > 1))
    for (const length of [0, bytes - 1, bytes + 1]) {
      const { faults } = await verifyAfter((folder) => truncateSync(join(folder, path), length));

      const [first] = faults;
      assert.deepEqual([first?.path, first?.fault], [path, "changed"]);
      assert.equal(first?.detail, `has ${length} bytes, not ${bytes}`);
    }
});

test("a file that was removed is noticed and named", async () => {
  for (const path of PATHS) {
    const faults = faultsOf(await verifyAfter((folder) => unlinkSync(join(folder, path))));

    assert.ok(faults.includes(`${path}: missing`), faults.join());
  }
});

test("two files that changed places are both named", async () => {
  const [one, other] = ["evidence/process/status.txt", "evidence/process/stat.txt"];

  const verification = await verifyAfter((folder) => {
    renameSync(join(folder, one), join(folder, "kept"));
    renameSync(join(folder, other), join(folder, one));
    renameSync(join(folder, "kept"), join(folder, other));
  });

  assert.deepEqual(faultsOf(verification), [`${one}: changed`, `${other}: changed`]);
});

test("what was added is noticed, hidden or not, link or folder, whatever its name", async () => {
  const verification = await verifyAfter((folder) => {
    writeFileSync(join(folder, "evidence/process/more.txt"), "");
    writeFileSync(join(folder, ".hidden"), "");
    mkdirSync(join(folder, ".folder"));
    mkdirSync(join(folder, "evidence/new"));
    writeFileSync(join(folder, "evidence/new/file"), "");
    writeFileSync(join(folder, "two\nlines\u001b[2J"), "");
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xe9])]), "");
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/folder-`), Buffer.from([0xe9])]));
    symlinkSync("/etc", join(folder, "link"));
  });

  assert.deepEqual(faultsOf(verification).toSorted(), [
    ".folder: added",
    ".hidden: added",
    "evidence/new/file: added",
    "evidence/process/more.txt: added",
    "folder-\ufffd: added",
    "latin-\ufffd: added",
    "link: added",
    "two\\nlines\\x1b[2J: added",
  ]);
});

test("a link, a fifo or a folder in a file's place is noticed, and none of them blocks", async () => {
  const path = "evidence/process/status.txt";
  const places: ((at: string) => void)[] = [
    (at) => symlinkSync(join(original.path, path), at),
    (at) => assert.equal(spawnSync("mkfifo", [at]).status, 0),
    (at) => mkdirSync(at),
  ];
  for (const put of places) {
    const faults = faultsOf(
      await verifyAfter((folder) => {
        unlinkSync(join(folder, path));
        put(join(folder, path));
      }),
    );

    assert.deepEqual(faults, [`${path}: unreadable`]);
  }
});

test("the whole of the evidence behind a link is noticed", async () => {
  const faults = faultsOf(
    await verifyAfter((folder) => {
      rmSync(join(folder, "evidence"), { recursive: true });
      symlinkSync(join(original.path, "evidence"), join(folder, "evidence"));
    }),
  );

  assert.deepEqual(faults, ["evidence: added"]);
});

test("an edited manifest is no manifest, or has another digest, or contradicts the files", async () => {
  const size = readFileSync(join(original.path, "manifest.json")).length;
  await verifyFlips("manifest.json", placesIn(size, 41), ({ faults, manifestSha256 }) => {
    if (manifestSha256 === undefined) assert.equal(faults[0]?.path, "manifest.json");
    else assert.notEqual(manifestSha256, original.manifestSha256);
  });
});

test("without a manifest, or with one that is torn, that is the only fault", async () => {
  const missing = await verifyAfter((folder) => unlinkSync(join(folder, "manifest.json")));
  const torn = await verifyAfter((folder) => truncateSync(join(folder, "manifest.json"), 100));
  const leading = await verifyAfter((folder) =>
    writeFileSync(
      join(folder, "manifest.json"),
      JSON.stringify(original.manifest).replace("evidence/logs/empty.txt", "../../etc/passwd"),
    ),
  );

  assert.deepEqual(faultsOf(missing), ["manifest.json: missing"]);
  assert.deepEqual(faultsOf(torn), ["manifest.json: not-a-manifest"]);
  assert.deepEqual(faultsOf(leading), ["manifest.json: not-a-manifest"]);
});

/** Rewrites SHA256SUMS, and the manifest so that it agrees with the rewritten file. */
function forgeSums(folder: string, change: (sums: string) => string): void {
  const path = join(folder, "SHA256SUMS");
  writeFileSync(path, change(readFileSync(path, "utf8")));
  const digest = digestBytes(readFileSync(path));
  const files = original.manifest.files.map((file) =>
    file.path === "SHA256SUMS" ? { ...file, ...digest } : file,
  );
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...original.manifest, files }));
}

test("sums that say otherwise than the manifest are noticed, though the manifest agrees with their file", async () => {
  const changes: ((sums: string) => string)[] = [
    (sums) => sums.replace(/[0-9a-f]/, (digit) => (digit === "0" ? "1" : "0")),
    (sums) => sums.split("\n").slice(1).join("\n"),
    (sums) => `${sums}${"0".repeat(64)}  evidence/process/more.txt\n`,
    (sums) => sums.replace("  evidence", " *evidence"),
    () => "",
  ];
  for (const change of changes) {
    const faults = faultsOf(await verifyAfter((folder) => forgeSums(folder, change)));

    assert.deepEqual(faults, ["SHA256SUMS: sums-differ"], String(change));
  }
});

const OUTCOME = { schemaVersion: 1, captureId: original.captureId, argv: ["true"], exitCode: 0 };

test("what is told after the seal is no fault: the outcome and a signature", async () => {
  const verification = await verifyAfter((folder) => {
    writeFileSync(join(folder, "outcome.json"), JSON.stringify(OUTCOME));
    writeFileSync(join(folder, "manifest.json.sig"), "{}");
  });

  assert.deepEqual(verification.faults, []);
});

test("an outcome that is none, or that of another bundle, is noticed and named", async () => {
  const other = { ...OUTCOME, captureId: OUTCOME.captureId.replace(/.{6}$/, "000000") };
  for (const text of ["", "{}", JSON.stringify(OUTCOME).slice(1), JSON.stringify(other)]) {
    const verification = await verifyAfter((folder) => writeFileSync(join(folder, "outcome.json"), text));

    assert.deepEqual(faultsOf(verification), ["outcome.json: changed"], text);
  }
});
