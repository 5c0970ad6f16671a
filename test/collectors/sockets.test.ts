import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect } from "node:net";
import { test } from "node:test";
import sockets from "../../src/collectors/sockets.ts";
import type { Collector } from "../../src/collectors/collector.ts";
import { hostFiles } from "../../src/host/host-files.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { oneOfEach } from "../helpers/one-of-each.ts";
import { collectRecorded, fixture } from "../helpers/recorded.ts";

const SS = "ss -H -tuxanpeiom";

/** Gives the recorded host the one link that a recording has no place for: our own network namespace. */
function inNamespace(link: string): Collector {
  return {
    ...sockets,
    collect: (context) =>
      sockets.collect({ ...context, host: { ...context.host, link: async () => Buffer.from(link) } }),
  };
}

const recording = {
  target: { pid: oneOfEach.pid },
  process: oneOfEach.process,
  processLinks: oneOfEach.processLinks,
};

test("sockets of the target are told from those of its namespace", async () => {
  const { saved, lines, gaps } = await collectRecorded(sockets, recording);

  assert.deepEqual(gaps, []);
  const rows = lines("sockets.jsonl");
  assert.equal(rows.length, 9);
  assert.deepEqual(
    rows.find((row) => JSON.stringify(row).includes("149294")),
    {
      protocol: "tcp",
      family: "inet",
      state: "ESTABLISHED",
      local: "127.0.0.1:2020",
      peer: "127.0.0.1:43350",
      recvQueue: 100,
      sendQueue: 0,
      retransmits: 0,
      inode: 149294,
      fds: [11],
    },
  );
  const summary = JSON.parse(saved.get("summary.json") ?? "");
  assert.deepEqual(summary.process, {
    total: 9,
    "tcp ESTABLISHED": 3,
    "tcp LISTEN": 2,
    "tcp CLOSE_WAIT": 1,
    "udp UNCONNECTED": 1,
    "unix LISTEN": 1,
    "unix UNCONNECTED": 1,
  });
  assert.deepEqual(summary.namespace.heldByNobody, { total: 2, "tcp FIN_WAIT2": 1, "tcp ESTABLISHED": 1 });
  assert.match(
    saved.get("netstat.txt") ?? "",
    /^tcp +100 +0 +127\.0\.0\.1:2020 +127\.0\.0\.1:43350 +ESTABLISHED/m,
  );
});

test("readings say what is stuck, with the kernel's raw line", async () => {
  const { readings } = await collectRecorded(sockets, recording);

  assert.deepEqual(
    readings.map(({ id, text, value, file }) => [id, text, value, file]),
    [
      [
        "accept-backlog",
        "1 connection waited for the process to accept it on 127.0.0.1:2020 at both looks, 3 s apart.",
        1,
        "tcp.txt",
      ],
      [
        "unread-bytes",
        "1 of 3 established TCP connections held bytes that the process had not read at both looks, 3 s apart, from 127.0.0.1.",
        1,
        "tcp.txt",
      ],
      [
        "close-wait",
        "1 TCP connection was in CLOSE_WAIT at both looks, 3 s apart, from 127.0.0.1: the peer has closed, the process has not.",
        1,
        "tcp.txt",
      ],
    ],
  );
  for (const { line } of readings) assert.ok(oneOfEach.process["net/tcp"]?.split("\n").includes(line ?? ""));
});

test("a connection that was read from between the looks is no reading", async () => {
  let look = 0;
  const emptied = (oneOfEach.process["net/tcp"] ?? "").replace(
    /00000000:00000(?:064|001)/g,
    "00000000:00000000",
  );
  const tcp = () => (look++ === 0 ? (oneOfEach.process["net/tcp"] ?? "") : emptied.replace(" 08 ", " 01 "));

  const { readings } = await collectRecorded(sockets, {
    ...recording,
    process: { ...oneOfEach.process, "net/tcp": tcp },
  });

  assert.deepEqual(readings, []);
});

test("ss runs here when the namespace is ours, and its lines stand for the kernel's", async () => {
  const links = { ...oneOfEach.processLinks, "ns/net": "net:[1]" };

  const { readings, ran, gaps } = await collectRecorded(inNamespace("net:[1]"), {
    ...recording,
    processLinks: links,
    commands: { [SS]: { stdout: oneOfEach.ss } },
  });

  assert.deepEqual([ran, gaps], [[SS], []]);
  const closeWait = readings.find(({ id }) => id === "close-wait");
  assert.equal(closeWait?.file, "ss.txt");
  assert.match(closeWait?.line ?? "", /^tcp +CLOSE-WAIT 1 .*ino:149447 /);
});

test("ss enters the target's namespace when that is another", async () => {
  const entered = `nsenter -t ${oneOfEach.pid} -n ${SS}`;

  const { ran } = await collectRecorded(inNamespace("net:[1]"), {
    ...recording,
    processLinks: { ...oneOfEach.processLinks, "ns/net": "net:[2]" },
    commands: { [entered]: { stdout: "" }, ss: {} },
  });

  assert.deepEqual(ran, [entered]);
});

test("ss is not run, and that is told, when nobody knows whose namespace it would show", async () => {
  const { ran, gaps, readings } = await collectRecorded(inNamespace("net:[1]"), {
    ...recording,
    commands: { [SS]: { stdout: "" } },
  });

  assert.deepEqual(ran, []);
  assert.equal(gaps.length, 2);
  assert.equal(readings.length, 3);
});

/** A connection from 10.0.0.1 with one byte unread, as the kernel prints it. */
const tcpLine = (slot: number, peer: string, state: string, inode: number, sentAgain = 0) =>
  `${slot}: 0100000A:${(50000 + slot).toString(16).toUpperCase()} ${peer} ${state} 00000000:00000001 00:00000000 0000000${sentAgain} 0 0 ${inode} 1 0 20 4 0 10 -1`;

test("connections that go out are told by the peer that most of them have", async () => {
  const tcp = [
    "head",
    tcpLine(0, "1F07020A:07E5", "08", 1),
    tcpLine(1, "2007020A:07E5", "08", 2),
    tcpLine(2, "1F07020A:07E5", "08", 3),
    tcpLine(3, "1F07020A:07E5", "02", 4, 1),
  ].join("\n");

  const { readings, gaps } = await collectRecorded(sockets, {
    process: { "net/tcp": tcp, "net/udp": "", "net/snmp": "", "net/netstat": "", "net/sockstat": "" },
    processLinks: { "fd/3": "socket:[1]", "fd/4": "socket:[2]", "fd/5": "socket:[3]", "fd/6": "socket:[4]" },
  });

  assert.deepEqual(gaps, []);
  assert.deepEqual(
    readings.map(({ text }) => text),
    [
      "3 TCP connections were in CLOSE_WAIT at both looks, 3 s apart, 2 of them to 10.2.7.31:2021: the peer has closed, the process has not.",
      "1 TCP connection waited for an answer to the first packet (SYN_SENT), to 10.2.7.31:2021.",
    ],
  );
});

test("full accept queues of the namespace are counted over the window", async () => {
  let looks = 0;
  const netstat = () => `TcpExt: ListenOverflows ListenDrops\nTcpExt: ${looks++ === 0 ? "5 5" : "12 13"}\n`;

  const { readings, saved } = await collectRecorded(sockets, {
    ...recording,
    process: { ...oneOfEach.process, "net/netstat": netstat },
  });

  assert.deepEqual(
    readings.find(({ id }) => id === "listen-overflows"),
    {
      id: "listen-overflows",
      text: "7 connections found the queue of a listening socket full in 3 s (all processes in the target's network namespace).",
      value: 7,
      unit: "count",
      method: "proc",
      windowMs: 3000,
      line: "TcpExt.ListenOverflows 5 -> 12",
      file: "counters.json",
    },
  );
  const counters = JSON.parse(saved.get("counters.json") ?? "");
  assert.deepEqual(counters.counters["TcpExt.ListenDrops"], { first: 5, last: 13, change: 8 });
});

test("without leave to list descriptors nothing is said of the process, and nothing is 0", async () => {
  const { readings, gaps, saved } = await collectRecorded(sockets, { process: oneOfEach.process });

  assert.deepEqual(readings, []);
  assert.deepEqual(gaps, ["fd cannot be read: ENOENT"]);
  assert.equal(saved.has("sockets.jsonl"), false);
  assert.equal(JSON.parse(saved.get("summary.json") ?? "").process, undefined);
  assert.ok(saved.has("tcp.txt"));
});

test("a live process is seen to leave bytes unread", async (t) => {
  const server = createServer({ pauseOnConnect: true });
  const accepted = once(server, "connection");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = connect(address.port, "127.0.0.1");
  const [socket] = await accepted;
  await new Promise<void>((done) => client.write("five!", () => done()));
  const held = openProcess(process.pid);
  t.after(() => [client.destroy(), socket.destroy(), server.close(), held.close()]);
  const live: Collector = {
    ...sockets,
    collect: (context) => sockets.collect({ ...context, process: held, host: hostFiles }),
  };

  const { readings } = await collectRecorded(live, { target: { pid: process.pid } });

  const unread = readings.find(({ id }) => id === "unread-bytes");
  assert.equal(unread?.value, 1);
  assert.match(unread?.line ?? "", / 01 00000000:00000005 /);
});

const ILLUMOS = {
  zonename: { stdout: "204ac483-0000-4000-8000-000000000000\n" },
  "netstat -an -f inet": { stdout: fixture("illumos/netstat/an-inet.txt") },
  "netstat -an -f inet6": { stdout: fixture("illumos/netstat/an-inet6.txt") },
  "netstat -an -f unix": { stdout: fixture("illumos/netstat/an-unix.txt") },
};

test("on illumos netstat never looks for owners, and readings say that they are of the zone", async () => {
  const { readings, gaps, lines, ran } = await collectRecorded(sockets, {
    platform: "illumos",
    windowMs: 5000,
    commands: { ...ILLUMOS, "netstat -s": { stdout: fixture("illumos/netstat/s-first.txt") } },
  });

  assert.deepEqual(gaps, []);
  assert.equal(ran.filter((line) => line === "netstat -s").length, 2);
  assert.ok(ran.every((line) => !line.includes("-u")));
  assert.equal(lines("sockets.jsonl").length, 19);
  assert.deepEqual(
    readings.map(({ id, text, file }) => [id, text, file]),
    [
      [
        "host-close-wait",
        "4 TCP connections in zone 204ac483-0000-4000-8000-000000000000 in CLOSE_WAIT, of whatever process, 2 of them from 10.77.77.22.",
        "netstat-inet.txt",
      ],
      [
        "host-syn-sent",
        "1 TCP connection in zone 204ac483-0000-4000-8000-000000000000 in SYN_SENT, of whatever process, to 10.77.77.31:5432.",
        "netstat-inet.txt",
      ],
    ],
  );
});

test("from the global zone it is told that a zone's own network is not seen", async () => {
  const { gaps, readings } = await collectRecorded(sockets, {
    platform: "illumos",
    target: { zone: "204ac483" },
    commands: { ...ILLUMOS, zonename: { stdout: "global\n" }, "netstat -s": { stdout: "" } },
  });

  assert.deepEqual(gaps, [
    "netstat ran in the global zone: a network stack of zone 204ac483 alone is not in it",
  ]);
  assert.match(readings[0]?.text ?? "", /^4 TCP connections on this host in CLOSE_WAIT/);
});
