import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Manifest } from "../../src/bundle/manifest.ts";
import { renderBundle } from "../../src/commands/show-page.ts";
import { styleOf } from "../../src/commands/style.ts";
import { sealBundle } from "../helpers/sealed-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-show-"));
after(() => rmSync(folder, { recursive: true }));

test("nothing that a stranger wrote into a manifest reaches the terminal as a control character", () => {
  const evil = "x\u001b]0;title\u0007\u001b[31m\n\u009b2J";
  const { path, captureId, manifestSha256, manifest: sealed } = sealBundle(folder);
  const collector = {
    name: evil,
    tool: evil,
    status: "partial",
    reason: evil,
    commands: [],
    bytes: 1,
  } as const;
  const manifest = Manifest.parse({
    ...sealed,
    stateReason: evil,
    reason: evil,
    operator: { ...sealed.operator, user: evil },
    incidents: [evil],
    profile: evil,
    target: { ...sealed.target, command: evil, runtime: { name: "node", version: evil } },
    host: { ...sealed.host, hostname: evil },
    mitigation: { argv: [evil] },
    collectors: [collector, { ...collector, durationMs: 5, observedPauseMs: 5 }],
    readings: [{ id: evil, collector: evil, text: evil, value: 1, unit: evil, line: evil, file: evil }],
  });

  for (const verbose of [false, true]) {
    const lines = renderBundle(
      {
        captureId,
        manifest,
        manifestSha256,
        path,
        store: evil,
        url: evil,
        link: evil,
        fetch: evil,
        openCore: [],
      },
      { style: styleOf({ colour: false }), columns: 80, verbose },
    );

    assert.deepEqual(
      lines.filter((line) => /\p{Cc}/u.test(line)),
      [],
    );
  }
});
