// npm run bench:notes: posts notes to every record system while every third request or connection goes wrong, and counts
// them from outside: exactly one note and one link each.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pLimit from "p-limit";
import type { Note } from "../src/incident/note.ts";
import { openFound } from "../src/incident/open-record.ts";
import { Incident } from "../src/settings-incidents.ts";
import { startAlertmanager } from "../test/helpers/alertmanager.ts";
import { VENDORS } from "../test/helpers/contracts/index.ts";
import { startContractServer } from "../test/helpers/contracts/server.ts";
import { settingsOf, type Vendor } from "../test/helpers/contracts/vendor.ts";
import { startFaultProxy } from "../test/helpers/fault-proxy.ts";
import { readChannel, startIrc, startIrcProxy, type Break } from "../test/helpers/irc.ts";
import {
  doubles,
  HASTY,
  injectFaults,
  noteNumber,
  postUntilThere,
  seeded,
} from "../test/helpers/post-with-faults.ts";
import { startRt } from "../test/helpers/rt.ts";
import { until } from "../test/helpers/until.ts";
import { record } from "./results.ts";

const { values } = parseArgs({
  options: {
    posts: { type: "string", default: "500" },
    // A busy machine takes seconds for a request of Request Tracker.
    "rt-posts": { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
  },
});
const posts = Number(values.posts);
const rtPosts = Number(values["rt-posts"]);
const seed = Number(values.seed);
const makeNotes = (count: number) => Array.from({ length: count }, (_, index) => noteNumber(index));
const notes = makeNotes(posts);
const SHARE = 0.2;
const folder = mkdtempSync(join(tmpdir(), "bench-notes-"));
const rows: (readonly [string, string, string])[] = [];
let wrong = 0;

interface Counted {
  readonly bad: readonly string[];
  readonly faults: number;
}

async function measure(name: string, work: () => Promise<Counted>, count = posts): Promise<void> {
  const start = performance.now();
  const { bad, faults } = await work();
  wrong += bad.length;
  for (const line of bad.slice(0, 5)) process.stderr.write(`${name}: ${line}\n`);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const row = [
    `${name}: one note and one link`,
    `${count - bad.length} of ${count}, ${faults} faults, ${seconds} s`,
    "all",
  ] as const;
  rows.push(row);
  process.stderr.write(`${row.join(" | ")}\n`);
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** On tickets of 50 notes each. */
async function vendorRun(makeVendor: () => Vendor): Promise<Counted> {
  const bad: string[] = [];
  let count = 0;
  for (let from = 0; from < posts; from += 50) {
    const vendor = makeVendor();
    const own = notes.slice(from, from + 50);
    const server = await startContractServer(vendor.contract);
    const faults = injectFaults(server, seed + from, SHARE);
    const settings = settingsOf(vendor, server.url, join(folder, vendor.name.replaceAll(" ", "-")));
    const sideBySide = pLimit(10);
    const post = async (note: Note) => {
      // Two processes: nothing is known but what the vendor shows.
      for (const told of [{ ...note, outcome: undefined }, note])
        await postUntilThere(openFound(settings, vendor.reference, { folder, engine: HASTY }), told);
    };
    await Promise.all(own.map((note) => sideBySide(() => post(note))));
    server.close();
    bad.push(...server.refused, ...doubles(own, vendor.notes, vendor.links?.()));
    count += sum(faults);
  }
  return { bad, faults: count };
}

async function rtRun(): Promise<Counted> {
  const rtNotes = makeNotes(rtPosts);
  const rt = await startRt(20);
  const proxy = await startFaultProxy(rt.url);
  // What takes longer than we wait would take half a minute here.
  const random = { faultOf: proxy.faultOf };
  const faults = injectFaults(random, seed, SHARE / 2);
  proxy.faultOf = () => {
    const fault = random.faultOf();
    return fault === "slow" || fault === "late" ? "lost" : fault;
  };
  const tokenFile = join(folder, "rt-token");
  writeFileSync(tokenFile, rt.token, { mode: 0o600 });
  const settings = Incident.parse({ match: String.raw`(?<id>\d+)$`, type: "rt", url: proxy.url, tokenFile });
  const engine = {
    ...HASTY,
    timeoutMs: 30_000,
    patience: { deadlineMs: 20_000, firstPauseMs: 50 },
    quietMs: 200,
  };
  const tickets = rt.tickets.slice(2);
  const ticketOf = (index: number) => tickets[index % tickets.length] ?? 0;
  const sideBySide = pLimit(2);
  await Promise.all(
    rtNotes.map((note, index) =>
      sideBySide(() =>
        postUntilThere(openFound(settings, `rt:${ticketOf(index)}`, { folder, engine }), note),
      ),
    ),
  );
  const bad: string[] = [];
  for (const [at, ticket] of tickets.entries()) {
    const own = rtNotes.filter((_, index) => index % tickets.length === at);
    const search = { ObjectType: "RT::Ticket", ObjectId: String(ticket), Type: "Comment" };
    const query = Object.entries(search).map(([field, value]) => ({ field, value }));
    const comments = JSON.stringify(await rt.post("/transactions?fields=Data&per_page=100", query));
    const written = [...comments.matchAll(/exhibit:[^"\\]*/g)].map(([text]) => ({
      id: "",
      text,
      author: "exhibit",
    }));
    const links = JSON.stringify(await rt.get(`/ticket/${ticket}`)).match(/"https:\/\/evidence[^"]*"/g) ?? [];
    bad.push(...doubles(own, written, links));
  }
  proxy.close();
  await rt.stop();
  return { bad, faults: sum(faults) };
}

async function alertmanagerRun(): Promise<Counted> {
  const server = await startAlertmanager();
  const proxy = await startFaultProxy(`http://127.0.0.1:${server.port}`);
  const faults = injectFaults(proxy, seed, SHARE);
  const settings = Incident.parse({ match: "^INC", type: "alertmanager", url: proxy.url });
  const sideBySide = pLimit(10);
  await Promise.all(
    notes.map((note) =>
      sideBySide(() => postUntilThere(openFound(settings, "INC-4211", { folder, engine: HASTY }), note)),
    ),
  );
  const alerts = await (await fetch(`http://127.0.0.1:${server.port}/api/v2/alerts`)).text();
  const ids = [...alerts.matchAll(/"summary":"[^"]*\[(exhibit:[^"\]]*)\]/g)].map(([, text = ""]) => ({
    id: "",
    text,
    author: "exhibit",
  }));
  proxy.close();
  await server.stop();
  return { bad: doubles(notes, ids, undefined), faults: sum(faults) };
}

async function ircRun(): Promise<Counted> {
  const server = await startIrc();
  const proxy = await startIrcProxy(server.port);
  const reader = await readChannel(server.port, "#incidents-jpc");
  const random = seeded(seed);
  // Not "before PRIVMSG": such a line is never said again by itself, and a person is told to look (test/incident/irc.test.ts).
  const breaks: readonly Break[] = ["accept", "NICK", "JOIN", "001", "366", "after PRIVMSG"];
  let faults = 0;
  proxy.breakOf = () => {
    if (random() > 0.2) return undefined;
    faults++;
    return breaks[Math.floor(random() * breaks.length)];
  };
  const port = proxy.port;
  const settings = Incident.parse({ match: "(?<id>#.*)$", type: "irc", host: "127.0.0.1", port, tls: false });
  const engine = { timeoutMs: 10_000, patience: { deadlineMs: 60_000, firstPauseMs: 20 } };
  const sideBySide = pLimit(10);
  const inDoubt: string[] = [];
  await Promise.all(
    notes.map((note) =>
      sideBySide(() =>
        openFound(settings, "#incidents-jpc", { folder, engine })
          .post(note, "")
          .catch((error: unknown) => void inDoubt.push(`${note.captureId}: ${String(error)}`)),
      ),
    ),
  );
  const heard = () => reader.heard.map((text) => ({ id: "", text, author: "exhibit" }));
  await until(() => heard().length >= posts - inDoubt.length, 10_000).catch(() => undefined);
  const bad = doubles(notes, heard(), undefined);
  if (inDoubt.length > 0) process.stderr.write(`irc: ${inDoubt.length} in doubt: ${inDoubt[0]}\n`);
  reader.close();
  proxy.close();
  await server.stop();
  return { bad, faults };
}

for (const makeVendor of VENDORS)
  await measure(`${makeVendor().name} (contract)`, () => vendorRun(makeVendor));
await measure("alertmanager (real)", alertmanagerRun);
await measure("irc (real)", ircRun);
await measure("request tracker (real)", rtRun, rtPosts);
rmSync(folder, { recursive: true, force: true });
record(
  "notes",
  `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}; of all requests 20% go wrong (10% before Request Tracker): answers lost, cut, late, too late, 401, 403, 404, 409, 429, 500, 503, a login page, a redirect; of IRC connections 20% break`,
  rows,
);
process.exit(wrong === 0 ? 0 : 1);
