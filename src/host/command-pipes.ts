// Pipes for a command's output. Node's own are sockets, and a script that writes to /dev/stderr cannot open a socket
// (ENXIO: socket(7) cannot be opened by name), so these are FIFOs whose names are gone before the command starts.
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runQuick } from "./run.ts";

export interface CommandPipe {
  readonly reader: Socket;
  readonly readerDescriptor: number;
  /** For the command; closed by us once it has started. */
  readonly writerDescriptor: number;
}

/** As many pipes; undefined where FIFOs cannot be made (a full or read-only /tmp). */
export async function openPipes(count: number): Promise<readonly CommandPipe[] | undefined> {
  const opened: number[] = [];
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "exhibit-pipes-"));
    const names = Array.from({ length: count }, (_, index) => join(folder ?? "", String(index)));
    const made = await runQuick(["mkfifo", "-m", "600", "--", ...names]);
    if (made.exitCode !== 0) return undefined;
    // Opened for reading it does not wait for a writer only with O_NONBLOCK (fifo(7)); the command's end is an ordinary one.
    const ends = names.map((name) => {
      const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
      opened.push(reader);
      const writer = openSync(name, constants.O_WRONLY);
      opened.push(writer);
      return { reader, writer };
    });
    return ends.map(({ reader, writer }) => ({
      reader: new Socket({ fd: reader, readable: true, writable: false }),
      readerDescriptor: reader,
      writerDescriptor: writer,
    }));
  } catch {
    for (const descriptor of opened) closeSync(descriptor);
    return undefined;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
