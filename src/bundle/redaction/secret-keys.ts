// Which names say that their value is a secret, and which values under such a name are none. The environment, flags,
// JSON, YAML, query strings and log lines all use the same handful of words.

/** A word that announces a secret, anywhere in a name. Global: make a copy to walk with it. */
export const SECRET_WORD = new RegExp(
  [
    String.raw`passw(?:or)?ds?|pass[_-]?phrase|passcode|(?<!by|com|tres|sur)pass(?![a-z])|pwd`,
    String.raw`secret|token|credential|signature|(?<![a-z])sig(?![a-z])|_auth(?![a-z])`,
    String.raw`(?:api|access|account|auth|private|shared|session|signing|master|encrypt(?:ion)?)[_.\- ]?key`,
    String.raw`sess(?:ion)?[_-]?id`,
  ].join("|"),
  "gi",
);

// `PASSWORD_FILE`, `token_type`, `--password-stdin`: about a secret, not one. Also files and units named after one:
// `token.js:12`, `libsecret-1-0:amd64`, `systemd-ask-password.path: Deactivated`.
const ABOUT =
  /(?:file|path|dir|directory|folder|name|type|kind|count|limit|max|min|len|length|size|expir\w*|ttl|age|timeout|policy|version|endpoint|ur[il]|stdin|prompt|env|\.(?:path|service|socket|timer|mount|target|slice|scope|so|conf|py|[cm]?[jt]sx?|rb|go|rs|java|c|cc|cpp|h|hpp|so[.\d]*))$/i;
const STRONG = /pass|pwd|secret/i;
const EMPTY =
  /^(?:0x[0-9a-f]{1,16}|\*+|\.+|x+|<[^>]*>|\$\{?[A-Z_][A-Z0-9_]*\}?|true|false|null|nil|none|undefined|yes|no|on|off|n\/a|\(null\)|\[redacted\]|redacted|string|amd64|i386|arm64|all)$/i;
const SMALL_NUMBER = /^\d{1,7}(?:\.\d+)?(?:ms|s|m|h|d|%|kb?|mb?)?$/i;
const SHELL_FOLDER = /^(?:old)?pwd$/i;

/** A name split at its word: `db-` `password` `_file`. */
export interface SecretKey {
  readonly before: string;
  readonly word: string;
  readonly after: string;
}

/** Whether the value under a name is worth hiding. */
export function isSecretValue(key: SecretKey, value: string): boolean {
  if (ABOUT.test(key.after) || EMPTY.test(value)) return false;
  // The shell's own variables hold folders.
  if (SHELL_FOLDER.test(`${key.before}${key.word}${key.after}`) && value.startsWith("/")) return false;
  if (STRONG.test(key.word)) return value.length >= 3;
  if (/^sig/i.test(key.word)) return value.length >= 8;
  return value.length >= 4 && !SMALL_NUMBER.test(value);
}

/** The word in a name and what stands around it; undefined when the name says nothing. */
export function secretKey(name: string): SecretKey | undefined {
  const match = new RegExp(SECRET_WORD).exec(name);
  if (!match) return undefined;
  const word = match[0];
  return { before: name.slice(0, match.index), word, after: name.slice(match.index + word.length) };
}
