import { describe, expect, test } from "vitest";
import { graphOf, variable } from "../../test/support/run.ts";
import * as op from "../ops/index.ts";
import type { Op } from "./op.ts";
import { Tensor } from "./tensor.ts";
import { verify } from "./verify.ts";

const x = op.placeholder([2, 3], "x");
const owned = variable("w", [3]);
const w = op.variableTensor(owned);
const y = op.add(x, w);
const loss = op.sumSamples(op.sum(y, [0, 1]));

test("a sound graph comes back", () => {
  const graph = graphOf({
    inputs: [x],
    outputs: [y],
    totals: [loss],
    guard: loss,
    updates: [{ variable: owned, value: w }],
  });
  expect(verify(graph)).toBe(graph);
});

describe("what verify refuses", () => {
  const forged = (changes: Partial<Pick<Tensor, "shape" | "perSample" | "inputs" | "op">>): Tensor =>
    new Tensor(
      changes.op ?? y.op,
      changes.inputs ?? y.inputs,
      y.attributes,
      changes.shape ?? y.shape,
      changes.perSample ?? y.perSample,
    );

  test.each([
    [
      "a shape that does not follow",
      graphOf({ inputs: [x], outputs: [forged({ shape: [3, 2] })] }),
      "shape [3,2], but [2,3] follows",
    ],
    [
      "a kind that does not follow",
      graphOf({ inputs: [x], totals: [op.sum(forged({ perSample: false }), [0, 1])] }),
      "perSample false, but true follows",
    ],
    ["an input that the graph does not list", graphOf({ outputs: [y] }), "a per-sample leaf that is not an input"],
    ["a shared output", graphOf({ inputs: [x], outputs: [w] }), "an output that is not per sample"],
    ["a per-sample total", graphOf({ inputs: [x], totals: [op.sum(x, [0, 1])] }), "a total that is not shared"],
    ["a guard with axes", graphOf({ inputs: [x], guard: op.sumSamples(x) }), "a guard that is not a shared scalar"],
    [
      "a per-sample update",
      graphOf({ inputs: [x], updates: [{ variable: owned, value: op.sum(x, [0]) }] }),
      "the update of w is per sample",
    ],
    [
      "an update of another shape",
      graphOf({ inputs: [x], updates: [{ variable: owned, value: op.sumSamples(x) }] }),
      "the update of w has the shape [2,3]",
    ],
  ])("%s", (_, graph, words) => {
    expect(() => verify(graph)).toThrow(words);
  });

  test("a leaf with inputs", () => {
    const leaf: Op = { name: "odd", infer: () => ({ shape: [2, 3] }), lower: () => ({ kind: "leaf" }) };
    const odd = new Tensor(leaf, [x], {}, [2, 3], true);
    expect(() => verify(graphOf({ inputs: [x], outputs: [odd] }))).toThrow("verify odd: a leaf with inputs");
  });

  test("says that it is a defect of Rhyton", () => {
    expect(() => verify(graphOf({ inputs: [x], outputs: [w] }))).toThrow(/please report it/);
  });
});
