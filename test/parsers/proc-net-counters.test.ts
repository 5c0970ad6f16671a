import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareCounters, parseProcNetCounters, parseSockstat } from "../../src/parsers/proc-net-counters.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("counters are read from their pairs of lines", () => {
  const counters = parseProcNetCounters(
    `${fixture("linux/one-of-each/net-snmp.txt")}\n${fixture("linux/one-of-each/net-netstat.txt")}`,
  );

  assert.equal(counters.get("Tcp.ActiveOpens"), 5);
  assert.equal(counters.get("Tcp.MaxConn"), -1);
  assert.equal(counters.get("TcpExt.ListenOverflows"), 0);
});

test("names without values, values without names and numbers that cannot be exact are left out", () => {
  const counters = parseProcNetCounters("Tcp: A B C\nTcp: 1 18446744073709551615\nUdp: X\nIp: 3\n");

  assert.deepEqual([...counters], [["Tcp.A", 1]]);
});

test("sockstat has the TIME_WAIT sockets of the namespace", () => {
  const counters = parseSockstat(fixture("linux/one-of-each/net-sockstat.txt"));

  assert.equal(counters.get("TCP.tw"), 1);
  assert.equal(counters.get("sockets.used"), 14);
});

test("the change is told of what both looks have and what is not always 0", () => {
  const first = new Map([
    ["a", 3],
    ["b", 0],
    ["c", 1],
  ]);
  const last = new Map([
    ["a", 10],
    ["b", 0],
  ]);

  assert.deepEqual([...compareCounters(first, last)], [["a", { first: 3, last: 10, change: 7 }]]);
});

test("nothing makes the parsers throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), fc.string(), (a, b) => {
      parseProcNetCounters(`${a}\n${b}`);
      parseProcNetCounters(`Tcp: ${a}\nTcp: ${b}`);
      parseSockstat(`TCP: ${a}`);
    }),
  );
});
