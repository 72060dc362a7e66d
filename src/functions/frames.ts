/** Sequences cut out of an axis and laid over each other again, and windows of pictures as columns (im2col, col2im). */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkSizes } from "../layers/spatial.ts";
import * as own from "../ops/index.ts";
import { ownAxis, rankOf } from "./axes.ts";
import { unary } from "./define.ts";
import { part } from "./places.ts";

const { reshape, transpose } = own;

const padLast = (x: Tensor, before: number, after: number): Tensor => {
  const at = (n: number): number[] => x.shape.map((_, i) => (i === x.shape.length - 1 ? n : 0));
  return own.pad(x, at(before), at(after));
};

/** Sequences of the last axis, `stride` cells from one to the next: `[…, sequences, length]`. */
export function sequencesOf(where: string, x: Tensor, length: number, stride: number): Tensor {
  const last = ownAxis(where, x, -1);
  const n = x.shape[last];
  const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (!isCount(length) || length > n || !isCount(stride)) {
    throw argumentError({
      where: `ops.${where}`,
      argument: isCount(stride) ? "sequenceLength" : "sequenceStride",
      value: isCount(stride) ? length : stride,
      expected: isCount(stride)
        ? `a whole number from 1 to ${n}, the cells of the axis`
        : "a whole number of at least 1",
    });
  }
  const count = 1 + Math.floor((n - length) / stride);
  // Cut into blocks of a stride, a sequence is some blocks on end.
  const blocks = Math.ceil(length / stride);
  const whole = (count + blocks - 1) * stride;
  const cells = whole > n ? padLast(x, 0, whole - n) : part(x, last, 0, whole);
  const table = reshape(cells, [...x.shape.slice(0, last), count + blocks - 1, stride]);
  const shifted = Array.from({ length: blocks }, (_, i) => part(table, last, i, count));
  return part(own.concatenate(shifted, last + 1), last + 1, 0, length);
}

/** Sequences, the last two axes, laid over each other `stride` cells apart and added up: the adjoint of `sequencesOf`. */
export function overlapped(x: Tensor, stride: number): Tensor {
  const last = x.shape.length - 1;
  const [count, length] = x.shape.slice(-2);
  const blocks = Math.ceil(length / stride);
  const cells = padLast(x, 0, blocks * stride - length);
  const none = x.shape.map(() => 0);
  const shifted = Array.from({ length: blocks }, (_, i) =>
    own.pad(part(cells, last, i * stride, stride), none.with(last - 1, i), none.with(last - 1, blocks - 1 - i)),
  );
  const table = shifted.reduce((a, b) => own.add(a, b));
  const row = reshape(table, [...x.shape.slice(0, -2), (count + blocks - 1) * stride]);
  return part(row, last - 1, 0, (count - 1) * stride + length);
}

/** Sequences of the last axis, `sequenceStride` cells from one to the next: `[…, sequences, sequenceLength]`. */
export const extractSequences = unary("extractSequences", (x: Tensor, sequenceLength: number, sequenceStride: number) =>
  sequencesOf("extractSequences", x, sequenceLength, sequenceStride),
);

// ---- windows of pictures ------------------------------------------------------------------------------------------

interface FoldOptions {
  /** Cells from one tap of a window to the next, for both axes or each. Default 1. */
  readonly dilation?: number | readonly number[];
  /** Cells of 0 around the picture. Default 0. */
  readonly padding?: number | readonly number[];
  /** Cells from one window to the next. Default 1. */
  readonly stride?: number | readonly number[];
}

/** Which cell tap `k` of window `i` lies on, along one axis: `[(tap, window), cell]`, row-major. */
interface Taps {
  readonly windows: number;
  readonly taps: number;
  readonly matrix: Float32Array;
}

function tapsAlong(where: string, n: number, axis: number, kernel: unknown, options: FoldOptions): Taps {
  const of = (name: string, value: unknown, least = 1): number => checkSizes(where, name, value, 2, least)[axis];
  const taps = of("kernelSize", kernel);
  const [dilation, padding, stride] = [
    of("dilation", options.dilation ?? 1),
    of("padding", options.padding ?? 0, 0),
    of("stride", options.stride ?? 1),
  ];
  const windows = Math.floor((n + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
  if (windows < 1) {
    throw argumentError({
      where,
      argument: "kernelSize",
      value: kernel,
      expected: `a window that fits into ${n} cells with ${padding} on each side`,
    });
  }
  const matrix = new Float32Array(taps * windows * n);
  for (let tap = 0; tap < taps; tap++) {
    for (let window = 0; window < windows; window++) {
      const cell = window * stride + tap * dilation - padding;
      if (cell >= 0 && cell < n) matrix[(tap * windows + window) * n + cell] = 1;
    }
  }
  return { windows, taps, matrix };
}

const turned = (matrix: Float32Array, rows: number): Float32Array => {
  const columns = matrix.length / rows;
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
};

const needRank = (where: string, x: Tensor, rank: number, expected: string): void => {
  if (rankOf(x) === rank) return;
  throw shapeError({
    where,
    got: showShape(x.shape, x.perSample),
    expected,
    fix: "The channels come before height and width here, as in Keras.",
  });
};

const foldKeys = ["dilation", "padding", "stride"] as const;

/** Every window of pictures `[batch, channels, height, width]` as a column: `[batch, channels·taps, windows]`. */
export const unfold = unary(
  "unfold",
  (input: Tensor, kernelSize: number | readonly number[], options: FoldOptions = {}) => {
    const where = "ops.unfold";
    needRank(where, input, 4, "pictures (batch, channels, height, width)");
    const [height, width] = [input.shape.length - 2, input.shape.length - 1];
    const rows = tapsAlong(where, input.shape[height], 0, kernelSize, options);
    const columns = tapsAlong(where, input.shape[width], 1, kernelSize, options);
    const tall = own.contractAxis(input, height, rows.taps * rows.windows, rows.matrix);
    const cells = own.contractAxis(tall, width, columns.taps * columns.windows, columns.matrix);
    const [lead, channels] = [input.shape.slice(0, -3), input.shape[height - 1]];
    const apart = reshape(cells, [...lead, channels, rows.taps, rows.windows, columns.taps, columns.windows]);
    const c = lead.length;
    const order = [...lead.keys(), c, c + 1, c + 3, c + 2, c + 4];
    return reshape(transpose(apart, order), [
      ...lead,
      channels * rows.taps * columns.taps,
      rows.windows * columns.windows,
    ]);
  },
  foldKeys,
  1,
);

/** Pictures `[batch, channels, height, width]` of columns as `unfold` makes them: what falls on one cell is added up. */
export const fold = unary(
  "fold",
  (
    x: Tensor,
    outputSize: number | readonly number[],
    kernelSize: number | readonly number[],
    options: FoldOptions = {},
  ) => {
    const where = "ops.fold";
    needRank(where, x, 3, "columns (batch, channels·taps, windows)");
    const [high, wide] = checkSizes(where, "outputSize", outputSize, 2);
    const rows = tapsAlong(where, high, 0, kernelSize, options);
    const columns = tapsAlong(where, wide, 1, kernelSize, options);
    const [lead, [cells, windows]] = [x.shape.slice(0, -2), x.shape.slice(-2)];
    const channels = cells / (rows.taps * columns.taps);
    if (!Number.isInteger(channels) || windows !== rows.windows * columns.windows) {
      throw shapeError({
        where,
        got: showShape(x.shape, x.perSample),
        expected: `a multiple of ${rows.taps * columns.taps} taps, and ${rows.windows * columns.windows} windows`,
        fix: "Give the arguments that unfold had, and the size of its picture.",
      });
    }
    const apart = reshape(x, [...lead, channels, rows.taps, columns.taps, rows.windows, columns.windows]);
    const c = lead.length;
    const ordered = transpose(apart, [...lead.keys(), c, c + 1, c + 3, c + 2, c + 4]);
    const table = reshape(ordered, [...lead, channels, rows.taps * rows.windows, columns.taps * columns.windows]);
    const tall = own.contractAxis(table, c + 1, high, turned(rows.matrix, rows.taps * rows.windows));
    return own.contractAxis(tall, c + 2, wide, turned(columns.matrix, columns.taps * columns.windows));
  },
  foldKeys,
  2,
);
