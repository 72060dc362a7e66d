/** What is generated under docs/ is current. `npm run docs` writes it. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { apiPages, entries } from "./support/api-pages.ts";
import { coverage } from "./support/coverage.ts";
import { figures } from "./support/figures.ts";

const read = (path: string): string => readFileSync(new URL(`../docs/${path}`, import.meta.url), "utf8");

test("docs/coverage.md says what is the case", () => {
  expect(read("coverage.md")).toBe(coverage());
});

test("the pictures show what the library computes", async () => {
  for (const [name, svg] of await figures()) expect(read(`images/${name}`), name).toBe(svg);
});

describe("the API reference", () => {
  const all = entries();

  test("is what the docstrings say", () => {
    const pages = apiPages(all);
    expect(readdirSync(new URL("../docs/api", import.meta.url)).sort()).toEqual([...pages.keys()].sort());
    for (const [name, page] of pages) expect(read(`api/${name}`), name).toBe(page);
  });

  test("describes every public name", () => {
    expect(all.filter(({ description }) => description === "").map(({ name, file }) => `${name} in ${file}`)).toEqual(
      [],
    );
  });

  test("names the options of a function as its signature does", () => {
    const layers = read("api/layers.md");
    const optionsOf = (name: string) =>
      new RegExp(`## \`${name}\`\\n[^]*?\\nOptions: \\[\`(\\w+)\`\\]\\(([^)]+)\\)`).exec(layers)?.slice(1);
    expect(optionsOf("add")).toEqual(["LayerOptions", "own-code.md#layeroptions"]);
    expect(optionsOf("adaptiveAveragePooling1d")).toEqual(["SpatialOptions", "layers.md#spatialoptions"]);
    expect(optionsOf("conv2d")).toEqual(["Conv2DOptions", "layers.md#conv2doptions"]);
  });

  test("describes every option, and every property of a public type", () => {
    const silent = all.flatMap(({ name, kind, members, options }) =>
      [...(kind === "type" ? members : []), ...(options?.members ?? [])]
        .filter(({ description }) => description === "")
        .map((member) => `${name}: ${member.name}`),
    );
    expect(silent).toEqual([]);
  });
});
