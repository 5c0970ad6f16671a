// illumos pargs(1), usr/src/cmd/ptools/pargs/pargs.c. `pargs -l` prints the executable's path and the arguments as one
// line for sh: an argument is left bare or put in single quotes, with a quote in it as '"'"'. Newlines are escaped.

/** The words of `pargs -l`, the executable first; undefined when it printed none. */
export function parsePargs(text: string): readonly string[] | undefined {
  const line = text.split("\n").find((candidate) => candidate.trim() !== "");
  if (line === undefined || /^\d+: <defunct>$/.test(line)) return undefined;
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length;) {
    const character = line.charAt(at);
    if (character === " ") {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (character === "'" || character === '"') {
      const close = line.indexOf(character, at + 1);
      const end = close < 0 ? line.length : close;
      word = (word ?? "") + line.slice(at + 1, end);
      at = end + 1;
    } else {
      word = (word ?? "") + character;
      at += 1;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
