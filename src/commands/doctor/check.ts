// One thing that doctor looked at. `fix` is never absent when it is not well.

/** `skipped`: it could not be told, or does not apply here; said why, and no warning. */
export type CheckState = "ok" | "warning" | "failed" | "skipped";

export interface Check {
  readonly name: string;
  readonly state: CheckState;
  /** What was found. */
  readonly detail: string;
  /** What to do about it: a command where there is one. */
  readonly fix?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, state: "ok", detail };
}
export function skipped(name: string, detail: string): Check {
  return { name, state: "skipped", detail };
}
/** Something would be missing in a bundle. */
export function warning(name: string, detail: string, fix: string): Check {
  return { name, state: "warning", detail, fix };
}
/** Without it there would be no bundle, or nobody would get it. */
export function failed(name: string, detail: string, fix: string): Check {
  return { name, state: "failed", detail, fix };
}
