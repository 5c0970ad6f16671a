// How jstat and jcmd are called for one JVM. jstat finds a JVM in other namespaces by itself (/proc/PID/root/tmp). jcmd does so in
// another pid namespace alone: a JVM with a /tmp of its own among our pids (systemd's PrivateTmp) is never answered, and because
// its file of attachment is not where it looks for it, it prints its threads on its own stdout at every try (JDK 17, for 10 s).
// There jcmd is called inside of its mount namespace, as its own user and never as root: what lies there may be anybody's program.
import { parseProcStatus } from "../../parsers/proc-status.ts";
import { answerTo } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import { runAs } from "./run-as.ts";

export interface JvmTool {
  /** The words up to its own arguments. */
  readonly words: readonly [string, ...string[]];
  /** The JVM, as the tool knows it. */
  readonly pid: string;
}

export type JvmToolName = "jstat" | "jcmd";

type Context = Pick<CollectorContext<unknown>, "process" | "host" | "has" | "target">;

/** Gives each tool, or undefined where there is no way to call it. */
export async function findJvmTools(
  context: Context,
): Promise<Readonly<Record<JvmToolName, JvmTool | undefined>>> {
  const { process, has, target } = context;
  const status = parseProcStatus((await process.read("status")).toString("latin1"));
  const pids = status.namespacePids ?? [];
  const hasOwnPids = pids.length > 1;
  const isElsewhere = await hasOwnMounts(context);
  const as = await runAs(context);
  const { uid, gid } = status;
  const canEnter =
    isElsewhere && uid !== undefined && uid !== 0 && gid !== undefined && (await has("nsenter"));

  const ours = async (name: JvmToolName): Promise<JvmTool | undefined> => {
    if (!(await has(name))) return undefined;
    const [first, ...rest] = [...as, name];
    return { words: [first, ...rest], pid: String(target.pid) };
  };
  const inside = (name: JvmToolName): JvmTool | undefined => {
    if (!canEnter) return undefined;
    const spaces = ["--mount", ...(hasOwnPids ? ["--pid"] : [])];
    const user = [`--setuid=${uid}`, `--setgid=${gid}`];
    const words = [...spaces, `--target=${target.pid}`, ...user, "--", name];
    return { words: ["nsenter", ...words], pid: String(pids.at(-1) ?? target.pid) };
  };
  return {
    jstat: (await ours("jstat")) ?? inside("jstat"),
    jcmd: isElsewhere && !hasOwnPids ? inside("jcmd") : ((await ours("jcmd")) ?? inside("jcmd")),
  };
}

/** Where that cannot be read it is taken to be ours: without the right to see it there is none to enter it. */
async function hasOwnMounts({ process, host }: Context): Promise<boolean> {
  const [its, our] = [await answerTo(process.link("ns/mnt")), await answerTo(host.link("/proc/self/ns/mnt"))];
  return "value" in its && "value" in our && !its.value.equals(our.value);
}
