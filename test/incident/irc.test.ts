// Needs: ngircd. The note in a channel of a real IRC server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LostAnswerError, NoteError } from "../../src/errors.ts";
import { openFound } from "../../src/incident/open-record.ts";
import { Incident } from "../../src/settings-incidents.ts";
import {
  readChannel,
  startIrc,
  startIrcProxy,
  type Break,
  type IrcProxy,
  type IrcReader,
} from "../helpers/irc.ts";
import { noteNumber } from "../helpers/post-with-faults.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";
import { sampleNote } from "./sample-note.ts";

const CHANNEL = "#incidents-jpc";

describe("an IRC channel", () => {
  let server: ServerProcess;
  let proxy: IrcProxy;
  let reader: IrcReader;
  before(async () => {
    server = await startIrc();
    proxy = await startIrcProxy(server.port);
    reader = await readChannel(server.port, CHANNEL);
  });
  after(async () => {
    reader.close();
    proxy.close();
    await server.stop();
  });

  const open = (reference = `chat:${CHANNEL}`, timeoutMs = 30_000) => {
    const match = String.raw`^chat:(?<id>[#&].*)$`;
    const settings = Incident.parse({ match, type: "irc", host: "127.0.0.1", port: proxy.port, tls: false });
    return openFound(settings, reference, {
      folder: "/nowhere",
      engine: { timeoutMs, patience: { deadlineMs: 60_000, firstPauseMs: 5 } },
    });
  };
  const heardOf = (captureId: string) =>
    reader.heard.filter((line) => line.includes(`exhibit:${captureId}/`));

  test("gets one line, one short second one with the outcome, and nothing that the receipt knows", async () => {
    const states = [];
    states.push((await open().post({ ...sampleNote, outcome: undefined }, "")).state);
    states.push((await open().post({ ...sampleNote, outcome: undefined }, "", { told: 1 })).state);
    states.push((await open().post(sampleNote, "", { told: 1 })).state);
    states.push((await open().post(sampleNote, "", { told: 5 })).state);

    assert.deepEqual(states, ["posted", "present", "updated", "present"]);
    await until(() => heardOf(sampleNote.captureId).length === 2, 30_000);
    assert.match(reader.heard[1] ?? "", /systemctl restart muskie@7 started 03:12:33Z, exit 0 after 2\.1 s/);
  });

  test("that is none is told, with the way to write one", () => {
    assert.throws(
      () => open("chat:#a b"),
      (error) => error instanceof NoteError && error.retryable && error.hint !== undefined,
    );
  });

  test("that we may not enter is told, and the note waits", async () => {
    const keeper = await readChannel(server.port, "#closed");
    keeper.send("MODE #closed +i");
    await until(() => keeper.lines.some((line) => line.includes("MODE #closed +i")), 30_000);

    const error = await open("chat:#closed")
      .post(noteNumber(1), "")
      .catch((thrown: unknown) => thrown);
    keeper.close();

    assert.ok(error instanceof NoteError && error.retryable, String(error));
    assert.match(error.message, /#closed on 127\.0\.0\.1: we may not speak there: .*473/);
  });

  test("gets no second line from a hostile note", async () => {
    const note = {
      ...noteNumber(2),
      host: "x\r\nPRIVMSG #incidents-jpc :owned\r\nQUIT :",
      target: "\u0001ACTION\u0001",
    };

    await open().post(note, "");

    await until(() => heardOf(note.captureId).length === 1, 30_000);
    assert.ok(!reader.heard.some((line) => line.startsWith("owned")));
  });

  test("is asked beforehand", async () => {
    assert.equal(await open().preflight?.(new AbortController().signal), undefined);
  });

  test("hears a line once although the connection breaks before, and when the answer is lost", async () => {
    const breaks: readonly Break[] = ["accept", "NICK", "JOIN", "001", "366", "after PRIVMSG"];
    for (const [index, at] of breaks.entries()) {
      const note = noteNumber(100 + index);
      let count = 0;
      proxy.breakOf = () => (count++ === 0 ? at : undefined);

      assert.equal((await open().post(note, "")).state, "posted", at);

      await until(() => heardOf(note.captureId).length === 1, 30_000, at);
    }
    proxy.breakOf = () => undefined;
  });

  test("never hears a line twice: one that nobody confirmed is not said again, and that is told", async () => {
    const note = noteNumber(200);
    proxy.breakOf = () => "before PRIVMSG";

    const error = await open(undefined, 8000)
      .post(note, "")
      .catch((thrown: unknown) => thrown);
    proxy.breakOf = () => undefined;

    assert.ok(error instanceof LostAnswerError, String(error));
    const again = await open()
      .post(note, "", { sentAt: error.sentAt })
      .catch((thrown: unknown) => thrown);
    assert.match(String(again), /look at the channel, and say it again with: .*--supersede/);
    assert.equal((await open().post(note, "", { sentAt: error.sentAt, supersede: true })).state, "posted");
    await until(() => heardOf(note.captureId).length === 1, 30_000);
  });
});
