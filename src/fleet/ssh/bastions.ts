// Fresh logins through one jump host at once: with MaxStartups 10:30:100, the default, sshd drops 30 % of them from the
// tenth on, and 60 at once got one through (measured); eight at once got all.
import pLimit, { type LimitFunction } from "p-limit";
import { runQuick } from "../../host/run.ts";
import type { FleetHost } from "../transport.ts";
import { sshConfigWords, type SshOptions } from "./words.ts";

const AT_ONCE = 8;

/** The jump host of a configuration as `ssh -G` prints it: the first that is dialled. */
export function jumpIn(config: string): string | undefined {
  const jump = /^proxyjump (\S+)$/m.exec(config)?.[1];
  return jump === undefined || jump === "none" ? undefined : jump.split(",")[0];
}

/** Waits for a turn to log in; what it resolves to is called when the login is through. */
export type TakeTurn = (host: FleetHost) => Promise<() => void>;

export function openBastions(options: SshOptions): TakeTurn {
  const limits = new Map<string, LimitFunction>();
  return async (host) => {
    const { stdout } = await runQuick(sshConfigWords(options, host), { timeoutMs: 10_000 });
    const jump = jumpIn(stdout);
    if (jump === undefined) return () => undefined;
    const limit = limits.get(jump) ?? pLimit(AT_ONCE);
    limits.set(jump, limit);
    return new Promise((granted) => {
      void limit(() => new Promise<void>((through) => granted(through)));
    });
  };
}
