// The commands of a unit as `systemctl cat` shows its files: the unit's own, then its drop-ins in the order in which they
// apply, each after a comment with its path. An empty value clears what came before (systemd.service(5)).

const FILE = /^# (\/\S.*)$/;

/** The values of one key of [Service], in order, lines put together; those of the file `except` are left out. */
export function parseUnitCommands(text: string, key: string, except: string): readonly string[] {
  const values: string[] = [];
  let [section, file] = ["", ""];
  for (const line of joinLines(text)) {
    const path = FILE.exec(line)?.[1];
    if (path !== undefined) [file, section] = [path, ""];
    const heading = /^\[(.*)\]\s*$/.exec(line)?.[1];
    if (heading !== undefined) section = heading;
    if (section !== "Service" || file === except || /^[#;]/.test(line)) continue;
    const at = line.indexOf("=");
    if (at < 0 || line.slice(0, at).trim() !== key) continue;
    const value = line.slice(at + 1).trim();
    if (value === "") values.length = 0;
    else values.push(value);
  }
  return values;
}

/** A backslash at the end goes on with the next line; comments in between are passed over (systemd.syntax(7)). */
function joinLines(text: string): readonly string[] {
  const lines: string[] = [];
  let begun: string | undefined;
  for (const line of text.split("\n")) {
    if (begun !== undefined && /^\s*[#;]/.test(line)) continue;
    const whole: string = begun === undefined ? line.trimStart() : `${begun} ${line.trim()}`;
    begun = undefined;
    if (whole.endsWith("\\") && !/^[#;]/.test(whole)) begun = whole.slice(0, -1).trimEnd();
    else lines.push(whole);
  }
  if (begun !== undefined) lines.push(begun);
  return lines;
}
