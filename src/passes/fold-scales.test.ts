import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, graphOf, run, variable, weight } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { foldScales } from "./fold-scales.ts";
import { prepare } from "./prepare.ts";

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => Math.sin(step * (i + 1)));

const x = feed("x", [5, 4, 6], 3, wave(3 * 5 * 4 * 6, 0.7));
const channels = (name: string, n: number, step: number) => weight(name, [n], wave(n, step));
const relation = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1 };

const plain = () => op.convolve(x.tensor, weight("w", [3, 3, 6, 8], wave(432, 1.3)), { ...relation, output: [5, 4] });
const depthwise = () =>
  op.convolve(x.tensor, weight("w", [3, 3, 1, 12], wave(108, 1.3)), { ...relation, groups: 6, output: [5, 4] });
const transposed = () =>
  op.convolveInput(x.tensor, weight("w", [4, 4, 8, 6], wave(768, 1.3)), {
    ...relation,
    strides: [2, 2],
    input: [10, 8],
  });
const dense = () => op.matmulLast(x.tensor, weight("w", [6, 8], wave(48, 1.3)));

/** Batch normalisation with its moving statistics. */
function normalised(y: Tensor): Tensor {
  const n = y.shape.at(-1) as number;
  const variance = weight("variance", [n], wave(n, 0.4).map(Math.abs));
  const scale = op.multiply(op.divide(1, op.squareRoot(op.add(variance, 1e-3))), channels("gamma", n, 2.1));
  return op.add(op.multiply(op.subtract(y, channels("mean", n, 0.9)), scale), channels("beta", n, 0.3));
}

const folded = (y: Tensor, ...others: Tensor[]): Tensor =>
  atOnce(foldScales(graphOf({ inputs: [x.tensor], outputs: [y, ...others] }))).outputs[0];

/** The arithmetic that is done for every sample. */
const perSample = (y: Tensor): string[] =>
  topological([y]).flatMap((t) => (t.perSample && t.inputs.length ? [t.op.name] : []));

describe("what scales the channels of a convolution is folded into its kernel", () => {
  test.each<[string, Tensor, string[]]>([
    ["a convolution", normalised(plain()), ["convolve", "add"]],
    ["a depthwise one", normalised(depthwise()), ["convolve", "add"]],
    ["a transposed one", normalised(transposed()), ["convolveInput", "add"]],
    ["a dense layer", normalised(dense()), ["convolve", "add"]],
    ["a bias before it", normalised(op.add(plain(), channels("b", 8, 1.7))), ["convolve", "add"]],
    ["one normalisation after another", normalised(normalised(plain())), ["convolve", "add"]],
    ["a number, from the left", op.multiply(0.5, plain()), ["convolve"]],
    ["a quotient of every rank", op.divide(plain(), weight("s", [1, 1, 8], wave(8, 0.2))), ["convolve"]],
  ])("%s: the same result", async (_, y, left) => {
    expect(perSample(folded(y))).toEqual(left);
    // Each step's result is also asked for, so nothing can be folded.
    const steps = topological([y]).filter((t) => t.perSample && t.inputs.length > 0);
    const exact = (await run(interp("float64"), steps, { feeds: [x] })).values.at(-1) as Float32Array;
    for (const device of [interp("float64"), wasm({ threads: 1 })]) {
      const [value] = (await run(device, [y], { feeds: [x] })).values;
      expectClose(value, exact, device.name === "wasm" ? 1e-5 : 1e-6, device.name);
    }
  });

  test.each<[string, Tensor, Tensor[]]>([
    ["when the result of the convolution is wanted too", op.multiply(plain(), 2), []],
    ["when a number differs between cells", op.multiply(plain(), weight("s", [4, 1], wave(4, 0.2))), []],
    ["when it depends on the samples", op.multiply(plain(), op.sumSamples(op.sum(x.tensor, [0, 1, 2]))), []],
    ["when it depends on the step", op.multiply(plain(), op.divide(1, op.batchSize())), []],
    ["when something comes between", op.multiply(op.relu(plain()), 2), []],
    ["when it is what is divided", op.divide(2, plain()), []],
  ])("but not %s", (name, y) => {
    const others = name.includes("wanted too") ? [y.inputs[0]] : [];
    expect(perSample(folded(y, ...others))).toEqual(perSample(y));
  });

  test("a bias alone is left as it is", () => {
    const y = op.add(plain(), channels("b", 8, 1.7));
    expect(folded(y)).toBe(y);
  });

  test("is done to programs that change no variables", () => {
    const y = normalised(plain());
    const graph = graphOf({ inputs: [x.tensor], outputs: [y] });
    expect(perSample(prepare(graph).outputs[0])).toEqual(["convolve", "add"]);
    const step = { ...graph, updates: [{ variable: variable("v", []), value: op.fill(1, []) }] };
    expect(perSample(prepare(step).outputs[0])).toEqual(perSample(y));
  });
});
