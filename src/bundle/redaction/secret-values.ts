// Picks the exact secret values out of a process's own environment and arguments. They live in memory and in the spool
// until the bundle is sealed, and are never part of it.
import { SHORTEST_VALUE } from "./exact-values.ts";
import { findSecrets } from "./redactor.ts";
import { isSecretValue, secretKey } from "./secret-keys.ts";

const ASSIGNMENT = /^(-{0,2}[\w.-]{1,128})=([^]*)$/;
const FLAG = /^--?[\w.-]{1,128}$/;
// A word or a folder that also stands elsewhere in the open (`POSTGRES_PASSWORD=postgres`) is no secret that could be
// hidden, and hiding it would blacken ordinary evidence.
const ORDINARY = /^(?:[a-z]{1,16}|\/[\w./-]{0,200})$/;

function isSecretUnder(name: string, value: string): boolean {
  const key = secretKey(name);
  return key !== undefined && isSecretValue(key, value);
}

function wholeValues(entries: readonly string[]): readonly string[] {
  return entries.flatMap((entry, index) => {
    const [, name = "", value = ""] = ASSIGNMENT.exec(entry) ?? [];
    if (name !== "" && isSecretUnder(name, value)) return [value];
    const next = entries[index + 1];
    if (next === undefined || next.startsWith("-") || !FLAG.test(entry)) return [];
    return isSecretUnder(entry, next) ? [next] : [];
  });
}

/**
 * The values to hide, as latin1 text, from the bytes of /proc/PID/environ and /proc/PID/cmdline (NUL-separated: proc(5)):
 * `KEY=value`, `--flag value`, `--flag=value` whose name says secret, passwords in URLs, and whatever the rules find.
 */
export function secretValues(environ: Buffer, cmdline: Buffer): string[] {
  const texts = [environ.toString("latin1"), cmdline.toString("latin1")];
  const values = new Set<string>();
  for (const text of texts) {
    for (const value of wholeValues(text.split("\0"))) values.add(value);
    for (const span of findSecrets(text)) values.add(text.slice(span.from, span.to));
  }
  const isInTheOpen = (value: string): boolean => {
    if (!ORDINARY.test(value)) return false;
    return texts.some((text) =>
      text.split("\0").some((entry) => {
        const [, name = "", content = entry] = ASSIGNMENT.exec(entry) ?? [];
        return !isSecretUnder(name, content) && content.split(/[/:@ ]/).includes(value);
      }),
    );
  };
  return [...values].filter((value) => value.length >= SHORTEST_VALUE && !isInTheOpen(value));
}
