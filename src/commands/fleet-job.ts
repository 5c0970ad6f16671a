// exhibit fleet capture, guard and check: the plan, the question, the run, and what is told at the end.
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import type { Job } from "../fleet/job.ts";
import { createLedger, fleetFolder, resumeLedger, type Ledger } from "../fleet/ledger.ts";
import { openJobNotes } from "../fleet/job-notes.ts";
import type { Plan } from "../fleet/plan.ts";
import { runFleet, type Ask } from "../fleet/run-fleet.ts";
import { ask as askPerson } from "./ask.ts";
import { openDestination } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { openFleetDisplay, type FleetDisplay } from "./fleet-display.ts";
import { MANY, readHosts } from "./fleet-hosts.ts";
import type { FleetOptions } from "./fleet-options.ts";
import { endOfJob, planLine, planText } from "./fleet-report.ts";
import { planOfJob, readJob } from "./fleet-request.ts";
import { openTransport, type FleetTransport } from "./fleet-transport.ts";
import { readSettings } from "./read-settings.ts";
import type { FleetLine } from "./results/fleet.ts";

export async function runJob(context: CommandContext<FleetOptions>): Promise<CommandResult> {
  const { options, global } = context;
  const loaded = await readSettings(context);
  const folder = fleetFolder(loaded.settings.spool.path);
  const tell = (line: FleetLine) => void (global.json && context.print(`${JSON.stringify(line)}\n`));

  const resumed = options.resume === undefined ? undefined : await resume(folder, options.resume, context);
  const job = resumed?.job ?? (await newJob(context, loaded));
  const plan = planOfJob(job);
  const heldBy = job.pausesAtMost === undefined ? "nobody" : job.transport === "nats" ? "bus" : "controller";
  tell(planLine(job, plan, heldBy));
  const text = planText(job, plan, heldBy);
  if (options.dryRun) {
    await resumed?.ledger.close();
    return { exitCode: 0, text: `${text}\n` };
  }
  context.say(text);
  if (resumed === undefined && job.do !== "check" && job.hosts.length > MANY && !options.yes) {
    const question = `${job.hosts.length} hosts are meant. Go on?`;
    if (!context.canAsk || !(await askPerson(context, question)))
      throw new UsageError(`${job.hosts.length} hosts are meant`, { hint: "narrow it, or say --yes" });
  }
  const ledger = resumed?.ledger ?? (await createLedger(folder, job));
  context.say(`exhibit: job ${job.job}; if it is cut off: exhibit fleet ${job.do} --resume ${job.job}`);
  const { records } = await openDestination({ to: undefined, noUpload: true }, loaded);
  const notes = openJobNotes(job, ledger.records, options.noNote ? undefined : records);
  const display = openFleetDisplay(context, job.hosts);
  const transport = await openTransport(job.transport, options, loaded.settings, context.warn);
  try {
    await carryOut({ job, plan, ledger, transport, context, display, tell, onChange: notes.touch });
  } finally {
    display.close();
    await transport.close();
  }
  const noted = await notes.finish();
  await ledger.close();
  const end = endOfJob(job, ledger.records, { ledger: join(folder, `${job.job}.jsonl`), notes: noted });
  tell(end.line);
  context.say(end.text);
  return { exitCode: end.line.exitCode };
}

async function newJob(
  context: CommandContext<FleetOptions>,
  loaded: Parameters<typeof readJob>[1],
): Promise<Job> {
  const { hosts, told } = await readHosts(context);
  for (const line of told) context.warn(`exhibit: ${line}`);
  return readJob(context, loaded, hosts);
}

async function resume(folder: string, id: string, context: CommandContext<FleetOptions>) {
  const found = await resumeLedger(folder, id);
  const { do: what } = found.job;
  if (what === context.positionals[0]) return found;
  await found.ledger.close();
  throw new UsageError(`${id} is a job of fleet ${what}`, { hint: `exhibit fleet ${what} --resume ${id}` });
}

interface Carrying {
  readonly job: Job;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly transport: FleetTransport;
  readonly context: CommandContext<FleetOptions>;
  readonly display: FleetDisplay;
  readonly tell: (line: FleetLine) => void;
  readonly onChange: () => void;
}

async function carryOut({
  job,
  plan,
  ledger,
  transport,
  context,
  display,
  tell,
  onChange,
}: Carrying): Promise<void> {
  const beginNoMore = new AbortController();
  const stop = new AbortController();
  const undo = context.onSignal((signal) => {
    if (beginNoMore.signal.aborted || signal !== "SIGINT") stop.abort();
    if (stop.signal.aborted) display.say("exhibit: those that run are told to stop; what there is is sealed");
    else display.say("exhibit: no more hosts are begun; those that run go on to their end");
    beginNoMore.abort();
  });
  try {
    await runFleet({
      job,
      plan,
      ledger,
      ask: askBy(transport, job),
      pausesHeldBy: transport.pausesHeldBy,
      beginNoMore: beginNoMore.signal,
      stop: stop.signal,
      tell: (progress) => {
        display.show(progress);
        if (progress.kind !== "ended") return;
        tell({ kind: "host", service: progress.host.service, ...progress.record });
        onChange();
      },
    });
  } finally {
    undo();
  }
}

/** What the job asks of one host. */
function askBy(transport: FleetTransport, job: Job): Ask {
  const { target, maxPauseMs, profile, reason, incidents, argv, connectedTo = [] } = job;
  return (host, { expiresInMs, ...directions }) => {
    if (job.do === "check" && transport.check !== undefined)
      return transport.check(host, { target, connectedTo, expiresInMs }, directions);
    const order = {
      job: job.job,
      target,
      // The capture is through when the job's time is up.
      budgetMs: Math.max(1000, Math.min(job.budgetMs, expiresInMs)),
      expiresInMs,
      maxPauseMs,
      service: host.service,
      pausesAtMost: job.pausesAtMost ?? 1,
      incidents,
      ...(profile === undefined ? {} : { profile }),
      ...(reason === undefined ? {} : { reason }),
    };
    return job.do === "guard" && argv !== undefined && transport.guard !== undefined
      ? transport.guard(host, { ...order, argv }, directions)
      : transport.capture(host, order, directions);
  };
}
