import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExpectedPeer } from "../../src/readings/rule.ts";
import { readingOf, several, socketFiles } from "../helpers/evidence.ts";

test("a few connections in CLOSE_WAIT are a hint, a pile of them speaks for a restart", async () => {
  const closed = { state: "CLOSE_WAIT", peer: "10.0.0.9:80" };

  const few = await readingOf("close-wait", socketFiles(several(3, closed)));
  const pile = await readingOf("close-wait", socketFiles(several(10, closed)));
  const none = await readingOf("close-wait", socketFiles(several(3, { peer: "10.0.0.9:80" })));

  assert.deepEqual([few?.value, few?.sureness, few?.speaksFor], [3, "hint", "none"]);
  assert.deepEqual([pile?.value, pile?.sureness, pile?.speaksFor], [10, "likely", "restart"]);
  assert.equal(none, undefined);
});

test("a connection that has only begun is no reading; one that was tried again, or many at once, are", async () => {
  const begun = { state: "SYN_SENT", peer: "10.0.0.9:80" };

  const one = await readingOf("syn-sent", socketFiles([begun]));
  const again = await readingOf("syn-sent", socketFiles([begun, { ...begun, retransmits: 1 }]));
  const many = await readingOf("syn-sent", socketFiles(several(20, begun)));

  assert.equal(one, undefined);
  assert.deepEqual([again?.value, again?.speaksFor], [1, "not-restart"]);
  assert.equal(many?.value, 20);
});

test("overflows of the namespace are told of a process whose own connections wait, and of no other", async () => {
  const counters = { "TcpExt.ListenOverflows": { first: 5, last: 12, change: 7 } };
  const listener = { state: "LISTEN", local: "0.0.0.0:80" };

  const own = await readingOf("listen-overflows", socketFiles([{ ...listener, recvQueue: 5 }], counters));
  const others = await readingOf("listen-overflows", socketFiles([listener], counters));

  assert.equal(own?.value, 7);
  assert.equal(others, undefined);
});

const closedBy = (peer: string) => ({ state: "CLOSE_WAIT", peer });

test("one peer is told apart from its twins, equal ones are not", async () => {
  const twins = several(2, { peer: "10.0.0.8:2021" });

  const one = await readingOf(
    "peer-against-twins",
    socketFiles([...several(9, closedBy("10.0.0.7:2021")), closedBy("10.0.0.8:2021"), ...twins]),
  );
  const alike = await readingOf(
    "peer-against-twins",
    socketFiles([...several(9, closedBy("10.0.0.7:2021")), ...several(8, closedBy("10.0.0.8:2021"))]),
  );
  const alone = await readingOf("peer-against-twins", socketFiles(several(9, closedBy("10.0.0.7:2021"))));

  assert.equal(
    one?.text,
    "9 connections to 10.0.0.7:2021 are closed by the peer and still open here (CLOSE_WAIT); its twin 10.0.0.8 has 1.",
  );
  assert.deepEqual([alike, alone], [undefined, undefined]);
});

const needed = (more: Partial<ExpectedPeer> = {}) => ({
  expectations: {
    connectedTo: [
      { asked: "db:5432", endpoints: ["10.0.0.5:5432"], source: "settings", ...more } satisfies ExpectedPeer,
    ],
  },
});

test("a missing connection to what a service needs is certain when it was declared", async () => {
  const other = socketFiles([{ peer: "10.0.0.9:80" }]);
  const trying = socketFiles([{ peer: "10.0.0.5:5432", state: "SYN_SENT" }]);

  const missing = await readingOf("disconnected", other, needed());
  const tried = await readingOf("disconnected", trying, needed());
  const there = await readingOf("disconnected", socketFiles([{ peer: "10.0.0.5:5432" }]), needed());
  const unresolved = await readingOf("disconnected", other, needed({ endpoints: [] }));
  const unseen = await readingOf("disconnected", {}, needed());

  assert.equal(
    missing?.text,
    "The process has no open connection to db:5432 (10.0.0.5:5432), which the settings say it needs.",
  );
  assert.deepEqual([missing?.sureness, missing?.speaksFor], ["certain", "none"]);
  assert.match(tried?.text ?? "", /; 1 connection to it got no answer yet\.$/);
  assert.equal(tried?.speaksFor, "not-restart");
  assert.deepEqual([there, unresolved, unseen], [undefined, undefined, undefined]);
});

test("of an earlier bundle's peers any on the same port counts, and none at all is a hint", async () => {
  const earlier = needed({
    source: "earlier",
    asked: "10.0.0.5:5432",
    captureId: "20260101T000000Z-h-t-abcdef",
  });

  const gone = await readingOf("disconnected", socketFiles([{ peer: "10.0.0.9:80" }]), earlier);
  const moved = await readingOf("disconnected", socketFiles([{ peer: "10.0.0.6:5432" }]), earlier);

  assert.equal(gone?.sureness, "hint");
  assert.match(gone?.text ?? "", /10\.0\.0\.5:5432, to which it had one in 20260101T000000Z-h-t-abcdef\.$/);
  assert.equal(moved, undefined);
});
