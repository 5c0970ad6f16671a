import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { secretValues } from "../../../src/bundle/redaction/secret-values.ts";

function nul(...entries: readonly string[]): Buffer {
  return Buffer.from(entries.map((entry) => `${entry}\0`).join(""));
}

const nothing = Buffer.alloc(0);

test("secretValues takes whole values of variables whose name says secret", () => {
  const environ = nul(
    "HOME=/root",
    "DB_PASSWORD=a b,c;d&e\"f'g",
    "LANG=C",
    "API_TOKEN=0123456789abcdef",
    "DEBUG=1",
  );

  const values = secretValues(environ, nothing);

  assert.ok(values.includes("a b,c;d&e\"f'g"));
  assert.ok(values.includes("0123456789abcdef"));
});

test("secretValues takes the arguments of flags whose name says secret", () => {
  const cmdline = nul(
    "app",
    "--db-password",
    "with blank in it",
    "--token=abcdefgh12",
    "-Dapi.key=ijklmnop34",
    "--port",
    "8080",
  );

  const values = secretValues(nothing, cmdline);

  for (const value of ["with blank in it", "abcdefgh12", "ijklmnop34"])
    assert.ok(values.includes(value), value);
  assert.equal(values.includes("8080"), false);
});

test("secretValues finds secrets inside values whose name says nothing", () => {
  const environ = nul(
    "DATABASE_URL=postgres://app:s3cr3t-word@db/prod",
    'CONFIG={"clientSecret":"qrstuvwx56"}',
    "X=ghp_0123456789abcdefghij0123456789abcdef",
  );

  const values = secretValues(environ, nul("curl", "-u", "admin:yzabcdef78"));

  assert.deepEqual(values.toSorted(), [
    "ghp_0123456789abcdefghij0123456789abcdef",
    "qrstuvwx56",
    "s3cr3t-word",
    "yzabcdef78",
  ]);
});

test("secretValues leaves out what is too short, a folder, or about a secret", () => {
  const environ = nul(
    "DB_PASSWORD=abc1234",
    "PWD=/srv/app/current",
    "TOKEN_FILE=/run/credentials/token",
    "SESSION_ID=12",
    "TOKEN_TYPE=bearer-token",
    "TOKEN_TTL=36000000",
  );

  assert.deepEqual(secretValues(environ, nothing), []);
});

test("secretValues leaves out an ordinary word that also stands in the open", () => {
  const environ = nul("POSTGRES_USER=postgres", "POSTGRES_PASSWORD=postgres", "MYSQL_PASSWORD=swordfish");

  assert.deepEqual(secretValues(environ, nul("postgres", "-D", "/var/lib/postgres")), ["swordfish"]);
});

test("secretValues keeps bytes that are no UTF-8 as latin1", () => {
  const environ = Buffer.concat([
    Buffer.from("DB_PASSWORD=abc"),
    Buffer.from([0xff, 0xfe]),
    Buffer.from("defgh\0"),
  ]);

  assert.deepEqual(secretValues(environ, nothing), ["abc\u00ff\u00fedefgh"]);
});

test("secretValues never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (environ, cmdline) => {
      assert.ok(Array.isArray(secretValues(Buffer.from(environ), Buffer.from(cmdline))));
    }),
  );
});
