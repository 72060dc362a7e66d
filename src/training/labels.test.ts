import { expect, test } from "vitest";
import { atOnce } from "../core/pieces.ts";
import { checkLabels } from "./labels.ts";
import { sparseCategoricalCrossentropy } from "./losses.ts";

test("class numbers are looked at in pieces, each to its last number", () => {
  const data = new Uint8Array((1 << 20) + 5);
  const judgement = {
    name: "output",
    loss: sparseCategoricalCrossentropy(),
    weight: 1,
    metrics: [],
    weightedMetrics: [],
  };
  const check = () => checkLabels("fit: y", [{ data, shape: [data.length] }], [[10]], [judgement]);
  expect([...check()].length).toBe(5);
  for (const position of [0, 1 << 18, (1 << 20) - 1, (1 << 20) + 4]) {
    data.fill(0)[position] = 10;
    expect(() => atOnce(check())).toThrow(`[${position}]`);
  }
});
