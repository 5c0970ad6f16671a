// npm run bench:upload-kill: kill -9 of exhibit push at random moments, and a store that goes down in the middle. Flags:
// --kills, --core-mib, --outage-s.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { startTestStore } from "../test/helpers/s3-store.ts";
import {
  faultsInStore,
  openPushBox,
  sealForStore,
  uploadKillRounds,
} from "../test/helpers/upload-kill-rounds.ts";
import { until } from "../test/helpers/until.ts";
import { record } from "./results.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    "core-mib": { type: "string", default: "150" },
    "outage-s": { type: "string", default: "60" },
  },
});
const MIB = 1024 ** 2;
const BUCKET = "bench-kill";
const coreMib = Number(values["core-mib"]);
const outageS = Number(values["outage-s"]);
const at = await startTestStore(BUCKET);

/** How long a push of this size takes when nothing happens, and how long after the return of its store. */
async function outage() {
  const { proxy } = at;
  const box = openPushBox(at.settings({ endpoint: proxy.endpoint }));
  try {
    sealForStore(box.spool, coreMib);
    const begunMs = performance.now();
    await box.push();
    const usualS = (performance.now() - begunMs) / 1000;
    const sealed = sealForStore(box.spool, coreMib);
    const bytes = sealed.manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const before = proxy.sentBytes();
    const push = box.push("--wait", "10m");
    await until(() => proxy.sentBytes() - before > bytes / 3, 60_000, "a third is sent");
    proxy.down();
    await new Promise((resolve) => setTimeout(resolve, outageS * 1000));
    proxy.heal();
    const backMs = performance.now();
    const { status, output } = await push;
    const drainedS = (performance.now() - backMs) / 1000;
    const faults = [
      ...(await faultsInStore(at, BUCKET, sealed)),
      ...(status === 0 ? [] : [`push ended with ${status}: ${output}`]),
    ];
    return { usualS, drainedS, faults, resentMib: (proxy.sentBytes() - before - bytes) / MIB };
  } finally {
    box.remove();
  }
}

try {
  const kills = await uploadKillRounds(
    at,
    { bucket: BUCKET, kills: Number(values.kills), coreMib },
    (count) => process.stderr.write(`\r${count} kills `),
  );
  process.stderr.write("\n");
  const down = await outage();
  for (const problem of [...kills.problems, ...down.faults]) process.stderr.write(`${problem}\n`);
  record(
    "upload-kill",
    `${availableParallelism()} cores, Node ${process.version}; bundles with a core of ${coreMib} MiB and a heap snapshot of a fifth of it, into a Ceph RADOS gateway; SIGKILL of \`exhibit push\` at random moments of an undisturbed run's time`,
    [
      ["kills", `${kills.kills}, over ${kills.bundles} bundles`, ""],
      [
        "bundles that are not byte-identical, files too many, dangling uploads",
        String(kills.problems.length),
        "0",
      ],
      [
        "sent again for each kill",
        `${kills.resentMibPerKill.toFixed(1)} MiB (the bundle with most: ${kills.mostResentMib.toFixed(1)} MiB)`,
        "<= 48 MiB",
      ],
      [
        `store down for ${outageS} s after a third: drained after its return`,
        `${down.drainedS.toFixed(1)} s (an undisturbed push takes ${down.usualS.toFixed(1)} s)`,
        "10 s + transfer",
      ],
      [
        "sent again over the outage: parts that were under way",
        `${down.resentMib.toFixed(1)} MiB`,
        "<= 48 MiB",
      ],
    ],
  );
  process.exitCode = kills.problems.length + down.faults.length === 0 ? 0 : 1;
} finally {
  await at.stop();
}
