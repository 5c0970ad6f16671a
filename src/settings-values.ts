// Values that settings write as text: durations and sizes.
import { z } from "zod";
import { parseDurationMs, parseSizeBytes } from "./units.ts";

/** A duration as people write it; the parsed value is in milliseconds. */
export const Duration = z
  .string({ error: "expected a duration such as 90s or 1h30m" })
  .transform((text, context) => {
    const value = parseDurationMs(text);
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", input: text, message: "expected a duration such as 90s or 1h30m" });
    return z.NEVER;
  });

/** A size as people write it; the parsed value is in bytes. */
export const Size = z
  .union([z.string(), z.number()], { error: "expected a size such as 20G or 512M" })
  .transform((text, context) => {
    const value = parseSizeBytes(String(text));
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", input: text, message: "expected a size such as 20G or 512M" });
    return z.NEVER;
  });
