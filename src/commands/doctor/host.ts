// The ground that everything stands on: Node, the platform, the clock.
import { readFile } from "node:fs/promises";
import { hasCommand } from "../../host/commands-on-path.ts";
import { runQuick } from "../../host/run.ts";
import { parseOsFamily, type OsFamily } from "../../parsers/os-release.ts";
import { failed, ok, skipped, warning, type Check } from "./check.ts";

const LEAST_NODE = [20, 19];

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE;
  const old = major < leastMajor || (major === leastMajor && minor < leastMinor);
  return old ? failed("node", version, `install Node ${LEAST_NODE.join(".")} or later`) : ok("node", version);
}

export function checkPlatform(platform: NodeJS.Platform): Check {
  const known = platform === "linux" || platform === "sunos";
  return known
    ? ok("platform", platform)
    : failed("platform", `${platform}: no collector works here`, "run it on Linux or illumos");
}

export async function readOsFamily(): Promise<OsFamily | undefined> {
  return parseOsFamily(await readFile("/etc/os-release", "utf8").catch(() => ""));
}

/** Whether the times in a bundle can be set beside those of other hosts (timedatectl(1)). */
export async function checkClock(): Promise<Check> {
  if (!(await hasCommand("timedatectl"))) return skipped("clock", "unknown: timedatectl is not on this host");
  const { exitCode, stdout } = await runQuick([
    "timedatectl",
    "show",
    "--property=NTPSynchronized",
    "--value",
  ]);
  const answer = stdout.trim();
  if (exitCode !== 0 || (answer !== "yes" && answer !== "no"))
    return skipped("clock", "unknown: timedatectl gave no answer");
  return answer === "yes"
    ? ok("clock", "synchronised")
    : warning("clock", "not synchronised", "timedatectl set-ntp true");
}
