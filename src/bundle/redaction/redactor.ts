// Redaction of text evidence: first the exact secret values seen in the target, then rules of context, then the shapes of
// tokens. Text is latin1-decoded bytes: every byte outside a mask survives as it was, valid UTF-8 or not.
// What must stay true: linear time and bounded memory whatever the text; an error loses nothing silently, it is thrown.
import { commandRules } from "./command-rules.ts";
import { exactRule } from "./exact-values.ts";
import { findHeaders } from "./header-rules.ts";
import { findKeyValues } from "./key-rules.ts";
import { createMasker, merged, shaded, type Masking } from "./masks.ts";
import { findPem } from "./pem.ts";
import type { Rule, Span } from "./span.ts";
import { createRedactionStream, type RedactionStream } from "./redaction-stream.ts";
import { tokenRules } from "./token-rules.ts";
import { findUserinfo } from "./url-rules.ts";

/** The rules that need to know nothing of the target. Of equal stretches the first rule names the mask. */
const RULES: readonly Rule[] = [
  findKeyValues,
  findUserinfo,
  findHeaders,
  ...commandRules,
  findPem,
  ...tokenRules,
];

/** What the rules alone find in a text, each stretch once, in order. */
export function findSecrets(text: string): readonly Span[] {
  return merged(RULES.flatMap((rule) => rule(text)));
}

export interface Redactor {
  /** A whole text at once. */
  readonly redactText: (text: string) => Masking;
  /** A text that comes in pieces. */
  readonly stream: () => RedactionStream;
}

/**
 * `values`: secrets to hide wherever they stand, as `secretValues` picks them. `key`: of this bundle alone, 16 bytes or
 * more, kept nowhere.
 */
export function createRedactor({
  values,
  key,
}: {
  readonly values: readonly string[];
  readonly key: Uint8Array;
}): Redactor {
  const exact = exactRule(values);
  const find = (shade: string): readonly Span[] => merged([exact, ...RULES].flatMap((rule) => rule(shade)));
  const mask = createMasker(find, key);
  return {
    redactText: (text) => {
      const shade = shaded(text);
      return mask({ text, shade, from: 0, to: text.length }, find(shade));
    },
    stream: () => createRedactionStream(find, mask),
  };
}
