import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSvcsList } from "../../src/parsers/svcs-list.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("the state of a service, its contract, log and processes are read", () => {
  assert.deepEqual(parseSvcsList(fixture("illumos/svcs/lp-maintenance.txt")), {
    fmri: "svc:/example/application/moray:moray-2021",
    state: "maintenance",
    logFile: "/var/svc/log/example-application-moray:moray-2021.log",
    contract: 4123,
    pids: [1042, 1050],
    stateLine: "state        maintenance",
  });
});

test("a service that is changing its state has a mark, which is no part of the state", () => {
  assert.equal(parseSvcsList("state        offline*\n").state, "offline");
});

test("nothing makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parseSvcsList(text)));
});
