// A Node process that was looked into, as a collector sees it: nothing happens in it but what a test says.
import type { Inspection } from "../../src/collectors/inspection.ts";

export function recordedInspection(change: Partial<Inspection> = {}): Inspection {
  return {
    version: "20.20.2",
    signalToListenMs: 40,
    injectMs: 0.5,
    drain: async () => undefined,
    stack: async () => "Error: where it is\n    at exhibit:1:2\n    at spin (/srv/app.js:12:3)",
    report: async () => '{"header":{}}',
    stop: async () => undefined,
    workers: async () => [],
    profile: { start: async () => undefined, stop: async () => ({}) },
    heap: {
      usedBytes: async () => 8 * 1024 ** 2,
      snapshot: async () => 0,
    },
    ...change,
  };
}
