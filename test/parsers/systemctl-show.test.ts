import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSystemctlShow } from "../../src/parsers/systemctl-show.ts";

test("the state of a unit is read in whatever order its properties come", () => {
  const unit = parseSystemctlShow(
    "NRestarts=2\nMainPID=75\nControlGroup=/system.slice/a=b.service\nActiveState=active\nId=a=b.service\nLoadState=loaded\nInvocationID=9f\nActiveEnterTimestamp=Mon 2026-11-23 20:36:06 UTC\n",
  );

  assert.deepEqual(unit, {
    id: "a=b.service",
    loadState: "loaded",
    activeState: "active",
    mainPid: 75,
    controlGroup: "/system.slice/a=b.service",
    invocationId: "9f",
    restarts: 2,
  });
});

test("a main process that systemd does not know is unknown, not zero", () => {
  const unit = parseSystemctlShow(
    "Id=x.service\nLoadState=not-found\nActiveState=inactive\nMainPID=0\nControlGroup=\n",
  );

  assert.equal(unit?.mainPid, undefined);
  assert.equal(unit?.controlGroup, undefined);
  assert.equal(unit?.restarts, undefined);
});

test("an answer that is no unit's state gives nothing, and no text makes the parser throw", () => {
  assert.equal(parseSystemctlShow("System has not been booted with systemd as init system"), undefined);
  fc.assert(fc.property(fc.string(), (text) => void parseSystemctlShow(text)));
});
