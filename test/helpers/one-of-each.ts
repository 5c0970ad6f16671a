// The recorded process that holds one socket and one file of each kind (test/fixtures/linux/one-of-each).
import { z } from "zod";
import { fixture } from "./recorded.ts";

const Descriptors = z.object({
  pid: z.int(),
  links: z.record(z.string(), z.string()),
  fdinfo: z.record(z.string(), z.string()),
});

const NET = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6", "unix", "sockstat", "sockstat6", "snmp", "netstat"];
const FILES = ["status", "stat", "limits", "io", "oom_score", "oom_score_adj", "wchan", "cgroup"];

const descriptors = Descriptors.parse(JSON.parse(fixture("linux/one-of-each/descriptors.json")));
const read = (name: string) => fixture(`linux/one-of-each/${name}.txt`);
const process: Record<string, string> = {};
for (const name of NET) process[`net/${name}`] = read(`net-${name}`);
for (const name of FILES) process[name] = read(name);
for (const [fd, info] of Object.entries(descriptors.fdinfo)) process[`fdinfo/${fd}`] = info;

/** Its files and links as `collectRecorded` takes them, and what ss printed beside it. */
export const oneOfEach = {
  pid: descriptors.pid,
  process,
  processLinks: Object.fromEntries(Object.entries(descriptors.links).map(([fd, link]) => [`fd/${fd}`, link])),
  ss: fixture("linux/one-of-each/ss.txt"),
};
