// The text of one settings file as plain values, with the place of each key. What must stay true: no file can make us
// read without end (aliases, depth, many keys).
import { isUtf8 } from "node:buffer";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from "yaml";
import { messageOf, type SettingsPlace } from "./errors.ts";
import { printable } from "./printable.ts";

/** Aliases may repeat parts of a file, not multiply them. */
const MAX_ALIASES = 100;
const MAX_NODES = 20_000;
const MAX_DEPTH = 24;
/** What opens a level on one line; deeper than this, yaml's own recursion could end the process (V8 runs out of memory). */
const MAX_BRACKETS = 200;
const NESTED_ON_ONE_LINE = /(?:[-?:][ \t]+){200}/;
const FORBIDDEN_KEYS = ["__proto__", "constructor", "prototype"];

/** Something wrong, and where. */
export interface Fault {
  readonly place: SettingsPlace;
  readonly expected: string;
}

export interface SettingsFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** By dotted key: where it is written. */
  readonly places: ReadonlyMap<string, SettingsPlace>;
  readonly faults: readonly Fault[];
}

/** Parses settings; never throws, what is wrong is in `faults`. */
export function parseSettings(path: string, bytes: Uint8Array): SettingsFile {
  const places = new Map<string, SettingsPlace>();
  const whole = (expected: string) => ({
    path,
    values: {},
    places,
    faults: [{ place: { file: path }, expected }],
  });
  if (!isUtf8(bytes)) return whole("expected UTF-8 text");
  const text = Buffer.from(bytes).toString("utf8");
  if (isTooDeep(text)) return whole("expected fewer levels");
  const lines = new LineCounter();
  const placeOf = (offset: number, key?: string): SettingsPlace => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col, ...(key === undefined ? {} : { key }) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
    const wrong = [...document.errors, ...document.warnings];
    if (wrong.length > 0) {
      const faults = wrong.map(({ pos, message }) => ({
        place: placeOf(pos[0]),
        expected: sentence(message),
      }));
      return { path, values: {}, places, faults };
    }
    const reader = new Reader(document, placeOf, places);
    const values = reader.read(document.contents, [], 0);
    if (values === null || values === undefined) return { path, values: {}, places, faults: reader.faults };
    if (!isRecord(values)) return whole("expected keys with values, such as version: 1");
    return { path, values, places, faults: reader.faults };
  } catch (error) {
    // Nesting beyond any sense ends in the parser's own recursion.
    return whole(error instanceof RangeError ? "expected fewer values, aliases or levels" : messageOf(error));
  }
}

/** Counts brackets wherever they stand, in text and comments too: settings never come near the limit. */
function isTooDeep(text: string): boolean {
  let level = 0;
  for (const character of text) {
    if (character === "[" || character === "{") level++;
    else if (character === "]" || character === "}") level = Math.max(0, level - 1);
    if (level > MAX_BRACKETS) return true;
  }
  return NESTED_ON_ONE_LINE.test(text);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** yaml's own words in our form: lower case, one line, no full stop. */
function sentence(message: string): string {
  const first = printable(message.split("\n")[0] ?? "", 300).replace(/\.$/, "");
  return first.charAt(0).toLowerCase() + first.slice(1);
}

type PlaceOf = (offset: number, key?: string) => SettingsPlace;

/** Turns yaml's nodes into plain values. A class for what it counts on the way: nodes and faults. */
class Reader {
  readonly faults: Fault[] = [];
  private readonly document: Document;
  private readonly placeOf: PlaceOf;
  private readonly places: Map<string, SettingsPlace>;
  private nodes = 0;
  private aliases = 0;

  constructor(document: Document, placeOf: PlaceOf, places: Map<string, SettingsPlace>) {
    this.document = document;
    this.placeOf = placeOf;
    this.places = places;
  }

  read(node: unknown, path: readonly string[], depth: number): unknown {
    if (++this.nodes > MAX_NODES || depth > MAX_DEPTH) throw new RangeError("too many values or levels");
    if (isAlias(node) && ++this.aliases > MAX_ALIASES) throw new RangeError("too many aliases");
    if (isAlias(node)) return this.read(node.resolve(this.document), path, depth + 1);
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.item(item, [...path, String(index)], depth));
    if (!isMap(node)) return undefined;
    const seen = new Set<string>();
    const entries = node.items.flatMap(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : undefined;
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : (node.range?.[0] ?? 0);
      const dotted = [...path, name ?? "?"].join(".");
      if (name === undefined || FORBIDDEN_KEYS.includes(name)) {
        this.faults.push({
          place: this.placeOf(offset, printable(dotted)),
          expected: "expected another key",
        });
        return [];
      }
      // Not by yaml's uniqueKeys, which compares every key with every other.
      if (seen.has(name))
        this.faults.push({
          place: this.placeOf(offset, printable(dotted)),
          expected: "the key is there twice",
        });
      seen.add(name);
      this.places.set(dotted, this.placeOf(offset, printable(dotted)));
      return [[name, this.read(value, [...path, name], depth + 1)] as const];
    });
    return Object.fromEntries(entries);
  }

  private item(node: unknown, path: readonly string[], depth: number): unknown {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    const dotted = path.join(".");
    this.places.set(dotted, this.placeOf(range?.[0] ?? 0, printable(dotted)));
    return this.read(node, path, depth + 1);
  }
}
