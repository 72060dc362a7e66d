/** What is generated under docs/ is current. `npm run docs` writes it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { coverage } from "./support/coverage.ts";
import { figures } from "./support/figures.ts";

const read = (path: string): string => readFileSync(new URL(`../docs/${path}`, import.meta.url), "utf8");

test("docs/coverage.md says what is the case", () => {
  expect(read("coverage.md")).toBe(coverage());
});

test("the pictures show what the library computes", async () => {
  for (const [name, svg] of await figures()) expect(read(`images/${name}`), name).toBe(svg);
});
