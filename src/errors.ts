// Every error that a person can meet. A message says what failed, on what; the hint says what to do about it.
// Anything that is not an ExhibitError is a bug and is shown with its stack.

/** An error with a message for a person and the exit status it leads to. */
export class ExhibitError extends Error {
  readonly exitCode: number = 1;
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** The command line cannot be carried out as it was written. */
export class UsageError extends ExhibitError {
  override readonly exitCode: number = 2;
}

/** Where in the settings a fault lies; line and column count from 1. */
export interface SettingsPlace {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly key?: string;
}

/** The settings are wrong: file, line, column, key, and what was expected. */
export class SettingsError extends ExhibitError {
  override readonly exitCode: number = 2;
  readonly place: SettingsPlace;

  constructor(
    place: SettingsPlace,
    expected: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    const position = place.line === undefined ? "" : `:${place.line}:${place.column ?? 1}`;
    const key = place.key ? ` ${place.key}:` : "";
    super(`${place.file}${position}:${key} ${expected}`, options);
    this.place = place;
  }
}

/** The target cannot be found, is not what it was, or may not be looked at. */
export class TargetError extends ExhibitError {}

/** A question about a target has no answer; 1 would be one. */
export class NoAnswerError extends ExhibitError {
  override readonly exitCode: number = 3;
}

/** A command ran and failed, or could not run. */
export class CommandError extends ExhibitError {
  readonly exitStatus: number | undefined;
  readonly signal: string | undefined;

  constructor(
    message: string,
    options: {
      readonly exitStatus?: number;
      readonly signal?: string;
      readonly hint?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options);
    this.exitStatus = options.exitStatus;
    this.signal = options.signal;
  }
}

/** What we looked at from inside is gone in the middle of it: the process ended or became another. A sentence about it. */
export class LostError extends ExhibitError {}

/** The collector cannot work on this target or host; it ends as `unsupported`, with this message as the reason. */
export class UnsupportedError extends ExhibitError {}

/** The bundle could not be stored; `bundlePath` is where it lies safe on this host. */
export class UploadError extends ExhibitError {
  override readonly exitCode: number = 4;
  readonly bundlePath: string | undefined;

  constructor(
    message: string,
    options: { readonly bundlePath?: string; readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.bundlePath = options.bundlePath;
  }
}

/** The note could not be posted. `retryable` is false when trying again cannot help. */
export class NoteError extends ExhibitError {
  override readonly exitCode: number = 5;
  readonly retryable: boolean;

  constructor(
    message: string,
    options: { readonly retryable: boolean; readonly hint?: string; readonly cause?: unknown },
  ) {
    super(message, options);
    this.retryable = options.retryable;
  }
}

/** The receiver of a note is busy; `retryAfterMs` is how long it asked to be left alone, when it said so. */
export class BusyRecordError extends NoteError {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    const hint =
      retryAfterMs === undefined ? {} : { hint: `try again in ${Math.ceil(retryAfterMs / 1000)} s` };
    super(message, { retryable: true, ...hint });
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Whether the note is there is not known: it was sent at `sentAt` and no answer came. It may be on its way still, so it is
 * looked for before it is sent again.
 */
export class LostAnswerError extends NoteError {
  readonly sentAt: string;

  constructor(message: string, sentAt: string, options: { readonly cause?: unknown } = {}) {
    super(message, {
      ...options,
      retryable: true,
      hint: "it may be there all the same: exhibit push looks before it sends it again",
    });
    this.sentAt = sentAt;
  }
}

/** The text of anything thrown, for a reason in the manifest. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The errno name (`ENOENT`) of a failed system call, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
