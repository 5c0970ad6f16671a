// What a command is: facts for help, completion and the parser, and one function. A command prints nothing and never
// exits; it returns what to print and cli.ts does it. Nothing is imported here but types: this is read at every start.
import type { ReadStream } from "node:tty";

/** What shells offer for a value. */
export type Completes = "target" | "bundle" | "file" | "profile" | "collector" | "command" | "none";

/** `flag`: there or not. `value`: one text. `list`: repeat for more. `optional`: the text may be left out. */
export type OptionKind = "flag" | "value" | "list" | "optional";

interface OptionFactsOf<Kind extends OptionKind> {
  readonly kind: Kind;
  /** `-b, --budget TIME`. */
  readonly flags: string;
  readonly help: string;
  /** The heading it stands below on the help page. */
  readonly group?: string;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}
export type OptionFacts = OptionFactsOf<OptionKind>;
export type OptionTable = Readonly<Record<string, OptionFacts>>;

interface Values {
  readonly flag: boolean;
  readonly value: string | undefined;
  readonly list: readonly string[];
  readonly optional: string | true | undefined;
}

/** The parsed options of a table: texts are as typed, not yet durations or sizes. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Values[Table[Name]["kind"]];
};

/** Makes option facts of one kind, below one heading. */
export function optionMaker<Kind extends OptionKind>(kind: Kind, group?: string) {
  return (
    flags: string,
    help: string,
    more: Pick<OptionFacts, "choices" | "completes"> = {},
  ): OptionFactsOf<Kind> => ({
    kind,
    flags,
    help,
    ...(group === undefined ? {} : { group }),
    ...more,
  });
}

export interface GlobalFlags {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly color: "auto" | "always" | "never";
  /** A settings file to use in place of those of the host. */
  readonly config: string | undefined;
  /** Never ask: where an answer is needed, fail and name the flag. */
  readonly noInput: boolean;
}

export interface Terminal {
  readonly isTty: boolean;
  readonly columns: number;
  readonly colour: boolean;
}

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface CommandContext<Options> {
  readonly options: Options;
  readonly positionals: readonly string[];
  /** What followed `--`; empty for commands that run none. */
  readonly argv: readonly string[];
  readonly global: GlobalFlags;
  /** stdout, for the result. */
  readonly terminal: Terminal;
  /** stderr, for progress and questions. */
  readonly progress: Terminal;
  /** Somebody can answer: stdin and stderr are a terminal, and not --no-input. */
  readonly canAsk: boolean;
  /** A line on stderr; none with --quiet. */
  readonly say: (text: string) => void;
  /** A line on stderr that --quiet does not silence. */
  readonly warn: (text: string) => void;
  /** On stdout at once and as it is: for results that come one by one, and for who talks with us over pipes. */
  readonly print: (text: string) => void;
  /** Bytes on stderr as they are: for a line that is drawn again and again. */
  readonly draw: (text: string) => void;
  readonly stdin: () => ReadStream;
  /**
   * Calls the listener at every SIGINT, SIGTERM and SIGHUP from now on, in place of ending; the result undoes it.
   * Without a listener a signal ends us as it ends any program.
   */
  readonly onSignal: (listener: (signal: StopSignal) => void) => () => void;
}

export interface CommandResult {
  readonly exitCode: number;
  /** For people, with its line breaks; printed unless --json. */
  readonly text?: string;
  /** In place of `text`, for a program: as they are. */
  readonly bytes?: Uint8Array;
  /** The one document of --json. */
  readonly json?: unknown;
}

export interface ArgumentFacts {
  /** `TARGET`; `[ID]` may be left out, `[ID...]` takes several. */
  readonly name: string;
  readonly completes: Completes;
  readonly choices?: readonly string[];
}

export type Group = "Before a mitigation" | "During" | "After" | "Set up";

interface CommandText {
  readonly name: string;
  readonly group: Group;
  readonly summary: string;
  /** Usage lines. */
  readonly usage: readonly string[];
  readonly arguments: readonly ArgumentFacts[];
  /** What follows the options on the help page. */
  readonly notes?: string;
  readonly examples: readonly string[];
  /** A command of the operator follows `--`, which is then mandatory. */
  readonly runsCommand?: true;
  /** A command of the operator may follow `--`; `check` says when it must. */
  readonly mayRunCommand?: true;
  /** The exit status of every error of ours, where the usual ones would be taken for COMMAND's. */
  readonly failsWith?: number;
}

/** A fault in a command line that parsers do not see, with what to do. */
export interface UsageFault {
  readonly message: string;
  readonly hint?: string;
}

type Rest = Omit<CommandContext<unknown>, "options">;

export interface CommandFacts extends CommandText {
  readonly options: OptionTable;
  readonly check: (values: unknown, words: Pick<Rest, "positionals" | "argv">) => UsageFault | undefined;
  readonly run: (values: unknown, rest: Rest) => Promise<CommandResult>;
}

/** The parser's values as what the table declares; throws when they are not, which is a bug. */
export function checkOptions<Table extends OptionTable>(table: Table, values: unknown): OptionsOf<Table> {
  if (!areOptions(table, values)) throw new Error("parsed options differ from the table");
  return values;
}

/** Whether the parser's values are what the table declares. */
function areOptions<Table extends OptionTable>(table: Table, values: unknown): values is OptionsOf<Table> {
  if (typeof values !== "object" || values === null) return false;
  const found = new Map<string, unknown>(Object.entries(values));
  return Object.entries(table).every(([name, { kind }]) => {
    const one = found.get(name);
    if (kind === "flag") return typeof one === "boolean";
    if (kind === "list") return Array.isArray(one) && one.every((item) => typeof item === "string");
    return one === undefined || typeof one === "string" || (kind === "optional" && one === true);
  });
}

/** Ties the options of a command to the function that gets them, and forgets their type, so that one table holds all. */
export function defineCommand<Table extends OptionTable>(
  facts: CommandText & {
    readonly options: Table;
    readonly check?: (
      options: OptionsOf<Table>,
      words: Pick<Rest, "positionals" | "argv">,
    ) => UsageFault | undefined;
    /** The file of the command, imported when it is called. */
    readonly load: () => Promise<{
      readonly run: (context: CommandContext<OptionsOf<Table>>) => Promise<CommandResult>;
    }>;
  },
): CommandFacts {
  const { load, check, ...text } = facts;
  return {
    ...text,
    check: (values, words) => check?.(checkOptions(facts.options, values), words),
    run: async (values, rest) =>
      (await load()).run({ ...rest, options: checkOptions(facts.options, values) }),
  };
}
