// npm run bench:fleet: a fleet on NATS. The server is nats-server from apt; agents are the agent's real end point of the
// fleet, many in a process; controllers are the real transport. What stands in is named with each number.
//   1. 1,000 agents with TLS and credentials of their own, all asked for a quick capture: until every result is told. The
//      capture stands in (its result at once), but in one host: a real `exhibit agent` captures a real process there.
//   2. 10,000 agents (plain TCP): all asked how they are, and all heard.
//   3. Two controllers and agents that pause; one controller and processes of agents are killed -9 again and again.
import { loadavg } from "node:os";
import { captures } from "./fleet/captures.ts";
import { PAUSED, pauses } from "./fleet/pauses.ts";
import { rows } from "./fleet/rows.ts";
import { statuses } from "./fleet/statuses.ts";
import { writeSection } from "./results.ts";

const ONLY = process.argv[2];
const load = () => (loadavg()[0] ?? 0).toFixed(1);

const PARTS: Readonly<Record<string, { readonly run: () => Promise<void>; readonly what: string }>> = {
  captures: {
    run: captures,
    what: `Agents are the agent's real end point of the fleet (connection, jobs with fsync, orders, events), 333 in a process, each by TLS with its
own credentials; the controller is the real transport, 300 orders in flight. On 999 hosts the capture stands in, with a result at once; on one a real
\`exhibit agent\` captures a real process in each round.`,
  },
  status: {
    run: statuses,
    what: `The same agents, 2,500 in a process, by plain TCP and without credentials: the handshakes of ten thousand by TLS would take these two cores
minutes.`,
  },
  "pauses-1": { run: () => pauses(1), what: PAUSED },
  "pauses-2": { run: () => pauses(2), what: PAUSED },
};

for (const [name, { run, what }] of Object.entries(PARTS)) {
  if (ONLY !== undefined && ONLY !== name) continue;
  const before = load();
  rows.length = 0;
  await run();
  writeSection(
    `fleet -- ${name}`,
    `Node ${process.version}; nats-server 2.9.10 of Debian 12 on the same two cores as everything else; load before ${before}.
${what}

| what | measured | goal |
| --- | --- | --- |
${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}
`,
  );
}
