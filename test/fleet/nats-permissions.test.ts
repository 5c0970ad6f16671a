// Needs: nats-server
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, credsAuthenticator, headers, type NatsConnection } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { z } from "zod";
import { PAUSES, subjects } from "../../src/fleet/contract.ts";
import { makeCertificates } from "../../src/fleet/nats/certificates.ts";
import { connectBus } from "../../src/fleet/nats/connection.ts";
import { openIdentities } from "../../src/fleet/nats/identities.ts";
import { openPausesBucket, STREAM } from "../../src/fleet/nats/pauses-bucket.ts";
import { agentPermissions } from "../../src/fleet/nats/permissions.ts";
import type { FleetSettings } from "../../src/settings.ts";
import { speakPlainly, startBus, type TestBus } from "../helpers/nats.ts";
import { until } from "../helpers/until.ts";

const LIMIT_MS = 30_000;
const undo: (() => Promise<void>)[] = [];
let bus: TestBus;
let as: Readonly<Record<"h1" | "h2" | "operator" | "viewer", NatsConnection>>;

before(async () => {
  bus = await startBus({ after: (work) => void undo.push(work) }, [
    { name: "h1", services: [] },
    { name: "h2", services: ["web"] },
  ]);
  const [h1, h2, operator, viewer] = await Promise.all(
    ["h1", "h2", "operator", "viewer"].map((name) => bus.connectAs(name)),
  );
  assert.ok(h1 && h2 && operator && viewer);
  as = { h1, h2, operator, viewer };
});
after(async () => {
  for (const work of undo) await work();
});

function by(credentials: string) {
  return credsAuthenticator(new TextEncoder().encode(credentials));
}

function joinAsViewer(server: TestBus) {
  return connectBus({
    settings: server.settings("viewer"),
    label: "test",
    name: "viewer",
    isOneOfMany: false,
    say: () => undefined,
  });
}

/** What the server refuses this client until `count` refusals came. */
async function refusals(connection: NatsConnection, attack: () => unknown, count = 1): Promise<string[]> {
  const seen: string[] = [];
  const statuses = connection.status();
  const watch = (async () => {
    for await (const status of statuses) {
      if (status.type !== "error") continue;
      seen.push(status.error.message);
      if (seen.length >= count) break;
    }
  })();
  await attack();
  await until(() => seen.length >= count, LIMIT_MS, `refused: ${seen.join()}`);
  await watch;
  return seen;
}

const why = (work: Promise<unknown>) =>
  work.then(
    () => "it worked",
    (error: Error) =>
      `${error.name} ${error.message} ${error.cause instanceof Error ? error.cause.name : ""}`,
  );

test("an operator's request is answered by the host, and by nobody else", async () => {
  const served = as.h2.subscribe(subjects.capture("h2"), {
    callback: (error, message) => void (error === null && message.respond("h2 here")),
  });
  await as.h2.flush();

  const answer = await as.operator.request(subjects.capture("h2"), "{}", { timeout: LIMIT_MS });

  assert.equal(answer.string(), "h2 here");
  served.unsubscribe();
});

test("an agent cannot speak as another host", async () => {
  const heard: string[] = [];
  const listening = as.operator.subscribe("ex.v1.evt.>", {
    callback: (_, message) => void heard.push(message.subject),
  });
  await as.operator.flush();

  const refused = await refusals(as.h1, () => as.h1.publish(subjects.event("h2", "job-00001"), "{}"));
  as.h1.publish(subjects.event("h1", "job-00001"), "{}");

  await until(() => heard.length > 0, LIMIT_MS, "its own event is heard");
  assert.match(refused[0] ?? "", /permissions violation for publish/i);
  assert.deepEqual(heard, [subjects.event("h1", "job-00001")]);
  listening.unsubscribe();
});

test("neither a viewer nor an agent can order a capture", async () => {
  let ordered = 0;
  const served = as.h2.subscribe(subjects.capture("h2"), { callback: () => void ordered++ });
  await as.h2.flush();

  const outcomes = await Promise.all(
    [as.viewer, as.h1].map((one) => why(one.request(subjects.capture("h2"), "{}", { timeout: 5000 }))),
  );

  await as.h2.flush();
  for (const outcome of outcomes) assert.match(outcome, /PermissionViolationError/);
  assert.equal(ordered, 0);
  served.unsubscribe();
});

test("an agent hears nothing that is not for it: not requests, not inboxes, not with a wildcard", async () => {
  let spied = 0;
  const subscribe = () => {
    for (const subject of [subjects.capture("h2"), "ex.v1.host.>", `${subjects.inbox("operator")}.>`, ">"])
      as.h1.subscribe(subject, { callback: (error) => void (error === null && spied++) });
  };
  const served = as.h2.subscribe(subjects.status("h2"), {
    callback: (_, message) => void message.respond("{}"),
  });
  await as.h2.flush();

  const refused = await refusals(as.h1, subscribe, 4);
  await as.operator.request(subjects.status("h2"), "{}", { timeout: LIMIT_MS });
  await as.h1.flush();

  for (const text of refused) assert.match(text, /permissions violation for subscription/i);
  assert.equal(spied, 0);
  served.unsubscribe();
});

test("an agent can write to no inbox unasked, and answers a request once", async () => {
  const unasked = await refusals(as.h1, () => as.h1.publish(`${subjects.inbox("operator")}.guess`, "{}"));
  const served = as.h1.subscribe(subjects.status("h1"), {
    callback: (_, message) => {
      message.respond("first");
      message.respond("second");
    },
  });
  await as.h1.flush();
  let answer = "";
  const twice = await refusals(as.h1, async () => {
    answer = (await as.operator.request(subjects.status("h1"), "{}", { timeout: LIMIT_MS })).string();
  });

  assert.match(unasked[0] ?? "", /permissions violation for publish/i);
  assert.match(twice[0] ?? "", /permissions violation for publish/i);
  assert.equal(answer, "first");
  served.unsubscribe();
});

test("an agent takes the pauses of its own services, and cannot change, sweep or remove the bucket", async () => {
  await openPausesBucket(as.h1);
  const own = await openPausesBucket(as.h2);
  const revision = await own.create("web.0", "h2");
  const manager = await jetstreamManager(as.h1, { checkAPI: false });
  const sweep = headers();
  sweep.set("Nats-Rollup", "all");

  const other = await refusals(as.h2, () => as.h2.publish(`$KV.${PAUSES.bucket}.db.0`, "mine"));
  const removed = await refusals(
    as.h1,
    () =>
      Promise.all([
        why(as.h1.request(`$JS.API.STREAM.DELETE.${STREAM}`, "", { timeout: 5000 })),
        why(as.h1.request(`$JS.API.STREAM.PURGE.${STREAM}`, "", { timeout: 5000 })),
        why(as.h1.request(`$JS.API.STREAM.UPDATE.${STREAM}`, "", { timeout: 5000 })),
        why(as.h1.request(`$JS.API.STREAM.MSG.DELETE.${STREAM}`, "", { timeout: 5000 })),
      ]),
    4,
  );
  const swept = await as.h1.request(`$KV.${PAUSES.bucket}.db.0`, "x", { headers: sweep, timeout: LIMIT_MS });
  const remade = await why(manager.streams.add({ name: STREAM, subjects: ["other.>"], max_age: 1e9 }));

  for (const text of [...other, ...removed]) assert.match(text, /permissions violation for publish/i);
  assert.match(swept.string(), /rollup not permitted/);
  assert.match(remade, /already in use/);
  assert.equal((await own.get("web.0"))?.revision, revision);
});

test("credentials that expired are refused, and who is connected by them is cut off", async () => {
  const identities = await openIdentities(join(bus.folder, "keys"));
  const exp = Math.ceil(Date.now() / 1000) + 2;
  const creds = new TextEncoder().encode(await identities.user("h3", agentPermissions("h3"), exp));
  const options = {
    servers: `tls://127.0.0.1:${bus.port}`,
    tls: { ca: bus.ca },
    authenticator: credsAuthenticator(creds),
    reconnect: false,
  };

  const connection = await connect(options);
  const cut = await refusals(connection, () => undefined);
  await connection.closed();
  // A token is good until its second is over.
  await until(() => Date.now() / 1000 > exp + 1, LIMIT_MS);
  const again = await why(connect(options));

  assert.match(cut[0] ?? "", /authentication expired/i);
  assert.match(again, /Authorization|AuthenticationExpired/);
});

test("without TLS, our authority, or credentials that the account has signed nobody gets in", async () => {
  const servers = `tls://127.0.0.1:${bus.port}`;
  const good = readFileSync(bus.credentials("h1"), "utf8");
  // One letter of the token's body: h1 would be another.
  const [head = "", body = "", mark = ""] = (/eyJ\S+/.exec(good)?.[0] ?? "").split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
  const forged = Buffer.from(JSON.stringify({ ...claims, name: "h2" })).toString("base64url");
  const tampered = good.replace(`${head}.${body}.${mark}`, `${head}.${forged}.${mark}`);
  const strict = { servers, maxReconnectAttempts: 0, reconnect: false };

  const [noCredentials, tamperedToken, unknownAuthority] = await Promise.all([
    why(connect({ ...strict, tls: { ca: bus.ca } })),
    why(connect({ ...strict, tls: { ca: bus.ca }, authenticator: by(tampered) })),
    why(connect({ ...strict, tls: {}, authenticator: by(good) })),
  ]);
  const plain = await speakPlainly(bus.port, 'CONNECT {"verbose":true}\r\nPING\r\n');

  assert.notEqual(tampered, good);
  assert.match(noCredentials, /Authorization/);
  assert.match(tamperedToken, /Authorization/);
  assert.match(unknownAuthority, /certificate/i);
  assert.match(plain, /^INFO .*"tls_required":true/);
  assert.doesNotMatch(plain, /PONG|\+OK/);
});

test("our own client trusts no other authority, and no server without TLS", async (t) => {
  const stranger = mkdtempSync(join(tmpdir(), "exhibit-stranger-"));
  t.after(() => rmSync(stranger, { recursive: true }));
  await makeCertificates(stranger, { keys: stranger, server: stranger, names: ["localhost"] });
  const plain = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end('INFO {"server_id":"x","version":"2.9.10","max_payload":1000,"proto":1}\r\n');
  });
  await once(plain.listen(0, "127.0.0.1"), "listening");
  t.after(() => plain.close());
  const { port } = z.object({ port: z.number() }).parse(plain.address());
  const settings = bus.settings("h1");
  const joinWith = (more: Partial<FleetSettings>) =>
    why(
      connectBus({
        settings: { ...settings, ...more },
        label: "test",
        name: "h1",
        isOneOfMany: false,
        say: () => undefined,
      }),
    );

  const outcomes = [
    await joinWith({ caFile: join(stranger, "ca.pem") }),
    await joinWith({ servers: [`tls://127.0.0.1:${port}`] }),
    await joinWith({ caFile: join(stranger, "none.pem") }),
  ];

  assert.match(outcomes[0] ?? "", /certificate/i);
  assert.match(outcomes[1] ?? "", /does not support 'tls'/);
  assert.match(outcomes[2] ?? "", /none\.pem: cannot be read/);
});

test("a server that is reached by its address has it in its certificate", async (t) => {
  const [right, wrong] = [await startBus(t, [], ["127.0.0.1"]), await startBus(t, [], ["bus.example.test"])];

  const joined = await joinAsViewer(right);
  const refused = await why(joinAsViewer(wrong));

  assert.equal(joined.isConnected(), true);
  assert.match(refused, /does not match certificate/);
  await joined.close();
});
