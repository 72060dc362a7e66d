import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, graphOf, run, variable, weight } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { expandTiles } from "../ops/tiles.ts";
import { gradients } from "../passes/gradient.ts";
import type { Buffer } from "./kernel.ts";
import { type Placement, planLayout } from "./layout.ts";
import { lower } from "./lower.ts";
import { packOperands } from "./pack.ts";
import { planStages } from "./stages.ts";

const matrix = [
  [1, 0],
  [0, 1],
  [1, 1],
];

/** Bytes between neighbours on each axis of what `make` answers, for pictures of these channels. */
function stridesOf(channels: number, make: (tiles: Tensor) => Tensor): readonly number[] {
  const x = op.placeholder([32, 32, channels], "x");
  const tiles = expandTiles(x, { matrix, stride: 2, before: [0, 0], tiles: [16, 16] });
  const lowered = lower(graphOf({ inputs: [x], outputs: [make(tiles)] }));
  const { placements } = atOnce(planLayout(lowered, planStages(lowered), 0));
  const [, placement] = [...placements].find(([b]) => b.name === "expandTiles") as [Buffer, Placement];
  return placement.strides;
}

describe("the numbers of tiles", () => {
  const sums = (t: Tensor): Tensor => op.sum(t, [0]);

  test("lie one after the other", () => {
    expect(stridesOf(15, sums)).toEqual([16 * 16 * 15 * 4, 16 * 15 * 4, 15 * 4, 4]);
  });

  test("lie further apart where they would meet in a few sets of the first cache", () => {
    expect(stridesOf(16, sums)).toEqual([16 * 16 * 16 * 4 + 256, 16 * 16 * 4, 16 * 4, 4]);
  });

  test("but not where other shapes share their cells", () => {
    const rowMajor = [16 * 16 * 16 * 4, 16 * 16 * 4, 16 * 4, 4];
    expect(stridesOf(16, (t) => op.reshape(t, [9 * 16, 16, 16]))).toEqual(rowMajor);
    expect(stridesOf(16, (t) => op.reshape(op.reshape(t, [9 * 16 * 16 * 16]), [9 * 256, 16]))).toEqual(rowMajor);
  });
});

describe("rows of weights", () => {
  const pointwise = (x: Tensor, w: Tensor): Tensor =>
    op.convolve(x, w, { strides: [1, 1], dilation: [1, 1], before: [0, 0], groups: 1, output: x.shape.slice(0, 2) });

  /** The strides of what is laid out once for a convolution of so many pixels, channels and filters. */
  function packed(pixels: number, channels: number, filters: number): (readonly number[])[] {
    const x = op.placeholder([pixels, 1, channels], "x");
    const w = weight("w", [1, 1, channels, filters], new Float32Array(channels * filters));
    const lowered = atOnce(packOperands(lower(graphOf({ inputs: [x], outputs: [pointwise(x, w)] }))));
    const { placements } = atOnce(planLayout(lowered, planStages(lowered), 0));
    return [...placements].filter(([b]) => b.name.startsWith("pack")).map(([, { strides }]) => strides);
  }

  test("that meet in a few sets of the first cache lie a line further apart", () => {
    expect(packed(64, 128, 64)).toEqual([[(64 + 16) * 4, 4]]);
    expect(packed(64, 32, 1024)).toEqual([[(1024 + 16) * 4, 4]]);
  });

  test("stay where they are when they have room in the sets, or are used too seldom for a copy", () => {
    expect(packed(64, 128, 72)).toEqual([]);
    expect(packed(64, 16, 64)).toEqual([]);
    expect(packed(8, 128, 64)).toEqual([]);
  });

  test("and their gradients have the same numbers on every device", async () => {
    const wave = (n: number, step: number) => new Float32Array(n).map((_, i) => Math.sin(i * step));
    const x = feed("x", [20, 1, 128], 3, wave(3 * 20 * 128, 0.7));
    const w = weight("w", [1, 1, 128, 64], wave(128 * 64, 1.3));
    const scaled = op.multiply(w, op.add(w, 1));
    const y = op.relu(pointwise(x.tensor, scaled));
    const wanted = [y, ...gradients(op.sumSamples(op.sum(op.multiply(y, y), [0, 1, 2])), [w, scaled, x.tensor])];
    const [exact, made] = await Promise.all(
      [interp("float64"), wasm()].map(async (device) => (await run(device, wanted, { feeds: [x] })).values),
    );
    made.forEach((values, i) => {
      expectClose(values, exact[i], 1e-5, ["y", "w", "scaled", "x"][i]);
    });
  });
});

test("a reshape of a reshape of rows that could lie apart has the same numbers on every device", async () => {
  const x = feed(
    "x",
    [16, 16, 32],
    2,
    new Float32Array(2 * 16 * 16 * 32).map((_, i) => Math.sin(i)),
  );
  const flat = op.reshape(op.relu(x.tensor), [16 * 16 * 32]);
  const wanted = [op.sum(op.reshape(flat, [256, 32]), [0]), op.reshape(flat, [32, 256])];
  const [exact, made] = await Promise.all(
    [interp("float64"), wasm({ threads: 1 })].map(async (device) => (await run(device, wanted, { feeds: [x] })).values),
  );
  made.forEach((values, i) => {
    expectClose(values, exact[i], 1e-5, ["sum", "view"][i]);
  });
});

describe("what is read beyond its edges has gaps, but not where cells must lie side by side", () => {
  const wave = (n: number, step: number) => new Float32Array(n).map((_, i) => Math.sin(i * step));
  const kernel = weight("kernel", [3, 3, 4, 4], wave(144, 1.3));
  const convolved = (x: Tensor): Tensor =>
    op.convolve(x, kernel, { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [6, 6] });

  test("a sum over the samples", async () => {
    const x = feed("x", [6, 6, 4], 3, wave(3 * 144, 0.7));
    const wanted = [convolved(op.sumSamples(x.tensor))];
    const [exact, made] = await Promise.all(
      [interp("float64"), wasm()].map(async (device) => (await run(device, wanted, { feeds: [x] })).values),
    );
    expectClose(made[0], exact[0], 1e-5, "sum");
  });

  test("the new value of a variable", async () => {
    const x = feed("x", [1], 2, wave(2, 0.7));
    const after = async (device: Device) => {
      const v = variable("v", [6, 6, 4], wave(144, 0.7));
      const next = op.multiply(op.variableTensor(v), 0.5);
      const updates = [{ variable: v, value: next }];
      const { values } = await run(device, [convolved(next)], { feeds: [x], updates });
      return [values[0], v.value as Float32Array];
    };
    const [exact, made] = await Promise.all([interp("float64"), wasm()].map(after));
    expectClose(made[0], exact[0], 1e-5, "convolved");
    expectClose(made[1], exact[1], 1e-5, "v");
  });
});
