import assert from "node:assert/strict";
import { test } from "node:test";
import { waitingOf, type Told } from "../../src/upload/waiting.ts";

const AT = "2026-11-22T03:12:00.000Z";
const LATER = "2026-11-22T03:13:00.000Z";

type Facts = Partial<NonNullable<Told["receipt"]>> &
  Pick<Told, "outcome"> & { readonly capture?: Partial<Capture> };
type Capture = NonNullable<Told["capture"]>;

function waiting({ capture = {}, uploads = [], notes = [], ...rest }: Facts) {
  return waitingOf({
    capture: { incidents: [], store: "default", ...capture },
    receipt: { uploads, notes },
    ...rest,
  });
}

type Note = NonNullable<Told["receipt"]>["notes"][number];

function posted(incident: string, withOutcome = false): Note {
  return { incident, state: "posted", record: "file", withOutcome };
}

function unposted(record: string): Note {
  return { incident: "INC1", state: "waiting", record, withOutcome: false };
}

test("what was told after the upload and the note waits for both again", () => {
  const sent = { capture: { incidents: ["INC-1"] }, uploads: [{ confirmedAt: AT }] };
  const outcome = { endedAt: LATER };

  assert.deepEqual(waiting({ ...sent, notes: [posted("INC-1")] }), { upload: "uploaded", note: "posted" });
  assert.deepEqual(waiting({ ...sent, notes: [posted("INC-1")], outcome }), {
    upload: "waiting",
    note: "waiting",
  });
  assert.deepEqual(
    waiting({
      ...sent,
      uploads: [{ confirmedAt: LATER }],
      notes: [posted("INC-1", true)],
      outcome: { endedAt: AT },
    }),
    { upload: "uploaded", note: "posted" },
  );
});

test("what was not asked for does not wait, and each incident waits for itself", () => {
  const both = { incidents: ["INC-1", "INC-2"] };

  assert.equal(waiting({ capture: { store: undefined } })?.upload, "not-asked");
  assert.equal(waiting({ capture: { ...both, noNote: true } })?.note, "not-asked");
  assert.equal(waiting({ capture: both, notes: [posted("INC-1")] })?.note, "waiting");
  assert.equal(waiting({ capture: both, notes: [posted("INC-1"), posted("INC-2")] })?.note, "posted");
});

test("an incident without a record is done with once the note is elsewhere; one whose record is down is not", () => {
  const capture = { incidents: ["INC1"] };

  assert.equal(waiting({ capture, notes: [unposted("none")] })?.note, "waiting");
  assert.equal(waiting({ capture, notes: [unposted("none"), posted("INC-1")] })?.note, "posted");
  assert.equal(waiting({ capture, notes: [unposted("webhook"), posted("INC-1")] })?.note, "waiting");
});

test("of a bundle whose capture.json cannot be read nothing is claimed", () => {
  assert.equal(waitingOf({ receipt: { uploads: [{ confirmedAt: AT }], notes: [] } }), undefined);
});
