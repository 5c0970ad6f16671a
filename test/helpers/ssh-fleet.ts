// Hosts of our own on one machine: each has a network, uts, mount and pid namespace, an address, a real sshd with a host key
// of its own, a target, and a state folder. The controller sits in a namespace beside them. Nothing is seen from outside.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { Manifest } from "../../src/bundle/manifest.ts";
import { FleetLine } from "../../src/commands/results/fleet.ts";
import { CLI } from "./exhibit.ts";
import { end } from "./started.ts";
import { until } from "./until.ts";

/** The command line of every target holds it. */
export const TARGET = "exhibit-fleet-target";

export interface SshHost {
  readonly name: string;
  readonly address: string;
  readonly folder: string;
  /** Captures in its spool; those of its manifests that are sealed. */
  readonly ids: () => readonly string[];
  readonly manifest: (id: string) => Manifest;
  /** Runs there as root. */
  readonly run: (argv: readonly string[]) => string;
  /** A state of its target as proc(5) has it: S, T, ... */
  readonly targetState: () => string;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of --json. */
  readonly lines: readonly FleetLine[];
}

export interface SshFleet {
  readonly folder: string;
  readonly hosts: readonly SshHost[];
  readonly sshConfig: string;
  readonly knownHosts: string;
  readonly exhibit: (args: readonly string[], input?: string) => Promise<Ended>;
  readonly start: (args: readonly string[]) => ChildProcess & { readonly output: () => string };
  /** The whole command line of exhibit fleet, in the controller's namespace. */
  readonly wordsOf: (args: readonly string[]) => readonly [string, ...string[]];
  /** argv in the controller's namespace, for tools that are compared with us. */
  readonly inside: (argv: readonly string[]) => readonly [string, ...string[]];
  readonly close: () => Promise<void>;
}

function must(argv: readonly string[]): string {
  const [file = "", ...args] = argv;
  const done = spawnSync(file, args, { encoding: "utf8" });
  assert.equal(done.status, 0, `${argv.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

const NODE = dirname(process.execPath);
const PATH = `${NODE}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** `without`: indexes (from 1) of hosts without exhibit; `noisy`: with a start-up file that prints. */
export async function openSshFleet(
  count: number,
  options: {
    readonly without?: readonly number[];
    readonly noisy?: readonly number[];
    readonly settings?: string;
  } = {},
): Promise<SshFleet> {
  const sshd =
    ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find(existsSync) ?? assert.fail("openssh-server is missing");
  const folder = mkdtempSync(join(tmpdir(), "xf-"));
  chmodSync(folder, 0o755);
  const key = join(folder, "id");
  const knownHosts = join(folder, "known_hosts");
  const sshConfig = join(folder, "ssh_config");
  const prefix = `xf${process.pid}`;
  const controller = `${prefix}c`;
  must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  mkdirSync("/run/sshd", { recursive: true });
  must(["ip", "netns", "add", controller]);
  for (const words of [
    "link set lo up",
    "link add br0 type bridge",
    "link set br0 up",
    "addr add 10.99.0.1/16 dev br0",
  ])
    must(["ip", "-n", controller, ...words.split(" ")]);
  const children: ChildProcess[] = [];
  const spaces = [controller];
  const hosts = Array.from({ length: count }, (_, index): SshHost => {
    const number = index + 1;
    const name = `h${number}`;
    const address = `10.99.1.${number}`;
    const own = join(folder, name);
    const space = `${prefix}${name}`;
    spaces.push(space);
    mkdirSync(join(own, "home"), { recursive: true });
    mkdirSync(join(own, "bin"));
    must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(own, "key")]);
    appendFileSync(knownHosts, `${name},${address} ${readFileSync(join(own, "key.pub"), "utf8")}`);
    must(["ip", "netns", "add", space]);
    must([
      "ip",
      "link",
      "add",
      `v${number}`,
      "netns",
      controller,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      space,
    ]);
    must(["ip", "-n", controller, "link", "set", `v${number}`, "master", "br0", "up"]);
    must(["ip", "-n", space, "addr", "add", `${address}/16`, "dev", "eth0"]);
    must(["ip", "-n", space, "link", "set", "eth0", "up"]);
    must(["ip", "-n", space, "link", "set", "lo", "up"]);
    const settings = join(own, "exhibit.yaml");
    const spool = join(own, "spool");
    writeFileSync(
      settings,
      `version: 1\nstore: {default: {type: directory, path: ${join(own, "archive")}}}\nspool: {path: ${spool}, keepFree: 1%}\n${options.settings ?? "capture: {window: 300ms}\n"}`,
      { mode: 0o600 },
    );
    if (options.without?.includes(number) !== true)
      writeFileSync(join(own, "bin/exhibit"), `#!/bin/sh\nexec node ${CLI} "$@"\n`, { mode: 0o755 });
    if (options.noisy?.includes(number))
      writeFileSync(
        join(own, "home/.bashrc"),
        `echo "Welcome to ${name}"; echo '{"kind":"result"}'; printf 'no end of line'\n`,
      );
    writeFileSync(
      join(own, "sshd_config"),
      [
        `ListenAddress ${address}`,
        `HostKey ${join(own, "key")}`,
        `AuthorizedKeysFile ${key}.pub`,
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        `SetEnv HOME=${join(own, "home")} EXHIBIT_CONFIG=${settings} PATH=${join(own, "bin")}:${PATH} SHLVL=3`,
        "",
      ].join("\n"),
    );
    const script = [
      `hostname ${name}`,
      `node -e "setInterval(() => {}, 50)" ${TARGET} & echo $! > ${join(own, "target")}`,
      `exec ${sshd} -D -f ${join(own, "sshd_config")}`,
    ].join("\n");
    const words = [
      "netns",
      "exec",
      space,
      "unshare",
      "--uts",
      "--pid",
      "--mount",
      "--fork",
      "--mount-proc",
      "--kill-child",
    ];
    children.push(
      spawn("ip", [...words, "sh", "-c", script], { stdio: "ignore", env: { PATH, HOME: "/root" } }),
    );
    const run = (argv: readonly string[]) =>
      must(["ip", "netns", "exec", controller, "ssh", "-F", sshConfig, name, ...argv]);
    return {
      name,
      address,
      folder: own,
      ids: () => (existsSync(spool) ? readdirSync(spool).filter((id) => /-[0-9a-f]{6}$/.test(id)) : []),
      manifest: (id) => Manifest.parse(JSON.parse(readFileSync(join(spool, id, "manifest.json"), "utf8"))),
      run,
      targetState: () => {
        const pid = readFileSync(join(own, "target"), "utf8").trim();
        return /^State:\s+(\S)/m.exec(run(["cat", `/proc/${pid}/status`]))?.[1] ?? "";
      },
    };
  });
  const entries = hosts.map(({ name, address }) => `Host ${name}\n HostName ${address}\n`).join("");
  writeFileSync(
    sshConfig,
    `${entries}Host *\n User root\n IdentityFile ${key}\n IdentitiesOnly yes\n UserKnownHostsFile ${knownHosts}\n GlobalKnownHostsFile /dev/null\n`,
    { mode: 0o600 },
  );
  const own = join(folder, "controller.yaml");
  writeFileSync(
    own,
    `version: 1\nstore: {default: {type: directory, path: ${join(folder, "archive")}}}\nspool: {path: ${join(folder, "spool")}, keepFree: 1%}\n`,
    { mode: 0o600 },
  );
  const inside = (argv: readonly string[]): [string, ...string[]] => [
    "ip",
    "netns",
    "exec",
    controller,
    ...argv,
  ];
  const wordsOf = (args: readonly string[]) => {
    const dashes = args.indexOf("--");
    const at = dashes < 0 ? args.length : dashes;
    const flags = ["--config", own, "--ssh-config", sshConfig];
    return inside([process.execPath, CLI, "fleet", ...args.slice(0, at), ...flags, ...args.slice(at)]);
  };
  const spawnIt = (args: readonly string[]) => {
    const [file, ...rest] = wordsOf(args);
    return spawn(file, rest, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", TMPDIR: folder },
      cwd: folder,
    });
  };
  const fleet: SshFleet = {
    folder,
    hosts,
    sshConfig,
    knownHosts,
    inside,
    wordsOf,
    exhibit: async (args, input = "") => {
      const child = spawnIt(args);
      child.stdin.end(input);
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      const isJson = args.includes("--json");
      const lines = isJson ? stdout.split("\n").filter(Boolean) : [];
      return { status, stdout, stderr, lines: lines.map((line) => FleetLine.parse(JSON.parse(line))) };
    },
    start: (args) => {
      const child = spawnIt(args);
      let output = "";
      child.stderr.on("data", (chunk: Buffer) => (output += String(chunk)));
      child.stdout.resume();
      return Object.assign(child, { output: () => output });
    },
    close: async () => {
      await Promise.all(children.map(end));
      for (const space of spaces) {
        for (const pid of must(["ip", "netns", "pids", space]).split("\n").filter(Boolean)) {
          try {
            process.kill(Number(pid), "SIGKILL");
          } catch {
            // It went with its namespace.
          }
        }
        must(["ip", "netns", "del", space]);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const listens = ({ address }: SshHost) =>
    spawnSync("ip", ["netns", "exec", controller, "bash", "-c", `exec 3<>/dev/tcp/${address}/22`]).status ===
    0;
  for (const host of hosts) await until(() => listens(host), 20_000, `${host.name} listens`);
  return fleet;
}
