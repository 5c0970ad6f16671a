// A real ngircd for tests, somebody who reads the channel, and what lies between: a connection that breaks.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { portOf } from "./contracts/port.ts";
import { startServer, type ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

/** `certificate`: paths of a certificate and its key; the server then speaks TLS alone, and asks for this password. */
export function startIrc(tls?: {
  readonly certificate: string;
  readonly key: string;
  readonly password: string;
}): Promise<ServerProcess> {
  return startServer("ngircd", (folder, port) => {
    const path = join(folder, "ngircd.conf");
    const global = tls ? `Password = ${tls.password}` : `Ports = ${port}`;
    const ssl = tls
      ? `[SSL]\n  CertFile = ${tls.certificate}\n  KeyFile = ${tls.key}\n  Ports = ${port}\n`
      : "";
    writeFileSync(
      path,
      `[Global]
  Name = irc.test.invalid
  Info = test
  Listen = 127.0.0.1
  ${global}
  MotdPhrase = "test"
[Limits]
  MaxConnectionsIP = 0
  MaxNickLength = 9
[Options]
  DNS = no
  Ident = no
  PAM = no
${ssl}`,
    );
    return ["/usr/sbin/ngircd", "-n", "-f", path];
  });
}

export interface IrcReader {
  /** What was said in the channel, in order. */
  readonly heard: readonly string[];
  /** All lines of the server. */
  readonly lines: readonly string[];
  readonly send: (line: string) => void;
  readonly close: () => void;
}

/** Joins a channel and listens. */
export async function readChannel(port: number, channel: string): Promise<IrcReader> {
  const socket = connect(port, "127.0.0.1");
  const heard: string[] = [];
  const all: string[] = [];
  let isIn = false;
  let buffer = "";
  socket.on("data", (data) => {
    buffer += data.toString("utf8");
    const lines = buffer.split("\r\n");
    buffer = lines.pop() ?? "";
    all.push(...lines);
    for (const line of lines) {
      if (line.startsWith("PING")) socket.write(`PONG${line.slice(4)}\r\n`);
      if (/ 001 /.test(line)) socket.write(`JOIN ${channel}\r\n`);
      if (/ 366 /.test(line)) isIn = true;
      const said = / PRIVMSG \S+ :(.*)$/.exec(line)?.[1];
      if (said !== undefined) heard.push(said);
    }
  });
  const nick = `r${Math.random().toString(36).slice(2, 9)}`;
  socket.write(`NICK ${nick}\r\nUSER reader 0 * :reader\r\n`);
  await until(() => isIn, 30_000, "the reader is in the channel");
  return {
    heard,
    lines: all,
    send: (line) => void socket.write(`${line}\r\n`),
    close: () => void socket.end("QUIT\r\n"),
  };
}

/** Where a connection may break: before anything, at a word of ours (passed on or not), or at one of the server's. */
export type Break = "accept" | "NICK" | "JOIN" | "before PRIVMSG" | "after PRIVMSG" | "001" | "366";

export interface IrcProxy {
  readonly port: number;
  breakOf: () => Break | undefined;
  readonly close: () => void;
}

/** A TCP proxy before an IRC server; each connection asks once where it breaks. */
export async function startIrcProxy(target: number): Promise<IrcProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const at = self.breakOf();
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    if (at === "accept") client.destroy();
    client.on("data", (data) => {
      const text = data.toString("latin1");
      const isSaid = text.includes("PRIVMSG");
      if ((at === "before PRIVMSG" && isSaid) || at === text.split(" ")[0]) client.destroy();
      // The client's end breaks at once; what it said still reaches the server.
      else if (at === "after PRIVMSG" && isSaid) upstream.write(data, () => client.destroy());
      else upstream.write(data);
    });
    upstream.on("data", (data) => {
      const isHere = (at === "001" || at === "366") && data.toString("latin1").includes(` ${at} `);
      if (isHere) client.destroy();
      else client.write(data);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const self: IrcProxy = {
    port: portOf(server),
    breakOf: () => undefined,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  assert.ok(self.port > 0);
  return self;
}
