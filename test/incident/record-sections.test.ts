import assert from "node:assert/strict";
import { test } from "node:test";
import { placeSection } from "../../src/incident/record-sections.ts";

function section(captureId: string, stage: number, words: string) {
  return { captureId, stage, content: `${words}\n\n<!-- exhibit:${captureId} -->\n` };
}

test("a new section comes behind what is there", () => {
  const placed = placeSection("# INC-1\n\nmy own words", section("a", 1, "note a"));

  assert.deepEqual(placed, {
    state: "posted",
    text: "# INC-1\n\nmy own words\n\n<!-- exhibit-note:a stage=1 -->\nnote a\n\n<!-- exhibit:a -->\n",
  });
});

test("a later stage takes the place of an earlier one and nothing else", () => {
  const first = placeSection("# INC-1\n", section("a", 1, "note a")).text;
  const second = placeSection(`${first}\nwords between\n`, section("b", 1, "note b")).text;

  const placed = placeSection(second, section("a", 5, "note a, complete"));

  assert.equal(placed.state, "updated");
  assert.equal(placed.text, second.replace("stage=1 -->\nnote a\n", "stage=5 -->\nnote a, complete\n"));
});

test("the same section twice, or an earlier stage, changes nothing", () => {
  const { text } = placeSection("# INC-1\n", section("a", 4, "note a"));

  assert.deepEqual(placeSection(text, section("a", 4, "note a")), { text, state: "present" });
  assert.deepEqual(placeSection(text, section("a", 1, "old news")), { text, state: "present" });
});

test("a section whose beginning somebody removed counts as there", () => {
  const text = "# INC-1\nnote a, edited by hand\n<!-- exhibit:a -->\n";

  assert.deepEqual(placeSection(text, section("a", 5, "note a")), { text, state: "present" });
});

test("line ends changed by an editor do not hide a section", () => {
  const text = placeSection("# INC-1\n", section("a", 1, "note a")).text.replaceAll("\n", "\r\n");

  assert.equal(placeSection(text, section("a", 1, "note a")).state, "present");
  assert.equal(placeSection(text, section("a", 5, "more")).state, "updated");
});
