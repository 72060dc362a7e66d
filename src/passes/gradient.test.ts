import { describe, expect, test } from "vitest";
import { feed, run, variable } from "../../test/support/run.ts";
import { interp } from "../device/interp.ts";
import { topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { gradients } from "./gradient.ts";

const w = op.variableTensor(variable("w", [], Float32Array.of(3)));
const v = op.variableTensor(variable("v", [], Float32Array.of(5)));
const x = feed("x", [2], 3, Float32Array.of(1, 2, 3, 4, 5, 6));

const valuesOf = async (...tensors: Tensor[]): Promise<number[]> => {
  const { values } = await run(interp("float64"), tensors, { feeds: [x] });
  return values.flatMap((a) => [...a]);
};

describe("gradients", () => {
  test("of the loss itself, and of what it does not depend on", async () => {
    expect(await valuesOf(...gradients(w, [w, v]))).toEqual([1, 0]);
    const [none] = gradients(w, [x.tensor]);
    expect(none.shape).toEqual([2]);
  });

  test("add up over every path", async () => {
    // d/dw (w² + w·v + w) = 2w + v + 1
    const loss = op.add(op.add(op.multiply(w, w), op.multiply(w, v)), w);
    expect(await valuesOf(...gradients(loss, [w, v]))).toEqual([12, 3]);
  });

  test("reach tensors inside, not only leaves", async () => {
    const h = op.multiply(w, v);
    expect(await valuesOf(...gradients(op.multiply(h, h), [h, w]))).toEqual([30, 150]);
  });

  test("of a shared value count every sample", async () => {
    const loss = op.sumSamples(op.sum(op.multiply(x.tensor, w), [0]));
    expect(await valuesOf(...gradients(loss, [w]))).toEqual([21]);
    // The gradient that arrives is the same for all samples, and there are three.
    const plain = op.sumSamples(op.sum(op.add(x.tensor, w), [0]));
    expect(await valuesOf(...gradients(plain, [w]))).toEqual([6]);
  });

  test("of gradients", async () => {
    // d²/dw² w³ = 6w
    const cube = op.multiply(op.multiply(w, w), w);
    const [first] = gradients(cube, [w]);
    expect(await valuesOf(first, ...gradients(first, [w]))).toEqual([27, 18]);
  });

  test("build nothing for what is not asked", () => {
    const kernel = op.variableTensor(variable("kernel", [2, 2]));
    const loss = op.sumSamples(op.sum(op.matmulLast(x.tensor, kernel), [0]));
    const [slope] = gradients(loss, [kernel]);
    expect(topological([slope]).some((t) => t.op.name === "convolveInput")).toBe(false);
  });

  test("stop where an op lets none through", async () => {
    expect(await valuesOf(...gradients(op.multiply(op.floor(w), w), [w]))).toEqual([3]);
    expect(await valuesOf(...gradients(op.where(op.greater(w, v), w, v), [w, v]))).toEqual([0, 1]);
  });

  test("ask for a shared scalar", () => {
    expect(() => gradients(x.tensor, [w])).toThrow("the loss has the shape [2], not a shared scalar");
    expect(() => gradients(op.sum(x.tensor, [0]), [w])).toThrow("not a shared scalar");
  });

  test("say which op has none", () => {
    const pooled = op.maxPool(op.multiply(x.tensor, w), { kernel: [2], strides: [2], before: [0], output: [1] });
    const square = op.sumSamples(op.sum(op.multiply(pooled, pooled), [0]));
    const [slope] = gradients(square, [w]);
    expect(() => gradients(slope, [w])).toThrow("the op windowMaxGradient has no gradient");
  });

  test("of a chain of ten thousand ops", () => {
    let y: Tensor = w;
    for (let i = 0; i < 10_000; i++) y = op.negative(y);
    expect(gradients(y, [w])[0].shape).toEqual([]);
  });
});
