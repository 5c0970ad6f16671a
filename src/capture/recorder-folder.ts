// Where the agent's flight recorder keeps what it saw: beside the spool, where captures look for it.
import { dirname, join } from "node:path";

export function recorderFolder(spool: string): string {
  return join(dirname(spool), "recorder");
}
