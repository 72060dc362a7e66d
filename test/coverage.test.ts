/** docs/coverage.md says what is the case. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { coverage } from "./support/coverage.ts";

test("docs/coverage.md is current: node scripts/coverage.mjs writes it", () => {
  expect(readFileSync(new URL("../docs/coverage.md", import.meta.url), "utf8")).toBe(coverage());
});
