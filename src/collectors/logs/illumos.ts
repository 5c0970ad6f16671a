// The illumos half of the logs collector: SMF knows where a service logs (svcs(1), -L).
import { UnsupportedError } from "../../errors.ts";
import type { CollectorContext } from "../collector.ts";

/** smf(7): what an FMRI of a service may look like; it never begins as an option does. */
const FMRI = /^(?:svc:|lrc:)?[A-Za-z0-9/][A-Za-z0-9/:_.,%+-]{0,255}$/;

/** Throws UnsupportedError when the target belongs to no service or the service has no log. */
export async function saveServiceLog(context: CollectorContext<{ readonly lines: number }>): Promise<void> {
  const fmri = context.target.service;
  if (fmri === undefined) throw new UnsupportedError("it belongs to no SMF service");
  if (!FMRI.test(fmri)) throw new UnsupportedError("the name of its service is not one that SMF allows");
  const { stdout } = await context.run(["svcs", "-L", fmri], { as: "svcs-L.txt" });
  const path = stdout.split("\n").find((line) => line.startsWith("/"));
  if (path === undefined) throw new UnsupportedError("SMF names no log file for its service");
  await context.run(["tail", "-n", String(context.options.lines), path], { as: "service.log" });
}
