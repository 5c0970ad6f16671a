// Where a core goes: through a pipe, to a compressor, with every zero; or into a file, whose holes stay holes.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, write } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";
import { ExhibitError, errnoOf } from "../../errors.ts";
import type { Sink } from "../elf/memory.ts";

const writeAt = promisify(write);
const STDOUT = 1;
const ZEROS = Buffer.alloc(256 * 1024);

export interface Output extends Sink {
  /** Resolves when nothing is left to write. */
  readonly end: () => Promise<void>;
  readonly writtenBytes: () => number;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** `path`, a new file; without one, standard output. */
export function openOutput(path: string | undefined): Output {
  if (path !== undefined) return fileOutput(openSync(path, NEW_FILE, 0o600));
  const stats = fstatSync(STDOUT);
  return stats.isFIFO() || stats.isSocket() ? pipeOutput() : fileOutput(STDOUT);
}

/** The system's errors as a person reads them. */
function told(error: unknown): ExhibitError {
  const errno = errnoOf(error);
  if (errno === "ENOSPC") return new ExhibitError("no space left on the disk");
  if (errno === "EPIPE" || errno === "ECONNRESET") return new ExhibitError("the compressor ended early");
  return new ExhibitError(`the core could not be written: ${errno ?? String(error)}`);
}

function fileOutput(file: number): Output {
  let position = 0;
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length;) {
        const written = await writeAt(file, bytes, at, bytes.length - at, position).catch(
          (error: unknown) => {
            throw told(error);
          },
        );
        at += written.bytesWritten;
        position += written.bytesWritten;
      }
    },
    skip: async (bytes) => {
      position += bytes;
    },
    end: async () => {
      try {
        if (fstatSync(file).isFile()) ftruncateSync(file, position);
      } catch (error) {
        throw told(error);
      }
      if (file !== STDOUT) closeSync(file);
    },
    writtenBytes: () => position,
  };
}

function pipeOutput(): Output {
  const socket = new Socket({ fd: STDOUT, readable: false, writable: true });
  let writtenBytes = 0;
  let broken: Error | undefined;
  socket.on("error", (error) => {
    broken ??= error;
  });
  const send = (bytes: Buffer) =>
    new Promise<void>((resolve, reject) => {
      if (broken) return reject(told(broken));
      socket.write(bytes, (error) => (error ? reject(told(error)) : resolve()));
      writtenBytes += bytes.length;
    });
  return {
    write: send,
    skip: async (bytes) => {
      for (let left = bytes; left > 0; left -= ZEROS.length)
        await send(left >= ZEROS.length ? ZEROS : ZEROS.subarray(0, left));
    },
    end: () =>
      new Promise((resolve, reject) => {
        if (broken) return reject(told(broken));
        socket.once("error", (error) => reject(told(error)));
        socket.end(() => resolve());
      }),
    writtenBytes: () => writtenBytes,
  };
}
