import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Manifest, type CollectorRecord, type Outcome } from "../../src/bundle/manifest.ts";
import { renderReport } from "../../src/report/page.ts";

const captureId = "20261122T031207Z-cn14-muskie_7-4f2a91";

/** A manifest in which every free text is made by `say`. */
function manifestOf(say: () => string): Manifest {
  const collector = (name: string, facts: Partial<CollectorRecord> = {}): CollectorRecord => ({
    name,
    tool: say(),
    status: "ok",
    touch: "none",
    startedAt: "2026-11-22T03:12:07Z",
    startedMonotonicMs: 120,
    durationMs: 20_000,
    commands: [],
    bytes: 118_000,
    ...facts,
  });
  return {
    schemaVersion: 1,
    captureId,
    tool: { name: "exhibit", version: say(), settingsDigest: say() },
    operator: { user: say(), host: say() },
    reason: say(),
    phase: "before",
    mitigation: { argv: ["systemctl", "restart", say()] },
    incidents: [say()],
    target: {
      kind: "systemd",
      asked: say(),
      pid: 24113,
      startTime: "1000",
      bootId: "b",
      command: say(),
      executable: say(),
      service: say(),
      runtime: { name: "node", version: say() },
    },
    host: {
      hostname: say(),
      os: say(),
      kernel: say(),
      architecture: "x64",
      bootId: "b",
      cpus: 2,
      memoryBytes: 1,
      timezone: "UTC",
    },
    placement: {},
    profile: say(),
    budgetMs: 30_000,
    maxPauseMs: 10_000,
    store: say(),
    startedAt: "2026-11-22T03:12:07Z",
    state: "partial",
    stateReason: say(),
    finishedAt: "2026-11-22T03:12:33Z",
    sealedAt: "2026-11-22T03:12:34Z",
    durationMs: 26_400,
    pausedMs: 3400,
    clock: { monotonicStartMs: 0 },
    identityChecks: [],
    collectors: [
      collector(say()),
      collector("sockets", { durationMs: 600, bytes: 212_000 }),
      collector("stacks", {
        status: "failed",
        reason: say(),
        touch: "brief",
        startedMonotonicMs: 1500,
        durationMs: 40,
      }),
      collector("core", {
        touch: "stop",
        startedMonotonicMs: 20_500,
        durationMs: 5700,
        observedPauseMs: 3400,
        method: say(),
      }),
      { name: "runtime", tool: say(), status: "skipped", reason: say(), commands: [], bytes: 0 },
    ],
    readings: [
      {
        id: "a",
        collector: "sockets",
        text: say(),
        value: 812,
        unit: "count",
        line: say(),
        file: "evidence/sockets/ss.txt",
      },
      { id: "b", collector: "sockets", text: say(), value: 1, unit: "count", file: say() },
    ],
    redactions: [{ file: "evidence/logs/journal.txt", rule: say(), count: 12 }],
    files: [
      {
        path: "evidence/sockets/ss.txt",
        bytes: 212_000,
        sha256: "5d".repeat(32),
        mediaType: "text/plain",
        sensitivity: "text",
        inZip: true,
      },
      {
        path: "evidence/core/core.24113.zst",
        bytes: 155_189_004,
        sha256: "0b".repeat(32),
        mediaType: "application/zstd",
        sensitivity: "core",
        inZip: false,
      },
    ],
  };
}

const TAG = /^<(\/?)(!doctype|[a-z][a-z0-9]*)((?: [a-z][a-z0-9-]*="[^"<>]*")*)( ?\/?)>/i;

/** Every tag with the names of its attributes, in order. Fails on a `<` or an `&` that is not what we write ourselves. */
function tagsOf(page: string): readonly string[] {
  const text = page.replace(/<style>[^<]*<\/style>/, "").replace("<!doctype html>", "");
  const tags: string[] = [];
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at + 1)) {
    const tag = TAG.exec(text.slice(at, at + 20_000).replace(/\s+/g, " "));
    assert.ok(tag, `no tag of ours: ${text.slice(at, at + 80)}`);
    const [, slash = "", name = "", attributes = ""] = tag;
    tags.push(
      `${slash}${name} ${[...attributes.matchAll(/ ([a-z][a-z0-9-]*)=/gi)].map((match) => match[1]).join(" ")}`,
    );
  }
  assert.doesNotMatch(text, /&(?!amp;|lt;|gt;|quot;|#39;)/);
  return tags;
}

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."<script>alert(1)</script>|</title>|</style>|<!--|]]>|\"|' onload='|\"><img src=x>|&lt;|&#60;|`|${x}|javascript:x|</pre>|<svg>|\u0000|\u001b[31m|\n|\u202e|\ud800".split(
          "|",
        ),
      ),
      fc.string({ maxLength: 20, unit: "binary" }),
      fc.string({ minLength: 2000, maxLength: 3000 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""))
  // An empty raw line has no box of its own: that is a choice of ours, and nothing that a stranger's text can do.
  .filter((text) => text !== "");

describe("the report page", () => {
  test("has the same tags whatever strangers wrote", () => {
    const plain = tagsOf(renderReport(manifestOf(() => "x")));
    fc.assert(
      fc.property(fc.infiniteStream(hostile), (stream) => {
        const page = renderReport(manifestOf(() => String(stream.next().value)));

        assert.deepEqual(tagsOf(page), plain);
        assert.doesNotMatch(page.replaceAll("\n", ""), /\p{Cc}|\p{Cs}|[\u200b-\u200f\u2028-\u202e\ufeff]/u);
      }),
      { numRuns: 60 },
    );
  });

  test("runs nothing and fetches nothing", () => {
    const page = renderReport(manifestOf(() => "x"));

    assert.match(
      page,
      /<meta\s+http-equiv="Content-Security-Policy"\s+content="default-src &#39;none&#39;; style-src/,
    );
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|\son[a-z]+=|@import|(?:src|href)="(?!evidence\/)/i);
  });

  test("links only to files of the manifest", () => {
    const page = renderReport(manifestOf(() => "../../etc/passwd"));

    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    assert.deepEqual(new Set(links), new Set(["evidence/sockets/ss.txt", "evidence/core/core.24113.zst"]));
  });

  test("shows every collector with its status, reason, time and pause", () => {
    const page = renderReport(manifestOf(() => "needs CAP_SYS_ADMIN")).replace(/\s+/g, " ");

    for (const expected of [
      "3 of 5",
      "stopped 3.4 s",
      ">failed<",
      "skipped: needs CAP_SYS_ADMIN",
      "+20.5 s",
      "holds memory",
      "5d".repeat(32),
    ])
      assert.ok(page.includes(expected), expected);
  });

  test("marks the moment the mitigation began when it is known", () => {
    const manifest = manifestOf(() => "x");
    const outcome: Outcome = {
      schemaVersion: 1,
      captureId,
      argv: ["x"],
      startedAt: "2026-11-22T03:12:33.400Z",
    };

    assert.ok(renderReport(manifest, { outcome }).includes("mitigation began"));
    assert.ok(!renderReport(manifest).includes("mitigation began"));
  });

  test("says what is not known, and never shows it as zero", () => {
    const { pausedMs: _pausedMs, ...manifest } = manifestOf(() => "x");

    const page = renderReport({ ...manifest, collectors: [], readings: [], files: [] }).replace(/\s+/g, " ");

    assert.match(page, /not known<\/span><\/b ?>\s*process stopped/);
    assert.match(page, /clock offset not known/);
  });

  test("is made of manifests that are valid", () => {
    assert.ok(Manifest.safeParse(manifestOf(() => "x")).success);
  });
});
