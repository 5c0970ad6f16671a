import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFailureLimit, planOf, type Limits } from "../../src/fleet/plan.ts";
import type { FleetHost } from "../../src/fleet/transport.ts";

const LIMITS: Limits = { atMost: 10, pausesAtMost: 1, stopAfter: { percent: 10 }, deadlineMs: 600_000 };
const host = (name: string, service: string): FleetHost => ({ name, address: name, service });
const shape = (hosts: readonly FleetHost[], careful = true) =>
  planOf(hosts, LIMITS, careful).waves.map(({ name, hosts: some }) => [name, ...some.map((one) => one.name)]);

const mayFail = (count: number, stopAfter: Limits["stopAfter"]) =>
  planOf(
    Array.from({ length: count }, (_, at) => host(`h${at}`, "a")),
    { ...LIMITS, stopAfter },
    true,
  ).mayFail;

test("one canary, then one host of every other service, then the rest", () => {
  const hosts = [host("a1", "a"), host("a2", "a"), host("b1", "b"), host("b2", "b"), host("c1", "c")];

  assert.deepEqual(shape(hosts), [
    ["canary", "a1"],
    ["one of each service", "b1", "c1"],
    ["the rest", "a2", "b2"],
  ]);
});

test("what changes nothing has no canary", () => {
  assert.deepEqual(shape([host("a1", "a"), host("b1", "b")], false), [["all", "a1", "b1"]]);
});

test("every host has its turn exactly once, and before the last wave no service twice", () => {
  const anyHosts = fc.uniqueArray(
    fc.record({ name: fc.string(), service: fc.constantFrom("a", "b", "c", "?") }),
    { selector: ({ name }) => name, minLength: 1 },
  );
  fc.assert(
    fc.property(anyHosts, (some) => {
      const hosts = some.map(({ name, service }) => host(name, service));
      const { waves } = planOf(hosts, LIMITS, true);
      const all = waves.flatMap((wave) => wave.hosts);
      const early = waves.filter(({ name }) => name !== "the rest").flatMap((wave) => wave.hosts);

      assert.deepEqual(new Set(all), new Set(hosts));
      assert.equal(all.length, hosts.length);
      assert.equal(waves[0]?.hosts.length, 1);
      assert.equal(early.length, new Set(hosts.map(({ service }) => service)).size);
    }),
  );
});

test("a share of failures is rounded up, a number is itself", () => {
  assert.equal(mayFail(5, { percent: 10 }), 1);
  assert.equal(mayFail(20, { percent: 10 }), 2);
  assert.equal(mayFail(20, { percent: 0 }), 0);
  assert.equal(mayFail(20, { hosts: 3 }), 3);
});

test("a limit of failures is a number or a share", () => {
  assert.deepEqual(parseFailureLimit("3"), { hosts: 3 });
  assert.deepEqual(parseFailureLimit("10%"), { percent: 10 });
  for (const text of ["", "-1", "101%", "3 %", "1e3", "%"])
    assert.equal(parseFailureLimit(text), undefined, text);
});
