// A process that has chosen everything it can choose to hurt who looks at it: its name, its arguments (1 MB), its folder,
// its open files, its environment, the file it was started from.
import { chmodSync, copyFileSync, mkdtempSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { start } from "./started.ts";

/** Line breaks, escapes of terminals, C1 controls, bidi, zero width, markup, shell, options, and what is not UTF-8. */
export const HOSTILE = Buffer.concat([
  Buffer.from(
    "-rf a\nb\r\t) R 1 1 \u001b[31mred\u001b]0;title\u0007\u009b2J \u202Egnp.evil\u2066 \u200b\u2028",
  ),
  Buffer.from("<img src=x onerror=alert(1)>|`x`[l](javascript:x)![i](x:y)**b** $(id) ;&& ..\\..\\x "),
  Buffer.from([0xff, 0xfe, 0xc3, 0x28]),
]);
/** 15 bytes are all that the kernel keeps of a name (PR_SET_NAME(2const)). */
export const HOSTILE_NAME = Buffer.concat([Buffer.from("x)\n\u001b[31m\u202e<"), Buffer.from([0xff])]);

const LAUNCH = `
import os, sys
evil = bytes.fromhex(sys.argv[1]); name = bytes.fromhex(sys.argv[2]); folder = os.fsencode(sys.argv[3]); run = os.fsencode(sys.argv[4])
room = os.path.join(folder, evil.replace(b"/", b"_"))
os.makedirs(room, exist_ok=True)
program = b"""
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(15, bytes.fromhex('%s'), 0, 0, 0)
here = os.fsencode(os.getcwd())
logs = [os.open(os.path.join(here, b'app ' + os.path.basename(here) + end), os.O_CREAT | os.O_WRONLY | os.O_APPEND) for end in (b'.log', b'.txt')]
os.write(logs[0], os.path.basename(here) + b'\\\\n')
print('up', flush=True)
time.sleep(600)
""" % name.hex().encode()
os.chdir(room)
link = os.path.join(room, b"py " + evil[:40].replace(b"/", b"_"))
os.link(run, link)
os.execve(link, [evil, b"-c", program, evil, *[b"%d " % n + evil + b"x" * 100000 for n in range(10)], b"--password"],
  {b"PATH": os.environb[b"PATH"], b"PYTHONHOME": os.fsencode(sys.base_prefix), b"EVIL" + evil.replace(b"=", b""): evil, b"PLAIN_NAME": b"1"})
`;

/** Starts it in a folder of its own; the folder must be on a file system that executes. */
export async function startHostile(t: TestContext, parent: string): Promise<{ readonly pid: number }> {
  const folder = mkdtempSync(join(parent, "hostile-"));
  const python = join(folder, "python");
  const probe = await start(t, ["python3", "-c", "import time; print('up', flush=True); time.sleep(60)"]);
  copyFileSync(readlinkSync(`/proc/${probe.pid}/exe`), python);
  chmodSync(python, 0o755);
  const { pid } = await start(t, [
    "python3",
    "-c",
    LAUNCH,
    HOSTILE.toString("hex"),
    HOSTILE_NAME.toString("hex"),
    folder,
    python,
  ]);
  return { pid };
}
