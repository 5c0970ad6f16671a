// PostgreSQL on Linux: who does what and waits for whom, asked read-only and for two seconds at most. The query of a session
// is not asked for: it holds data of people. Any process of the server may be the target; its folder is their all.
import { parseCsv } from "../../parsers/csv.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { runAs } from "./run-as.ts";
import type { Entered } from "./way.ts";

const METHOD = "pg_stat_activity";
const FILE = "activity.csv";
const ACTIVITY =
  "select pid, backend_type, state, wait_event_type, wait_event, pg_blocking_pids(pid) as blocked_by, " +
  "extract(epoch from now() - xact_start) as transaction_s, extract(epoch from now() - state_change) as state_s, " +
  "datname, usename, application_name, client_addr from pg_stat_activity where pid <> pg_backend_pid() order by xact_start nulls last";
const LOCKS =
  "select pid, locktype, relation::regclass as relation, mode, granted, extract(epoch from now() - waitstart) as waits_s " +
  "from pg_locks where pid <> pg_backend_pid() order by granted, pid limit 5000";

export async function observePostgres(context: CollectorContext<unknown>): Promise<Entered> {
  if (!(await context.has("psql")))
    return { unsupported: "its sessions are unknown: psql is not on this host" };
  const where = await socketOf(context);
  if (where === undefined)
    return { unsupported: "its sessions are unknown: postmaster.pid in its folder names no socket" };
  const as = await runAs(context);
  const connection = `host=${where.folder} port=${where.port} dbname=postgres connect_timeout=2 options='-c statement_timeout=2000 -c default_transaction_read_only=on'`;
  const ask = (query: string, file: string) => {
    const words = [...as, "psql", "-X", "-w", "--csv", "-d", connection, "-c", query];
    const [first = "psql", ...rest] = words;
    return tryRun(context, [first, ...rest], { as: file });
  };
  const activity = await ask(ACTIVITY, FILE);
  await ask(LOCKS, "locks.csv");
  return {
    drain: async () => undefined,
    end: async () => (activity === undefined ? [] : readingsOf(activity.stdout, context)),
  };
}

/** The fourth line of postmaster.pid is the port, the fifth the folder of the socket (pg_ctl's own source of both). */
async function socketOf({ process, host }: CollectorContext<unknown>) {
  const folder = (await process.link("cwd")).toString("utf8");
  const text = await host.read(`${folder}/postmaster.pid`, 4096).then(String, () => "");
  const lines = text.split("\n");
  const [port, socket] = [lines[3]?.trim() ?? "", lines[4]?.trim() ?? ""];
  // It becomes a part of a connection string.
  return /^\d{1,5}$/.test(port) && /^\/[\w./-]+$/.test(socket) ? { port, folder: socket } : undefined;
}

function readingsOf(csv: string, { method, gap }: CollectorContext<unknown>): readonly Reading[] {
  const sessions = parseCsv(csv);
  if (sessions.length === 0) {
    gap("the answer of PostgreSQL cannot be read");
    return [];
  }
  method(METHOD);
  const clients = sessions.filter(({ backend_type: type }) => type === "client backend");
  const blocked = clients.filter(({ blocked_by: by }) => by !== undefined && by !== "" && by !== "{}");
  const idle = clients.filter(({ state }) => state?.startsWith("idle in transaction"));
  const oldest = Math.round(
    Math.max(0, ...clients.map(({ transaction_s: seconds }) => Number(seconds) || 0)),
  );
  const text = `${clients.length} sessions, ${blocked.length} of them blocked by others, ${idle.length} idle in a transaction; the oldest transaction is ${oldest} s old.`;
  return [
    { id: "database-sessions", text, value: blocked.length, unit: "count", method: METHOD, file: FILE },
  ];
}
