// .NET on Linux: whether its diagnostic port is there (the socket `dotnet-diagnostic-PID-TIME-socket` in its TMPDIR, by the
// documented IPC protocol). It is named, not asked: ProcessInfo tells nothing that /proc does not, and counters need a session
// of EventPipe inside the process.
import { answerTo } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import type { Entered } from "./way.ts";

export async function observeDotnet({ process }: CollectorContext<unknown>): Promise<Entered> {
  const tmp = await answerTo(process.list("root/tmp"));
  const status = await answerTo(process.read("status"));
  // Inside a container the name has the pid that the process has there: the last of NSpid.
  const text = "value" in status ? status.value.toString("latin1") : "";
  const pid = /^NSpid:.*?(\d+)$/m.exec(text)?.[1];
  const prefix = `dotnet-diagnostic-${pid ?? ""}-`;
  const isThere =
    pid !== undefined &&
    "value" in tmp &&
    tmp.value.some((name) => name.startsWith(prefix) && name.endsWith("-socket"));
  const port = isThere
    ? "its diagnostic port is in /tmp: ask it with dotnet-counters or dotnet-stack before the restart"
    : "no diagnostic port of it is seen in /tmp";
  return {
    unsupported: `GC share is unknown: this version does not ask the diagnostic port of .NET; ${port}`,
  };
}
