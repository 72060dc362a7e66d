/** Functions between layers of a model whose input leaves sizes open: at every size what they are of plain data of that size. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray, sizeOf } from "../core/array.ts";
import { fillUniform } from "../core/random.ts";
import type { OpenShape, OpenTensor } from "../graph/tensor.ts";
import { input } from "../layers/input.ts";
import { model } from "../training/make-model.ts";
import type { ArrayLike, Numbers } from "./arrays.ts";
import * as ops from "./index.ts";

const noise = (shape: readonly number[], seed = 1): NdArray<Float32Array> => {
  const data = new Float32Array(sizeOf(shape));
  fillUniform(data, seed);
  return ndarray(data, shape);
};

/** Written for plain data; given a tensor it answers a tensor. */
type Of = (x: ArrayLike) => Numbers;
const rows: readonly [string, OpenShape, Of][] = [
  // the same ops at every size
  ["relu(x - 0.5)", [null, null, 3], (x) => ops.relu(ops.subtract(x, 0.5))],
  ["max over height", [null, null, 3], (x) => ops.max(x, { axis: 1 })],
  ["transpose", [null, null, 3], (x) => ops.transpose(x, { axes: [0, 2, 1, 3] })],
  ["swapaxes", [null, null, 3], (x) => ops.swapaxes(x, 1, 3)],
  ["concatenate by channels", [null, null, 3], (x) => ops.concatenate([x, ops.square(x)], { axis: -1 })],
  ["concatenate along the width", [null, null, 3], (x) => ops.concatenate([x, x], { axis: 2 })],
  ["cast", [null, null, 3], (x) => ops.cast(x, "float32")],
  // with sizes in the computation
  ["mean over the picture", [null, null, 3], (x) => ops.mean(x, { axis: [1, 2] })],
  ["var", [null, 3], (x) => ops.var(x, { axis: 1, keepdims: true })],
  ["logsumexp", [null, 3], (x) => ops.logsumexp(x, { axis: 1 })],
  ["prod", [null, 3], (x) => ops.prod(x, { axis: 1 })],
  ["softmax over channels", [null, null, 3], (x) => ops.softmax(x)],
  ["softmax over places", [null, 3], (x) => ops.softmax(x, { axis: 1 })],
  ["expandDims", [null, null, 3], (x) => ops.expandDims(x, -1)],
  ["flip", [null, 3], (x) => ops.flip(x, { axis: 1 })],
  ["roll", [null, 3], (x) => ops.roll(x, 1, { axis: 1 })],
  ["pad", [null, 3], (x) => ops.pad(x, [[0, 0], [1, 2], [0, 0]])], // biome-ignore format: one line
  [
    "every second cell",
    [null, 3],
    (x) =>
      ops.getItem(x, [
        [null, null],
        [null, null, 2],
      ]),
  ],
  ["matmul on the last axis", [null, null, 3], (x) => ops.matmul(x, noise([3, 2], 5))],
  ["einsum", [null, 3], (x) => ops.einsum("bij,jk->bik", x, noise([3, 2], 5))],
  ["conv", [null, null, 3], (x) => ops.conv(x, noise([3, 3, 3, 2], 5), { padding: "same" })],
  ["maxPool", [null, null, 3], (x) => ops.maxPool(x, 2)],
  ["averagePool", [null, null, 3], (x) => ops.averagePool(x, 2, { padding: "same" })],
  ["cumsum", [null, 3], (x) => ops.cumsum(x, { axis: 1 })],
  ["sort", [null, 3], (x) => ops.sort(x, { axis: 1 })],
  ["zerosLike", [null, 3], (x) => ops.zerosLike(x)],
  ["power of 0", [null, 3], (x) => ops.power(x, 0)],
  ["split", [null, 4], (x) => ops.split(x, 2, { axis: 2 })[1]],
];

test.each(rows)("%s", async (_, shape, of) => {
  const x = input(shape);
  const made = model(x, of(x as never) as unknown as OpenTensor);
  made.compile({ optimizer: "sgd", loss: null, device: "interp" });
  for (const [i, sizes] of [
    [5, 4],
    [2, 7],
    [8, 8],
  ].entries()) {
    const data = noise([2, ...shape.map((size, k) => size ?? sizes[k])], i + 1);
    const [got, want] = [(await made.predict(data)) as Numbers, of(data)];
    expect(got.shape).toEqual(want.shape);
    want.data.forEach((value, k) => {
      expect(got.data[k]).toBeCloseTo(value, 5);
    });
  }
});

describe("shapes", () => {
  const picture = input([null, null, 3]) as OpenTensor;
  test.each<[string, OpenTensor, OpenShape]>([
    ["mean", ops.mean(picture, { axis: [1, 2] }), [3]],
    ["reshape", ops.reshape(picture, [null, -1, 3]), [null, 3]],
    ["maxPool", ops.maxPool(picture, 2), [null, null, 3]],
    ["flatten all", ops.reshape(picture, [null, -1]), [null]],
  ])("%s", (_, { shape }, expected) => {
    expect(shape).toEqual(expected);
  });
});

describe("refuses, naming the function and the sizes", () => {
  const picture = input([null, null, 3]) as OpenTensor;
  test.each<[string, () => unknown]>([
    ["ops.reshape (with 48 for None): got the new shape (None, 7, 3)", () => ops.reshape(picture, [null, 7, 3])],
    ["ops.unstack: got a tensor of shape (None, None, None, 3), expected as many results at every size", () =>
      ops.unstack(picture, { axis: 1 })], // biome-ignore format: short
    ["ops.average: got an option that is a tensor of shape (None, None, None, 3)", () =>
      ops.average(picture, { weights: picture as never })], // biome-ignore format: short
  ])("%s", (words, work) => {
    expect(work).toThrow(words);
  });

  test("to be saved where it computes with sizes, and says what to do", async () => {
    const made = model(picture, ops.mean(picture, { axis: [1, 2] }));
    await expect(made.toBytes()).rejects.toThrow(
      'the op "mean" stands between layers, where it computes with sizes that are open. ' +
        "Put it into the call of a layer of your own.",
    );
  });
});
