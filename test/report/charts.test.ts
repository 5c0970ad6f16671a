import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderReport } from "../../src/report/page.ts";
import { collectionShares } from "../../src/report/collections.ts";
import { threadShares } from "../../src/report/cpu.ts";
import { descriptorTypes } from "../../src/report/descriptors.ts";
import { memoryMeasures } from "../../src/report/memory.ts";
import { socketGroups, worstGroup } from "../../src/report/sockets.ts";
import { evidenceFrom } from "../helpers/evidence.ts";
import { evidenceOf, manifestOf } from "./sample.ts";

const BEGAN = Date.parse("2026-11-22T03:12:07Z");
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const json = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

const thread = (tid: number, name: string, cpuPercent: number) => ({
  at: "2026-11-22T03:12:09.000Z",
  elapsedMs: 1000,
  tid,
  name,
  cpuPercent,
});
const route = (kind: string) => ({
  kind,
  "http.request.method": "GET",
  "http.route": "/s3cret",
  count: 1,
  mean_ms: 1,
  max_ms: 1,
});

describe("the charts of the page", () => {
  test("show all CPU time of all threads, however many there are", async () => {
    const usage = Array.from({ length: 300 }, (_, index) => ({
      at: new Date(BEGAN + 1000 + (index % 7) * 700).toISOString(),
      elapsedMs: 700,
      tid: 100 + (index % 40),
      name: `${"abcdefghijklmnop"[index % 16]}-${index % 40}`,
      cpuPercent: (index * 13) % 101,
    }));
    const { threads } = await evidenceFrom({ "threads/usage.jsonl": json(usage) });

    const shares = threadShares(threads, BEGAN);

    assert.ok(shares);
    assert.equal(shares.series.length, 7);
    const step = (shares.toMs - shares.fromMs) / (shares.series[0]?.shares.length ?? 0);
    const drawnMs = sum(shares.series.flatMap(({ shares: all }) => all.map((share) => (share / 100) * step)));
    const trueMs = sum(usage.map(({ cpuPercent, elapsedMs }) => (cpuPercent / 100) * elapsedMs));
    assert.ok(Math.abs(drawnMs - trueMs) < 1e-6 * trueMs, `${drawnMs} of ${trueMs}`);
  });

  test("have the main thread apart, and threads of one kind together", async () => {
    const usage = [
      thread(1, "node", 90),
      thread(2, "node", 10),
      thread(3, "worker-1", 30),
      thread(4, "worker-2", 40),
    ];
    const { threads } = await evidenceFrom({
      "threads/usage.jsonl": json(usage),
      "threads/summary.json": { mainThread: 1 },
    });

    const shares = threadShares(threads, BEGAN);

    assert.deepEqual(
      shares?.series.map(({ name, shares: all }) => [name, all]),
      [
        ["node (main)", [90]],
        ["worker-# ×2", [70]],
        ["node", [10]],
      ],
    );
    assert.deepEqual([shares?.fromMs, shares?.toMs], [1000, 2000]);
  });

  test("show all pauses of garbage collection, each in its second", async () => {
    const { runtime } = await evidenceOf(() => "x");
    const record = manifestOf(() => "x").collectors[0];

    const found = collectionShares(runtime, { record, beganAtMs: BEGAN });

    assert.deepEqual(found, { shares: [10, 20, 30, 40], fromMs: 0, toMs: 4000 });
  });

  test("count every socket once, by peer and state", async () => {
    const sockets = Array.from({ length: 400 }, (_, inode) => ({
      protocol: inode % 5 === 0 ? "unix" : "tcp",
      state: ["ESTABLISHED", "CLOSE_WAIT", "NEW_STATE"][inode % 3],
      local: `10.0.0.1:${inode % 2 === 0 ? 80 : 50_000}`,
      peer: `10.0.1.${inode % 23}:${40_000 + inode}`,
      inode,
    }));
    const listener = { protocol: "tcp", state: "LISTEN", local: "0.0.0.0:80", inode: 999 };
    const evidence = await evidenceFrom({
      "sockets/tcp.txt": "",
      "sockets/sockets.jsonl": json([...sockets, listener]),
    });
    assert.ok(evidence.sockets);

    const groups = socketGroups(evidence.sockets);

    assert.equal(sum(groups.map(({ total }) => total)), 401);
    for (const { counts, total } of groups) assert.equal(sum(counts), total);
    assert.deepEqual(worstGroup(evidence.sockets)?.state, "CLOSE_WAIT");
    // Those that came in are one group an address, whatever port they came from.
    assert.ok(groups.some(({ note, total }) => note === "asks port 80" && total > 1));
  });

  test("tell every descriptor, those without a type as others", async () => {
    const types = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`type${index}`, index + 1]));
    const { descriptors } = await evidenceFrom({
      "open-files/summary.json": { open: 100, limit: 1024, types },
    });
    assert.ok(descriptors);

    const told = descriptorTypes(descriptors);

    assert.equal(sum(told.map(([, count]) => count)), 100);
    assert.deepEqual(told.at(-1), ["others", 100 - sum([12, 11, 10, 9, 8, 7, 6, 5])]);
  });

  test("measure memory against the smaller of the cgroup's limit and the host's memory", async () => {
    const files = {
      "process/status.txt": "Name:\tx\nVmRSS:\t1000 kB\n",
      "host/first-cgroup2-memory.current.txt": "2000000\n",
      "host/first-cgroup2-memory.max.txt": "4000000\n",
    };

    const limits = async (hostBytes: number) =>
      memoryMeasures(await evidenceFrom(files), hostBytes).map(({ label, limitBytes }) => [
        label,
        limitBytes,
      ]);

    assert.deepEqual(await limits(8_000_000), [
      ["RSS", 4_000_000],
      ["cgroup", 4_000_000],
    ]);
    assert.deepEqual((await limits(3_000_000))[0], ["RSS", 3_000_000]);
  });

  test("are not there for what nobody looked at", async () => {
    const page = renderReport(
      manifestOf(() => "x"),
      { evidence: await evidenceFrom({}) },
    );

    for (const title of [
      "CPU by thread",
      "garbage collection",
      "Requests by",
      "Sockets by",
      "descriptors",
      "RSS",
    ])
      assert.ok(!page.includes(title), title);
    assert.match(page, /How this was captured/);
  });

  test("have their values as text", async () => {
    const page = renderReport(
      manifestOf(() => "x"),
      { evidence: await evidenceOf(() => "x") },
    ).replace(/\s+/g, " ");

    for (const expected of [
      "51 of 1,024 (soft limit)",
      "+41 in 4 s.",
      "25% of 4 s: 4 collections, the longest 400 ms.",
      "900 kB of 1 MB",
      "TIME_WAIT belongs to no process: 1904 in its network.",
      "5 that this process holds",
      "1 in flight at the end, the oldest for 900 ms",
      ">41%<",
      ">0.3%<",
      "Not fixed",
      "Ask next: x",
      "Load 1.5 (1 min), 1 (5 min) on 2 CPUs.",
      ">23%<",
    ])
      assert.ok(page.includes(expected), expected);
    assert.match(
      page,
      /<svg [^>]*role="img" aria-label="CPU by thread over time; means: ax \(main\) 90%, bx 40%"/,
    );
  });

  test("hide a secret in a name that was read before the evidence was masked", async () => {
    const evidence = await evidenceFrom({
      "threads/usage.jsonl": json([
        { at: "2026-11-22T03:12:09Z", elapsedMs: 1000, tid: 1, name: "job s3cret", cpuPercent: 1 },
      ]),
      "runtime/summary.json": {
        method: "inspector",
        window_ms: 1000,
        routes: [route("server"), route("client")],
        inflight: [{ method: "GET", route: "/s3cret", age_ms: 1 }],
        inflight_count: 1,
        nodejs: { eventloop: { turned: true } },
      },
    });

    const page = renderReport(
      manifestOf(() => "x"),
      {
        evidence,
        mask: (text) => text.replaceAll("s3cret", "[masked]"),
      },
    );

    assert.doesNotMatch(page, /s3cret/);
    assert.equal(page.split("[masked]").length > 4, true);
  });

  test("do not grow with the evidence", async () => {
    const threads = Array.from({ length: 6000 }, (_, index) => ({
      at: new Date(BEGAN + 1000 * (1 + Math.floor(index / 2000))).toISOString(),
      elapsedMs: 1000,
      tid: index % 2000,
      name: `${"abcdefghijklmnopqrstuvwxyz".slice(index % 26)}${index % 2000}`,
      cpuPercent: index % 100,
    }));
    const sockets = Array.from({ length: 10_000 }, (_, inode) => ({
      protocol: "tcp",
      state: "ESTABLISHED",
      local: "10.0.0.1:50000",
      peer: `10.1.${inode % 250}.${Math.floor(inode / 250)}:80`,
      inode,
    }));
    const routes = Array.from({ length: 400 }, (_, index) => ({
      kind: "server",
      "http.request.method": "GET",
      "http.route": `/${"x".repeat(300)}/${index}`,
      count: 1,
      mean_ms: 1,
      max_ms: 1,
    }));
    const manifest = manifestOf(() => "x");
    const [reading] = manifest.readings;
    const [file] = manifest.files;
    assert.ok(reading && file);

    const page = renderReport(
      { ...manifest, readings: Array(500).fill(reading), files: Array(5000).fill(file) },
      {
        evidence: await evidenceFrom({
          "threads/usage.jsonl": json(threads),
          "sockets/tcp.txt": "",
          "sockets/sockets.jsonl": json(sockets),
          "runtime/summary.json": {
            method: "inspector",
            window_ms: 1000,
            routes,
            nodejs: { eventloop: { turned: true } },
          },
        }),
      },
    );

    assert.ok(page.length < 500_000, `${page.length} bytes`);
    assert.match(page, /9990 others/);
    assert.match(page, /388 others with 388 requests/);
    assert.match(page, /and 4700 more, in SHA256SUMS/);
  });
});
