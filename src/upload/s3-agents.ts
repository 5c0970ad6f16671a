// The connections of an S3 client: kept open, few, through a proxy and with a certificate authority of one's own where
// the settings say so. The SDK reads neither HTTPS_PROXY nor AWS_CA_BUNDLE.
import { readFile } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { rootCertificates } from "node:tls";
import { HttpProxyAgent, HttpsProxyAgent } from "hpagent";
import { errnoOf, messageOf, UploadError } from "../errors.ts";
import type { S3StoreSettings } from "../settings.ts";

/** Two parts and four small files at once, and one to ask with. */
const SOCKETS = 8;

export interface S3Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** Throws UploadError when `caFile` cannot be read. */
export async function openAgents({
  proxy,
  caFile,
}: Pick<S3StoreSettings, "proxy" | "caFile">): Promise<S3Agents> {
  const ca = caFile === null ? undefined : [...rootCertificates, await readAuthority(caFile)];
  const options = { keepAlive: true, maxSockets: SOCKETS };
  const secure = { ...options, ...(ca === undefined ? {} : { ca }) };
  if (proxy === null) return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(secure) };
  const through = { proxy, proxyRequestOptions: ca === undefined ? {} : { ca } };
  return {
    httpAgent: new HttpProxyAgent({ ...options, ...through }),
    httpsAgent: new HttpsProxyAgent({ ...secure, ...through }),
  };
}

async function readAuthority(path: string): Promise<string> {
  const hint = "set caFile in the store's settings to a PEM file that this user may read";
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new UploadError(`${path}: cannot be read (${errnoOf(cause) ?? messageOf(cause)})`, { cause, hint });
  });
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new UploadError(`${path}: holds no certificate`, { hint });
}
