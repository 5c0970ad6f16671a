// Headless Chromium on one page, by the Chrome DevTools Protocol over a pipe (descriptors 3 and 4, one JSON document each,
// ended by a zero byte): https://chromedevtools.github.io/devtools-protocol/. With a profile of its own, and quiet: it
// asks nobody for anything but what the page has.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { z } from "zod";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];
const LOOK_EVERY_MS = 200;
const PATIENCE_MS = 60_000;

const Answer = z.looseObject({
  id: z.int().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});
const Box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
export type Box = z.infer<typeof Box>;

export interface Page {
  /** Opens an address and waits until `script`, an expression, is a box of the page: {x, y, width, height} in pixels. */
  readonly open: (url: string, script: string) => Promise<Box>;
  /** As another screen would show it, from now on. */
  readonly showAs: (how: { readonly width: number; readonly scheme: "light" | "dark" }) => Promise<void>;
  /** Runs a script before any of the page's own, in every page from now on. */
  readonly runFirst: (source: string) => Promise<void>;
  /** The value of an expression; of a promise what it resolves to. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** A PNG of a part of the page, which may be longer than the window. */
  readonly shoot: (part: Box) => Promise<Buffer>;
  readonly close: () => Promise<void>;
}

export async function openPage(size: { readonly width: number; readonly height: number }): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), "exhibit-chromium-"));
  const child = spawn(
    "chromium",
    [...FLAGS, `--user-data-dir=${profile}`, `--window-size=${size.width},${size.height}`, "about:blank"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
  );
  const call = openCalls(child);
  const { targetInfos } = z
    .object({ targetInfos: z.array(z.looseObject({ targetId: z.string(), type: z.string() })) })
    .parse(await call("Target.getTargets", {}));
  const targetId = targetInfos.find(({ type }) => type === "page")?.targetId;
  const { sessionId } = z
    .object({ sessionId: z.string() })
    .parse(await call("Target.attachToTarget", { targetId, flatten: true }));

  const evaluate = async (expression: string) =>
    z
      .object({ result: z.looseObject({ value: z.unknown().optional() }) })
      .parse(
        await call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true }, sessionId),
      ).result.value;
  return {
    showAs: async ({ width, scheme }) => {
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await call("Emulation.setEmulatedMedia", { features }, sessionId);
      const metrics = { width, height: size.height, deviceScaleFactor: 1, mobile: false };
      await call("Emulation.setDeviceMetricsOverride", metrics, sessionId);
    },
    runFirst: async (source) => {
      await call("Page.enable", {}, sessionId);
      await call("Page.addScriptToEvaluateOnNewDocument", { source }, sessionId);
    },
    evaluate,
    open: async (url, script) => {
      await call("Page.navigate", { url }, sessionId);
      const end = performance.now() + PATIENCE_MS;
      while (performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
        const box = Box.safeParse(await evaluate(script).catch(() => undefined));
        if (box.success) return box.data;
      }
      throw new Error(`not on the page: ${script}\n${String(await evaluate("document.body.innerText"))}`);
    },
    shoot: async (part) => {
      const { data } = z
        .object({ data: z.string() })
        .parse(
          await call(
            "Page.captureScreenshot",
            { format: "png", captureBeyondViewport: true, clip: { ...part, scale: 1 } },
            sessionId,
          ),
        );
      return Buffer.from(data, "base64");
    },
    close: async () => {
      // By its own command it takes the processes below it along, which a signal would not.
      const exit = child.exitCode === null ? once(child, "exit") : undefined;
      await Promise.all([exit, call("Browser.close", {}).catch(() => undefined)]);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

type Call = (
  method: string,
  params: Readonly<Record<string, unknown>>,
  sessionId?: string,
) => Promise<unknown>;

function openCalls(child: ChildProcess): Call {
  const [, , , commands, events] = child.stdio;
  if (!(commands instanceof Writable) || !(events instanceof Readable))
    throw new Error("chromium has no pipe");
  const waiting = new Map<number, (answer: z.infer<typeof Answer>) => void>();
  let last = 0;
  let rest = "";
  events.setEncoding("utf8").on("data", (text: string) => {
    const [...documents] = (rest + text).split("\0");
    rest = documents.pop() ?? "";
    for (const document of documents) {
      const answer = Answer.parse(JSON.parse(document));
      if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    }
  });
  child.once("exit", () => {
    for (const tell of waiting.values()) tell({ error: { message: "chromium has ended" } });
  });
  return async (method, params, sessionId) => {
    const id = ++last;
    const answered = new Promise<z.infer<typeof Answer>>((resolve) => waiting.set(id, resolve));
    commands.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    const { error, result } = await answered;
    waiting.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
}
