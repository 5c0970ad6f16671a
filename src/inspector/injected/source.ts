// The one expression that is evaluated in a target. The parts are functions of this program; their text is sent.
import { closeWhenAlone } from "./close-when-alone.ts";
import { countRequests } from "./count-requests.ts";
import { install } from "./install.ts";
import { routeTemplate } from "./route-template.ts";
import type { InjectedOptions } from "./tools.ts";
import { watchCollections } from "./watch-collections.ts";
import { watchLoop } from "./watch-loop.ts";
import { watchRequests } from "./watch-requests.ts";

const PARTS = { closeWhenAlone, countRequests, routeTemplate, watchCollections, watchLoop, watchRequests };

/** Names of functions that a bundler keeps by a helper of its own are no matter here. */
const KEEP_NAMES = "const __name = (value) => value;";

function partsSource(): string {
  const parts = Object.entries(PARTS).map(([name, part]) => `${name}: ${part.toString()}`);
  return `"use strict"; ${KEEP_NAMES} ((modules, options, application) => (${install.toString()})({${parts.join(",\n")}}, modules, options, application))`;
}

/**
 * In the application's own realm only this much runs: it finds Node's modules, whatever was put in the place of
 * `process` and `require`, and starts the rest in a realm of its own.
 */
const ENTER = `(source, options, consoleRequire) => {
  const own = globalThis.process;
  const ways = [
    consoleRequire,
    own && own.getBuiltinModule && ((name) => own.getBuiltinModule(name)),
    own && own.mainModule && own.mainModule.require && ((name) => own.mainModule.require(name)),
  ];
  for (const way of ways) {
    try {
      const find = (name) => way(name);
      const vm = find("vm");
      const modules = {
        channels: find("diagnostics_channel"), fs: find("fs"), inspector: find("inspector"), net: find("net"),
        perf: find("perf_hooks"), process: find("process"), v8: find("v8"),
      };
      const start = vm.runInNewContext(source, {}, { filename: "exhibit" });
      return start(modules, options, globalThis);
    } catch (error) {
      var failed = error;
    }
  }
  throw failed;
}`;

/** The expression that installs the observers and gives what `install` gives, as JSON. */
export function installExpression(options: InjectedOptions): string {
  const words = [JSON.stringify(partsSource()), JSON.stringify(options)];
  return `(${ENTER})(${words.join(", ")}, typeof require === "function" ? require : undefined)`;
}

/** Calls one of what `install` left in the target; undefined when it is no longer there. */
export function callExpression(
  name: "ready" | "touch" | "drain" | "stack" | "report" | "stop" | "finish" | "shut" | "resume",
  argument?: number,
): string {
  return `globalThis[Symbol.for("exhibit.capture")]?.${name}(${argument ?? ""})`;
}
