// What the words of a Node process's command line and its NODE_OPTIONS say about its inspector. A process that sets its
// title writes over its command line (uv_set_process_title), so what is not found here may still be so.

export interface NodeArguments {
  /** Where SIGUSR1 opens the inspector; 0 is a port that the system chooses. */
  readonly port: number;
  /** It was started with --inspect, --inspect-brk or --inspect-wait. */
  readonly asksForInspector: boolean;
  readonly hasPermissionModel: boolean;
  readonly disablesSigusr1: boolean;
}

/** nodejs.org/api/cli.html, `--inspect-port`. */
const DEFAULT_PORT = 9229;
const PORT = /^--(?:inspect-port|debug-port|inspect(?:-brk|-wait)?)=(?:.*:)?(\d{1,5})$/;

/** Words that the application gets are looked at too: they may only make us more careful. */
export function parseNodeArguments(words: readonly string[], nodeOptions: string): NodeArguments {
  // From left to right, as Node reads them: NODE_OPTIONS first, the command line has the last word.
  const all = [...nodeOptions.split(/\s+/), ...words];
  const ports = all.flatMap((word) => PORT.exec(word)?.[1] ?? []).map(Number);
  const has = (pattern: RegExp) => all.some((word) => pattern.test(word));
  return {
    port: ports.at(-1) ?? DEFAULT_PORT,
    asksForInspector: has(/^--inspect(?:-brk|-wait)?(?:=|$)/),
    hasPermissionModel: has(/^--(?:experimental-)?permission$/),
    disablesSigusr1: has(/^--disable-sigusr1$/),
  };
}
