import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openHistory } from "../../../src/agent/triggers/history.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LIMITS = { cooldown: HOUR_MS, atMost: 3 };
const NOON = Date.parse("2026-11-25T12:00:00Z");

const folder = mkdtempSync(join(tmpdir(), "exhibit-history-"));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A host whose clocks the test sets; `boot` begins the next one, with the clock at `nowMs`. */
function openHost() {
  const path = join(folder, `state-${++count}`, "triggers.json");
  const time = { bootId: "boot-1", up: 10 * DAY_MS, now: NOON };
  const open = () => openHistory(path, { bootId: time.bootId, upMs: () => time.up, nowMs: () => time.now });
  return {
    path,
    open,
    pass: (ms: number) => {
      time.up += ms;
      time.now += ms;
    },
    setClock: (ms: number) => (time.now = ms),
    boot: (nowMs: number) => Object.assign(time, { bootId: `${time.bootId}+`, up: 0, now: nowMs }),
  };
}

describe("the history of triggers", () => {
  test("holds the cooldown and the daily limit, each trigger for itself", async () => {
    const { open, pass } = openHost();
    const history = await open();
    const said: (string | undefined)[] = [];

    for (let hour = 0; hour < 26; hour++) {
      const refusal = history.refusal("one", LIMITS);
      said.push(refusal);
      if (refusal === undefined) await history.record("one", LIMITS);
      pass(HOUR_MS);
    }

    assert.deepEqual(said.slice(0, 4), [undefined, undefined, undefined, "limit"]);
    assert.deepEqual(said.slice(23), ["limit", undefined, undefined]);
    assert.equal(history.refusal("other", LIMITS), undefined);
    assert.equal(history.count("one"), 2);
  });

  test("is the same after a kill, as soon as a trigger fired", async () => {
    const { open, pass } = openHost();
    await (await open()).record("one", LIMITS);
    pass(1000);

    const again = await open();

    assert.deepEqual(
      [again.refusal("one", LIMITS), again.lastAt("one"), again.count("one")],
      ["cooldown", new Date(NOON).toISOString(), 1],
    );
  });

  test("a clock that is set back or forward within a boot changes nothing", async () => {
    const { open, pass, setClock } = openHost();
    await (await open()).record("one", LIMITS);

    for (const nowMs of [NOON - 300 * DAY_MS, NOON + 300 * DAY_MS]) {
      setClock(nowMs);
      assert.equal((await open()).refusal("one", LIMITS), "cooldown");
    }
    pass(HOUR_MS);
    setClock(NOON - 300 * DAY_MS);
    assert.equal((await open()).refusal("one", LIMITS), undefined);
  });

  test("after a boot the clock counts; set back, it blocks for one cooldown and no longer", async () => {
    const { open, pass, boot } = openHost();
    await (await open()).record("one", LIMITS);

    boot(NOON + HOUR_MS / 2);
    const soon = (await open()).refusal("one", LIMITS);
    boot(NOON + 2 * HOUR_MS);
    const later = (await open()).refusal("one", LIMITS);
    boot(NOON - 300 * DAY_MS);
    const back = await open();
    const first = back.refusal("one", LIMITS);
    pass(HOUR_MS);

    assert.deepEqual([soon, later, first], ["cooldown", undefined, "cooldown"]);
    assert.equal(back.refusal("one", LIMITS), undefined);
  });

  test("a time of which nothing came does not count, also after a kill", async () => {
    const { open, pass } = openHost();
    const history = await open();
    await history.record("one", { cooldown: 0, atMost: 3 });
    pass(2 * HOUR_MS);
    await history.record("one", LIMITS);

    await history.takeBack("one");

    const again = await open();
    for (const one of [history, again])
      assert.deepEqual([one.refusal("one", LIMITS), one.count("one")], [undefined, 1]);
  });

  test("a file that is none of ours is told, and replaced when a trigger fires", async () => {
    const { path, open } = openHost();
    await (await open()).record("one", LIMITS);
    writeFileSync(path, `{"version":1,"fired":{"one":[{"at":"yester`);

    const history = await open();
    await history.record("one", LIMITS);

    assert.equal(history.isLost, true);
    assert.equal(JSON.parse(readFileSync(path, "utf8")).fired.one.length, 1);
  });
});
