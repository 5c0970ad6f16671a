// Which test files share a process, and in which order they start. A process that only loads tsx costs more CPU than most files.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface TestFile {
  /** From the root of the project: `test/host/disk.test.ts`. */
  readonly path: string;
  readonly text: string;
}

/** The files of one process, in the order in which it loads them. */
export type Group = readonly string[];

/** Besides test/e2e: what needs a server, or takes long. A test file says so in its first lines: `// Needs: radosgw`, `// Slow: why`. */
const NEEDS_MARK = /^\/\/ (?:Needs|Slow): /m;

/** Said in the first lines of a file that no other rule keeps alone. */
const ALONE_MARK = /^\/\/ Alone: /m;

/** Said where the rules below are wrong: what they see is the text of another program, or is put right before the next test begins. */
const TOGETHER_MARK = /^\/\/ Together: /m;

/** What one file would do to the others of its process: its environment, its folder, its end, its globals, hooks around every test. */
const SHARED_STATE = [
  /\bprocess\.env(?:\.\w+|\[[^\]]+\])?\s*=[^=]/,
  /\bdelete process\.env\b/,
  /\bprocess\.(?:chdir|umask|exit|abort|on|once|exitCode|title)\b/,
  /\bglobalThis\.\w+\s*=[^=]/,
  /\bmock\.\w/,
  /^(?:before|beforeEach|afterEach)\(/m,
];

/** The longest, in seconds on two cores: they start first, so that none is left running alone at the end. */
const LONGEST: Readonly<Record<string, number>> = {
  "e2e/kill.test.ts": 80,
  "e2e/disk-full.test.ts": 52,
  "incident/request-tracker.test.ts": 43,
  "e2e/agent.test.ts": 35,
  "e2e/upload-kill.test.ts": 35,
  "inspector/versions.test.ts": 35,
  "inspector/rounds.test.ts": 28,
  "collectors/runtime-go.test.ts": 27,
  "commands/command-line.test.ts": 18,
  "e2e/arm.test.ts": 17,
};

/** The longest of the quick ones, in the same seconds: so that the groups that share processes take equally long. */
const LONG_QUICK: Readonly<Record<string, number>> = {
  "agent/ring.test.ts": 5,
  "capture/pauses.test.ts": 5,
  "upload/reading.test.ts": 5,
  "commands/settings-commands.test.ts": 4,
  "core/gdb.test.ts": 4,
  "fleet/run-fleet.test.ts": 4,
  "settings-files.test.ts": 4,
  "bundle/redaction/hostile-text.test.ts": 3,
  "bundle/verify.test.ts": 3,
  "collectors/open-files.test.ts": 3,
  "host/shell-line.test.ts": 3,
  "readings/rules.test.ts": 3,
};
const USUAL_SECONDS = 0.3;

/** Groups for each process that runs at once: enough to even out what they cost, few enough that what they load stays cheap. */
const GROUPS_EACH = 2;

/** Whether `npm run test:quick` leaves the file out. */
export function isSlow({ path, text }: TestFile): boolean {
  return path.startsWith("test/e2e/") || NEEDS_MARK.test(text.slice(0, 600));
}

/** Whether the file gets a process of its own. */
export function isAlone(file: TestFile): boolean {
  const head = file.text.slice(0, 600);
  if (isSlow(file) || ALONE_MARK.test(head)) return true;
  return !TOGETHER_MARK.test(head) && SHARED_STATE.some((pattern) => pattern.test(file.text));
}

function sharedSeconds(path: string): number {
  return LONG_QUICK[path.slice("test/".length)] ?? USUAL_SECONDS;
}

/**
 * Files that share processes, in at most `most` groups that take about equally long. Neighbours stay together: files of one room load
 * the same modules, and to load is most of what these groups cost.
 */
function shareOut(paths: readonly string[], most: number): readonly Group[] {
  const all = paths.reduce((sum, path) => sum + sharedSeconds(path), 0);
  const groups: string[][] = Array.from({ length: most }, () => []);
  let before = 0;
  for (const path of paths) {
    // By its middle, so that the last one, too, falls into a group.
    groups[Math.floor(((before + sharedSeconds(path) / 2) / all) * most)]?.push(path);
    before += sharedSeconds(path);
  }
  return groups.filter((group) => group.length > 0);
}

/** Every file in exactly one group: alone, or with others; the longest first, then the shared ones. */
export function planGroups(files: readonly TestFile[], atOnce: number): readonly Group[] {
  const seconds = ({ path }: TestFile) => LONGEST[path.slice("test/".length)] ?? 0;
  const alone = files.filter(isAlone).toSorted((a, b) => seconds(b) - seconds(a));
  const shared = files.filter((file) => !isAlone(file)).map(({ path }) => path);
  const groups = shareOut(shared, atOnce * GROUPS_EACH);
  const long = alone.filter((file) => seconds(file) > 0);
  const short = alone.filter((file) => seconds(file) === 0);
  return [...long.map(({ path }) => [path]), ...groups, ...short.map(({ path }) => [path])];
}

/**
 * The module that `node` is given for each group: the file itself, or one written into `folder` that imports the files one after
 * another. A file that cannot be loaded ends its group, and stderr says which.
 */
export function writeGroups(root: string, folder: string, groups: readonly Group[]): readonly string[] {
  return groups.map((paths, index) => {
    const [first, ...others] = paths.map((path) => join(root, path));
    if (first === undefined) throw new Error("a group of no files");
    if (others.length === 0) return first;
    const urls = [first, ...others].map((path) => pathToFileURL(path).href);
    const module = join(folder, `group-${index + 1}.mjs`);
    writeFileSync(
      module,
      `for (const url of ${JSON.stringify(urls, null, 2)})
  await import(url).catch((error) => {
    console.error(\`cannot be loaded: \${url}\`);
    throw error;
  });
`,
    );
    return module;
  });
}
