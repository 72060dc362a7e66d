/** Small graphs in which ops meet in ways that lowering must get right: borders, aliases, fused epilogues, shared parts. */
import { apply } from "../../src/graph/op.ts";
import type { Shape, Tensor } from "../../src/graph/tensor.ts";
import * as op from "../../src/ops/index.ts";
import { windowMaxGradientOp } from "../../src/ops/window.ts";
import type { Operand } from "../support/gradient.ts";

export interface Composition {
  readonly name: string;
  readonly operands: readonly Operand[];
  build(inputs: readonly Tensor[]): Tensor;
  /** 0 where differentiating it asks for what there is not. */
  readonly order?: 0 | 1;
}

const conv = (x: Tensor, w: Tensor, padding: "same" | "valid" = "same"): Tensor => {
  const taps = w.shape.slice(0, -2);
  const ones = taps.map(() => 1);
  const same = padding === "same";
  return op.convolve(x, w, {
    strides: ones,
    dilation: ones,
    groups: 1,
    before: taps.map((k) => (same ? Math.floor((k - 1) / 2) : 0)),
    output: x.shape.slice(0, -1).map((n, a) => (same ? n : n - taps[a] + 1)),
  });
};

const one = (shape: Shape, shared = false): Operand => ({ shape, shared });
const pool = { kernel: [2], strides: [2], before: [0], output: [3] };
const poolGradient = (x: Tensor, dy: Tensor): Tensor =>
  apply(windowMaxGradientOp, [x, op.maxPool(x, pool), dy], { ...pool });
/** Windows that leave cells out and still look beyond the edge: 4 cells, 2 under each of 2 windows, 3 apart. */
const sparse = { kernel: [2], strides: [3], before: [0], output: [2] };
const image: Shape = [4, 4, 2];
const kernel: Shape = [3, 3, 2, 2];

export const compositions: readonly Composition[] = [
  // What lies beyond the edge of arithmetic is not the arithmetic of 0.
  {
    name: "sum of padded exp",
    operands: [one([3])],
    build: ([x]) => op.sum(op.pad(op.exponential(x), [1], [2]), [0]),
  },
  {
    name: "slice of padded exp",
    operands: [one([3])],
    build: ([x]) => op.add(op.slice(op.pad(op.exponential(x), [1], [2]), { start: [0], size: [3] }), 1),
  },
  {
    name: "padded exp as a result",
    operands: [one([3])],
    build: ([x]) => op.pad(op.exponential(x), [1], [2]),
  },
  {
    name: "padded, sliced and padded again",
    operands: [one([3])],
    build: ([x]) => {
      const padded = op.pad(op.exponential(x), [1], [1]);
      return op.sum(op.pad(op.slice(padded, { start: [4], size: [5], step: [-1] }), [1], [1]), [0]);
    },
  },
  {
    name: "maximum of sparse windows over arithmetic below 0",
    operands: [one([4, 2])],
    build: ([x]) => op.maxPool(op.subtract(op.tanh(x), 3), sparse),
  },
  {
    name: "sum of sparse windows over exp",
    operands: [one([4, 2])],
    build: ([x]) => op.windowSum(op.exponential(x), sparse),
  },
  {
    name: "convolution over padded exp",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => conv(op.pad(op.exponential(x), [1, 0, 0], [0, 2, 0]), w),
  },
  {
    name: "convolution over a transposed, padded tensor",
    operands: [one([2, 4, 3]), one(kernel, true)],
    build: ([x, w]) => conv(op.transpose(op.pad(x, [0, 0, 1], [0, 0, 0]), [1, 2, 0]), w),
  },
  {
    name: "convolution over a slice backwards",
    operands: [one([4, 6, 2]), one(kernel, true)],
    build: ([x, w]) => conv(op.slice(x, { start: [3, 5, 0], size: [4, 3, 2], step: [-1, -2, 1] }), w),
  },
  {
    name: "maximum of padded windows over a pad",
    operands: [one([6])],
    build: ([x]) => op.maxPool(op.pad(op.subtract(op.sigmoid(x), 2), [1], [1]), { ...pool, before: [1], output: [4] }),
  },
  {
    name: "maximum of windows over a padded tensor below 0",
    operands: [{ shape: [6], domain: "positive" }],
    build: ([x]) => op.maxPool(op.pad(op.negative(x), [1], [1]), { ...pool, output: [4] }),
  },
  {
    name: "windows over arithmetic on a padded tensor",
    operands: [one([6])],
    build: ([x]) => {
      const padded = op.sigmoid(op.pad(x, [1], [1]));
      return op.add(
        op.windowSum(padded, { ...pool, output: [4] }),
        op.maxPool(op.negative(padded), { ...pool, output: [4] }),
      );
    },
  },
  // Shapes over the same cells.
  {
    name: "reshape beside a padded convolution",
    operands: [one([32]), one(kernel, true)],
    build: ([x, w]) => {
      const picture = op.reshape(op.relu(x), image);
      return op.add(op.reshape(conv(picture, w), [8, 4]), op.reshape(picture, [8, 4]));
    },
  },
  {
    name: "reshape between two padded convolutions",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => conv(op.reshape(conv(x, w), [2, 8, 2]), w),
  },
  {
    name: "input reshaped and convolved",
    operands: [one([32]), one(kernel, true)],
    build: ([x, w]) => conv(op.reshape(x, image), w),
  },
  {
    name: "weights reshaped beside a padded convolution",
    operands: [one([2, 4, 4], true), one(kernel, true)],
    build: ([x, w]) => op.add(conv(op.reshape(x, image), w), op.reshape(x, image)),
  },
  {
    name: "reshape that only drops axes of size 1, of a transposition, as a result",
    operands: [one([1, 3, 2])],
    build: ([x]) => op.reshape(op.transpose(x, [0, 2, 1]), [2, 3]),
  },
  {
    name: "reshape that only adds axes of size 1, of arithmetic, as a result",
    operands: [one([3])],
    build: ([x]) => op.reshape(op.exponential(x), [1, 3]),
  },
  {
    name: "reshape of a reshape of a slice",
    operands: [one([4, 6])],
    build: ([x]) => op.reshape(op.reshape(op.slice(x, { start: [0, 1], size: [4, 3] }), [12]), [1, 3, 4]),
  },
  {
    name: "transposition of a reshape of a transposition",
    operands: [one([4, 6])],
    build: ([x]) => op.exponential(op.transpose(op.reshape(op.transpose(x, [1, 0]), [3, 8]), [1, 0])),
  },
  // Reductions that their readers finish.
  {
    name: "convolution, bias and relu, read twice",
    operands: [one(image), one(kernel, true), one([2], true)],
    build: ([x, w, b]) => {
      const h = op.relu(op.add(conv(x, w), b));
      return op.add(h, conv(h, w));
    },
  },
  {
    name: "convolution times itself",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => {
      const h = conv(x, w);
      return op.multiply(h, h);
    },
  },
  {
    name: "convolution plus its transposition",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => {
      const h = conv(x, w);
      return op.add(h, op.transpose(h, [1, 0, 2]));
    },
  },
  {
    name: "convolution transposed there and back, read twice",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => {
      const h = op.transpose(op.transpose(conv(x, w), [2, 0, 1]), [1, 2, 0]);
      return op.add(conv(op.exponential(h), w), conv(op.tanh(h), w));
    },
  },
  {
    name: "convolution padded and sliced back, read twice",
    operands: [one([5, 2]), one([3, 2, 2], true)],
    build: ([x, w]) => {
      const h = op.slice(op.pad(conv(x, w), [1, 0], [1, 0]), { start: [1, 0], size: [5, 2] });
      return op.add(conv(op.exponential(h), w), conv(op.tanh(h), w));
    },
  },
  {
    name: "first cells of a convolution, as a result",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => op.slice(conv(x, w), { start: [0, 0, 0], size: [3, 2, 1] }),
  },
  {
    name: "first cells of a sum and of a pooling",
    operands: [one([3, 4, 2])],
    build: ([x]) => {
      const pooled = op.maxPool(x, { kernel: [1, 2], strides: [1, 2], before: [0, 0], output: [3, 2] });
      const [a, b] = [op.sum(x, [0]), op.reshape(op.slice(pooled, { start: [0, 0, 0], size: [1, 2, 2] }), [2, 2])];
      return op.add(op.tanh(op.slice(a, { start: [0, 0], size: [2, 2] })), b);
    },
  },
  {
    name: "two convolutions added",
    operands: [one(image), one(kernel, true), one([1, 1, 2, 2], true)],
    build: ([x, w, v]) => op.relu(op.add(conv(x, w), conv(x, v))),
  },
  {
    name: "convolution minus its own mean",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => {
      const h = conv(x, w);
      return op.subtract(h, op.mean(h, [0, 1]));
    },
  },
  {
    name: "strided transposed convolution with bias, some cells met by no tap",
    operands: [one([3, 2]), one([1, 2, 2], true), one([2], true)],
    build: ([y, w, b]) =>
      op.relu(op.add(op.convolveInput(y, w, { strides: [2], dilation: [1], before: [0], groups: 1, input: [6] }), b)),
  },
  {
    name: "upsampling between convolutions",
    operands: [one(image), one(kernel, true)],
    build: ([x, w]) => conv(op.upSampleNearest(op.relu(conv(x, w)), [2, 2]), w, "valid"),
  },
  ...(
    [
      [[2, 2], [3, 3], "same"],
      [[2, 2], [3, 3], "valid"],
      [[2, 2], [2, 2], "same"],
      [[3, 2], [3, 5], "same"],
      [[2, 1], [1, 3], "valid"],
      [[1, 3], [2, 4], "same"],
      [[4, 4], [2, 2], "valid"],
    ] as const
  ).map(
    ([factors, taps, padding]): Composition => ({
      name: `convolution ${taps.join("×")} ${padding} over upsampling by ${factors.join("×")}`,
      operands: [one([3, 3, 2]), one([...taps, 2, 3], true), one([3], true)],
      build: ([x, w, b]) => op.tanh(op.add(conv(op.upSampleNearest(x, factors), w, padding), b)),
    }),
  ),
  {
    name: "strided convolution over upsampling",
    operands: [one([3, 2]), one([3, 2, 2], true)],
    build: ([x, w]) =>
      op.convolve(op.upSampleNearest(x, [2]), w, { strides: [2], dilation: [1], before: [0], groups: 1, output: [2] }),
  },
  {
    name: "convolution over upsampling with much padding",
    operands: [one([3, 2]), one([3, 2, 2], true)],
    build: ([x, w]) =>
      op.convolve(op.upSampleNearest(x, [2]), w, { strides: [1], dilation: [1], before: [4], groups: 1, output: [12] }),
  },
  {
    name: "concatenation of a convolution and its input, convolved",
    operands: [one(image), one(kernel, true), one([3, 3, 4, 1], true)],
    build: ([x, w, v]) => conv(op.concatenate([op.relu(conv(x, w)), x], 2), v),
  },
  {
    name: "concatenation of arithmetic, of which one part is read again",
    operands: [one([3]), one([3])],
    build: ([x, y]) => {
      const h = op.exponential(x);
      return op.multiply(op.concatenate([h, y], 0), op.concatenate([y, h], 0));
    },
  },
  {
    name: "pooling of a relu, divided by the batch",
    operands: [one([6, 2])],
    build: ([x]) => op.divide(op.maxPool(op.relu(x), pool), op.batchSize()),
  },
  {
    name: "gradient of pooling times the batch size",
    operands: [one([6, 2]), one([3, 2])],
    build: ([x, dy]) => op.multiply(poolGradient(x, dy), op.batchSize()),
    order: 0,
  },
  {
    name: "gradient of pooling beside reversed, strided and transposed tensors",
    operands: [one([6, 2]), one([3, 2]), one([6, 2]), one([12, 2]), one([2, 6])],
    build: ([x, dy, r, s, t]) => {
      const reversed = op.slice(r, { start: [5, 1], size: [6, 2], step: [-1, -1] });
      const strided = op.slice(s, { start: [1, 0], size: [6, 2], step: [2, 1] });
      return op.add(op.multiply(poolGradient(x, dy), reversed), op.multiply(strided, op.transpose(t, [1, 0])));
    },
    order: 0,
  },
  {
    name: "convolution beside reversed and strided tensors",
    operands: [one([6, 2]), one([3, 2, 2], true), one([6, 2]), one([12, 2])],
    build: ([x, w, r, s]) => {
      const reversed = op.slice(r, { start: [5, 1], size: [6, 2], step: [-1, -1] });
      const strided = op.slice(s, { start: [1, 0], size: [6, 2], step: [2, 1] });
      return op.add(op.multiply(conv(x, w), reversed), strided);
    },
  },
  // Samples that meet and part again.
  {
    name: "normalised over the batch",
    operands: [one([3, 2])],
    build: ([x]) => {
      const mean = op.divide(op.sum(x, [0], { overSamples: true }), op.multiply(op.batchSize(), 3));
      const centred = op.subtract(x, mean);
      const square = op.sum(op.multiply(centred, centred), [0], { overSamples: true });
      return op.divide(centred, op.squareRoot(op.add(square, 0.1)));
    },
  },
  {
    name: "concatenation of what is known early and what is known late",
    operands: [one([3])],
    build: ([x]) => op.concatenate([op.tanh(x), op.divide(x, op.add(op.sumSamples(op.multiply(x, x)), 1)), x], 0),
  },
  {
    name: "concatenation of shared and late parts",
    operands: [one([3]), one([3], true)],
    build: ([x, w]) => op.concatenate([w, op.divide(x, op.add(op.sumSamples(op.multiply(x, x)), 1)), op.tanh(w)], 0),
  },
  {
    name: "softmax over the samples",
    operands: [one([3])],
    build: ([x]) => {
      const e = op.exponential(x);
      return op.divide(e, op.sumSamples(e));
    },
  },
  {
    name: "softmax over the last axis",
    operands: [one([2, 3])],
    build: ([x]) => {
      const e = op.exponential(op.subtract(x, op.max(x, [-1], true)));
      return op.divide(e, op.sum(e, [-1], { keepDims: true }));
    },
  },
  {
    name: "shared arithmetic read by samples",
    operands: [one([3]), one([3], true)],
    build: ([x, w]) => op.multiply(x, op.exponential(op.multiply(w, w))),
  },
  {
    name: "the batch size beside shared and own values",
    operands: [one([3]), one([3], true)],
    build: ([x, w]) => op.add(op.multiply(w, op.batchSize()), op.divide(x, op.batchSize())),
  },
  {
    name: "batch size reshaped",
    operands: [one([3])],
    build: ([x]) => op.multiply(x, op.reshape(op.batchSize(), [1])),
  },
];
