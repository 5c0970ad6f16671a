// From words to a result: finds the command, hands it its context, and turns what was thrown into a line for a person.
// It writes to stderr only; cli.ts prints the result and exits.
import type { ReadStream } from "node:tty";
import { ExhibitError, messageOf } from "../errors.ts";
import { printableLines } from "../printable.ts";
import { VERSION } from "../version.ts";
import type {
  CommandContext,
  CommandFacts,
  CommandResult,
  GlobalFlags,
  StopSignal,
  Terminal,
} from "./command.ts";
import { commandPage, frontPage } from "./help.ts";
import { styleOf, usesColour } from "./style.ts";
import { COMMANDS } from "./table.ts";

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The process around us, as cli.ts sees it. */
export interface World {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Stream;
  /** On stdout before we end. */
  readonly print: (text: string) => void;
  readonly stderr: Stream & { readonly write: (text: string) => unknown };
  readonly stdin: () => ReadStream;
  readonly onSignal: (listener: (signal: StopSignal) => void) => () => void;
  /** From now on a fault that nobody caught is told and does not end us. */
  readonly survive: () => void;
}

export interface Ending {
  readonly exitCode: number;
  /** What goes to stdout. */
  readonly output: string | Uint8Array;
}

function terminalOf(stream: Stream, global: GlobalFlags, env: NodeJS.ProcessEnv): Terminal {
  const isTty = stream.isTTY === true;
  // A terminal that was never told its size says 0.
  const columns = stream.columns === undefined || stream.columns < 20 ? 80 : stream.columns;
  return { isTty, columns, colour: usesColour(global.color, isTty, env) };
}

function contextOf(
  world: World,
  global: GlobalFlags,
): Omit<CommandContext<unknown>, "options" | "positionals" | "argv"> {
  const progress = terminalOf(world.stderr, global, world.env);
  const warn = (text: string) => void world.stderr.write(`${text}\n`);
  return {
    global,
    terminal: terminalOf(world.stdout, global, world.env),
    progress,
    canAsk: progress.isTty && !global.noInput && world.stdin().isTTY,
    say: global.quiet ? () => undefined : warn,
    warn,
    print: world.print,
    draw: (text) => void world.stderr.write(text),
    stdin: world.stdin,
    onSignal: world.onSignal,
  };
}

function outputOf(result: CommandResult, global: GlobalFlags): Ending["output"] {
  if (!global.json) return result.bytes ?? result.text ?? "";
  return result.json === undefined ? "" : `${JSON.stringify(result.json, undefined, 2)}\n`;
}

/** Our errors are a line and a hint; anything else is a bug and shows its stack. */
function tell(error: unknown, world: World, verbose: boolean): number {
  const style = styleOf({ colour: usesColour("auto", world.stderr.isTTY === true, world.env) });
  const known = error instanceof ExhibitError;
  const message = known ? error.message : "this is a bug in exhibit; please report it with what follows";
  world.stderr.write(`${printableLines(`exhibit: ${message}`).replaceAll("\n", "\nexhibit: ")}\n`);
  if (known && error.hint !== undefined)
    world.stderr.write(`${style.dim(`  ${printableLines(error.hint)}`)}\n`);
  if (!known || verbose) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const cause =
      error instanceof Error && error.cause !== undefined ? `\ncaused by: ${messageOf(error.cause)}` : "";
    world.stderr.write(`${printableLines(stack + cause)}\n`);
  }
  return known ? error.exitCode : 1;
}

async function runCommand(command: CommandFacts, head: Head, world: World): Promise<Ending> {
  try {
    const { parseCommand } = await import("./parse.ts");
    const parsed = parseCommand(command, head);
    if (parsed.kind === "help") return { exitCode: 0, output: commandPage(command) };
    const { options, positionals, argv, global } = parsed;
    if (command.runsCommand) world.survive();
    const result = await command.run(options, { ...contextOf(world, global), positionals, argv });
    return { exitCode: result.exitCode, output: outputOf(result, global) };
  } catch (error) {
    const verbose = head.global.verbose || head.rest.includes("-v") || head.rest.includes("--verbose");
    const exitCode = tell(error, world, verbose);
    return { exitCode: command.failsWith ?? exitCode, output: "" };
  }
}

type Head = import("./parse.ts").Head;

const frontEnding = (): Ending => ({ exitCode: 0, output: frontPage(COMMANDS) });

/** Carries out a command line. Never rejects. */
export async function main(world: World): Promise<Ending> {
  const first = world.args[0];
  if (first === undefined || (world.args.length === 1 && ["-h", "--help", "help"].includes(first)))
    return frontEnding();
  try {
    const { findCommand, parseHead } = await import("./parse.ts");
    const head = parseHead(world.args);
    if (head.global.version) return { exitCode: 0, output: `${VERSION}\n` };
    if (head.word === undefined) return frontEnding();
    if (head.word !== "help") return await runCommand(findCommand(head.word, COMMANDS), head, world);
    const about = head.rest.find((word) => !word.startsWith("-"));
    return about === undefined
      ? frontEnding()
      : { exitCode: 0, output: commandPage(findCommand(about, COMMANDS)) };
  } catch (error) {
    return { exitCode: tell(error, world, false), output: "" };
  }
}
