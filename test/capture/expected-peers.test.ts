import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { declaredPeers, earlierPeers, expectedPeer } from "../../src/capture/expected-peers.ts";
import { socketFiles, TARGET } from "../helpers/evidence.ts";
import { sealBundle } from "../helpers/sealed-bundle.ts";

const SERVICE = { ...TARGET, service: "muskie@7.service" };

test("an address stands for itself, a name for its addresses in /etc/hosts", async () => {
  assert.deepEqual(await expectedPeer("[2001:db8::7]:80", "asked"), {
    asked: "[2001:db8::7]:80",
    source: "asked",
    endpoints: ["[2001:db8::7]:80"],
  });
  assert.ok((await expectedPeer("localhost:5432", "settings")).endpoints.includes("127.0.0.1:5432"));
});

test("what the settings say counts for the services that they match, each peer once", async () => {
  const services = [
    { match: "^muskie@", connectedTo: ["10.0.0.5:1", "10.0.0.6:1"] },
    { match: "7", connectedTo: ["10.0.0.5:1"] },
    { match: "^moray", connectedTo: ["10.0.0.9:1"] },
  ];

  const asked = (await declaredPeers(SERVICE, services)).map((peer) => peer.asked);

  assert.deepEqual(asked, ["10.0.0.5:1", "10.0.0.6:1"]);
  assert.deepEqual(await declaredPeers(TARGET, services), []);
});

const evidence = (peers: readonly string[]) =>
  Object.fromEntries(
    Object.entries(socketFiles(peers.map((peer) => ({ peer })))).map(([name, content]) => [
      `evidence/${name}`,
      typeof content === "string" ? content : JSON.stringify(content),
    ]),
  );

test("the newest earlier bundle of the same service tells what it was connected to", async (t) => {
  const spool = mkdtempSync(join(tmpdir(), "exhibit-peers-"));
  t.after(() => rmSync(spool, { recursive: true, force: true }));
  const seal = (time: string, service: string, peers: readonly string[]) =>
    sealBundle(spool, {
      id: `20261122T${time}Z-cn14-muskie_7-4f2a91`,
      evidence: evidence(peers),
      target: { ...TARGET, service },
    });
  seal("030000", "muskie@7.service", ["10.0.0.1:80"]);
  // The last one is a client of a port that the kernel gave out: it came from us, or to us.
  seal("031000", "muskie@7.service", ["10.0.0.5:5432", "10.0.0.6:5432", "10.0.0.7:2021", "10.0.0.8:50000"]);
  seal("032000", "another.service", ["10.0.0.9:9"]);
  seal("040000", "muskie@7.service", ["10.0.0.4:4"]);
  const captureId = "20261122T033000Z-cn14-muskie_7-aaaaaa";

  const peers = await earlierPeers(spool, { captureId, target: SERVICE });

  assert.deepEqual(
    peers.map(({ endpoints, source, captureId: from }) => [endpoints, source, from]),
    [
      [["10.0.0.5:5432", "10.0.0.6:5432"], "earlier", "20261122T031000Z-cn14-muskie_7-4f2a91"],
      [["10.0.0.7:2021"], "earlier", "20261122T031000Z-cn14-muskie_7-4f2a91"],
    ],
  );
  assert.deepEqual(await earlierPeers(spool, { captureId, target: TARGET }), []);
  assert.deepEqual(await earlierPeers(join(spool, "nowhere"), { captureId, target: SERVICE }), []);
});
