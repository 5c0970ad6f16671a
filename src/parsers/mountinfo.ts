// /proc/PID/mountinfo (proc(5)): what is mounted where, as that process sees it.

export interface Mount {
  /** The folder of the file system that is mounted; `/` unless it is a bind mount or another cgroup namespace's root. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  /** Of the file system, not of the mount: `rw`, `cpu`, `name=systemd`. */
  readonly options: readonly string[];
}

/** Lines that are no mount are left out. */
export function parseMountinfo(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    // Any number of optional fields lies between the sixth and the hyphen.
    const hyphen = fields.indexOf("-", 6);
    const [root, point] = fields.slice(3, 5);
    if (hyphen === -1 || !root || !point) return [];
    const [type, , options = ""] = fields.slice(hyphen + 1);
    if (!type) return [];
    return [{ root: unescapeOctal(root), point: unescapeOctal(point), type, options: options.split(",") }];
  });
}

/** Blanks, tabs, newlines and backslashes of a path are written in octal. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
