// illumos svcs(1): `svcs -l FMRI` prints `name         value` lines; with -p each process is a line of its own.

export interface ServiceState {
  readonly fmri: string | undefined;
  /** `online`, `maintenance`, `degraded`, `offline`...; a service that is changing has a `*`, left out here. */
  readonly state: string | undefined;
  readonly logFile: string | undefined;
  readonly contract: number | undefined;
  readonly pids: readonly number[];
  /** The line that says the state, untouched. */
  readonly stateLine: string | undefined;
}

/** What `svcs -lp` says of one service. */
export function parseSvcsList(text: string): ServiceState {
  const lines = text.split("\n");
  const lineOf = (key: string) => lines.find((line) => line.startsWith(`${key} `));
  const value = (key: string) => lineOf(key)?.slice(key.length).trim();
  const contract = value("contract_id") ?? "";
  return {
    fmri: value("fmri"),
    state: value("state")?.replace(/\*$/, ""),
    logFile: value("logfile"),
    contract: /^\d{1,10}$/.test(contract) ? Number(contract) : undefined,
    pids: lines.flatMap((line) => {
      const pid = /^process +(\d{1,10})\b/.exec(line)?.[1];
      return pid === undefined ? [] : [Number(pid)];
    }),
    stateLine: lineOf("state"),
  };
}
