// What our hooks cost a request.
import { spawnSync } from "node:child_process";
import { installExpression } from "../../src/inspector/injected/source.ts";

/** Nanoseconds of our hooks for one request: the least of many batches, in a process that does nothing else. */
export function measureHooks(binary: string): number {
  const options = {
    deadlineMs: 1e9,
    closes: false,
    mostRoutes: 200,
    mostEvents: 5000,
    mostCollections: 20_000,
  };
  const program = `
    const install = ${JSON.stringify(installExpression(options))};
    const channels = require("node:diagnostics_channel");
    const [start, finish] = ["http.server.request.start", "http.server.response.finish"].map((name) => channels.channel(name));
    const batch = () => {
      const began = process.hrtime.bigint();
      for (let i = 0; i < 4000; i++) {
        const request = { method: "GET", url: "/users/" + (i % 1000) + "?q=1", socket: {} };
        const message = { request, response: { statusCode: 200 }, socket: {}, server: {} };
        if (start.hasSubscribers) start.publish(message);
        if (finish.hasSubscribers) finish.publish(message);
      }
      return Number(process.hrtime.bigint() - began) / 4000;
    };
    const least = () => Math.min(...Array.from({ length: 200 }, batch));
    const without = least();
    (0, eval)(install);
    const capture = globalThis[Symbol.for("exhibit.capture")];
    // The hooks come in when the event loop comes around.
    setTimeout(() => {
      if (!start.hasSubscribers) throw new Error("no hooks");
      const with_ = Math.min(...Array.from({ length: 200 }, () => { const ns = batch(); capture.drain(); return ns; }));
      capture.finish();
      console.log(with_ - without);
    }, 100);
  `;
  // Piped: `-e` would be longer than an argument should be.
  return Number(spawnSync(binary, ["-"], { input: program, encoding: "utf8" }).stdout || Number.NaN);
}
