import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startRecorder } from "../../src/agent/recorder/recorder.ts";
import { recordedSeries } from "../../src/report/recorded-series.ts";
import { renderReport } from "../../src/report/page.ts";
import { evidenceFrom } from "../helpers/evidence.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";
import { manifestOf } from "./sample.ts";

const json = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const at = (second: number) => ({ at: new Date(second * 1000).toISOString(), upMs: 50_000 + second * 1000 });
const evidenceWith = (lines: string) => evidenceFrom({ "recorder/process.jsonl": lines });

describe("the minutes before", () => {
  test("are what the recorder wrote of a real process", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "exhibit-recorded-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { pid } = await start(t, ["tail", "-f", "/dev/null"], { silent: true });
    const stop = new AbortController();
    let looks = 0;
    const recorder = startRecorder({
      services: ["^tail$"],
      periodMs: 100,
      folder,
      signal: stop.signal,
      onLooks: () => looks++,
    });
    await until(() => looks >= 5, 60_000, "it has looked");
    stop.abort();
    await recorder?.ended;
    const own = readdirSync(folder).flatMap((name) =>
      readFileSync(join(folder, name), "utf8")
        .split("\n")
        .filter((line) => line.includes(`"pid":${pid},`)),
    );

    const evidence = await evidenceWith(own.map((line) => `${line}\n`).join(""));
    const page = renderReport(
      manifestOf(() => "x"),
      { evidence },
    );

    assert.ok(evidence.recorded);
    const series = recordedSeries(evidence.recorded);
    assert.deepEqual(
      series.map(({ name }) => name),
      ["CPU", "resident memory", "threads", "descriptors"],
    );
    assert.ok(series.every(({ last }) => Number.isFinite(last)));
    assert.equal(series.find(({ name }) => name === "threads")?.last, 1);
    assert.match(page, /aria-label="resident memory over time: at last [\d.]+ [kM]B, at most/);
  });

  test("have gaps where nobody looked, and 0 only where 0 was seen", async () => {
    const seconds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39];
    const lines = seconds.map((second) => ({
      kind: "process",
      ...at(second),
      cpuMs: second < 30 ? second * 500 : 15_000,
      threads: 3,
    }));
    const deep = [0, 10, 30, 39].map((second) => ({
      kind: "deep",
      ...at(second),
      sockets: { ESTAB: second },
    }));
    const { recorded } = await evidenceWith(json([...lines, ...deep]));
    assert.ok(recorded);

    const series = recordedSeries(recorded);

    const [cpu, threads, sockets] = series;
    assert.deepEqual([cpu?.name, threads?.name, sockets?.name], ["CPU", "threads", "TCP ESTAB"]);
    assert.deepEqual([...new Set(cpu?.values)], [50, undefined, 0]);
    assert.deepEqual([...new Set(threads?.values)], [3, undefined]);
    const known = threads?.values.filter((value) => value !== undefined).length ?? 0;
    assert.ok(Math.abs(known / (threads?.values.length ?? 1) - 0.5) < 0.1, `${known}`);
    assert.equal(cpu?.highest, 50, "not the mean over the gap, nor more");
  });

  test("are absent where nothing was recorded, whatever lines are there", async () => {
    const pages = await Promise.all(
      ["", "{", json([{ kind: "ended", ...at(1) }]), json([{ kind: "process", ...at(1) }])].map(
        async (lines) =>
          renderReport(
            manifestOf(() => "x"),
            { evidence: await evidenceWith(lines) },
          ),
      ),
    );

    assert.deepEqual(
      pages.map((page) => page.includes("The minutes before")),
      [false, false, false, false],
    );
  });
});
