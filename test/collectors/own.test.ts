import assert from "node:assert/strict";
import { test } from "node:test";
import { UnsupportedError } from "../../src/errors.ts";
import type { CommandOptions } from "../../src/collectors/collector.ts";
import { ownCollector } from "../../src/collectors/own.ts";
import type { OwnCollectorSettings } from "../../src/settings.ts";
import { collectRecorded, type Recording } from "../helpers/recorded.ts";

function settings(own: Partial<OwnCollectorSettings>): OwnCollectorSettings {
  return {
    summary: "ours",
    argv: ["jq"],
    touch: "none",
    timeout: 7000,
    window: false,
    sensitive: [],
    ...own,
  };
}

const ANY: Recording = {
  target: { pid: 77, service: "web@{out}.service" },
  commands: { "*": { stdout: "ok\n" } },
};

test("an own collector fills in its placeholders once, also within arguments", async () => {
  const own = ownCollector(
    "ours",
    settings({ argv: ["jq", "--pid={pid}", "u={unit}", "{out}", "{pid}{pid}", "{x}"] }),
  );

  const result = await collectRecorded(own, ANY);

  assert.deepEqual(result.ran, ["jq --pid=77 u=web@{out}.service /recorded/out 7777 {x}"]);
  assert.equal(result.saved.get("stdout.txt"), "ok\n");
});

test("an own collector that needs a unit is unsupported without one, or with one like an option", async () => {
  const own = ownCollector("ours", settings({ argv: ["show", "{unit}"] }));

  await assert.rejects(collectRecorded(own, { ...ANY, target: {} }), UnsupportedError);
  await assert.rejects(
    collectRecorded(own, { ...ANY, target: { service: "-rf.service" } }),
    UnsupportedError,
  );
});

test("an own collector's facts are those of its settings", () => {
  const target = { pid: 1, startTime: "1", command: "x", runtime: { name: "node" as const } };
  const own = ownCollector("ours", settings({ touch: "stop", sensitive: ["core"] }));
  const how = { platform: "linux", options: {} } as const;
  const sampler = ownCollector("sar", settings({ argv: ["sar", "1"], window: true }));

  assert.deepEqual(own.estimate(target, 3000, how), { timeMs: 7000, pauseMs: 7000, sizeBytes: 1_048_576 });
  assert.deepEqual(own.platforms.linux, { needs: ["jq"], touch: "stop" });
  assert.deepEqual([own.tool, own.summary, own.sensitive, own.window], ["jq", "ours", ["core"], undefined]);
  assert.deepEqual([sampler.estimate(target, 3000, how).timeMs, sampler.window], [3000, true]);
});

test("an own collector that stops the target says so to the runner, and a sampler is ended with the window", async () => {
  const asked: CommandOptions[] = [];
  for (const own of [
    ownCollector("a", settings({ touch: "brief" })),
    ownCollector("b", settings({ window: true })),
  ]) {
    const watched: typeof own = {
      ...own,
      collect: (context) =>
        own.collect({
          ...context,
          run: (argv, options) => {
            asked.push(options);
            return context.run(argv, options);
          },
        }),
    };
    await collectRecorded(watched, ANY);
  }

  assert.deepEqual(asked, [
    { as: "stdout.txt", stopsTarget: true },
    { as: "stdout.txt", stopsTarget: false, forMs: 3000 },
  ]);
});

test("an own collector takes no options", () => {
  assert.equal(ownCollector("ours", settings({})).options.safeParse({ x: 1 }).success, false);
});
