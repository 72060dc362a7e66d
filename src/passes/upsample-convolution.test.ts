import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, run, weight } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { rewritingTensors, topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { gradients } from "./gradient.ts";
import { upsampleConvolution } from "./upsample-convolution.ts";

interface Layer {
  readonly size: readonly number[];
  readonly channels: number;
  readonly filters: number;
  readonly before?: readonly number[];
  readonly after?: readonly number[];
  readonly factor?: number;
  readonly taps?: number;
}

const wave = (shape: readonly number[], step: number): Float32Array =>
  new Float32Array(shape.reduce((n, m) => n * m, 1)).map((_, i) => Math.sin(step * i));

/** Between the upsampling and the convolution there is nothing to see. */
const nothing = (t: Tensor): Tensor => t;
/** The same numbers, but no longer an upsampling that a convolution reads. */
const hidden = (t: Tensor): Tensor => op.negative(op.negative(t));

/** A convolution over an upsampling, with bias and relu. */
function build({ size, channels, filters, before, after = before, factor = 2, taps = 3 }: Layer, between = nothing) {
  const all = (n: number) => size.map(() => n);
  const [ahead, behind] = [before ?? all(1), after ?? all(1)];
  const x = feed("x", [...size, channels], 2, wave([2, ...size, channels], 0.7));
  const shape = [...all(taps), channels, filters];
  const w = weight("w", shape, wave(shape, 1.3));
  const output = size.map((n, a) => factor * n + ahead[a] + behind[a] - taps + 1);
  const window = { strides: all(1), dilation: all(1), before: ahead, groups: 1, output };
  const y = op.convolve(between(op.upSampleNearest(x.tensor, all(factor))), w, window);
  return { x, w, y: op.relu(op.add(y, weight("b", [filters], wave([filters], 0.1)))) };
}

const rewritten = (y: Tensor): Tensor => atOnce(rewritingTensors([y], upsampleConvolution))[0];
const opsOf = (t: Tensor): string[] => topological([t]).map(({ op: { name } }) => name);
const many: Layer = { size: [4, 4], channels: 10, filters: 10 };

describe("a convolution over an upsampling", () => {
  test.each<[string, Layer]>([
    ["same padding", many],
    ["no padding", { ...many, before: [0, 0] }],
    ["two cells ahead", { ...many, before: [2, 2], after: [0, 0] }],
    ["a cell cut off ahead", { ...many, before: [-1, -1], after: [1, 1] }],
    ["three cells ahead", { ...many, before: [3, 3], after: [1, 1] }],
    ["an odd number of results", { ...many, channels: 12, filters: 12, size: [8, 7], after: [0, 0] }],
    ["channels that fill no vector", { ...many, channels: 11, filters: 9 }],
    ["three axes", { ...many, size: [2, 3, 2] }],
  ])("%s: by tiles, with the same output and gradients", async (_, layer) => {
    const built = build(layer);
    const { x } = built;
    const now = { ...built, y: rewritten(built.y) };
    expect(opsOf(now.y)).toContain("foldTiles");
    expect(opsOf(now.y)).not.toContain("windowSpread");
    const andGradients = ({ x, w, y }: typeof built): Tensor[] => {
      const axes = y.shape.map((_, a) => a);
      return [y, ...gradients(op.sumSamples(op.sum(op.multiply(y, y), axes)), [x.tensor, w])];
    };
    const plain = build(layer, hidden);
    expect(opsOf(rewritten(plain.y))).toContain("windowSpread");
    const wanted = andGradients(plain);
    const exact = (await run(interp("float64"), wanted, { feeds: [plain.x] })).values;
    for (const [device, close] of [
      [interp("float64"), 1e-6],
      [wasm({ threads: 1 }), 1e-4],
    ] as const) {
      const { values } = await run(device, andGradients(now), { feeds: [x] });
      values.forEach((value, i) => {
        expectClose(value, exact[i], close, `${device.name} ${["output", "dx", "dw"][i]}`);
      });
    }
  });

  test.each<[string, Layer]>([
    ["few channels", { ...many, channels: 3 }],
    ["few filters", { ...many, filters: 3 }],
    ["another factor", { ...many, factor: 3 }],
    ["other kernels", { ...many, taps: 5 }],
    ["different parities of padding", { ...many, before: [0, 1] }],
    ["one axis", { ...many, size: [16] }],
  ])("%s: by a transposed convolution with a summed kernel", (_, layer) => {
    const names = opsOf(rewritten(build(layer).y));
    expect(names).toContain("convolveInput");
    expect(names).not.toContain("windowSpread");
    expect(names).not.toContain("foldTiles");
  });
});
