// Needs: a minute. Every vendor against a server that takes only what the vendor documents.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BusyRecordError, NoteError } from "../../src/errors.ts";
import { openFound } from "../../src/incident/open-record.ts";
import type { EngineOptions } from "../../src/incident/system-record.ts";
import { VENDORS } from "../helpers/contracts/index.ts";
import { startContractServer, type ContractServer } from "../helpers/contracts/server.ts";
import { settingsOf, type Vendor } from "../helpers/contracts/vendor.ts";
import { doubles, HASTY, injectFaults, noteNumber, postUntilThere } from "../helpers/post-with-faults.ts";
import { sampleNote } from "./sample-note.ts";

// Nothing is measured here: a machine with a load of twenty stands still for seconds.
const PATIENT: EngineOptions = { ...HASTY, timeoutMs: 60_000 };

const folder = mkdtempSync(join(tmpdir(), "systems-"));
after(() => rmSync(folder, { recursive: true }));

async function failure(work: Promise<unknown> | undefined): Promise<NoteError> {
  const error = await work?.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof NoteError, `no NoteError: ${String(error)}`);
  return error;
}

describe("vendors", { concurrency: VENDORS.length }, () => {
  for (const makeVendor of VENDORS)
    describe(`${makeVendor().name}, by its contract`, { concurrency: 1 }, () => {
      let vendor: Vendor;
      let server: ContractServer;
      let tokenFile = "";
      const open = (
        options: { engine?: EngineOptions; token?: string; reference?: string; url?: string } = {},
      ) => {
        const { engine = PATIENT, token, reference = vendor.reference, url = server.url } = options;
        return openFound(settingsOf(vendor, url, tokenFile, token), reference, { folder, engine });
      };
      before(async () => {
        vendor = makeVendor();
        server = await startContractServer(vendor.contract);
        tokenFile = join(folder, vendor.name.replaceAll(" ", "-"));
      });
      after(() => server.close());
      const alone = { signal: new AbortController().signal };

      test("a note is posted once, completed when the outcome is known, and found again", async () => {
        const running = { state: "running", startedAt: sampleNote.finishedAt } as const;

        const states = [];
        for (const outcome of [undefined, running, running, sampleNote.outcome, sampleNote.outcome])
          states.push((await open().post({ ...sampleNote, outcome }, vendor.reference)).state);

        assert.deepEqual(states, ["posted", "updated", "present", "updated", "present"]);
        assert.deepEqual(server.refused, []);
        assert.deepEqual(doubles([sampleNote], vendor.notes, vendor.links?.()), []);
        assert.match(vendor.notes[0]?.text ?? "", /exhibit:20261122T031207Z-cn14-muskie_7-4f2a91\/5/);
      });

      test("one that tells less does not replace one that tells more, unless it is told to", async () => {
        const note = { ...sampleNote, outcome: undefined };

        assert.equal((await open().post(note, vendor.reference)).state, "present");
        assert.equal((await open().post(sampleNote, vendor.reference, { supersede: true })).state, "updated");
        assert.deepEqual(server.refused, []);
      });

      test("what somebody else wrote about a bundle is not taken for its note", async () => {
        const note = noteNumber(0xabc);
        vendor.addForeign(`see ${note.bundle.url} [exhibit:${note.captureId}/5] what is this?`);

        assert.equal((await open().post(note, vendor.reference)).state, "posted");
        assert.deepEqual(doubles([note], vendor.notes, vendor.links?.()), []);
      });

      test("a note is found behind more than one page of others", async () => {
        const note = noteNumber(0xdef);
        await open().post(note, vendor.reference);
        for (let index = 0; index < 120; index++) vendor.addForeign(`comment ${index}`);

        assert.equal((await open().post(note, vendor.reference)).state, "present");
        assert.deepEqual(server.refused, []);
      });

      test("the record is asked beforehand: it is there and we may write", async () => {
        assert.equal(await open().preflight?.(alone.signal), undefined);
        assert.deepEqual(server.refused, []);
      });

      test("a record that is not there is one sentence, and the note waits", async () => {
        for (const work of [
          () => open({ reference: vendor.missing }).preflight?.(alone.signal),
          () => open({ reference: vendor.missing }).post(sampleNote, vendor.missing),
        ]) {
          const error = await failure(work());
          assert.equal(error.retryable, true);
          assert.match(
            `${error.message}; ${error.hint}`,
            /it is not there, or we may not see it.*--to REF|may not.*account needs/,
          );
        }
      });

      test("a reference that cannot be one of the system is said so, with the way to write it", () => {
        assert.throws(
          () => open({ reference: "nonsense nonsense" }),
          (error) => error instanceof NoteError && error.retryable && error.hint !== undefined,
        );
      });

      test("a wrong or expired token is told with its file, and the token is not", async () => {
        const error = await failure(open({ token: "s3cr3t-expired" }).post(sampleNote, vendor.reference));

        assert.equal(error.retryable, true);
        assert.match(error.message, /the token is wrong or expired/);
        assert.ok(error.hint?.includes(tokenFile));
        assert.doesNotMatch(`${error.message}${error.hint}`, /s3cr3t/);
      });

      test("a token file that others may read is refused before anything is sent", async () => {
        const record = open();
        chmodSync(tokenFile, 0o644);
        const seen = server.seen.length;

        const error = await failure(record.post(sampleNote, vendor.reference));

        assert.equal(error.hint, `chmod 0600 ${tokenFile}; then: exhibit push`);
        assert.equal(server.seen.length, seen);
      });

      for (const [fault, words] of [
        [403, /may not .*account needs/],
        ["html", /a web page answered, not the system's API; check url and token/],
        ["redirect", /sends us to another address; a token does not follow/],
        [409, /cannot .* now: status 409/],
        ["cut", /cannot .*: the answer is not what the system documents/],
      ] as const)
        test(`that says ${fault} is one sentence with what to do, and the note waits`, async () => {
          server.faultOf = () => fault;
          const engine = { ...PATIENT, patience: { deadlineMs: 0, firstPauseMs: 5 } };

          const error = await failure(open({ engine }).post(noteNumber(1), vendor.reference));
          server.faultOf = () => undefined;

          assert.equal(error.retryable, true);
          assert.match(`${error.message}; ${error.hint}`, words);
          assert.doesNotMatch(`${error.message}${error.hint}`, /\n/);
        });

      test("that is busy for longer than we wait is left alone as long as it asks", async () => {
        server.faultOf = () => 429;
        server.retryAfter = "120";

        const error = await failure(open().post(noteNumber(1), vendor.reference));
        server.faultOf = () => undefined;
        server.retryAfter = "0";

        assert.ok(error instanceof BusyRecordError);
        assert.equal(error.retryAfterMs, 120_000);
      });

      test("that is not there at all is tried again later", async () => {
        const gone = await startContractServer(vendor.contract);
        gone.close();

        const error = await failure(open({ url: gone.url }).post(sampleNote, vendor.reference));

        assert.equal(error.retryable, true);
        assert.match(error.message, /ECONNREFUSED/);
      });

      test("a dry run shows the requests, the secret masked", () => {
        const requests = open().plan?.(sampleNote, vendor.reference) ?? [];

        assert.ok(requests.length >= 3);
        assert.ok(requests.every((request) => request.includes("***")));
        assert.ok(!requests.join().includes(vendor.token));
        assert.ok(
          requests.some((request) => request.startsWith("POST ") && request.includes(sampleNote.captureId)),
        );
      });

      test("20 notes with a fault in every third request are there once each", async () => {
        const notes = Array.from({ length: 20 }, (_, index) => noteNumber(1000 + index));
        injectFaults(server, 42);

        for (const note of notes) {
          await postUntilThere(open({ engine: HASTY }), { ...note, outcome: undefined });
          await postUntilThere(open({ engine: HASTY }), note);
        }
        server.faultOf = () => undefined;

        assert.deepEqual(doubles(notes, vendor.notes, vendor.links?.()), []);
        assert.deepEqual(server.refused, []);
      });
    });
});

test("Jira takes the report once, and nothing above its limit", async () => {
  const vendor = VENDORS[0]?.() ?? assert.fail();
  const server = await startContractServer(vendor.contract);
  const record = openFound(settingsOf(vendor, server.url, join(folder, "attach")), vendor.reference, {
    folder,
    engine: PATIENT,
  });
  const report = { name: "x-report.html", mediaType: "text/html", bytes: Buffer.from("<p>hello") };

  assert.equal((await record.attach?.(sampleNote, report))?.state, "posted");
  assert.equal((await record.attach?.(sampleNote, report))?.state, "present");
  const large = { ...report, name: "y-report.html", bytes: Buffer.alloc(1001) };
  assert.match(
    (await failure(record.attach?.(sampleNote, large))).message,
    /has 1001 bytes; the site takes 1000/,
  );

  assert.deepEqual(vendor.attachments?.(), ["x-report.html"]);
  assert.deepEqual(server.refused, []);
  server.close();
});
