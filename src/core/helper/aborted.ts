import { ExhibitError } from "../../errors.ts";

/** Nothing came of it; the target stood for so long. */
export class Aborted extends ExhibitError {
  readonly pausedMs: number;
  readonly mustEnd: boolean;

  constructor(message: string, how: { readonly pausedMs: number; readonly mustEnd: boolean }) {
    super(message);
    this.pausedMs = how.pausedMs;
    this.mustEnd = how.mustEnd;
  }
}
