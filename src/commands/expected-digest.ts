// `--sha256`: what somebody was told of a manifest, as notes print it: its first sixteen digits, or all of it.
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";

/** Lower-case digits; undefined without the flag. Throws UsageError. */
export function expectedDigest(text: string | undefined): string | undefined {
  const digits = text?.toLowerCase().replace(/…$/, "");
  if (digits === undefined || /^[0-9a-f]{16,64}$/.test(digits)) return digits;
  throw new UsageError(`--sha256 ${printable(text ?? "")}: expected 16 to 64 hexadecimal digits`, {
    hint: "the note on the incident record has them, behind `manifest sha256`",
  });
}
