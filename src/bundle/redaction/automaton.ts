// Aho and Corasick's automaton: finds every one of many strings in one walk over the text, in time linear in the text
// whatever the strings and the text are. Indexed searches (one `indexOf` a string) are not: both are written by
// strangers here.

/** Stops a hostile environment from costing more than some tens of megabytes. */
const MAX_NODES = 500_000;
const CODES = 65_536;

export interface Hit {
  readonly from: number;
  readonly to: number;
  /** Index in the list of strings. */
  readonly index: number;
}

interface Nodes {
  readonly next: Map<number, number>;
  /** The string that ends at a node: its index, or -1. */
  readonly ends: number[];
  readonly fail: number[];
}

function buildTrie(strings: readonly string[]): Nodes {
  const next = new Map<number, number>();
  const ends = [-1];
  for (const [index, text] of strings.entries()) {
    if (text === "" || ends.length + text.length > MAX_NODES) continue;
    let node = 0;
    for (let at = 0; at < text.length; at++) {
      const key = node * CODES + text.charCodeAt(at);
      node = next.get(key) ?? ends.push(-1) - 1;
      next.set(key, node);
    }
    if (ends[node] === -1) ends[node] = index;
  }
  return { next, ends, fail: ends.map(() => 0) };
}

/** Breadth first: a node's failure link is known before its children's. */
function linkFailures({ next, ends, fail }: Nodes): void {
  const children = new Map<number, [code: number, child: number][]>();
  for (const [key, child] of next) {
    const parent = Math.floor(key / CODES);
    const list = children.get(parent);
    if (list) list.push([key % CODES, child]);
    else children.set(parent, [[key % CODES, child]]);
  }
  const queue = [0];
  for (const node of queue) {
    for (const [code, child] of children.get(node) ?? []) {
      const link = node === 0 ? 0 : step(next, fail, { from: fail[node] ?? 0, code });
      fail[child] = link;
      // A node inherits what ends at its link, so that a hit is seen wherever the walk stands. Its own is longer.
      if (ends[child] === -1) ends[child] = ends[link] ?? -1;
      queue.push(child);
    }
  }
}

/** Where the walk stands after one more character: the longest beginning of a string that the text ends with. */
function step(
  next: Nodes["next"],
  fail: Nodes["fail"],
  at: { readonly from: number; readonly code: number },
): number {
  for (let node = at.from; ; node = fail[node] ?? 0) {
    const child = next.get(node * CODES + at.code);
    if (child !== undefined) return child;
    if (node === 0) return 0;
  }
}

/** A search for all of `strings` at once: of those that end at one place, the longest is told. */
export function buildAutomaton(strings: readonly string[]): (text: string) => readonly Hit[] {
  const nodes = buildTrie(strings);
  linkFailures(nodes);
  const { next, ends, fail } = nodes;
  // Nearly every character is met at the root: an array there is what makes the walk fast.
  const fromRoot = new Int32Array(CODES);
  for (let code = 0; code < CODES; code++) fromRoot[code] = next.get(code) ?? 0;
  return (text) => {
    const hits: Hit[] = [];
    let node = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      node = node === 0 ? (fromRoot[code] ?? 0) : step(next, fail, { from: node, code });
      const index = ends[node] ?? -1;
      if (index !== -1) hits.push({ from: at + 1 - (strings[index]?.length ?? 0), to: at + 1, index });
    }
    return hits;
  };
}
