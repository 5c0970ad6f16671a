import assert from "node:assert/strict";
import { test } from "node:test";
import { NoteError, SettingsError } from "../../src/errors.ts";
import { openRecord } from "../../src/incident/open-record.ts";
import type { IncidentSettings } from "../../src/settings.ts";

const settings: readonly IncidentSettings[] = [
  {
    match: String.raw`^INC-\d+$`,
    type: "webhook",
    url: "https://hooks.example.test/in/abc?key=1",
    secretFile: "hook",
  },
  { match: "^ops-", type: "file", path: "/srv/incidents" },
  { match: "^notes-", type: "file" },
];

test("the first settings that match an incident say where its notes go", () => {
  const places = ["INC-1", "ops-7", "notes-1"].map((incident) => {
    const { type, location } = openRecord(settings, incident, "/var/lib/exhibit/incidents");
    return [type, location];
  });

  assert.deepEqual(places, [
    ["webhook", "https://hooks.example.test/…"],
    ["file", "/srv/incidents"],
    ["file", "/var/lib/exhibit/incidents"],
  ]);
});

test("a note for an incident that no settings match waits for somebody to say where", () => {
  assert.throws(
    () => openRecord(settings, "else", "/x"),
    (error) => error instanceof NoteError && error.retryable && /matches/.test(error.message),
  );
});

test("a pattern that is none is a fault of the settings", () => {
  assert.throws(() => openRecord([{ match: "(", type: "file" }], "x", "/x"), SettingsError);
});
