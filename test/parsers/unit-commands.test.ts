import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseUnitCommands } from "../../src/parsers/unit-commands.ts";

const CAT = `# /usr/lib/systemd/system/web.service
[Unit]
ExecStop=/not/of/this/section
[Service]
ExecStart=/bin/web
ExecStop=/bin/first
# ExecStop=/commented/out

# /etc/systemd/system/web.service.d/a.conf
ExecStop=/no/section/yet
[Service]
ExecStop=
ExecStop=-/bin/web --quit \\
# in between
   "a b" $MAINPID
ExecStop = +/bin/last

# /run/systemd/system/web.service.d/zz-exhibit-arm.conf
[Service]
ExecStop=
ExecStop=-+/bin/sh /run/exhibit/before-stop %n
`;
const OURS = "/run/systemd/system/web.service.d/zz-exhibit-arm.conf";

test("what a unit runs to stop is read over all its files, without ours", () => {
  assert.deepEqual(parseUnitCommands(CAT, "ExecStop", OURS), [
    '-/bin/web --quit "a b" $MAINPID',
    "+/bin/last",
  ]);
});

test("a unit without such commands has none, and no text throws", () => {
  assert.deepEqual(parseUnitCommands("[Service]\nExecStart=/bin/x\n", "ExecStop", OURS), []);
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseUnitCommands(text, "ExecStop", OURS))));
});
