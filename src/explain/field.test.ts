/** Receptive fields, both ways, against what really changes when a cell is changed. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { feed, run } from "../../test/support/run.ts";
import { sizeOf } from "../core/array.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  adaptiveAveragePooling2d,
  adaptiveMaxPooling2d,
  add,
  averagePooling2d,
  concatenate,
  conv2d,
  conv2dTranspose,
  cropping2d,
  dense,
  depthwiseConv2d,
  globalMaxPooling2d,
  interp,
  type Layer,
  maxPooling2d,
  permute,
  repeatVector,
  reshape,
  separableConv2d,
  upSampling2d,
  zeroPadding2d,
} from "../index.ts";
import { blocksOf, type Cells, countCells, reshaped } from "./cells.ts";
import { dependsOn, influences } from "./field.ts";

const call = (layer: unknown, x: Tensor | readonly Tensor[]): Tensor => (layer as (x: unknown) => Tensor)(x);

/** All weights are 1, so that what grows in the input grows in the output and nothing cancels. */
const ones = { kernelInitializer: "ones" } as const;
const apart = { depthwiseInitializer: "ones", pointwiseInitializer: "ones" } as const;

type Step = (x: Tensor, k: number, s: number, same: boolean) => Tensor;

const pad = (same: boolean): "same" | "valid" => (same ? "same" : "valid");

/** What a random model is made of; every step takes a picture and gives one. */
const steps: readonly Step[] = [
  (x, k, s, same) => call(conv2d(2, [k, 1], { strides: s, padding: pad(same), ...ones }), x),
  (x, k, s, same) => call(conv2d(2, k, { dilationRate: s, padding: pad(same), ...ones }), x),
  (x, k, s, same) => call(conv2d(4, k, { groups: x.shape[2], strides: s, padding: pad(same), ...ones }), x),
  (x, k, s, same) => call(depthwiseConv2d(k, { strides: s, padding: pad(same), ...apart } as object), x),
  (x, k, s, same) => call(separableConv2d(2, k, { strides: s, padding: pad(same), ...apart }), x),
  (x, k, s, same) => call(maxPooling2d(k, { strides: s, padding: pad(same) }), x),
  (x, k, s, same) => call(averagePooling2d(k, { strides: s, padding: pad(same) }), x),
  (x, k, s, same) => call(conv2dTranspose(2, k, { strides: s, padding: pad(same), ...ones }), x),
  (x, k, s) => call(upSampling2d([k, s], { interpolation: k > 1 ? "bilinear" : "nearest" }), x),
  (x, k, s) => call(zeroPadding2d([[k, 0], s]), x),
  (x, k, s) =>
    call(
      cropping2d([
        [0, k - 1],
        [s - 1, 0],
      ]),
      x,
    ),
  (x, k, s) => call(adaptiveAveragePooling2d([Math.min(k, x.shape[0]), Math.min(s, x.shape[1])]), x),
  (x, k, s) => call(adaptiveMaxPooling2d([Math.min(s, x.shape[0]), Math.min(k, x.shape[1])]), x),
  (x) => call(permute([2, 1, 3]), x),
  (x) => call(reshape([x.shape[1], x.shape[0], x.shape[2]]), x),
  (x, k) => call(add(), [call(conv2d(x.shape[2], k, { padding: "same", ...ones }), x), x]),
  (x, k) => call(concatenate(), [call(maxPooling2d(k, { strides: 1, padding: "same" }), x), x]),
  (x) => call(dense(2, ones), x),
  (x) => call(reshape([1, 2, x.shape[2]]), call(repeatVector(2), call(globalMaxPooling2d(), x))),
];

const fits = (make: () => Tensor): Tensor | undefined => {
  try {
    return make();
  } catch {
    return undefined;
  }
};

const numbers = (cells: Cells, t: Tensor): number[] => {
  const flat = reshaped(cells, t.shape, [sizeOf(t.shape)]);
  return [...new Set(flat.flatMap(([list]) => list))].sort((a, b) => a - b);
};

const draw = fc.record({
  sizes: fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 5 })),
  layers: fc.array(
    fc.record({
      step: fc.nat(steps.length - 1),
      k: fc.integer({ min: 1, max: 3 }),
      s: fc.integer({ min: 1, max: 2 }),
      same: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

it("is what changes, through random models with branches", async () => {
  await fc.assert(
    fc.asyncProperty(draw, async ({ sizes, layers }) => {
      const shape = [...sizes, 2];
      const cells = sizeOf(shape);
      // Sample 0 is plain; in sample j + 1 cell j is larger.
      const values = new Float32Array((cells + 1) * cells).fill(1);
      for (let j = 0; j < cells; j++) values[(j + 1) * cells + j] = 100;
      const x = feed("x", shape, cells + 1, values);
      let y = x.tensor;
      for (const { step, k, s, same } of layers) y = fits(() => steps[step](y, k, s, same)) ?? y;
      fc.pre(y !== x.tensor && sizeOf(y.shape) <= 200);
      for (const layer of layersOf(y)) {
        for (const w of layer.weights) w.assign(new Float32Array(sizeOf(w.shape)).fill(w.name === "bias" ? 0 : 1));
      }
      const [out] = (await run(interp(), [y], { feeds: [x] })).values;
      const size = sizeOf(y.shape);
      const changes = (j: number, i: number): boolean => out[(j + 1) * size + i] !== out[i];
      const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
      for (const i of all(size)) {
        const found = dependsOn(
          y,
          blocksOf([i], [size]).map(([list]) => placeOf(list[0], y)),
          [x.tensor],
        );
        const expected = all(cells).filter((j) => changes(j, i));
        expect(numbers(found.get(x.tensor) ?? [], x.tensor)).toEqual(expected);
        expect(countCells(found.get(x.tensor) ?? [])).toBe(expected.length);
      }
      for (const j of all(cells)) {
        const found = influences(x.tensor, [placeOf(j, x.tensor)], [y]);
        expect(numbers(found.get(y) ?? [], y)).toEqual(all(size).filter((i) => changes(j, i)));
      }
    }),
    { numRuns: 60 },
  );
});

/** A cell by its row-major number. */
function placeOf(number: number, t: Tensor): number[][] {
  let rest = number;
  return t.shape
    .toReversed()
    .map((n) => {
      const p = rest % n;
      rest = (rest - p) / n;
      return [p];
    })
    .toReversed();
}

/** The layers that made a tensor, and those before. */
function layersOf(y: Tensor): Set<Layer> {
  const found = new Set<Layer>();
  const stack = [y];
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    const made = t.origin?.call as { readonly layer: Layer; readonly inputs: readonly Tensor[] } | undefined;
    if (made === undefined) continue;
    found.add(made.layer);
    stack.push(...made.inputs);
  }
  return found;
}
