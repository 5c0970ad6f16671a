// A page of metrics over HTTP: what the process itself tells.
import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";

const LIMIT_BYTES = 4 * 1024 ** 2;

/** The connection stood, and no whole answer came in time. */
export class SlowError extends Error {}

/** The text; rejects with SlowError when the signal is aborted after the connection stood, else with the system's error. */
export function readPage(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let isConnected = false;
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const request = get(url, { agent: false, signal }, (response) => {
      readText(response).then(resolve, fail);
    });
    const fail = (error: unknown) => {
      request.destroy();
      if (signal.aborted)
        reject(isConnected ? new SlowError("no answer in time") : new Error("no connection in time"));
      else reject(error instanceof Error ? error : new Error(String(error)));
    };
    request.on("socket", (socket) => socket.once("connect", () => (isConnected = true)));
    request.on("error", fail);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode ?? "unknown"}`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const data = Buffer.from(chunk);
    bytes += data.length;
    if (bytes > LIMIT_BYTES) throw new Error("the page is too long");
    chunks.push(data);
  }
  return Buffer.concat(chunks).toString("utf8");
}
