import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  makeBundleRedactor,
  makeSecrets,
  openRedactor,
} from "../../../src/bundle/redaction/bundle-redactor.ts";

test("redactArguments hides values and gives back as many arguments", () => {
  const { redactArguments } = makeBundleRedactor(makeSecrets(["correct-horse"]));

  const argv = redactArguments([
    "app",
    "--password",
    "x y z",
    "--url=redis://:abcdefgh@c",
    "correct-horse",
    "",
  ]);

  assert.equal(argv.length, 6);
  assert.deepEqual(
    argv.map((argument) => argument.replace(/:[0-9a-f]{8}\]/g, "]")),
    ["app", "--password", "[hidden:flag]", "--url=redis://:[hidden:userinfo]@c", "[hidden:value]", ""],
  );
});

test("secrets kept on disk give the same digests again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bundle-redactor-"));
  const path = join(folder, "secrets.json");
  const secrets = makeSecrets(["correct-horse"]);
  await writeFile(path, JSON.stringify(secrets));

  const opened = await openRedactor(path);

  assert.equal(
    opened.redactText("a correct-horse"),
    makeBundleRedactor(secrets).redactText("a correct-horse"),
  );
  await rm(folder, { recursive: true });
});

test("without kept secrets the rules still hide", async () => {
  const { redactText } = await openRedactor("/nonexistent/secrets.json");

  assert.match(redactText("DB_PASSWORD=correct-horse"), /^DB_PASSWORD=\[hidden:kv:/);
});
