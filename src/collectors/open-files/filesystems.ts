// How much room the file systems have that the target works on, asked through its own links below /proc/PID: so each is
// found in whatever mount namespace it is, under whatever name. Asking opens nothing (statfs(2)).
import { writingOf, type Fdinfo } from "../../parsers/fdinfo.ts";
import { parseFdLink } from "../../parsers/fd-link.ts";
import { parseStatFilesystem, STAT_FORMAT } from "../../parsers/stat-filesystem.ts";
import { printable } from "../../printable.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

/** A process that writes to more file systems than this is looked at in part. */
const MOST = 20;

interface OpenFile {
  readonly fd: number;
  /** Printable. */
  readonly link: string;
}

/** Saves filesystems.txt and filesystems.json; a host without `stat -f` is told nothing of it. */
export async function saveFilesystems(
  context: CollectorContext<unknown>,
  open: readonly OpenFile[],
  infos: ReadonlyMap<number, Fdinfo>,
): Promise<void> {
  if (!(await context.has("stat"))) return;
  const folder = `/proc/${context.target.pid}`;
  const written = oneOfEachMount(open, infos);
  const asked = new Map([
    [`${folder}/cwd`, { what: "its working directory", isWritten: false }],
    [`${folder}/root`, { what: "its root directory", isWritten: false }],
    ...written.map(({ fd, link }) => [`${folder}/fd/${fd}`, { what: link, isWritten: true }] as const),
  ]);
  // A file that was closed meanwhile makes the status 1; the others are told all the same.
  const command = ["stat", "-f", "-c", STAT_FORMAT, ...asked.keys()] as const;
  const output = await tryRun(context, ["stat", ...command.slice(1)], {
    as: "filesystems.txt",
    accept: [1],
  });
  if (output === undefined) return;
  const rooms = parseStatFilesystem(output.stdout).flatMap(({ line: _line, path, ...room }) => {
    const about = asked.get(path);
    return about === undefined ? [] : [{ ...about, path, ...room }];
  });
  await context.saveJson("filesystems.json", { filesystems: rooms });
}

/** Of the regular files that are open for writing one on each mount. */
function oneOfEachMount(open: readonly OpenFile[], infos: ReadonlyMap<number, Fdinfo>): readonly OpenFile[] {
  const byMount = new Map<number, OpenFile>();
  for (const { fd, link } of open) {
    const info = infos.get(fd);
    if (info?.mountId === undefined || byMount.has(info.mountId) || byMount.size >= MOST) continue;
    if (parseFdLink(link).type === "file" && writingOf(info.flags).writable)
      byMount.set(info.mountId, { fd, link: printable(link, 400) });
  }
  return [...byMount.values()];
}
