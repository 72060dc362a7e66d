/** Arrays made from sizes and numbers. They are plain data; beside a tensor they are constants, the same for all samples. */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import { Tensor } from "../graph/tensor.ts";
import { checkOptions } from "../layers/options.ts";
import * as own from "../ops/index.ts";
import { type ArrayLike, type Numbers, type Operand, toNumbers } from "./arrays.ts";
import { kerasShape, ownAxes, ownAxis, rowOf } from "./axes.ts";
import { unary } from "./define.ts";
import { divide, multiply } from "./elementwise.ts";
import { i0 } from "./special.ts";

const wrong = (where: string, argument: string, value: unknown, expected: string) =>
  argumentError({ where: `ops.${where}`, argument, value, expected });

const count = (where: string, argument: string, value: number): number => {
  if (Number.isInteger(value) && value >= 0) return value;
  throw wrong(where, argument, value, "a whole number of at least 0");
};

const sizes = (where: string, shape: number | readonly number[]): number[] =>
  [shape].flat().map((size) => count(where, "shape", size));

const filled = (where: string, shape: number | readonly number[], value: number): Numbers => {
  const own_ = sizes(where, shape);
  return { data: new Float32Array(sizeOf(own_)).fill(value), shape: own_ };
};

const from = (shape: readonly number[], value: (i: number) => number): Numbers => ({
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
  shape,
});

/** Plain data as float32 numbers with a shape. */
export const array = (x: ArrayLike): Numbers => toNumbers("array", x);
/** As `array`; a tensor is given back as it is. */
export function convertToTensor(x: Tensor): Tensor;
export function convertToTensor(x: ArrayLike): Numbers;
export function convertToTensor(x: Operand): Tensor | Numbers {
  return x instanceof Tensor ? x : toNumbers("convertToTensor", x);
}
/** Whether something is a tensor: a symbolic value of a graph. */
export const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;
/** The numbers again, in an array of their own. */
export const copy = unary("copy", (x) => own.identity(x));

/** The same number everywhere. */
export const full = (shape: number | readonly number[], fillValue: number): Numbers => filled("full", shape, fillValue);
/** 0 in every cell. */
export const zeros = (shape: number | readonly number[]): Numbers => filled("zeros", shape, 0);
/** 1 in every cell. */
export const ones = (shape: number | readonly number[]): Numbers => filled("ones", shape, 1);
/** An array whose cells nobody should read; they are 0. */
export const empty = (shape: number | readonly number[]): Numbers => filled("empty", shape, 0);

/** The same number everywhere, in the shape of `x` and for each of its samples. */
const like = (x: Tensor, value: number): Tensor => own.where(own.fill(1, []), own.fill(value, []), own.stopGradient(x));
/** 0 in every cell, in the shape of x. */
export const zerosLike = unary("zerosLike", (x) => like(x, 0));
/** 1 in every cell, in the shape of x. */
export const onesLike = unary("onesLike", (x) => like(x, 1));
/** An array in the shape of x whose cells nobody should read; they are 0. */
export const emptyLike = unary("emptyLike", (x) => like(x, 0));
/** The same number in every cell, in the shape of x. */
export const fullLike = unary("fullLike", (x: Tensor, fillValue: number) => like(x, fillValue));

/** 1 on diagonal `k` (0, the main one; above it are those of k > 0) of N rows and M (N) columns. */
export function eye(N: number, { M = null, k = 0 }: { readonly M?: number | null; readonly k?: number } = {}): Numbers {
  const columns = count("eye", "M", M ?? N);
  return from([count("eye", "N", N), columns], (i) => (i % columns === Math.floor(i / columns) + k ? 1 : 0));
}
/** The matrix [n, n] with 1 on the diagonal. */
export const identity = (n: number): Numbers => eye(n);
/** 1 on and below diagonal `k`. */
export function tri(N: number, { M = null, k = 0 }: { readonly M?: number | null; readonly k?: number } = {}): Numbers {
  const columns = count("tri", "M", M ?? N);
  return from([count("tri", "N", N), columns], (i) => (i % columns <= Math.floor(i / columns) + k ? 1 : 0));
}

/** The numbers from `start` up to `stop`, which is left out, `step` (1) apart; from 0 where only one is given. */
export function arange(start: number, stop?: number | null, step?: number | null): Numbers {
  const [low, high] = stop === undefined || stop === null ? [0, start] : [start, stop];
  const by = step ?? 1;
  if (by === 0 || !Number.isFinite((high - low) / by)) throw wrong("arange", "step", step, "a number that is not 0");
  return from([Math.max(0, Math.ceil((high - low) / by))], (i) => low + i * by);
}

interface SpaceOptions {
  /** How many; default 50. */
  readonly num?: number;
  /** Whether `stop` is the last one; default true. */
  readonly endpoint?: boolean;
}

function spaced(
  where: string,
  start: number,
  stop: number,
  options: SpaceOptions,
  own_: readonly string[] = [],
): { n: number; at: (i: number) => number } {
  checkOptions(`ops.${where}`, options, ["num", "endpoint", ...own_]);
  const { num = 50, endpoint = true } = options;
  const n = count(where, "num", num);
  const parts = endpoint ? n - 1 : n;
  return { n, at: (i) => (parts > 0 ? start + (i * (stop - start)) / parts : start) };
}

/** `num` numbers from `start` to `stop`, equally far apart. */
export function linspace(start: number, stop: number, options: SpaceOptions = {}): Numbers {
  const { n, at } = spaced("linspace", start, stop, options);
  return from([n], at);
}
/** `base` (10) to the powers of `linspace`. */
export function logspace(
  start: number,
  stop: number,
  options: SpaceOptions & {
    /** What is raised to these powers. Default 10. */
    readonly base?: number;
  } = {},
): Numbers {
  const { n, at } = spaced("logspace", start, stop, options, ["base"]);
  return from([n], (i) => (options.base ?? 10) ** at(i));
}
/** `num` numbers from `start` to `stop`, each the same multiple of the one before. */
export function geomspace(start: number, stop: number, options: SpaceOptions = {}): Numbers {
  const { n, at } = spaced("geomspace", 0, 1, options);
  if (!(start / stop > 0)) throw wrong("geomspace", "start", start, "a number of the sign of stop, not 0");
  return from([n], (i) => start * (stop / start) ** at(i));
}

/** What windows of `n` weights have in common: 0 for none, 1 for one. */
const weights = (where: string, n: number, weight: (i: number, last: number) => number): Numbers =>
  from([count(where, "x", n)], (i) => (n === 1 ? 1 : weight(i, n - 1)));
const wave = (i: number, last: number, times = 2): number => Math.cos((times * Math.PI * i) / last);

/** A window of x weights: a triangle. */
export const bartlett = (x: number): Numbers => weights("bartlett", x, (i, last) => 1 - Math.abs((2 * i) / last - 1));
/** A window of x weights: 0.42 − ½cos + 0.08cos of twice the angle. */
export const blackman = (x: number): Numbers =>
  weights("blackman", x, (i, last) => 0.42 - 0.5 * wave(i, last) + 0.08 * wave(i, last, 4));
/** A window of x weights: a raised cosine that ends at 0.08. */
export const hamming = (x: number): Numbers => weights("hamming", x, (i, last) => 0.54 - 0.46 * wave(i, last));
/** A window of x weights: a raised cosine. */
export const hanning = (x: number): Numbers => weights("hanning", x, (i, last) => 0.5 - 0.5 * wave(i, last));

/** A window of x weights after Kaiser: the larger `beta`, the narrower. */
export function kaiser(x: number, beta: number): Numbers {
  const roots = weights("kaiser", x, (i, last) => Math.sqrt(Math.max(0, 1 - ((2 * i) / last - 1) ** 2)));
  return divide(i0(multiply(roots, beta)), i0(beta));
}

// ---- what a shape is ----------------------------------------------------------------------------------------------

/** The sizes of all axes; null for the batch of a tensor that belongs to samples. */
export const shape = (x: Operand): readonly (number | null)[] =>
  x instanceof Tensor ? kerasShape(x) : toNumbers("shape", x).shape;
/** The number of axes, the batch included. */
export const ndim = (x: Operand): number => shape(x).length;
/** The number of cells; null where a batch is among the axes. */
export const size = (x: Operand): number | null => {
  const all = shape(x);
  return all.includes(null) ? null : sizeOf(all as number[]);
};

// ---- triangles and diagonals --------------------------------------------------------------------------------------

/** A mask over the last two axes. */
const masked = (x: Tensor, keep: (row: number, column: number) => boolean): Tensor => {
  const [rows, columns] = x.shape.slice(-2);
  const mask = from([rows, columns], (i) => (keep(Math.floor(i / columns), i % columns) ? 1 : 0));
  return own.where(own.constantTensor(mask), x, 0);
};
interface DiagonalOption {
  /** Which diagonal: 0 (the default) is the main one, above it are those of k > 0. */
  readonly k?: number;
}
const needMatrix = (where: string, x: Tensor): Tensor => {
  if (x.shape.length >= 2) return x;
  throw wrong(where, "x", x, "a tensor with two axes (besides the batch)");
};
/** 0 above diagonal `k` of the last two axes. */
export const tril = unary(
  "tril",
  (x: Tensor, { k = 0 }: DiagonalOption = {}) => masked(needMatrix("tril", x), (row, column) => column <= row + k),
  ["k"],
);
/** 0 below diagonal `k` of the last two axes. */
export const triu = unary(
  "triu",
  (x: Tensor, { k = 0 }: DiagonalOption = {}) => masked(needMatrix("triu", x), (row, column) => column >= row + k),
  ["k"],
);

interface DiagonalOptions {
  /** Which diagonal: 0 (the default) is the main one. */
  readonly offset?: number;
  /** The axis of the rows; default 0. */
  readonly axis1?: number;
  /** The axis of the columns; default 1. */
  readonly axis2?: number;
}

function diagonalOf(where: string, x: Tensor, { offset = 0, axis1 = 0, axis2 = 1 }: DiagonalOptions): Tensor {
  const [a, b] = [ownAxis(where, x, axis1), ownAxis(where, x, axis2)];
  if (a === b) throw wrong(where, "axis2", axis2, "another axis than axis1");
  const rest = x.shape.map((_, i) => i).filter((i) => i !== a && i !== b);
  const y = own.transpose(x, [...rest, a, b]);
  const [rows, columns] = [x.shape[a], x.shape[b]];
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const n = Math.max(0, Math.min(rows - down, columns - right));
  // In a row, cells of a diagonal lie `columns + 1` apart.
  const row = own.reshape(y, [...y.shape.slice(0, -2), rows * columns]);
  const last = row.shape.length - 1;
  return own.slice(row, {
    start: row.shape.map((_, i) => (i === last ? down * columns + right : 0)),
    size: row.shape.with(last, n),
    step: row.shape.map((_, i) => (i === last ? columns + 1 : 1)),
  });
}

/** The cells where row and column meet, as the last axis. */
export const diagonal = unary(
  "diagonal",
  (x: Tensor, options: DiagonalOptions = {}) => diagonalOf("diagonal", x, options),
  ["offset", "axis1", "axis2"],
);
/** The sum of a diagonal. */
export const trace = unary(
  "trace",
  (x: Tensor, options: DiagonalOptions = {}) => {
    const cells = diagonalOf("trace", x, options);
    return own.sum(cells, [cells.shape.length - 1]);
  },
  ["offset", "axis1", "axis2"],
);

/** A matrix with a row of numbers on diagonal `k`. */
function onDiagonal(x: Tensor, k: number): Tensor {
  const n = x.shape[0];
  const side = n + Math.abs(k);
  const place = from([n, side, side], (i) => {
    const [at, row, column] = [Math.floor(i / (side * side)), Math.floor(i / side) % side, i % side];
    return row === at + Math.max(0, -k) && column === at + Math.max(0, k) ? 1 : 0;
  });
  return own.sum(own.where(own.constantTensor(place), own.reshape(x, [n, 1, 1]), 0), [0]);
}
/** A row as diagonal `k` of a matrix, or that diagonal of a matrix as a row. */
export const diag = unary(
  "diag",
  (x: Tensor, { k = 0 }: DiagonalOption = {}) => {
    const axes = ownAxes("diag", x, null);
    if (axes.length !== 1 && axes.length !== 2) throw wrong("diag", "x", x, "one or two axes");
    return axes.length === 1 ? onDiagonal(x, k) : diagonalOf("diag", x, { offset: k });
  },
  ["k"],
);
/** All numbers as diagonal `k` of a matrix. */
export const diagflat = unary(
  "diagflat",
  (x: Tensor, { k = 0 }: DiagonalOption = {}) => onDiagonal(rowOf("diagflat", x), k),
  ["k"],
);
