import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { BusyRecordError, NoteError } from "../../src/errors.ts";
import { renderEvent } from "../../src/incident/webhook-event.ts";
import { openWebhookRecord, webhookKey } from "../../src/incident/webhook-record.ts";
import { hostileNote, hostileText } from "./hostile-note.ts";
import { sampleNote } from "./sample-note.ts";

const key = randomBytes(32);

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** As the specification tells receivers to check, written anew. */
function isGenuine({ headers, body }: Received): boolean {
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const expected = createHmac("sha256", key).update(signed).digest("base64");
  const age = Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"]));
  return age < 300 && String(headers["webhook-signature"]).split(" ").includes(`v1,${expected}`);
}

async function failure(posting: Promise<unknown>): Promise<NoteError> {
  const error = await posting.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof NoteError, String(error));
  assert.doesNotMatch(`${error.message}${error.hint}`, /s3cr3t|whsec_[A-Za-z0-9+/]{20}/);
  return error;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function say200(_request: IncomingMessage, response: ServerResponse): void {
  response.end();
}

describe("a webhook record", () => {
  let folder = "";
  let secretFile = "";
  let url = "";
  let received: Received[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void = say200;

  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
      answer(request, response);
    });
  });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "webhook-record-"));
    secretFile = join(folder, "hook");
    await writeFile(secretFile, `whsec_${key.toString("base64")}\n`, { mode: 0o600 });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${portOf(server)}/in/s3cr3t-path?token=s3cr3t-query`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    received = [];
  });

  const hasty = () => openWebhookRecord({ url, secretFile, timeoutMs: 150 }).post(sampleNote, "INC-4211");
  const post = (note = sampleNote) =>
    openWebhookRecord({ url, secretFile, timeoutMs: 5000 }).post(note, "INC-4211");
  const answering = (status: number, headers: Record<string, string> = {}, body = "") => {
    answer = (_request, response) => void response.writeHead(status, headers).end(body);
  };

  test("gets one signed CloudEvent", async () => {
    answering(204);

    const posted = await post();

    assert.deepEqual(posted, { state: "posted", where: `${new URL(url).origin}/…` });
    const [request] = received;
    assert.ok(request && received.length === 1);
    assert.ok(isGenuine(request));
    assert.equal(isGenuine({ ...request, body: `${request.body} ` }), false);
    assert.equal(request.headers["webhook-id"], `${sampleNote.captureId}.outcome`);
    assert.equal(request.headers["content-type"], "application/cloudevents+json; charset=utf-8");
    const { data, ...event } = JSON.parse(request.body);
    assert.deepEqual(event, {
      specversion: "1.0",
      id: `${sampleNote.captureId}.outcome`,
      source: "exhibit://us-east-cn14",
      type: "dev.exhibit.bundle.sealed.v1",
      subject: "INC-4211",
      time: "2026-11-22T03:12:33Z",
      datacontenttype: "application/json",
    });
    assert.equal(data.url, sampleNote.bundle.url);
    assert.equal(data.readings.length, 2);
    assert.deepEqual(data.outcome, {
      state: "ended",
      startedAt: "2026-11-22T03:12:33.600Z",
      durationMs: 2100,
      exitCode: 0,
    });
  });

  test("gets another id before the outcome is known, and the same id and body over repetitions", async () => {
    answering(200, {}, "ok");

    await post({ ...sampleNote, outcome: undefined });
    await post({ ...sampleNote, outcome: { state: "running", startedAt: sampleNote.finishedAt } });
    await post();
    await post();

    assert.deepEqual(
      received.map(({ headers }) => String(headers["webhook-id"]).split(".").at(-1)),
      ["sealed", "sealed", "outcome", "outcome"],
    );
    assert.equal(received[2]?.body, received[3]?.body);
  });

  test("that dropped the connection after it took the event is tried again", async () => {
    answer = (request) => void request.socket.destroy();

    assert.equal((await failure(post())).retryable, true);
    assert.equal(received.length, 1);
  });

  for (const [status, retryable] of [
    [400, false],
    [401, true],
    [404, true],
    [410, false],
    [413, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ] as const)
    test(`that answers ${status} is ${retryable ? "tried again later" : "given up"}`, async () => {
      answering(status, {}, "no \u001b[31mtoken");

      const error = await failure(post());

      assert.equal(error.retryable, retryable);
      assert.ok(error.message.endsWith(`status ${status}: no \\x1b[31mtoken`), error.message);
      assert.equal(received.length, 1);
    });

  test("that asks for time gets it", async () => {
    answering(429, { "retry-after": "120" });

    const error = await failure(post());

    assert.ok(error instanceof BusyRecordError);
    assert.equal(error.retryAfterMs, 120_000);
    assert.equal(error.hint, "try again in 120 s");
  });

  test("that redirects is given up, and the other place gets nothing", async () => {
    answer = (request, response) =>
      void (request.url === "/else" ? response.end() : response.writeHead(307, { location: "/else" }).end());

    const error = await failure(post());

    assert.equal(error.retryable, false);
    assert.equal(received.length, 1);
  });

  test("that shows a login page took nothing, one that says ok as HTML did", async () => {
    answering(200, { "content-type": "text/html" }, "\n<!DOCTYPE html><html><title>Log in</title>");
    assert.match((await failure(post())).message, /a web page, not a receiver's answer/);

    answering(200, { "content-type": "text/html" }, "ok");
    assert.equal((await post()).state, "posted");
  });

  test("that never answers, or never ends its answer, is left after the time limit", async () => {
    answer = () => undefined;
    assert.match((await failure(hasty())).message, /no answer in time/);

    answer = (_request, response) => void response.writeHead(200).write("o");
    assert.equal((await failure(hasty())).retryable, true);
  });

  test("may answer at any length", async () => {
    answering(200, {}, "x".repeat(5_000_000));

    assert.equal((await post()).state, "posted");
  });

  test("that is not there is tried again", async () => {
    const record = openWebhookRecord({ url: "http://127.0.0.1:1/", secretFile });

    assert.equal((await failure(record.post(sampleNote, "INC-4211"))).retryable, true);
  });

  test("gets nothing when the secret is open to others", async () => {
    const open = join(folder, "open");
    await writeFile(open, `whsec_${key.toString("base64")}`, { mode: 0o644 });

    const error = await failure(openWebhookRecord({ url, secretFile: open }).post(sampleNote, "INC-4211"));

    assert.equal(error.hint, `chmod 0600 ${open}`);
    assert.equal(received.length, 0);
  });
});

test("a secret that is none is refused without being told", () => {
  for (const secret of ["", "hunter2hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_***"])
    assert.throws(
      () => webhookKey(secret, "/x"),
      (error) =>
        error instanceof NoteError &&
        !error.retryable &&
        (secret === "" || !error.message.includes(`${secret}:`)) &&
        !error.message.includes("hunter2"),
    );
});

test("the body stays below 20 KB and without control characters whatever the note holds", () => {
  fc.assert(
    fc.property(hostileNote, hostileText, (note, incident) => {
      const body = renderEvent(note, incident);

      assert.ok(Buffer.byteLength(body) < 20_000);
      assert.doesNotMatch(body, /\p{Cc}|\p{Cs}/u);
      const event = JSON.parse(body);
      assert.doesNotMatch(
        `${event.subject}${event.source}${event.data.target}${event.data.reason}`,
        /\p{Cc}|\p{Cs}|[\u200b-\u200f\u2028-\u202e]/u,
      );
    }),
    { numRuns: 200 },
  );
});
