// Needs: prometheus-alertmanager. The note on a real Alertmanager.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { openFound } from "../../src/incident/open-record.ts";
import { Incident } from "../../src/settings-incidents.ts";
import { startAlertmanager } from "../helpers/alertmanager.ts";
import { startFaultProxy, type FaultProxy } from "../helpers/fault-proxy.ts";
import { HASTY, injectFaults, noteNumber, postUntilThere } from "../helpers/post-with-faults.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { sampleNote } from "./sample-note.ts";

const Alerts = z.array(
  z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) }),
);

describe("Alertmanager", () => {
  let server: ServerProcess;
  let proxy: FaultProxy;
  before(async () => {
    server = await startAlertmanager();
    proxy = await startFaultProxy(`http://127.0.0.1:${server.port}`);
  });
  after(async () => {
    proxy.close();
    await server.stop();
  });

  const open = (timeoutMs = 10_000) =>
    openFound(Incident.parse({ match: "^INC", type: "alertmanager", url: proxy.url }), "INC-4211", {
      folder: "/nowhere",
      engine: { ...HASTY, timeoutMs },
    });
  const alerts = async () =>
    Alerts.parse(await (await fetch(`http://127.0.0.1:${server.port}/api/v2/alerts`)).json());

  test("has one alert a bundle, whose annotations are completed", async () => {
    const states = [];
    for (const outcome of [undefined, sampleNote.outcome, sampleNote.outcome])
      states.push((await open().post({ ...sampleNote, outcome }, "INC-4211")).state);

    assert.deepEqual(states, ["posted", "updated", "present"]);
    const [alert, ...more] = await alerts();
    assert.deepEqual(more, []);
    assert.deepEqual(alert?.labels, {
      alertname: "ExhibitBundle",
      severity: "none",
      incident: "INC-4211",
      instance: "us-east-cn14",
      bundle: sampleNote.captureId,
    });
    assert.equal(alert?.annotations["bundle"], sampleNote.bundle.url);
    assert.match(alert?.annotations["summary"] ?? "", /\/5\]$/);
  });

  test("is asked beforehand", async () => {
    assert.equal(await open().preflight?.(new AbortController().signal), undefined);
  });

  test("has 20 notes once each although every third request goes wrong", async () => {
    const notes = Array.from({ length: 20 }, (_, index) => noteNumber(2000 + index));
    injectFaults(proxy, 3);

    await Promise.all(notes.map((note) => postUntilThere(open(HASTY.timeoutMs), note)));
    proxy.faultOf = () => undefined;

    const found = (await alerts()).map(({ labels }) => labels["bundle"]);
    for (const { captureId } of notes) assert.equal(found.filter((id) => id === captureId).length, 1);
  });
});
