// Needs: request-tracker5. The note on a real Request Tracker.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { NoteError } from "../../src/errors.ts";
import { openFound } from "../../src/incident/open-record.ts";
import { Incident } from "../../src/settings-incidents.ts";
import { startFaultProxy } from "../helpers/fault-proxy.ts";
import { doubles, injectFaults, noteNumber, postUntilThere } from "../helpers/post-with-faults.ts";
import { startRt, type Rt } from "../helpers/rt.ts";
import { sampleNote } from "./sample-note.ts";

const Comments = z.object({ items: z.array(z.object({ id: z.coerce.string(), Data: z.string() })) });
const Ticket = z.object({ _hyperlinks: z.array(z.object({ ref: z.string(), _url: z.string().optional() })) });

/** A request takes seconds where the machine is busy. */
const SLOW = { timeoutMs: 30_000, patience: { deadlineMs: 60_000, firstPauseMs: 50 } };

const failure = async (work: Promise<unknown> | undefined) => {
  const error = await work?.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof NoteError, String(error));
  return `${error.message}; ${error.hint}`;
};

describe("Request Tracker 5", () => {
  const folder = mkdtempSync(join(tmpdir(), "rt-test-"));
  let rt: Rt;
  before(async () => {
    rt = await startRt();
    writeFileSync(join(folder, "token"), rt.token, { mode: 0o600 });
    writeFileSync(join(folder, "weak"), rt.weak, { mode: 0o600 });
    writeFileSync(join(folder, "wrong"), "1-31-0123456789", { mode: 0o600 });
  });
  after(async () => {
    await rt.stop();
    rmSync(folder, { recursive: true });
  });

  const open = (ticket: number, options: { token?: string; url?: string; quietMs?: number } = {}) => {
    const { token = "token", url = rt.url, quietMs = 60_000 } = options;
    const match = String.raw`^rt:(?<id>\d+)$`;
    const settings = Incident.parse({ match, type: "rt", url, tokenFile: join(folder, token) });
    return openFound(settings, `rt:${ticket}`, { folder, engine: { ...SLOW, quietMs } });
  };
  const comments = async (ticket: number) => {
    const search = [
      { field: "ObjectType", value: "RT::Ticket" },
      { field: "ObjectId", value: String(ticket) },
      { field: "Type", value: "Comment" },
    ];
    const found = await rt.post("/transactions?fields=Data&per_page=100", search);
    return Comments.parse(found).items.map(({ id, Data }) => ({ id, text: Data, author: "exhibit" }));
  };
  const links = async (ticket: number) =>
    Ticket.parse(await rt.get(`/ticket/${ticket}`))._hyperlinks.flatMap(({ ref, _url }) =>
      ref === "refers-to" && _url !== undefined ? [_url] : [],
    );
  const alone = new AbortController().signal;
  test("has the note and the link once, keeps other links, and gets one short second note with the outcome", async () => {
    const [, , ticket] = rt.tickets;
    const record = open(ticket);
    const other = noteNumber(1);
    await record.post(other, "");

    const states = [];
    for (const outcome of [undefined, undefined, sampleNote.outcome, sampleNote.outcome])
      states.push((await record.post({ ...sampleNote, outcome }, "")).state);

    assert.deepEqual(states, ["posted", "present", "updated", "present"]);
    const ids = [sampleNote, other].map((note) => note.captureId);
    assert.deepEqual(
      (await comments(ticket)).map(({ text }) => text.trim()),
      [`Evidence exhibit:${ids[1]}/5`, `Evidence exhibit:${ids[0]}/1`, `Evidence exhibit:${ids[0]}/5`],
    );
    assert.deepEqual(
      (await links(ticket)).toSorted(),
      [other, sampleNote].map((note) => note.bundle.url).toSorted(),
    );
  });

  test("says beforehand what stands in the way: closed, not there, not allowed, wrong token", async () => {
    const [ticket, closed] = rt.tickets;

    assert.equal(await open(ticket).preflight?.(alone), undefined);
    assert.equal(await open(closed).preflight?.(alone), "the ticket is resolved");
    assert.match(await failure(open(99).preflight?.(alone)), /not there, or we may not see it.*--to REF/);
    assert.match(
      await failure(open(ticket, { token: "weak" }).preflight?.(alone)),
      /the account lacks: CommentOnTicket/,
    );
    assert.match(
      await failure(open(ticket, { token: "wrong" }).preflight?.(alone)),
      /token is wrong or expired.*wrong/,
    );
  });

  test("refuses the link of an account that may not modify the ticket, and we notice", async () => {
    const [ticket] = rt.tickets;

    assert.match(
      await failure(open(ticket, { token: "weak" }).post(sampleNote, "")),
      /needs: .*ModifyTicket/,
    );
    assert.deepEqual(await comments(ticket), []);
  });

  test("takes the report as an attachment once", async () => {
    const [ticket] = rt.tickets;
    const file = { name: "x-report.html", mediaType: "text/html", bytes: Buffer.from("<p>hello</p>") };

    assert.equal((await open(ticket).attach?.(sampleNote, file))?.state, "posted");
    assert.equal((await open(ticket).attach?.(sampleNote, file))?.state, "present");
  });

  test("has 5 notes once each although every third request goes wrong", async () => {
    const [ticket] = rt.tickets;
    const proxy = await startFaultProxy(rt.url);
    const random = { faultOf: proxy.faultOf };
    injectFaults(random, 7);
    // What takes longer than we wait would take half a minute here.
    proxy.faultOf = () => {
      const fault = random.faultOf();
      return fault === "slow" || fault === "late" ? "lost" : fault;
    };
    const notes = Array.from({ length: 5 }, (_, index) => noteNumber(100 + index));

    for (const note of notes) await postUntilThere(open(ticket, { url: proxy.url, quietMs: 200 }), note);

    assert.deepEqual(doubles(notes, await comments(ticket), await links(ticket)), []);
    proxy.close();
  });
});
