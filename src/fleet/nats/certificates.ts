// An authority of the bus's own and the certificate of its servers, by openssl(1): nobody else is trusted, and no name of
// the host's own authorities matters.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { ExhibitError } from "../../errors.ts";
import { writeFileDurable } from "../../host/files.ts";
import { runQuick } from "../../host/run.ts";

const DAYS = { authority: 3650, server: 825 };
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

async function openssl(...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runQuick(["openssl", ...args], { timeoutMs: 20_000 });
  if (exitCode === 0) return;
  const missing = exitCode === 127;
  throw new ExhibitError(`openssl ${args[0]}: ${missing ? "is missing" : stderr.trim().slice(-300)}`, {
    hint: missing ? "install openssl" : "see openssl(1)",
  });
}

/**
 * `ca.pem`, `server.pem` and `server.key` in the folder, and `ca.key` in `keys`; an authority that is there is kept.
 * openssl makes keys that nobody else may read. Paths are absolute: commands run in /.
 */
export async function makeCertificates(
  folder: string,
  request: { readonly keys: string; readonly server: string; readonly names: readonly string[] },
): Promise<void> {
  const [ca, caKey] = [join(folder, "ca.pem"), join(request.keys, "ca.key")];
  if (!existsSync(ca)) {
    const days = String(DAYS.authority);
    const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
    await openssl(
      "req",
      "-x509",
      ...KEY,
      ...extensions.flatMap((text) => ["-addext", text]),
      "-days",
      days,
      "-subj",
      "/CN=exhibit bus authority",
      "-keyout",
      caKey,
      "-out",
      ca,
    );
  }
  const [key, certificate] = [join(request.server, "server.key"), join(request.server, "server.pem")];
  const [csr, extensions] = [`${certificate}.csr`, `${certificate}.ext`];
  const names = request.names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`);
  try {
    await openssl("req", ...KEY, "-keyout", key, "-out", csr, "-subj", "/CN=exhibit bus");
    await writeFileDurable(
      extensions,
      `subjectAltName=${names.join(",")}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n`,
    );
    const serial = `0x${randomBytes(15).toString("hex")}`;
    const sign = ["-CA", ca, "-CAkey", caKey, "-set_serial", serial, "-days", String(DAYS.server)];
    await openssl("x509", "-req", "-in", csr, ...sign, "-extfile", extensions, "-out", certificate);
  } finally {
    for (const path of [csr, extensions]) await rm(path, { force: true });
  }
}
