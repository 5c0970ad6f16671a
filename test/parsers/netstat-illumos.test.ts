import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseNetstat, parseNetstatCounters } from "../../src/parsers/netstat-illumos.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("IPv4 rows are read by their words, wherever long addresses push them", () => {
  const sockets = parseNetstat(fixture("illumos/netstat/an-inet.txt"));

  assert.deepEqual(
    sockets.map(({ protocol, state, local, peer, sendQueue }) => [protocol, state, local, peer, sendQueue]),
    [
      ["udp", "Idle", "*:68", undefined, undefined],
      ["udp", "Connected", "10.77.77.16:514", "10.77.77.2:514", undefined],
      ["udp", "Unbound", "*:*", undefined, undefined],
      ["tcp", "LISTEN", "*:2020", undefined, 0],
      ["tcp", "IDLE", "*:*", undefined, 0],
      ["tcp", "ESTABLISHED", "10.77.77.16:2020", "10.77.77.21:41001", 0],
      ["tcp", "CLOSE_WAIT", "10.77.77.16:2020", "10.77.77.22:41002", 0],
      ["tcp", "CLOSE_WAIT", "10.77.77.16:2020", "10.77.77.22:41008", 0],
      ["tcp", "CLOSE_WAIT", "10.77.77.16:50122", "10.77.77.31:2021", 0],
      ["tcp", "SYN_SENT", "10.77.77.16:50123", "10.77.77.31:5432", 0],
      ["tcp", "FIN_WAIT_1", "210.177.177.216:50124", "210.177.177.131:15432", 2920],
      ["tcp", "TIME_WAIT", "10.77.77.16:50125", "10.77.77.31:5432", 0],
    ],
  );
});

test("IPv6 rows are read with and without an interface", () => {
  const sockets = parseNetstat(fixture("illumos/netstat/an-inet6.txt"));

  assert.deepEqual(
    sockets.map(({ state, local, peer }) => [state, local, peer]),
    [
      ["LISTEN", "*:2020", undefined],
      ["CLOSE_WAIT", "[fd00::10]:2020", "[fd00::1:0]:40000"],
      ["ESTABLISHED", "[fe80::8:20ff:fe00:1]:2020", "[fe80::8:20ff:fe00:2]:40001"],
    ],
  );
});

test("a UNIX socket without a name of its own keeps its peer's as the peer's", () => {
  const sockets = parseNetstat(fixture("illumos/netstat/an-unix.txt"));

  assert.deepEqual(
    sockets.map(({ state, local, peer }) => [state, local, peer]),
    [
      ["stream-ord", "/var/run/kang.sock", undefined],
      ["stream-ord", undefined, "/var/run/kang.sock"],
      ["dgram", "/var/run/log", undefined],
      ["stream-ord", "(socketpair)", "(socketpair)"],
    ],
  );
});

test("counters keep their section, also where a number fills its column", () => {
  const counters = parseNetstatCounters(fixture("illumos/netstat/s-first.txt"));

  assert.equal(counters.get("TCP.tcpListenDrop"), 4);
  assert.equal(counters.get("TCP.tcpTimKeepaliveProbe"), 3684196);
  assert.equal(counters.get("UDP.udpInDatagrams"), 104589051596);
  assert.equal(counters.get("IPv6.ipv6Forwarding"), 2);
});

test("nothing makes the parsers throw", () => {
  const heads = fc.constantFrom("TCP: IPv4\n", "UDP: IPv6\n", "Active UNIX domain sockets\n", "");
  fc.assert(
    fc.property(heads, fc.string({ unit: CODE_POINT }), (head, text) => {
      parseNetstat(`${head}${text}\n${text} LISTEN`);
      parseNetstatCounters(text);
    }),
  );
});
