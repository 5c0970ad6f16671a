// Reading bundles back, from a directory store: the same functions read S3 (test/e2e/reading.test.ts).
import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { ExhibitError, UploadError } from "../../src/errors.ts";
import { openDirectoryStore } from "../../src/upload/directory.ts";
import { fetchBundle } from "../../src/upload/fetch-bundle.ts";
import { findStored } from "../../src/upload/find-stored.ts";
import { planFetch } from "../../src/upload/plan-fetch.ts";
import { readMember } from "../../src/upload/read-member.ts";
import { sendBundle } from "../../src/upload/send.ts";
import { listBundles, type BundleFilter } from "../../src/upload/stored-bundles.ts";
import type { StoredRef } from "../../src/upload/stored-bundle.ts";
import type { Store } from "../../src/upload/store.ts";
import { verifyStored } from "../../src/upload/verify-stored.ts";
import { readZipMember } from "../../src/upload/zip-member.ts";
import { captureId, type Sealed } from "../helpers/sealed-bundle.ts";
import { changeManifest, sealWithZip } from "../helpers/whole-bundle.ts";

const base = mkdtempSync(join(tmpdir(), "exhibit-reading-"));
after(() => rmSync(base, { recursive: true, force: true }));

const EVIDENCE = {
  "evidence/process/status.txt": "Name:\tnode\nState:\tS (sleeping)\n".repeat(40),
  "evidence/process/stat.txt": "42 (node) S 1 1 1\n",
  "evidence/core/core.zst": Buffer.from(Array.from({ length: 9000 }, (_, index) => (index * 7919) % 251)),
  "evidence/logs/empty.txt": "",
};

let count = 0;
function newStore(): { readonly path: string; readonly store: Store } {
  const path = join(base, `archive-${count++}`);
  return { path, store: openDirectoryStore("test", { type: "directory", path }) };
}

let sealed: Sealed;
before(async () => {
  sealed = await sealWithZip(join(base, "spool"), { evidence: EVIDENCE });
});

interface Stored {
  readonly ref: StoredRef;
  /** The bundle's folder in the store. */
  readonly folder: string;
  readonly output: string;
}

/** A copy of the bundle in a store of its own. */
async function stored(
  change: (manifest: Sealed["manifest"]) => unknown = (manifest) => manifest,
): Promise<Stored> {
  const { path, store } = newStore();
  const prefix = `v1/INC-4211/cn14.example.test/${sealed.captureId}`;
  const folder = join(path, prefix);
  cpSync(sealed.path, folder, { recursive: true });
  changeManifest({ ...sealed, path: folder }, change);
  return {
    ref: { store, prefix, captureId: sealed.captureId },
    folder,
    output: join(base, `output-${count++}`),
  };
}

async function fetchAll(
  { ref, output }: Stored,
  { paths = [], sha256 }: { readonly paths?: readonly string[]; readonly sha256?: string } = {},
) {
  return fetchBundle({ ref, output, plan: await planFetch(ref, { paths, sha256 }) });
}

const statesOf = (files: Awaited<ReturnType<typeof fetchAll>>) =>
  files.filter(({ state }) => state !== "fetched").map(({ path, state }) => `${path}: ${state}`);

/** Every file below a folder by its path. */
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();

test("ranges are what they should be at every edge, and no link is followed", async () => {
  const { path, store } = newStore();
  mkdirSync(join(path, "v1/a"), { recursive: true });
  writeFileSync(join(path, "v1/a/file"), "0123456789");
  writeFileSync(join(path, "v1/a/empty"), "");
  symlinkSync(join(path, "v1/a/file"), join(path, "v1/a/link"));
  symlinkSync(join(path, "v1/a"), join(path, "v1/b"));
  const read = async (key: string, range: Parameters<Store["readRange"]>[1]) => {
    const found = await store.readRange(key, range);
    return found && [found.data.toString(), found.from, found.totalBytes];
  };

  assert.deepEqual(await read("v1/a/file", { from: 2, bytes: 3 }), ["234", 2, 10]);
  assert.deepEqual(await read("v1/a/file", { from: 8, bytes: 30 }), ["89", 8, 10]);
  assert.deepEqual(await read("v1/a/file", { from: 10, bytes: 1 }), ["", 10, 10]);
  assert.deepEqual(await read("v1/a/file", { last: 3 }), ["789", 7, 10]);
  assert.deepEqual(await read("v1/a/file", { last: 30 }), ["0123456789", 0, 10]);
  assert.deepEqual(await read("v1/a/empty", { last: 3 }), ["", 0, 0]);
  assert.equal(await read("v1/a/none", { last: 3 }), undefined);
  for (const key of ["v1/a/link", "v1/b/file"])
    await assert.rejects(store.readRange(key, { last: 3 }), { name: "UploadError", message: /ELOOP/ });
  await assert.rejects(async () => store.readRange("v1/../x", { last: 3 }), UploadError);
});

test("pages put together are every file once, in the order of the keys, after any key", async () => {
  const { path, store } = newStore();
  const keys = ["v1/a-b/x", "v1/a/x", "v1/a/b/c", "v1/a.b/x", "v1/a", "v2/x"].map((key) =>
    key.replace(/a$/, "a~"),
  );
  for (const key of keys) {
    mkdirSync(dirname(join(path, key)), { recursive: true });
    writeFileSync(join(path, key), "x");
  }
  const sorted = keys.toSorted();

  for (const afterKey of ["", ...sorted, "v1/a/~", "v1/b"]) {
    const { objects, isLast } = await store.listPage("v1/", afterKey);

    assert.equal(isLast, true);
    assert.deepEqual(
      objects.map(({ key }) => key),
      sorted.filter((key) => key.startsWith("v1/") && key > afterKey),
    );
  }
});

interface Imagined {
  readonly incident: string;
  readonly host: string;
  readonly captureId: string;
  readonly files: number;
}

/** By halves: the index of the first that comes after `key`. */
function firstAbove(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") > key) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A store of imagined bundles that counts its requests; one page holds few keys, so that bundles straddle pages. */
function imaginedStore(bundles: readonly Imagined[], pageKeys: number) {
  const keys = bundles
    .flatMap(({ incident, host, captureId: id, files }) =>
      [
        "capture.json",
        "manifest.json",
        ...Array.from({ length: files }, (_, index) => `evidence/${index}`),
      ].map((file) => `v1/${incident}/${host}/${id}/${file}`),
    )
    .toSorted();
  let requests = 0;
  const store: Store = {
    ...newStore().store,
    listPage: async (prefix, afterKey) => {
      requests += 1;
      const begin = Math.max(firstAbove(keys, afterKey), firstAbove(keys, prefix));
      const found = keys.slice(begin, begin + pageKeys + 1).filter((key) => key.startsWith(prefix));
      const objects = found
        .slice(0, pageKeys)
        .map((key) => ({ key, bytes: 1, modifiedAt: "2026-11-22T00:00:00.000Z" }));
      return { objects, isLast: found.length <= pageKeys };
    },
  };
  return { store, keys, requests: () => requests };
}

test("whatever is asked for, a listing finds all that is meant and nothing else, with no more requests than pages", async () => {
  const bundle = fc.record({
    incident: fc.constantFrom("INC-1", "INC-10", "INC-2", "none"),
    host: fc.constantFrom("cn1", "cn1.example.test", "cn10", "cn2", "a"),
    day: fc.integer({ min: 10, max: 19 }),
    files: fc.integer({ min: 0, max: 6 }),
  });
  const filter = fc.record(
    {
      incident: fc.constantFrom("INC-1", "INC-2"),
      host: fc.constantFrom("cn1", "cn10", "cn1.example.test", "zz"),
      from: fc.integer({ min: 10, max: 19 }).map((day) => `202611${day}T000000Z`),
      to: fc.integer({ min: 10, max: 19 }).map((day) => `202611${day}T000000Z`),
      idsOnly: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(bundle, { maxLength: 40 }), filter, async (drawn, asked) => {
      const bundles = drawn.map(({ day, ...rest }, index) => ({
        ...rest,
        captureId: `202611${day}T000000Z-h-t-${index.toString(16).padStart(6, "0")}`,
      }));
      const { store, keys, requests } = imaginedStore(bundles, 5);

      const found: string[] = [];
      for await (const one of listBundles(store, asked)) {
        found.push(one.captureId);
        const wanted = bundles.find((each) => each.captureId === one.captureId);
        if (asked.idsOnly !== true) assert.equal(one.files, (wanted?.files ?? 0) + 2);
      }

      assert.deepEqual(
        found.toSorted(),
        bundles
          .filter((one) => isMeant(one, asked))
          .map(idOf)
          .toSorted(),
      );
      assert.ok(
        requests() <= Math.ceil(keys.length / 5) + 1,
        `${requests()} requests for ${keys.length} keys`,
      );
    }),
    { numRuns: 300 },
  );
});

const idOf = ({ captureId: id }: Imagined) => id;

function isMeant({ incident, host, captureId: id }: Imagined, asked: BundleFilter): boolean {
  return (
    (asked.incident === undefined || incident === asked.incident) &&
    (asked.host === undefined || host === asked.host || host.startsWith(`${asked.host}.`)) &&
    (asked.from === undefined || id.slice(0, 16) >= asked.from) &&
    (asked.to === undefined || id.slice(0, 16) <= asked.to)
  );
}

test("ten thousand bundles are listed a page at a time; one id, host or time of them costs a few requests", async () => {
  const bundles = Array.from({ length: 10_000 }, (_, index) => ({
    incident: `INC-${Math.floor(index / 100)}`,
    host: `cn${index % 10}`,
    captureId: `202611${10 + (index % 20)}T000000Z-h-t-${index.toString(16).padStart(6, "0")}`,
    files: 8,
  }));
  const { store, requests } = imaginedStore(bundles, 1000);
  const cost = async (work: () => Promise<unknown>) => {
    const begun = requests();
    await work();
    return requests() - begun;
  };
  const all = (filter: BundleFilter) => async () => {
    let seen = 0;
    for await (const _ of listBundles(store, filter)) seen += 1;
    return seen;
  };

  // 10 files each are 100 pages; an incident of 100 bundles is one.
  const costs = {
    all: await cost(all({})),
    incident: await cost(all({ incident: "INC-42" })),
    host: await cost(all({ incident: "INC-42", host: "cn7" })),
    id: await cost(async () => findStored(store, bundles[0]?.captureId ?? "")),
  };

  assert.equal(costs.all, 100);
  assert.ok(costs.incident <= 2 && costs.host <= 2 && costs.id <= 100, JSON.stringify(costs));
});

test("a bundle is found by its id, its unique beginning or end, and last; what could be several is named", async () => {
  const ids = [
    "20261122T031207Z-cn14-a-000001",
    "20261122T031207Z-cn14-b-000002",
    "20261123T000000Z-cn14-a-00ff01",
  ];
  const { store } = imaginedStore(
    ids.map((id) => ({ incident: "INC-1", host: "cn14", captureId: id, files: 1 })),
    2,
  );
  const find = async (asked: string) => (await findStored(store, asked)).captureId;

  assert.deepEqual(await Promise.all([ids[1] ?? "", "000002", "20261123", "last"].map(find)), [
    ids[1],
    ids[1],
    ids[2],
    ids[2],
  ]);
  await assert.rejects(find("20261122"), { name: "UsageError", message: /any of 2 bundles/ });
  await assert.rejects(find("nothing"), { name: "UsageError", message: /^no bundle nothing in / });
});

test("a bundle in a store that was tampered with is noticed, and every file named", async () => {
  const [one, other] = ["evidence/process/status.txt", "evidence/process/stat.txt"] as const;
  const cases: readonly (readonly [
    name: string,
    tamper: (folder: string) => void,
    faults: readonly string[],
  ])[] = [
    ["as it was sealed", () => undefined, []],
    ["cut", (folder) => truncateSync(join(folder, one), 10), [`${one}: changed`]],
    ["grown", (folder) => appendFileSync(join(folder, one), "x"), [`${one}: changed`]],
    ["removed", (folder) => unlinkSync(join(folder, one)), [`${one}: missing`]],
    ["added", (folder) => writeFileSync(join(folder, "more"), "x"), ["more: added"]],
    ["no manifest", (folder) => unlinkSync(join(folder, "manifest.json")), ["manifest.json: missing"]],
    [
      "no json",
      (folder) => truncateSync(join(folder, "manifest.json"), 100),
      ["manifest.json: not-a-manifest"],
    ],
    [
      "another outcome",
      (folder) => writeFileSync(join(folder, "outcome.json"), "{}"),
      ["outcome.json: changed"],
    ],
    [
      "swapped",
      (folder) => {
        renameSync(join(folder, one), join(folder, "kept"));
        renameSync(join(folder, other), join(folder, one));
        renameSync(join(folder, "kept"), join(folder, other));
      },
      [`${one}: changed`, `${other}: changed`],
    ],
  ];
  for (const [name, tamper, expected] of cases) {
    const bundle = await stored();
    tamper(bundle.folder);

    const { faults } = await verifyStored(bundle.ref);

    assert.deepEqual(
      faults.map(({ path, fault }) => `${path}: ${fault}`).toSorted(),
      expected.toSorted(),
      name,
    );
  }
});

test("every 1,000th byte of every object, when it is flipped, is noticed and the file named", async () => {
  const { ref, folder } = await stored();
  for (const { path, bytes } of sealed.manifest.files)
    for (let at = 0; at < bytes; at += 1000) {
      const data = readFileSync(join(folder, path));
      const flipped = Buffer.from(data);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      writeFileSync(join(folder, path), flipped);

      const { faults } = await verifyStored(ref);

      writeFileSync(join(folder, path), data);
      assert.ok(
        faults.some((fault) => fault.path === path && fault.fault === "changed"),
        `byte ${at} of ${path}`,
      );
      assert.ok(faults.every((fault) => fault.path === path));
    }
  assert.deepEqual((await verifyStored(ref)).faults, []);
});

test("a fetched bundle is byte for byte what was sealed, and fetching it again changes nothing", async () => {
  const bundle = await stored();
  writeFileSync(join(bundle.folder, "manifest.json.sig"), "signature\n");

  const first = await fetchAll(bundle);
  const second = await fetchAll(bundle);

  const here = join(bundle.output, sealed.captureId);
  assert.deepEqual(statesOf(first), []);
  assert.ok(second.every(({ state }) => state === "present"));
  assert.deepEqual(filesIn(here), filesIn(bundle.folder));
  for (const path of filesIn(here))
    assert.deepEqual(readFileSync(join(here, path)), readFileSync(join(bundle.folder, path)), path);
  assert.deepEqual(readdirSync(bundle.output), [sealed.captureId]);
});

test("some files of a bundle are fetched alone, with the manifest; one that it does not have is named", async () => {
  const bundle = await stored();

  await fetchAll(bundle, { paths: ["evidence/process/stat.txt"] });

  assert.deepEqual(filesIn(join(bundle.output, sealed.captureId)), [
    "evidence/process/stat.txt",
    "manifest.json",
  ]);
  await assert.rejects(fetchAll(bundle, { paths: ["evidence/process/stat.tx"] }), {
    name: "UsageError",
    hint: "did you mean evidence/process/stat.txt?",
  });
});

test("a part that was left by a kill is gone on with, and one that is wrong is begun again", async () => {
  const path = "evidence/core/core.zst";
  const good = EVIDENCE[path];
  for (const [begun, reads] of [
    [good.subarray(0, 5000), [5000]],
    [Buffer.alloc(5000, 1), [5000, 0]],
    [Buffer.alloc(20_000, 1), [0]],
    [good, []],
  ] as const) {
    const bundle = await stored();
    const asked: number[] = [];
    const store: Store = {
      ...bundle.ref.store,
      readRange: async (key, range) => {
        if (key.endsWith(path) && "from" in range) asked.push(range.from);
        return bundle.ref.store.readRange(key, range);
      },
    };
    // The first attempt makes the folder and the part, and is stopped by a store that does not answer.
    const deaf: Store = { ...store, readRange: async () => Promise.reject(new UploadError("no answer")) };
    await assert.rejects(fetchAll({ ...bundle, ref: { ...bundle.ref, store: deaf } }, { paths: [path] }), {
      name: "UploadError",
      hint: /goes on where it was/,
    });
    const parts = join(bundle.output, `.${sealed.captureId}.fetching`);
    const part = readdirSync(parts).find((name) => name.endsWith(".part")) ?? assert.fail("no part");
    assert.ok(!existsSync(join(bundle.output, sealed.captureId, path)));
    writeFileSync(join(parts, part), begun);

    const files = await fetchAll({ ...bundle, ref: { ...bundle.ref, store } }, { paths: [path] });

    assert.deepEqual(statesOf(files), []);
    assert.deepEqual(asked, reads);
    assert.deepEqual(readFileSync(join(bundle.output, sealed.captureId, path)), good);
    assert.ok(!existsSync(parts));
  }
});

test("what is wrong in the store is never given its name here, and the rest comes", async () => {
  const bundle = await stored();
  const [changed, gone, long] = [
    "evidence/process/status.txt",
    "evidence/process/stat.txt",
    "note.md",
  ] as const;
  const data = readFileSync(join(bundle.folder, changed));
  data[5] = (data[5] ?? 0) ^ 1;
  writeFileSync(join(bundle.folder, changed), data);
  unlinkSync(join(bundle.folder, gone));
  appendFileSync(join(bundle.folder, long), "more");

  const files = await fetchAll(bundle);

  assert.deepEqual(
    statesOf(files).toSorted(),
    [`${gone}: missing`, `${changed}: wrong`, `${long}: wrong`].toSorted(),
  );
  const here = filesIn(join(bundle.output, sealed.captureId));
  assert.deepEqual(
    [changed, gone, long].filter((path) => here.includes(path)),
    [],
  );
  assert.equal(here.length, files.length - 3);
});

test("another file here is never replaced, whatever it is", async () => {
  const bundle = await stored();
  const here = join(bundle.output, sealed.captureId);
  mkdirSync(join(here, "evidence/process/stat.txt"), { recursive: true });
  writeFileSync(join(here, "note.md"), "mine");
  writeFileSync(join(base, "target"), "mine too");
  symlinkSync(join(base, "target"), join(here, "report.html"));

  const files = await fetchAll(bundle);

  assert.deepEqual(statesOf(files).toSorted(), [
    "evidence/process/stat.txt: differs",
    "note.md: differs",
    "report.html: differs",
  ]);
  assert.equal(readFileSync(join(here, "note.md"), "utf8"), "mine");
  assert.equal(readFileSync(join(base, "target"), "utf8"), "mine too");
});

test("a link where a folder should be is not followed out of the bundle", async () => {
  const bundle = await stored();
  const outside = join(base, `outside-${count++}`);
  mkdirSync(outside);
  mkdirSync(join(bundle.output, sealed.captureId), { recursive: true });
  symlinkSync(outside, join(bundle.output, sealed.captureId, "evidence"));

  await assert.rejects(fetchAll(bundle), {
    name: "ExhibitError",
    message: /a link is where a folder should be/,
  });

  assert.deepEqual(readdirSync(outside), []);
});

test("a hostile manifest brings nothing outside of its folder, and is refused plainly", async () => {
  const [first] = sealed.manifest.files;
  assert.ok(first);
  const hostile: readonly (readonly [string, (manifest: Sealed["manifest"]) => unknown])[] = [
    ["above", (manifest) => ({ ...manifest, files: [{ ...first, path: "../x" }] })],
    ["absolute", (manifest) => ({ ...manifest, files: [{ ...first, path: "/tmp/x" }] })],
    ["hidden", (manifest) => ({ ...manifest, files: [{ ...first, path: ".bashrc" }] })],
    ["long", (manifest) => ({ ...manifest, files: [{ ...first, path: "x".repeat(300) }] })],
    ["deep", (manifest) => ({ ...manifest, files: [{ ...first, path: "a/".repeat(50).concat("b") }] })],
    ["twice", (manifest) => ({ ...manifest, files: [first, first] })],
    ["itself", (manifest) => ({ ...manifest, files: [{ ...first, path: "manifest.json" }] })],
    ["below a file", (manifest) => ({ ...manifest, files: [first, { ...first, path: `${first.path}/x` }] })],
    ["of another", (manifest) => ({ ...manifest, captureId: captureId("000000") })],
    ["no size", (manifest) => ({ ...manifest, files: [{ ...first, bytes: -1 }] })],
  ];
  for (const [name, change] of hostile) {
    const bundle = await stored(change);

    await assert.rejects(fetchAll(bundle), ExhibitError, name);
    await assert.rejects(readMember(bundle.ref, first.path), ExhibitError, name);

    assert.ok(!existsSync(bundle.output), name);
  }
  const huge = await stored((manifest) => ({
    ...manifest,
    files: [{ ...first, bytes: 2 ** 52 }],
  }));
  await assert.rejects(fetchAll(huge), {
    name: "ExhibitError",
    message: /bytes are to come, and the disk has room for/,
  });
});

test("a fetch that is told the digest of the manifest takes no other", async () => {
  const bundle = await stored();
  const { manifestSha256 } = await planFetch(bundle.ref, { paths: [], sha256: undefined });
  assert.ok(manifestSha256);

  await fetchAll(bundle, { sha256: manifestSha256.slice(0, 16) });

  await assert.rejects(fetchAll(bundle, { sha256: "0".repeat(64) }), {
    name: "ExhibitError",
    message: /sha256 is /,
  });
});

test("a bundle without a manifest is fetched as it is, but for names that no file may have", async () => {
  const bundle = await stored();
  unlinkSync(join(bundle.folder, "manifest.json"));
  writeFileSync(join(bundle.folder, "a b"), "x");

  const plan = await planFetch(bundle.ref, { paths: [], sha256: undefined });
  const files = await fetchBundle({ ref: bundle.ref, plan, output: bundle.output });

  assert.equal(plan.manifest, undefined);
  assert.deepEqual(plan.left, ["a b"]);
  assert.deepEqual(statesOf(files), []);
  assert.equal(filesIn(join(bundle.output, sealed.captureId)).length, sealed.manifest.files.length);
});

test("a file is read whole and checked; when its object is gone it is taken from the zip", async () => {
  const bundle = await stored();
  const path = "evidence/process/status.txt";
  const text = EVIDENCE[path];

  const own = await readMember(bundle.ref, path);
  const zipped = await readMember(bundle.ref, `bundle.zip/${path}`);
  unlinkSync(join(bundle.folder, path));
  const rescued = await readMember(bundle.ref, path);

  for (const one of [own, zipped, rescued])
    assert.deepEqual([one.data.toString(), one.checked], [text, true]);
  await assert.rejects(readMember(bundle.ref, "evidence/process/none.txt"), { name: "UsageError" });
});

test("a zip that was tampered with at any 50th byte yields the right bytes or a fault, never others", async () => {
  const { folder, ref } = await stored();
  const path = "evidence/process/status.txt";
  const zip = join(folder, "bundle.zip");
  const data = readFileSync(zip);
  for (let at = 0; at < data.length; at += 50) {
    const flipped = Buffer.from(data);
    flipped[at] = (flipped[at] ?? 0) ^ 0x21;
    writeFileSync(zip, flipped);

    const read = await readZipMember(ref.store, `${ref.prefix}/bundle.zip`, {
      path,
      limitBytes: 10_000,
    }).catch((error: unknown) => error);

    if (Buffer.isBuffer(read)) assert.equal(read.toString(), EVIDENCE[path], `byte ${at}`);
    else if (read !== undefined) assert.ok(read instanceof ExhibitError, `byte ${at}`);
  }
  writeFileSync(zip, data);
  await assert.rejects(readZipMember(ref.store, `${ref.prefix}/bundle.zip`, { path, limitBytes: 10 }), {
    name: "StoredFault",
  });
});

test("what was sent through a store comes back through it", async () => {
  const { store } = newStore();
  await sendBundle({ bundlePath: sealed.path, manifest: sealed.manifest, store });

  const ref = await findStored(store, sealed.captureId);

  assert.equal((await verifyStored(ref)).faults.length, 0);
});
