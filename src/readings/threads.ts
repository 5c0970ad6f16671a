// Threads in sentences.

/** `Thread 17 (worker-3)`; of the first thread of a process: `Thread 42 (node, the main one)`. */
export function nameThread(
  { tid, name }: { readonly tid: number; readonly name: string },
  first: number | undefined,
): string {
  return `Thread ${tid} (${name}${tid === first ? ", the main one" : ""})`;
}
