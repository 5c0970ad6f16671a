import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ExhibitError } from "../../src/errors.ts";
import { readSecret, secretPath } from "../../src/host/secret-file.ts";

test("a secret's name is looked for in the credentials folder, else in ours; a path is taken as it is", () => {
  assert.equal(
    secretPath("hook", { CREDENTIALS_DIRECTORY: "/run/credentials/exhibit" }),
    "/run/credentials/exhibit/hook",
  );
  assert.equal(secretPath("hook", {}), "/etc/exhibit/secrets/hook");
  assert.equal(secretPath("/srv/hook", {}), "/srv/hook");
});

async function refusal(path: string): Promise<ExhibitError> {
  const error = await readSecret(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExhibitError);
  return error;
}

describe("readSecret", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "secret-file-"));
  });
  after(() => rm(folder, { recursive: true }));

  test("gives the text of a file that only its owner reads", async () => {
    const path = join(folder, "good");
    await writeFile(path, "whsec_abc\n", { mode: 0o400 });

    assert.equal(await readSecret(path), "whsec_abc");
  });

  test("refuses a file that others may read, with the command that mends it", async () => {
    const path = join(folder, "open");
    await writeFile(path, "whsec_abc\n");
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(path, mode);

      const error = await refusal(path);

      assert.equal(error.hint, `chmod 0600 ${path}`);
      assert.doesNotMatch(error.message, /whsec/);
    }
  });

  test("takes what systemd hands over: readable by the group in the credentials folder itself, and only there", async () => {
    const path = join(folder, "credential");
    await writeFile(path, "whsec_abc");
    await chmod(path, 0o440);

    assert.equal(await readSecret(path, { CREDENTIALS_DIRECTORY: `${folder}/` }), "whsec_abc");
    await assert.rejects(
      readSecret(path, { CREDENTIALS_DIRECTORY: join(folder, "..") }),
      /others may read it/,
    );
    await chmod(path, 0o444);
    await assert.rejects(readSecret(path, { CREDENTIALS_DIRECTORY: folder }), /others may read it/);
  });

  test("does not wait for a pipe in place of a secret", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", ["-m", "0600", path]);

    assert.match((await refusal(path)).message, /expected a small file/);
  });

  test("says where a missing secret is expected", async () => {
    const error = await refusal(join(folder, "none"));

    assert.match(error.hint ?? "", /write the secret there/);
  });

  test("refuses what is no small file", async () => {
    assert.match((await refusal(folder)).message, /expected a small file/);
  });
});
