// Needs: ngircd, openssl. A real IRC server that speaks TLS alone and asks for a password.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { startIrc } from "../helpers/irc.ts";
import type { ServerProcess } from "../helpers/server-process.ts";

const PASSWORD = "correct horse: battery";

describe("an IRC server behind TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-irc-tls-"));
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  let server: ServerProcess;
  before(async () => {
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const files = ["-keyout", key, "-out", certificate];
    await execa("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      ...files,
      ...subject,
    ]);
    server = await startIrc({ certificate, key, password: PASSWORD });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const post = async (host: string, password: string, isTrusted = true) => {
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, password, { mode: 0o600 });
    const settings = { match: "(?<id>#.*)$", type: "irc", host, port: server.port, passwordFile };
    const script = new URL("post-irc-process.ts", import.meta.url).pathname;
    const { stdout } = await execa(
      process.execPath,
      ["--import", "tsx", script, JSON.stringify(settings), "#incidents-jpc", folder],
      { env: isTrusted ? { NODE_EXTRA_CA_CERTS: certificate } : {} },
    );
    return stdout;
  };

  test("takes the note by name and by address", async () => {
    assert.deepEqual(await Promise.all([post("localhost", PASSWORD), post("127.0.0.1", PASSWORD)]), [
      "posted",
      "posted",
    ]);
  });

  test("whose certificate nobody vouches for gets nothing", async () => {
    assert.match(await post("localhost", PASSWORD, false), /self-signed certificate/);
  });

  test("that does not take the password is told", async () => {
    assert.match(await post("localhost", "wrong"), /localhost:\d+: .*(password|464|ERROR)/i);
  });
});
