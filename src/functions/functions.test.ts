/** Functions of tensors: the batch as axis 0, gradients, and what tensors, arrays and both together give. */
import { describe, expect, test } from "vitest";
import { checkGradient, type GradientCheck } from "../../test/support/gradient.ts";
import { feed, run, weight } from "../../test/support/run.ts";
import { RhytonError } from "../core/errors.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { Tensor } from "../graph/tensor.ts";
import { placeholder } from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import * as ops from "./index.ts";

const errorOf = (work: () => unknown): RhytonError => {
  try {
    work();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("operands", () => {
  test("plain data of every kind gives numbers at once", () => {
    for (const x of [[1, 2, 3], Float32Array.of(1, 2, 3), { data: Uint8Array.of(1, 2, 3), shape: [3] }]) {
      expect(ops.add(x, 1)).toEqual({ data: Float32Array.of(2, 3, 4), shape: [3] });
    }
    expect(ops.multiply({ data: Uint8Array.of(255), shape: [1, 1], scale: 1 / 255 }, 2).data[0]).toBeCloseTo(2, 6);
    expect(ops.add(1, 2)).toEqual({ data: Float32Array.of(3), shape: [] });
    expect(
      ops.sum([
        [true, false],
        [true, true],
      ]),
    ).toEqual({ data: Float32Array.of(3), shape: [] });
    expect(ops.concatenate([[1, 2], [3]])).toEqual({ data: Float32Array.of(1, 2, 3), shape: [3] });
    expect(ops.zeros([0, 2])).toEqual({ data: new Float32Array(0), shape: [0, 2] });
  });

  test("one tensor makes a graph, also in a list or among the options", () => {
    const x = placeholder([3], "x");
    const all = [
      ops.add(1, x),
      ops.where(x, 1, 2),
      ops.concatenate([x, x], { axis: 1 }),
      ops.average([1, 2, 3], { weights: x }),
    ];
    for (const y of all) expect(y).toBeInstanceOf(Tensor);
    expect(ops.split(x, 3, { axis: 1 }).every((y) => y instanceof Tensor)).toBe(true);
  });

  test("what is no array is refused, and so are lists of different lengths", () => {
    expect(errorOf(() => ops.add([[1, 2], [3]], 1)).message).toContain("1 beside lists of 2 on axis 1");
    expect(errorOf(() => ops.add([1, "2" as never], 1)).message).toContain('a value in a list is "2"');
    expect(errorOf(() => ops.exp("x" as never)).message).toContain('ops.exp: an operand is "x"');
    expect(errorOf(() => ops.sum([1], { axes: 0 } as never)).message).toContain(
      'there is no option "axes". Did you mean "axis"?',
    );
  });
});

describe("the batch", () => {
  const x = placeholder([3, 4], "x");
  const w = weight("w", [2, 4], new Float32Array(8));

  test("is axis 0 of what belongs to samples, and no axis of what they share", () => {
    expect(ops.shape(x)).toEqual([null, 3, 4]);
    expect(ops.shape(w)).toEqual([2, 4]);
    expect(ops.shape(ops.sum(x, { axis: 1 }))).toEqual([null, 4]);
    expect(ops.shape(ops.sum(x, { axis: -1, keepdims: true }))).toEqual([null, 3, 1]);
    expect(ops.shape(ops.mean(x))).toEqual([]);
    expect(ops.shape(ops.mean(x, { axis: 0 }))).toEqual([3, 4]);
    expect(ops.shape(ops.mean(x, { axis: [0, 2], keepdims: true }))).toEqual([1, 3, 1]);
    expect(ops.shape(ops.expandDims(x, 1))).toEqual([null, 1, 3, 4]);
    expect(ops.shape(ops.expandDims(x, [1, -1]))).toEqual([null, 1, 3, 4, 1]);
    expect(ops.shape(ops.transpose(x, { axes: [0, 2, 1] }))).toEqual([null, 4, 3]);
    expect(ops.shape(ops.reshape(x, [-1, 12]))).toEqual([null, 12]);
    expect(ops.shape(ops.reshape(x, [null, 2, -1]))).toEqual([null, 2, 6]);
    expect(ops.shape(ops.matmul(x, ops.transpose(w)))).toEqual([null, 3, 2]);
    expect(ops.shape(ops.matmul(x, ops.transpose(x, { axes: [0, 2, 1] })))).toEqual([null, 3, 3]);
    expect(ops.shape(ops.einsum("bij,kj->bik", x, w))).toEqual([null, 3, 2]);
    expect(ops.shape(ops.einsum("bij->ij", x))).toEqual([3, 4]);
    expect(ops.shape(ops.getItem(x, ["...", 0]))).toEqual([null, 3]);
    expect(ops.shape(ops.getItem(x, [[null, null], [1, 3], -1]))).toEqual([null, 2]);
    expect(
      ops.shape(
        ops.pad(x, [
          [0, 0],
          [1, 1],
          [0, 2],
        ]),
      ),
    ).toEqual([null, 5, 6]);
    expect(ops.shape(ops.take(w, placeholder([5], "indices"), { axis: 0 }))).toEqual([null, 5, 4]);
    expect(ops.shape(ops.oneHot(placeholder([], "labels"), 3))).toEqual([null, 3]);
    expect(ops.shape(ops.conv(placeholder([8, 8, 3], "p"), ops.ones([3, 3, 3, 5])))).toEqual([null, 6, 6, 5]);
  });

  test("is summed over, and everything that follows from sums", async () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 9);
    const given = feed("x", [2], 3, values);
    const stats = [
      ops.sum(given.tensor),
      ops.mean(given.tensor, { axis: 0 }),
      ops.var(given.tensor, { axis: 0 }),
      ops.norm(given.tensor, { axis: 0 }),
      ops.countNonzero(given.tensor, { axis: 0 }),
      ops.average(given.tensor, { axis: 0, weights: [[2, 1]] }),
    ] as const;
    const centred = ops.subtract(given.tensor, ops.mean(given.tensor, { axis: 0, keepdims: true }));
    const table = { data: values, shape: [3, 2] };
    const expected = [
      ops.sum(table),
      ops.mean(table, { axis: 0 }),
      ops.var(table, { axis: 0 }),
      ops.norm(table, { axis: 0 }),
      ops.countNonzero(table, { axis: 0 }),
      ops.mean(table, { axis: 0 }),
      ops.subtract(table, ops.mean(table, { axis: 0, keepdims: true })),
    ];
    for (const device of [interp(), wasm({ threads: 1 })]) {
      const { values: actual } = await run(device, [...stats, centred], { feeds: [given] });
      actual.forEach((one, i) => {
        expect(Array.from(one)).toEqual(Array.from(expected[i].data, (v) => expect.closeTo(v, 4)));
      });
    }
  });

  const untypedAxis = { axis: -1 } as unknown as number;
  test.each<[string, () => unknown, string]>([
    [
      "max",
      () => ops.max(x),
      "ops.max: axis is undefined, expected an axis from 1 to 2, or from -2 to -1, of (None, 3, 4). Axis 0 is the batch",
    ],
    ["softmax", () => ops.softmax(x, { axis: 0 }), "ops.softmax: axis is 0"],
    ["concatenate", () => ops.concatenate([x, x]), "ops.concatenate: axis is 0"],
    ["split", () => ops.split(x, 3), "ops.split: axis is 0"],
    ["reshape", () => ops.reshape(x, [12]), "ops.reshape: newshape is [12], expected null (or -1) for the batch"],
    [
      "reshape of samples together",
      () => ops.reshape(x, [-1, 4]),
      "ops.reshape: got the new shape (None, 4), expected one of 12 cells for each sample",
    ],
    [
      "transpose",
      () => ops.transpose(x),
      "ops.transpose: axes is [2, 1, 0], expected the batch, which is axis 0, left as it is",
    ],
    ["ravel", () => ops.ravel(x), "Axis 0 is the batch"],
    ["pad", () => ops.pad(x, 1), "ops.pad: padWidth is"],
    ["another rank", () => ops.add(x, placeholder([4], "y")), "ops.add: got the shapes (None, 3, 4) and (None, 4)"],
    ["a constant for each sample", () => ops.add(x, ops.zeros([5, 3, 4])), "take the first axis off the constant"],
    ["einsum", () => ops.einsum("bij->ijb", x), "one letter for the batch, first in what belongs to samples"],
    ["beyond the axes", () => ops.sum(x, { axis: 3 }), "expected an axis from 0 to 2, or from -3 to -1"],
    [
      "an axis by name",
      () => ops.batchNormalization(x, [1], [1], untypedAxis),
      "axis is an object with the key axis, expected an axis from 1 to 2, or from -2 to -1, of (None, 3, 4). It has its place among the arguments and no name: give -1 itself.",
    ],
    [
      "matmul",
      () => ops.matmul(placeholder([4], "y"), placeholder([4], "z")),
      "ops.matmul: got the shapes (None, 4) and (None, 4)",
    ],
  ])("is refused where samples would meet: %s", (_, work, said) => {
    expect(errorOf(work).message).toContain(said);
  });
});

describe("what only some operands can have", () => {
  const x = placeholder([3, 4], "x");
  test.each<[string, () => unknown, string]>([
    ["sizes that follow from values", () => ops.unique(x as never), "ops.unique: x is <Tensor (None, 3, 4)"],
    ["so counts", () => ops.bincount(x as never), "expected plain data, as the size of the result follows"],
    ["so places", () => ops.nonzero(x as never), "ops.nonzero: x is <Tensor (None, 3, 4)"],
    [
      "segments whose number is computed",
      () => ops.segmentSum(x, placeholder([], "ids")),
      "ops.segmentSum: numSegments is null, expected how many segments there are",
    ],
    [
      "rows for each number",
      () => ops.segmentMax([1, 2, 3], [0, 1]),
      "got 2 numbers of segments, expected one for each",
    ],
    ["another reduction", () => ops.scatterUpdate([1], [[0]], [2], { reduction: "sub" as never }), '"add", "max"'],
    ["conditions without choices", () => ops.select([1], []), "as many choices as there are conditions, which are 1"],
    ["no bins", () => ops.histogram([1, 2], { bins: 0 }), "ops.histogram: bins is 0"],
    ["a number instead of a pair", () => ops.fft([[1, 2]] as never), "expected a pair [real part, imaginary part]"],
    ["parts of other shapes", () => ops.fft([[1, 2], [1]]), "ops.fft: got parts of the shapes (2,) and (1,)"],
    ["axes too long", () => ops.rfft(ops.zeros([5000])), "expected 1 to 4096 cells on axis -1"],
    ["a short transform", () => ops.stft([1, 2, 3], 4, 1, 2), "ops.stft: fftLength is 2, expected at least"],
    ["another window", () => ops.stft([1, 2, 3], 2, 1, 2, { window: [1] }), '"hann", "hamming", null, or 2 numbers'],
    [
      "long sequences",
      () => ops.extractSequences([1, 2], 3, 1),
      "sequenceLength is 3, expected a whole number from 1 to 2",
    ],
    ["windows that do not fit", () => ops.unfold(ops.zeros([1, 1, 2, 2]), 3), "a window that fits into 2 cells"],
    [
      "columns of no picture",
      () => ops.fold(ops.zeros([1, 5, 4]), 3, 2),
      "expected a multiple of 4 taps, and 4 windows",
    ],
    ["other axes", () => ops.unfold([1, 2], 3), "expected pictures (batch, channels, height, width)"],
    ["matrices in a grid", () => ops.meshgrid([[1, 2]]), "ops.meshgrid: x is"],
    ["another order", () => ops.meshgrid([1], { indexing: "yx" as never }), 'indexing is "yx", expected "xy" or "ij"'],
    ["the batch inside", () => ops.rearrange(x, "b h w -> h b w"), "the batch, first and by itself on both sides"],
    ["names that are lost", () => ops.rearrange([[1]], "a b -> a"), "the same names on the right"],
    ["lengths that do not divide", () => ops.rearrange([[1]], "a (b c) -> a b c", { b: 2 }), "make 1 cells of (b c)"],
    ["powers of the batch", () => ops.vander(placeholder([], "row")), "give it where the row is the batch"],
    ["more behind than before", () => ops.correlate([1], [1, 2]), "ops.correlate: got 1 and 2 numbers"],
    ["six numbers of a map", () => ops.image.affineTransform(ops.zeros([2, 2, 1]), [1, 0, 0, 0, 1, 0]), "8 numbers"],
    [
      "points on a line",
      () =>
        ops.image.perspectiveTransform(
          ops.zeros([2, 2, 1]),
          [
            [0, 0],
            [0, 1],
            [1, 0],
            [1, 1],
          ],
          [
            [0, 0],
            [1, 1],
            [2, 2],
            [3, 3],
          ],
        ),
      "four points of which no three lie on a line",
    ],
    ["cubic places", () => ops.image.mapCoordinates([[1]], [[0], [0]], 3 as never), "order is 3, expected 0 or 1"],
    ["a coordinate too few", () => ops.image.mapCoordinates([[1]], [[0]], 1), "a coordinate for each axis of (1, 1)"],
    [
      "a scale too few",
      () => ops.image.scaleAndTranslate(ops.zeros([2, 2, 1]), [2, 2, 1], [1], [0, 0], [0, 1], "linear"),
      "a scale and a translation for each of the axes [0, 1]",
    ],
  ])("%s", (_, work, said) => {
    expect(errorOf(work).message).toContain(said);
  });

  test("samples are counted into segments", async () => {
    const given = feed("x", [2], 3, Float32Array.of(1, 2, 3, 4, 5, 6));
    const large = ops.greater(ops.sum(given.tensor, { axis: 1 }), 5);
    const sums = ops.segmentSum(given.tensor, large, { numSegments: 2 });
    for (const device of [interp(), wasm({ threads: 1 })]) {
      const { values } = await run(device, [sums], { feeds: [given] });
      expect(Array.from(values[0])).toEqual([1, 2, 8, 10]);
    }
  });

  test("odd functions have their slope at 0, too", async () => {
    const at0 = feed("x", [1], 1, Float32Array.of(0));
    const slopes = [ops.sinh, ops.arcsinh, ops.arctan, ops.arcsin, ops.erfinv].map(
      (f) => gradients(ops.sum(f(at0.tensor)), [at0.tensor])[0],
    );
    const { values } = await run(interp(), slopes, { feeds: [at0] });
    expect(values.map((one) => one[0])).toEqual([1, 1, 1, 1, expect.closeTo(Math.sqrt(Math.PI) / 2, 5)]);
  });
});

describe("gradients follow differences", () => {
  const a = { shape: [3, 4] };
  const apart = { shape: [3, 4], domain: "apart" } as const;
  const positive = { shape: [3, 4], domain: "positive" } as const;
  const nonzero = { shape: [3, 4], domain: "nonzero" } as const;
  const w = { shape: [4, 2], shared: true };
  const cases: readonly [string, GradientCheck["operands"], GradientCheck["build"]][] = [
    ["var over the batch", [a], ([x]) => ops.var(x, { axis: [0, 1] })],
    ["std", [apart], ([x]) => ops.std(x, { axis: -1, keepdims: true })],
    ["mean of everything", [a], ([x]) => ops.square(ops.mean(x))],
    ["prod", [nonzero], ([x]) => ops.prod(x, { axis: 1 })],
    ["min", [apart], ([x]) => ops.min(x, { axis: 2 })],
    ["logsumexp", [a], ([x]) => ops.logsumexp(x, { axis: 1 })],
    ["norm of order 3", [nonzero], ([x]) => ops.norm(x, { ord: 3, axis: -1 })],
    ["average", [a, positive], ([x, y]) => ops.average(x, { axis: 1, weights: y })],
    ["power", [positive, a], ([x, y]) => ops.power(x, y)],
    ["power of 3", [nonzero], ([x]) => ops.power(x, 3)],
    ["power of −0.5", [positive], ([x]) => ops.power(x, -0.5)],
    ["log1p", [positive], ([x]) => ops.log1p(ops.multiply(x, 0.1))],
    ["arctanh", [a], ([x]) => ops.arctanh(ops.multiply(x, 0.3))],
    ["arcsinh", [nonzero], ([x]) => ops.arcsinh(x)],
    ["arccosh", [positive], ([x]) => ops.arccosh(ops.add(x, 1))],
    ["sinh", [nonzero], ([x]) => ops.sinh(x)],
    ["cbrt", [nonzero], ([x]) => ops.cbrt(x)],
    ["hypot", [nonzero, positive], ([x, y]) => ops.hypot(x, ops.multiply(y, 2))],
    ["logaddexp", [apart, a], ([x, y]) => ops.logaddexp(x, y)],
    ["mod", [positive], ([x]) => ops.mod(ops.multiply(x, 0.3), 5)],
    ["softmax", [a], ([x]) => ops.softmax(x, { axis: 1 })],
    ["logSoftmax", [a], ([x]) => ops.logSoftmax(x)],
    ["gelu", [a], ([x]) => ops.gelu(x)],
    ["celu", [nonzero], ([x]) => ops.celu(x, { alpha: 0.5 })],
    ["matmul with a weight", [a, w], ([x, y]) => ops.matmul(x, y)],
    ["matmul in each sample", [a, { shape: [4, 2] }], ([x, y]) => ops.matmul(x, y)],
    ["matmul of a weight and a sample", [{ shape: [2, 3], shared: true }, a], ([x, y]) => ops.matmul(x, y)],
    ["einsum", [a, { shape: [2, 4] }], ([x, y]) => ops.einsum("bij,bkj->bki", x, y)],
    ["einsum over the batch", [a, a], ([x, y]) => ops.einsum("bij,bkj->ik", x, y)],
    ["tensordot", [a, { shape: [3, 4, 2], shared: true }], ([x, y]) => ops.tensordot(x, y)],
    ["cross", [{ shape: [2, 3] }, { shape: [2, 3] }], ([x, y]) => ops.cross(x, y)],
    [
      "dotProductAttention",
      [{ shape: [3, 2, 4] }, { shape: [5, 2, 4] }, { shape: [5, 2, 4] }],
      ([q, k, v]) => ops.dotProductAttention(q, k, v, { isCausal: true }),
    ],
    ["cumsum", [a], ([x]) => ops.cumsum(x, { axis: 1 })],
    ["cumprod", [nonzero], ([x]) => ops.cumprod(x, { axis: 2 })],
    ["sort", [apart], ([x]) => ops.sort(x)],
    ["median", [apart], ([x]) => ops.median(x, { axis: 2 })],
    ["take", [a], ([x]) => ops.take(x, [2, 0, 2], { axis: 2 })],
    ["takeAlongAxis", [a], ([x]) => ops.takeAlongAxis(x, [[[1], [0], [3]]], { axis: 2 })],
    ["roll", [a], ([x]) => ops.roll(x, 1, { axis: 2 })],
    [
      "pad by reflection",
      [a],
      ([x]) =>
        ops.pad(
          x,
          [
            [0, 0],
            [1, 2],
            [0, 0],
          ],
          { mode: "reflect" },
        ),
    ],
    ["repeat", [a], ([x]) => ops.repeat(x, [1, 0, 2], { axis: 1 })],
    ["tile", [a], ([x]) => ops.tile(x, [1, 2, 2])],
    ["diagonal", [a], ([x]) => ops.diagonal(x, { axis1: 1, axis2: 2, offset: 1 })],
    ["sliceUpdate", [a, { shape: [2, 2] }], ([x, y]) => ops.sliceUpdate(x, [0, 1, 1], y)],
    [
      "layerNormalization",
      [apart, { shape: [4], shared: true }],
      ([x, y]) => ops.layerNormalization(x, { gamma: y, beta: y }),
    ],
    ["normalize", [nonzero], ([x]) => ops.normalize(x, { order: 2 })],
    ["binaryCrossentropy of logits", [a, positive], ([x, y]) => ops.binaryCrossentropy(y, x, { fromLogits: true })],
    [
      "conv in groups",
      [{ shape: [4, 5, 4] }, { shape: [3, 2, 2, 6], shared: true }],
      ([x, y]) => ops.conv(x, y, { padding: "same" }),
    ],
    [
      "convTranspose",
      [{ shape: [3, 2] }, { shape: [3, 4, 2], shared: true }],
      ([x, y]) => ops.convTranspose(x, y, { strides: 2 }),
    ],
    ["arctan", [apart], ([x]) => ops.arctan(x)],
    ["arctan2", [nonzero, apart], ([x, y]) => ops.arctan2(x, y)],
    ["arcsin", [a], ([x]) => ops.arcsin(ops.multiply(ops.tanh(x), 0.9))],
    ["arccos", [a], ([x]) => ops.arccos(ops.multiply(ops.tanh(x), 0.9))],
    ["erfc", [a], ([x]) => ops.erfc(x)],
    ["erfinv", [a], ([x]) => ops.erfinv(ops.multiply(ops.tanh(x), 0.9))],
    ["i0", [a], ([x]) => ops.i0(x)],
    ["nanmedian", [apart], ([x]) => ops.nanmedian(x, { axis: 2 })],
    ["rfft", [a], ([x]) => ops.concatenate(ops.rfft(x), { axis: 2 })],
    ["irfft", [a, a], ([x, y]) => ops.irfft([x, y])],
    ["stft", [{ shape: [12] }], ([x]) => ops.concatenate(ops.stft(x, 4, 2, 4), { axis: 2 })],
    ["istft", [{ shape: [5, 3] }, { shape: [5, 3] }], ([x, y]) => ops.istft([x, y], 4, 2, 4)],
    ["extractSequences", [{ shape: [9] }], ([x]) => ops.extractSequences(x, 3, 2)],
    ["unfold", [{ shape: [2, 5, 4] }], ([x]) => ops.unfold(x, 2, { stride: 2, padding: 1 })],
    ["fold", [{ shape: [8, 9] }], ([x]) => ops.fold(x, [5, 5], 2, { stride: 2, padding: 1 })],
    ["rearrange", [a], ([x]) => ops.rearrange(x, "b h (w s) -> b (h s) w", { s: 2 })],
    ["vander", [{ shape: [] }], ([x]) => ops.vander(x, { N: 4 })],
    [
      "segmentSum over the batch",
      [a, { shape: [] }],
      ([x, ids]) => ops.segmentSum(x, ops.greater(ids, 0), { numSegments: 2 }),
    ],
    ["segmentMax", [{ shape: [3, 4], shared: true, domain: "apart" }], ([x]) => ops.segmentMax(x, [1, 0, 1])],
    ["select", [apart], ([x]) => ops.select([ops.greater(x, 0)], [ops.square(x)], { default: x })],
    ["adaptiveAveragePool", [{ shape: [5, 4, 2] }], ([x]) => ops.adaptiveAveragePool(x, [2, 3])],
    ["image.sobelEdges", [{ shape: [3, 4, 2] }], ([x]) => ops.image.sobelEdges(x)],
    [
      "image.ssim",
      [
        { shape: [4, 4, 2], domain: "positive" },
        { shape: [4, 4, 2], domain: "positive" },
      ],
      ([x, y]) => ops.image.ssim(x, y, { filterSize: 3 }),
    ],
    [
      "image.affineTransform",
      [{ shape: [3, 4, 2] }],
      ([x]) => ops.image.affineTransform(x, [0.9, 0.2, 0.1, -0.1, 1, 0.3, 0, 0]),
    ],
    [
      "image.mapCoordinates",
      [{ shape: [3, 4], shared: true }],
      ([x]) =>
        ops.image.mapCoordinates(
          x,
          [
            [0.3, 1.6],
            [2.2, 0.4],
          ],
          1,
        ),
    ],
    ["image.resize", [{ shape: [3, 4, 2] }], ([x]) => ops.image.resize(x, [5, 3])],
  ];
  test.each(cases)("%s", async (_, operands, build) => {
    await checkGradient({ operands, build });
  });
});
