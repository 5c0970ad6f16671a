import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNodeArguments } from "../../src/parsers/node-arguments.ts";

test("the last word about the port wins, and the command line comes after NODE_OPTIONS", () => {
  const asked = parseNodeArguments(["--inspect-port=1.2.3.4:7001", "app.js"], "--inspect=7000 --no-warnings");

  assert.deepEqual(asked, {
    port: 7001,
    asksForInspector: true,
    hasPermissionModel: false,
    disablesSigusr1: false,
  });
});

test("without a word it is Node's own port, and other flags are seen wherever they stand", () => {
  const asked = parseNodeArguments(["--permission", "app.js", "--disable-sigusr1"], "");

  assert.deepEqual(asked, {
    port: 9229,
    asksForInspector: false,
    hasPermissionModel: true,
    disablesSigusr1: true,
  });
});
