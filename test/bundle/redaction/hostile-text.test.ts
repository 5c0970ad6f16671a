// Rules that go wrong on hostile text would hang the seal. CPU time is bounded, not the clock's: at this size linear work takes
// milliseconds, quadratic work half a minute or more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "../../../src/bundle/redaction/redactor.ts";

const QUARTER_OF_A_MIB = 256 * 1024;
const SECONDS = 3;
const values = ["aaaaaaaaaaaaaaaab", "abababababababac", "passwordpasswordpassw0rd"];
const redactor = createRedactor({ values, key: Buffer.alloc(32, 7) });

const pieces: readonly string[] = [
  "a",
  "a.",
  "-",
  "--",
  " ",
  "\t",
  "\n",
  "\0",
  "\\",
  '\\"',
  '"',
  "'a",
  "=",
  ":",
  "://",
  "://a:",
  "://:a",
  "@",
  "@tcp(",
  "a:b@tcp(",
  "password",
  "password ",
  "password=",
  'password="',
  "password=\\",
  "pass",
  "--password ",
  "--password\0",
  "token:",
  '"token",',
  '"token", value',
  "sig",
  "secret.",
  "secret-",
  "authorization",
  "authorization:",
  "authorization: a ",
  'authorization: "',
  "bearer ",
  "cookie: ",
  "cookie; ",
  "mysql",
  "mysql ",
  "mysql -p",
  " -pa",
  "curl -u ",
  "curl -u a",
  " -u:",
  "sshpass ",
  "ldap ldapa",
  "-----BEGIN PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----\n",
  "-----END",
  "-----BEGIN ",
  "A-B: \n",
  "eyJ",
  "eyJaaaaaaaa.",
  "eyJaaaaaaaa.eyJaaaa.",
  "eyJ-",
  "AKIA",
  "gh",
  "ghp_",
  "github_pat_",
  "glpat-",
  "xoxb-",
  "sk_live_",
  "sk-",
  "SG.",
  "SG.aaaaaaaaaaaaaaaa.",
  "1234567890:AA",
  "AIza",
  "hooks.slack.com/services/",
  "[hidden:",
  "[hidden:kv:00000000]",
  "passwordpassword",
  "ab",
];

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

for (const piece of pieces)
  test(`a quarter of a MiB of ${JSON.stringify(piece)} is redacted in linear time`, () => {
    const text = piece.repeat(Math.ceil(QUARTER_OF_A_MIB / piece.length));

    const spent = cpuMs(() => redactor.redactText(text));

    assert.ok(spent < SECONDS * 1000, `${Math.round(spent)} ms`);
  });
