// The notes of a core of one thread, by our own writer.
import { buildNotes } from "../../src/core/elf/note.ts";

export function notesOf(thread: number): Buffer {
  const facts = {
    pid: thread,
    parent: 1,
    group: thread,
    session: thread,
    state: "S",
    nice: 0,
    user: 0,
    userGroup: 0,
    command: "target",
    arguments: "target",
    auxiliaryVector: Buffer.alloc(16),
  };
  const registers = {
    id: thread,
    general: Buffer.alloc(216),
    floating: undefined,
    extended: undefined,
    pendingSignals: "0",
    blockedSignals: "0",
  };
  return buildNotes(facts, [registers], []);
}
