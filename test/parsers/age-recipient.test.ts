import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRecipient } from "../../src/parsers/age-recipient.ts";

// Made by age-keygen and ssh-keygen; nobody has their other halves.
const X25519 = "age12nywjyhlqn83qz0ujyj2z4vxzaz0vx8ua39nwh35j2ga3msa2ptq0jvaty";
const SSH = `ssh-ed25519 ${Buffer.concat([
  Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20", "latin1"),
  Buffer.alloc(32, 7),
]).toString("base64")}`;

test("a key of age-keygen and an ssh-ed25519 key are recipients, the latter without its comment", () => {
  assert.deepEqual(parseRecipient(X25519), { kind: "x25519", key: X25519 });
  assert.deepEqual(parseRecipient(`${SSH} somebody@somewhere`), { kind: "ssh-ed25519", key: SSH });
});

test("every single typing error is noticed", () => {
  for (let at = 0; at < X25519.length; at++) {
    const typed = `${X25519.slice(0, at)}${X25519[at] === "q" ? "p" : "q"}${X25519.slice(at + 1)}`;
    assert.equal(parseRecipient(typed).kind, "none", typed);
  }
  assert.equal(parseRecipient(X25519.slice(0, -1)).kind, "none");
  assert.equal(parseRecipient(SSH.slice(0, -6)).kind, "none");
});

test("what is no recipient of ours is told as what it is", () => {
  const faults = [
    "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
    "age1pq1qqqq",
    "ssh-rsa AAAAB3NzaC1yc2E=",
    "ssh-ed25519 ?",
    "somebody",
  ].map((text) => {
    const parsed = parseRecipient(text);
    return parsed.kind === "none" ? parsed.fault.split("; ").at(-1) : parsed.kind;
  });

  assert.deepEqual(faults, [
    "keys of plugins and post-quantum keys are not taken",
    "keys of plugins and post-quantum keys are not taken",
    "of ssh keys only ssh-ed25519 is taken: the others are slow or too short",
    "this one is not base64",
    "this is neither",
  ]);
});

test("a secret key is refused, and no part of it is in the message", () => {
  const secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

  const parsed = parseRecipient(secret);

  assert.ok(parsed.kind === "none");
  assert.match(parsed.fault, /this is a secret key/);
  assert.ok(!parsed.fault.includes("GFPYY"));
});

test("whatever the text, nothing is thrown", () => {
  fc.assert(
    fc.property(fc.string(), (text) => void [text, `age1${text}`, `ssh-ed25519 ${text}`].map(parseRecipient)),
  );
});
