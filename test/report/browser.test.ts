// Needs: chromium
// The page in a real browser, with markup and script in every field that a stranger can write.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { openPage, type Page } from "../../scripts/chromium.ts";
import { renderReport } from "../../src/report/page.ts";
import { evidenceOf, manifestOf } from "./sample.ts";

const HOSTILE = [
  `"><script>window.ran = 1</script>`,
  `' onload='window.ran = 1' x='`,
  `</title></style></svg><img src=x onerror="window.ran = 1">`,
  `<svg onload="window.ran = 1"><a href="javascript:window.ran = 1">`,
  `"><iframe src="data:text/html,<script>top.ran = 1</script>"></iframe><link rel=stylesheet href=http://127.0.0.1/x>`,
];
/** Every node that is not ours is counted; of ours no other tag is made. */
const FOREIGN = "script, img, iframe, link, object, embed, form, base, a[href^=javascript]";
const WATCH = `window.broken = [];
addEventListener("securitypolicyviolation", (event) => window.broken.push(event.violatedDirective + " " + event.blockedURI));`;
const READY = `document.readyState === "complete" && document.querySelector("footer") ? {x: 0, y: 0, width: 1, height: 1} : undefined`;

describe("the page in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-browser-"));
  let page: Page;

  before(async () => {
    page = await openPage({ width: 1180, height: 900 });
    await page.runFirst(WATCH);
  });
  after(async () => {
    await page.close();
    rmSync(folder, { recursive: true });
  });

  async function show(say: () => string): Promise<void> {
    const path = join(folder, "report.html");
    writeFileSync(path, renderReport(manifestOf(say), { evidence: await evidenceOf(say) }));
    await page.open(`file://${path}`, READY);
  }
  const evaluate = async (expression: string) => page.evaluate(expression);

  test("runs nothing and breaks no policy, whatever strangers wrote", async () => {
    let next = 0;
    await show(() => HOSTILE[next++ % HOSTILE.length] ?? "");
    await evaluate(`document.querySelectorAll("details").forEach((one) => one.open = true)`);

    assert.equal(await evaluate("document.body.innerText.includes('window.ran = 1')"), true);
    assert.deepEqual(await evaluate("[window.ran ?? null, window.broken]"), [null, []]);
    assert.equal(await evaluate(`document.querySelectorAll("${FOREIGN}").length`), 0);
    assert.equal(await evaluate("performance.getEntriesByType('resource').length"), 0);
  });

  test("would tell of a policy that is broken", async () => {
    writeFileSync(
      join(folder, "bad.html"),
      renderReport(manifestOf(() => "x")).replace("</main>", `<script>window.ran = 1</script></main>`),
    );

    await page.open(`file://${join(folder, "bad.html")}`, READY);

    assert.deepEqual(await evaluate("[window.ran ?? null, window.broken.length > 0]"), [null, true]);
  });

  for (const scheme of ["light", "dark"] as const)
    test(`has nothing that axe calls serious, ${scheme} and on a phone`, async () => {
      for (const width of [1180, 390]) {
        await page.showAs({ width, scheme });
        await show(() => "orders");
        await evaluate(`document.querySelectorAll("details").forEach((one) => one.open = true)`);
        await evaluate(`${axe.source}; 0`);

        const found = await evaluate(`axe.run().then(({ violations, passes }) => ({
          passed: passes.length > 10,
          bad: violations.filter(({ impact }) => impact === "serious" || impact === "critical")
            .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html.slice(0, 200))),
        }))`);

        assert.deepEqual(found, { passed: true, bad: [] }, `${scheme}, ${width}`);
        assert.equal(await evaluate("document.documentElement.scrollWidth <= innerWidth"), true, `${width}`);
        const timeline = `[...document.querySelectorAll(".phone, .wide")].filter((one) => one.offsetWidth > 0)`;
        assert.deepEqual(
          await evaluate(`${timeline}.map((one) => [one.className, one.scrollWidth <= one.clientWidth])`),
          [[width === 390 ? "phone" : "scroll wide", true]],
          `the timeline, ${width}`,
        );
      }
    });
});
