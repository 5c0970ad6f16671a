// What systemd runs before an armed unit stops. What must stay true: a unit that is not armed (any more) stops at once; one
// that is waits until its evidence is on disk and not a moment longer; and whatever fails here, the unit stops.
//
// The capture is a unit of its own: it has not the environment, limits and sandbox of the one that stops, and is not killed
// with it. It tells systemd READY=1 when all is secured: then systemd-run returns, and sealing, upload and note go on.
import { ownProgram } from "../../host/own-program.ts";
import { ARM_FOLDER } from "./armed-unit.ts";

/** A word for sh(1), whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** systemd puts variables in place in the commands of transient units (systemd.service(5), "COMMAND LINES"). */
function literal(word: string): string {
  return word.replaceAll("$", () => "$$");
}

/** The script: systemd runs it with the unit's name, and the pid of its main process in MAINPID. */
export function beforeStopScript(config: string | undefined, folder = ARM_FOLDER): string {
  const words = [...ownProgram("cli"), "capture", "--if-armed", "--quiet"];
  const more = config === undefined ? [] : ["--config", config];
  return `#!/bin/sh
# Made by exhibit arm. Whatever fails here, the unit stops.
unit=$1
[ -n "$MAINPID" ] || exit 0
{ read -r until && read -r wait; } 2>/dev/null <${quoted(`${folder}/armed/`)}"$unit" || exit 0
[ "$until" -gt "$(date +%s)" ] || exit 0
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin timeout -k 1 "$wait" \\
  systemd-run --quiet --collect --description="evidence of $unit before it stops" \\
  -p DefaultDependencies=no -p Type=notify -p NotifyAccess=all -p TimeoutStartSec=infinity \\
  -- ${[...words, ...more].map(literal).map(quoted).join(" ")} -- "$unit"
`;
}

/** The drop-in that runs the script ahead of the unit's own commands, with full rights (`+`), and heeds no failure (`-`). */
export function beforeStopDropIn(own: readonly string[], folder = ARM_FOLDER): string {
  return `# Made by exhibit arm; exhibit arm UNIT --off removes it, and so does a reboot.
[Service]
ExecStop=
ExecStop=-+/bin/sh ${folder}/before-stop %n
${own.map((command) => `ExecStop=${command}\n`).join("")}`;
}
