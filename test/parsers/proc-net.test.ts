import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseProcNet, parseTcpState } from "../../src/parsers/proc-net.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("tcp tells queues, states and owners apart", () => {
  const sockets = parseProcNet(fixture("linux/one-of-each/net-tcp.txt"), "tcp");

  assert.deepEqual(
    sockets.map(({ state, local, peer, recvQueue, inode }) => [state, local, peer, recvQueue, inode]),
    [
      ["LISTEN", "127.0.0.1:2020", undefined, 1, 149289],
      ["CLOSE_WAIT", "127.0.0.1:2020", "127.0.0.1:43366", 1, 149447],
      ["ESTABLISHED", "127.0.0.1:2020", "127.0.0.1:43350", 100, 149294],
      ["ESTABLISHED", "127.0.0.1:51494", "127.0.0.1:2021", 0, 148036],
      ["ESTABLISHED", "127.0.0.1:43350", "127.0.0.1:2020", 0, 148032],
      ["FIN_WAIT2", "127.0.0.1:43366", "127.0.0.1:2020", 0, 0],
      ["ESTABLISHED", "127.0.0.1:43372", "127.0.0.1:2020", 0, 148034],
      ["ESTABLISHED", "127.0.0.1:2020", "127.0.0.1:43372", 7, 0],
    ],
  );
  assert.deepEqual([sockets[5]?.timer, sockets[5]?.timerMs], ["time-wait", 0x1720 * 10]);
});

test("tcp6 shows IPv4-mapped peers as IPv4", () => {
  const sockets = parseProcNet(fixture("linux/one-of-each/net-tcp6.txt"), "tcp");

  assert.deepEqual(
    sockets.map(({ family, local, peer }) => [family, local, peer]),
    [
      ["inet6", "[::]:2021", undefined],
      ["inet6", "[::1]:2021", "[::1]:41074"],
      ["inet6", "[::1]:41074", "[::1]:2021"],
      ["inet6", "127.0.0.1:2021", "127.0.0.1:51494"],
    ],
  );
});

test("a UDP socket without a peer is unconnected, not closed", () => {
  const [socket] = parseProcNet(fixture("linux/one-of-each/net-udp.txt"), "udp");

  assert.equal(socket?.state, "UNCONNECTED");
  assert.equal(socket?.local, "127.0.0.1:5353");
});

const line = (timer: string) =>
  `  3: 0100007F:1F90 0200007F:0050 01 000004D2:00000000 ${timer} 00000003  1000        0 77 1 0 20 4 0 10 -1`;

test("a retransmission and a shut window are told", () => {
  const sockets = parseProcNet(`${line("01:000000C8")}\n${line("04:00000064")}\n`, "tcp");

  assert.deepEqual(
    sockets.map(({ timer, timerMs, retransmits, sendQueue, uid }) => [
      timer,
      timerMs,
      retransmits,
      sendQueue,
      uid,
    ]),
    [
      ["retransmit", 2000, 3, 1234, 1000],
      ["probe", 1000, 3, 1234, 1000],
    ],
  );
});

test("nothing makes the parser throw", () => {
  const field = fc.oneof(
    fc.string({ unit: CODE_POINT }),
    fc.constantFrom("0100007F:1F90", "01", "00:0", "7"),
  );
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      parseProcNet(fields.join(" "), "tcp");
      parseProcNet(`  0: ${fields.join(" ")}`, "udp");
    }),
  );
});

test("the state of a TCP socket alone is what the whole line says of it", () => {
  for (const socket of parseProcNet(fixture("linux/one-of-each/net-tcp.txt"), "tcp")) {
    const { state, recvQueue, sendQueue, timer, retransmits, inode } = socket;
    assert.deepEqual(parseTcpState(socket.line), { state, recvQueue, sendQueue, timer, retransmits, inode });
  }
  assert.equal(parseTcpState("  sl  local_address rem_address   st"), undefined);
});

test("the parser of a socket's state never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTcpState(text)));
});
