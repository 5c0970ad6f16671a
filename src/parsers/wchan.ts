/**
 * /proc/PID/task/TID/wchan: the kernel function a thread sleeps in, without a line break; undefined for `0` (it runs, or we may
 * not know) and for anything that is no name of a function (proc(5)).
 */
export function parseWchan(text: string): string | undefined {
  const name = text.trim();
  return /^[A-Za-z_][\w.$]{0,127}$/.test(name) ? name : undefined;
}
