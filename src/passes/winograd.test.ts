import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, graphOf, run, weight } from "../../test/support/run.ts";
import { atOnce } from "../core/pieces.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { rewritingTensors, topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { gradients } from "./gradient.ts";
import { prepare } from "./prepare.ts";
import { winograd } from "./winograd.ts";

interface Layer {
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly filters: number;
  readonly before?: number;
  readonly after?: number;
  readonly strides?: number;
  readonly taps?: number;
}

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => Math.sin(step * i));

type Convolve = typeof op.convolve;

/** The same as `op.convolve`, in parts with too few channels and filters to be rewritten. */
const convolveInParts: Convolve = (x, w, window) => {
  const part = (t: Tensor, axis: number, half: number): Tensor => {
    const cut = Math.ceil(t.shape[axis] / 2);
    const start = t.shape.map((_, a) => (a === axis ? half * cut : 0));
    const size = t.shape.map((n, a) => (a !== axis ? n : half === 0 ? cut : n - cut));
    return op.slice(t, { start, step: t.shape.map(() => 1), size });
  };
  const filters = [0, 1].map((f) => {
    const [a, b] = [0, 1].map((c) => op.convolve(part(x, 2, c), part(part(w, 2, c), 3, f), window));
    return op.add(a, b);
  });
  return op.concatenate(filters, 2);
};

/** A convolution with bias and relu, and its gradients. */
function build(layer: Layer, convolve: Convolve = op.convolve) {
  const { size, channels, filters, before = 1, after = before, strides = 1, taps = 3 } = layer;
  const x = feed("x", [...size, channels], 2, wave(2 * size[0] * size[1] * channels, 0.7));
  const w = weight("w", [taps, taps, channels, filters], wave(taps * taps * channels * filters, 1.3));
  const output = size.map((n) => Math.floor((n + before + after - taps) / strides) + 1);
  const window = { strides: [strides, strides], dilation: [1, 1], before: [before, before], groups: 1, output };
  const y = op.relu(op.add(convolve(x.tensor, w, window), weight("b", [filters], wave(filters, 0.1))));
  const loss = op.sumSamples(op.sum(op.multiply(y, y), [0, 1, 2]));
  return { x, tensors: [y, ...gradients(loss, [x.tensor, w])] };
}

const opsOf = (tensors: readonly Tensor[]): string[] => topological(tensors).map((t) => t.op.name);
const large: Layer = { size: [6, 6], channels: 16, filters: 16 };

describe("Winograd's convolution", () => {
  test.each<[string, Layer]>([
    ["even sizes, same padding", large],
    ["odd sizes", { ...large, size: [7, 5] }],
    ["no padding", { ...large, before: 0 }],
    ["more padding than a kernel needs, and uneven", { ...large, before: 2, after: 1 }],
    ["a picture smaller than a tile", { ...large, size: [1, 3], channels: 32, filters: 32 }],
    ["channels that fill no vector", { ...large, channels: 15, filters: 14 }],
    ["half as many filters as channels", { ...large, filters: 8 }],
  ])("%s: the same output and gradients", async (_, layer) => {
    const { x, tensors } = build(layer);
    const rewritten = atOnce(rewritingTensors(tensors, winograd));
    expect(opsOf(rewritten).some((name) => /^convolve/.test(name))).toBe(false);
    const plain = build(layer, convolveInParts);
    expect(opsOf(prepare(graphOf({ totals: plain.tensors })).totals)).not.toContain("expandTiles");
    const exact = (await run(interp("float64"), plain.tensors, { feeds: [plain.x] })).values;
    for (const [device, close] of [
      [interp("float64"), 1e-6],
      [wasm({ threads: 1 }), 1e-4],
    ] as const) {
      const { values } = await run(device, rewritten, { feeds: [x] });
      values.forEach((value, i) => {
        expectClose(value, exact[i], close, `${device.name} ${["output", "dx", "dw"][i]}`);
      });
    }
  });

  test.each<[string, Layer]>([
    ["few channels", { ...large, channels: 6 }],
    ["few filters", { ...large, filters: 6 }],
    [
      "few channels and filters for the border of half-used tiles",
      { ...large, size: [7, 7], channels: 10, filters: 10 },
    ],
    ["strides", { ...large, strides: 2 }],
    ["other kernels", { ...large, taps: 5 }],
    ["pictures that fit no cache, of few channels", { ...large, size: [192, 192] }],
  ])("%s: left as it is", (_, layer) => {
    const { tensors } = build(layer);
    expect(opsOf(atOnce(rewritingTensors(tensors, winograd)))).toEqual(opsOf(tensors));
  });

  test("large pictures of many channels are rewritten", () => {
    const { tensors } = build({ ...large, size: [192, 192], channels: 32, filters: 32 });
    expect(opsOf(atOnce(rewritingTensors(tensors, winograd))).filter((name) => /^convolve/.test(name))).toEqual([]);
  });

  test("is part of what every graph goes through, and transforms a picture once for both directions", () => {
    const { x, tensors } = build(large);
    const { outputs, totals } = prepare(
      graphOf({ inputs: [x.tensor], outputs: tensors.slice(0, 2), totals: tensors.slice(2) }),
    );
    const names = opsOf([...outputs, ...totals]);
    // The picture, its kernel, the gradient of the output for dx and dw, the kernel turned around.
    expect(names.filter((name) => name === "expandTiles")).toHaveLength(5);
  });
});
