// What `systemctl show -p NAMES -- UNIT` prints: `Key=value`, one a line, in an order of its own.

export interface UnitState {
  readonly id: string;
  /** `loaded`, `not-found`, `masked`, `error`, `bad-setting`. */
  readonly loadState: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`, `maintenance`. */
  readonly activeState: string;
  /** Absent when systemd knows of none (it prints 0). */
  readonly mainPid: number | undefined;
  readonly controlGroup: string | undefined;
  readonly invocationId: string | undefined;
  readonly restarts: number | undefined;
}

export const UNIT_PROPERTIES =
  "Id,LoadState,ActiveState,MainPID,ControlGroup,InvocationID,ActiveEnterTimestamp,NRestarts";

/** The state of one unit; undefined when the three properties that every unit has are not there. */
export function parseSystemctlShow(text: string): UnitState | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    // A second unit would be another answer than the one asked for: the first counts.
    if (at > 0 && !values.has(line.slice(0, at))) values.set(line.slice(0, at), line.slice(at + 1));
  }
  const given = (key: string) => values.get(key) || undefined;
  const number = (key: string) =>
    /^\d{1,15}$/.test(values.get(key) ?? "") ? Number(values.get(key)) : undefined;
  const [id, loadState, activeState] = [given("Id"), given("LoadState"), given("ActiveState")];
  if (id === undefined || loadState === undefined || activeState === undefined) return undefined;
  return {
    id,
    loadState,
    activeState,
    mainPid: number("MainPID") || undefined,
    controlGroup: given("ControlGroup"),
    invocationId: given("InvocationID"),
    restarts: number("NRestarts"),
  };
}
