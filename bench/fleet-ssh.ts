// npm run bench:fleet-ssh: real sshd hosts in namespaces of their own, the same quick capture on each through exhibit fleet and
// through clush, one after the other in turn. HOSTS and ROUNDS change how many.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, loadavg } from "node:os";
import { openSshFleet, TARGET } from "../test/helpers/ssh-fleet.ts";
import { record } from "./results.ts";

const HOSTS = Number(process.env["HOSTS"] ?? 20);
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);

/** Seconds until it has ended; fails when it did not work on every host. */
async function secondsOf(argv: readonly string[]): Promise<number> {
  const [file = "", ...args] = argv;
  const start = performance.now();
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += String(chunk)));
  const [status] = await once(child, "close");
  // 3: a bundle of every host, of which some are not complete on a busy machine.
  if (status !== 0 && status !== 3) throw new Error(`${argv.join(" ")}: ${status}\n${said}`);
  return (performance.now() - start) / 1000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const told = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(", ");

const fleet = await openSshFleet(HOSTS);
try {
  const names = fleet.hosts.map(({ name }) => name);
  const capture = `--match ${TARGET} --profile quick`;
  const ours = fleet.wordsOf([
    "capture",
    ...capture.split(" "),
    "--hosts",
    names.join(","),
    "--at-most",
    String(HOSTS),
    "--yes",
    "--no-note",
  ]);
  const theirs = fleet.inside([
    "clush",
    "-S",
    "-f",
    String(HOSTS),
    "-o",
    `-F ${fleet.sshConfig}`,
    "-w",
    names.join(","),
    `exhibit capture ${capture} --json --no-note --yes`,
  ]);
  const seconds = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    // Who is first takes turns.
    const order = round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
    for (const who of order) seconds[who].push(await secondsOf(who === "ours" ? ours : theirs));
    process.stderr.write(`${JSON.stringify(seconds)}\n`);
  }
  const ratio = median(seconds.ours) / median(seconds.theirs);
  record(
    "fleet-ssh",
    `${HOSTS} sshd hosts, ${ROUNDS} rounds, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
    [
      ["exhibit fleet capture, wall, s", `${median(seconds.ours).toFixed(1)} (${told(seconds.ours)})`, ""],
      [
        "clush, the same capture, wall, s",
        `${median(seconds.theirs).toFixed(1)} (${told(seconds.theirs)})`,
        "",
      ],
      ["ratio, the canary included", ratio.toFixed(2), "<= 1.3"],
    ],
  );
} finally {
  await fleet.close();
}
