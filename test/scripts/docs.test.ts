import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SCHEMA_FOLDER, schemaFiles } from "../../scripts/docs.ts";

test("schema/ is what npm run docs would write now", () => {
  const written = new Map(
    readdirSync(SCHEMA_FOLDER).map((name) => [name, readFileSync(join(SCHEMA_FOLDER, name), "utf8")]),
  );

  assert.deepEqual(Object.fromEntries(written), Object.fromEntries(schemaFiles()));
});
