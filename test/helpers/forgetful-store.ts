// A store that takes a request and does not do all of it, as several do: a proxy in front of a real one that leaves out
// headers, signs the rest anew, or answers "done" to what it does not pass on.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, request, type IncomingHttpHeaders } from "node:http";
import { ACCESS_KEY, SECRET_KEY } from "./rgw.ts";

export interface ForgetfulStore {
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();
const hex = (text: string) => createHash("sha256").update(text).digest("hex");

/** Authorization of a request as AWS Signature Version 4 wants it, over host, date and the digest of the body. */
function sign(method: string, url: string, headers: IncomingHttpHeaders): string {
  const [path = "", query = ""] = url.split("?");
  const names = Object.keys(headers)
    .filter((name) => name === "host" || name.startsWith("x-amz-"))
    .toSorted();
  const stamp = String(headers["x-amz-date"]);
  const scope = `${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const sorted = query
    .split("&")
    .filter(Boolean)
    .map((part) => (part.includes("=") ? part : `${part}=`))
    .toSorted()
    .join("&");
  const lines = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join("");
  const digest = String(headers["x-amz-content-sha256"]);
  const canonical = [method, path, sorted, lines, names.join(";"), digest].join("\n");
  const key = scope
    .split("/")
    .reduce<Buffer | string>((above, part) => hmac(above, part), `AWS4${SECRET_KEY}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, hex(canonical)].join("\n")).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}

/** `drop`: headers that it does not pass on. `ignore`: requests that it answers with 200 and does not pass on. */
export async function startForgetful(
  storePort: number,
  { drop = [], ignore }: { readonly drop?: readonly string[]; readonly ignore?: RegExp },
): Promise<ForgetfulStore> {
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/" } = incoming;
    if (ignore?.test(`${method} ${url}`)) {
      incoming.resume().once("end", () => outgoing.writeHead(200).end());
      return;
    }
    const left = ["expect", ...drop];
    const plain: IncomingHttpHeaders = {
      ...Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !left.includes(name))),
      host: `127.0.0.1:${storePort}`,
    };
    const passed = request({
      port: storePort,
      host: "127.0.0.1",
      method,
      path: url,
      headers: { ...plain, authorization: sign(method, url, plain) },
    });
    passed.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
