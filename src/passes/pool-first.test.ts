import { describe, expect, test } from "vitest";
import { feed, graphOf, run, variable, weight } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { poolFirst } from "./pool-first.ts";
import { prepare } from "./prepare.ts";

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => 3 * Math.sin(step * (i + 1)));

const x = feed("x", [7, 6, 5], 2, wave(2 * 7 * 6 * 5, 0.7));
const bias = weight("b", [5], wave(5, 1.9));
const windows = { kernel: [3, 2], strides: [2, 2], before: [1, 0], output: [4, 3] };
const pool = (t: Tensor): Tensor => op.maxPool(t, windows);

const opsOf = (y: Tensor): string[] =>
  topological([y]).flatMap((t) => (t.perSample && t.inputs.length ? [t.op.name] : []));
const rewritten = (y: Tensor, ...others: Tensor[]): Tensor =>
  atOnce(poolFirst(graphOf({ inputs: [x.tensor], outputs: [y, ...others] }))).outputs[0];

describe("a maximum is taken before what keeps the order of numbers", () => {
  test.each<[string, Tensor, string[]]>([
    ["bias and relu", pool(op.relu(op.add(x.tensor, bias))), ["windowMax", "add", "relu"]],
    ["relu6", pool(op.minimum(6, op.relu(x.tensor))), ["windowMax", "relu", "min"]],
    ["a difference", pool(op.maximum(op.subtract(x.tensor, bias), -1)), ["windowMax", "sub", "max"]],
    ["one pooling after another", op.maxPool(op.relu(pool(op.relu(x.tensor))), { ...windows, output: [2, 1] }), []],
  ])("%s: the same bits", async (_, y, order) => {
    if (order.length > 0) expect(opsOf(rewritten(y))).toEqual(order);
    else expect(opsOf(rewritten(y)).slice(0, 2)).toEqual(["windowMax", "windowMax"]);
    // Each step's result is also asked for, so nothing can be moved.
    const steps = topological([y]).filter((t) => t.perSample && t.inputs.length > 0);
    for (const device of [interp(), wasm({ threads: 1 })]) {
      const exact = (await run(device, steps, { feeds: [x] })).values.at(-1);
      expect((await run(device, [y], { feeds: [x] })).values[0]).toEqual(exact);
    }
  });

  test.each<[string, Tensor]>([
    ["what may turn the order around", pool(op.multiply(x.tensor, bias))],
    ["a number from which is subtracted", pool(op.subtract(bias, x.tensor))],
    ["what differs between the cells of a window", pool(op.add(x.tensor, weight("b", [6, 5], wave(30, 1.1))))],
    ["a sigmoid, whose last bit may not keep the order", pool(op.sigmoid(x.tensor))],
    [
      "windows without a real cell, whose result is 0",
      op.maxPool(op.add(x.tensor, bias), { ...windows, before: [3, 0], output: [5, 3] }),
    ],
  ])("but not before %s", (_, y) => {
    expect(opsOf(rewritten(y))).toEqual(opsOf(y));
  });

  test("nor where somebody else reads what is pooled", () => {
    const y = pool(op.relu(x.tensor));
    expect(rewritten(y, y.inputs[0])).toBe(y);
  });

  test("is done to programs that change no variables", () => {
    const y = pool(op.relu(x.tensor));
    const graph = graphOf({ inputs: [x.tensor], outputs: [y] });
    expect(opsOf(prepare(graph).outputs[0])).toEqual(["windowMax", "relu"]);
    const step = { ...graph, updates: [{ variable: variable("v", []), value: op.fill(1, []) }] };
    expect(opsOf(prepare(step).outputs[0])).toEqual(["relu", "windowMax"]);
  });
});
