import type { Tools } from "./tools.ts";

/**
 * Closes the inspector once nobody is connected to it. `inspector.close()` waits for every client, on the main thread: a
 * frozen one would hang the whole process (seen on Node 20 to 26), so /proc is asked first, and where it gives no answer the
 * port stays open.
 */
export function closeWhenAlone({ fs, inspector, after }: Tools, application: object): boolean {
  const url = inspector.url();
  const port = /:(\d+)\//.exec(url ?? "")?.[1];
  if (url === undefined || port === undefined) return false;
  const mark = `:${Number(port).toString(16).toUpperCase().padStart(4, "0")}`;
  const LISTEN = "0A";
  const TIME_WAIT = "06";
  /** States of the sockets on our port; undefined when there is no table. */
  const statesIn = async (file: string) => {
    const text = String(await fs.promises.readFile(file).catch(() => ""));
    if (text === "") return undefined;
    return text
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local]) => local?.endsWith(mark))
      .map(([, , , state]) => state);
  };
  const look = async (turn: number): Promise<void> => {
    await after(turn < 100 ? 20 : 1000);
    const tables = await Promise.all(["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(statesIn));
    const states = tables.flatMap((table) => table ?? []);
    if (inspector.url() !== url) return undefined;
    // Our own listener must be among them, else the tables are not ours, or not true.
    if (!states.includes(LISTEN)) return turn < 1000 ? look(turn + 1) : undefined;
    if (states.every((state) => state === LISTEN || state === TIME_WAIT)) return inspector.close();
    return look(turn + 1);
  };
  // V8 holds what waits by Atomics.waitAsync weakly: with nothing else that leads to this realm, a collection within one of the
  // waits would end the loop without a word and leave the port open (5 of 5 times in a target that collects all the time).
  const HOLD = Symbol.for("exhibit.closing");
  const letGo = () => void Reflect.deleteProperty(application, HOLD);
  Object.defineProperty(application, HOLD, { value: look, configurable: true, enumerable: false });
  look(0).then(letGo, letGo);
  return true;
}
