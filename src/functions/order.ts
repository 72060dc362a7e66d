/**
 * Places, order and running sums along an axis of a sample. Order is found by comparing every number with every other of
 * its axis, for a graph has no loop that depends on values: n² comparisons, for axes of at most 8192.
 */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { type Operand, toTensor } from "./arrays.ts";
import { aligned, fromLast, ownAxes, ownAxis, rankOf, rowOf, withLast, withOnes } from "./axes.ts";
import { binary, several, type Unary, unary } from "./define.ts";
import { part } from "./places.ts";

const MOST_COMPARED = 8192;
const { equal, greater, greaterEqual, maximum, multiply, where: choose } = own;

export const numbersTo = (n: number): Tensor =>
  own.constantTensor({ data: Float32Array.from({ length: n }, (_, i) => i), shape: [n] });

/** The numbers 0, 1, … along one axis of a shape. */
const numbersAlong = (shape: readonly number[], axis: number): Tensor =>
  own.reshape(
    numbersTo(shape[axis]),
    shape.map((n, i) => (i === axis ? n : 1)),
  );

interface ArgOptions {
  /** The axis; null (the default) for all numbers in a row. */
  readonly axis?: number | null;
  /** Whether the axis stays, with size 1. Default false. */
  readonly keepdims?: boolean;
}

/** The place of the first largest number. */
function argmaxOf(where: string, x: Tensor, { axis = null, keepdims = false }: ArgOptions): Tensor {
  const y = axis === null ? rowOf(where, x) : x;
  const at = axis === null ? 0 : ownAxis(where, x, axis);
  const isLargest = equal(y, own.max(y, [at], true));
  // The first is the one with the largest negative number.
  const first = own.negative(
    own.max(choose(isLargest, own.negative(numbersAlong(y.shape, at)), -y.shape[at]), [at], keepdims),
  );
  return axis === null && keepdims
    ? own.reshape(
        first,
        withOnes(
          x.shape,
          x.shape.map((_, i) => i),
        ),
      )
    : first;
}
const argKeys = ["axis", "keepdims"] as const;
/** The place of the largest number, of the first one among equals. No gradient. */
export const argmax = unary("argmax", (x: Tensor, options: ArgOptions = {}) => argmaxOf("argmax", x, options), argKeys);
/** The place of the smallest number, of the first one among equals. No gradient. */
export const argmin = unary(
  "argmin",
  (x: Tensor, options: ArgOptions = {}) => argmaxOf("argmin", own.negative(x), options),
  argKeys,
);

/** As `argmaxOf`, of those that are numbers; −1 where there are none. */
function nanArgmaxOf(where: string, x: Tensor, options: ArgOptions): Tensor {
  const isNumber = equal(x, x);
  const place = argmaxOf(where, choose(isNumber, x, Number.NEGATIVE_INFINITY), options);
  const axes = options.axis === undefined ? null : options.axis;
  const isAny = own.max(isNumber, ownAxes(where, x, axes), options.keepdims ?? false);
  return choose(isAny, place, -1);
}
/** As `argmax`, without those that are NaN; −1 where all are. No gradient. */
export const nanargmax = unary(
  "nanargmax",
  (x: Tensor, options: ArgOptions = {}) => nanArgmaxOf("nanargmax", x, options),
  argKeys,
);
/** As `argmin`, without those that are NaN; −1 where all are. No gradient. */
export const nanargmin = unary(
  "nanargmin",
  (x: Tensor, options: ArgOptions = {}) => nanArgmaxOf("nanargmin", own.negative(x), options),
  argKeys,
);

// ---- sorting ------------------------------------------------------------------------------------------------------

/** For every number of the last axis its place in ascending order; of equal ones the first comes first. */
function placesOf(where: string, x: Tensor): Tensor {
  const last = x.shape.length - 1;
  const n = x.shape[last];
  if (n > MOST_COMPARED) {
    throw argumentError({
      where: `ops.${where}`,
      argument: "the axis",
      value: n,
      expected: `at most ${MOST_COMPARED} numbers, as each is compared with every other`,
    });
  }
  const others = own.reshape(x, [...x.shape.slice(0, -1), 1, n]);
  const self = own.reshape(x, [...x.shape, 1]);
  const isBefore = Float32Array.from({ length: n * n }, (_, k) => (k % n < Math.floor(k / n) ? 1 : 0));
  const tie = multiply(equal(others, self), own.constantTensor({ data: isBefore, shape: [n, n] }));
  return own.sum(maximum(greater(self, others), tie), [last + 1]);
}

/** `values` of the last axis put to computed places of `n`. */
function putAt(values: Tensor, places: Tensor, n: number): Tensor {
  const last = values.shape.length - 1;
  const to = own.reshape(numbersTo(n), [n, 1]);
  const row = (x: Tensor): Tensor => own.reshape(x, [...x.shape.slice(0, -1), 1, x.shape[x.shape.length - 1]]);
  return own.sum(choose(equal(row(places), to), row(values), 0), [last + 1]);
}

interface OneAxis {
  /** Default −1; null for all numbers in a row. */
  readonly axis?: number | null;
}

/** Makes a function of the last axis one of any axis. */
function alongAxis(where: string, x: Tensor, axis: number | null, f: (x: Tensor) => Tensor): Tensor {
  if (axis === null) return f(rowOf(where, x));
  const at = ownAxis(where, x, axis);
  return fromLast(f(withLast(x, at)), at);
}

/** The numbers of the last axis in ascending order. */
export const sortedLast = (where: string, x: Tensor): Tensor =>
  putAt(x, placesOf(where, x), x.shape[x.shape.length - 1]);
/** The numbers in ascending order. */
export const sort = unary(
  "sort",
  (x: Tensor, { axis = -1 }: OneAxis = {}) => alongAxis("sort", x, axis, (y) => sortedLast("sort", y)),
  ["axis"],
);
const argsorted = (where: string, x: Tensor, axis: number | null): Tensor =>
  alongAxis(where, x, axis, (y) => {
    const n = y.shape[y.shape.length - 1];
    return putAt(own.broadcastTo(numbersTo(n), y.shape), placesOf(where, y), n);
  });
/** The places of the numbers in ascending order. No gradient. */
export const argsort = unary("argsort", (x: Tensor, { axis = -1 }: OneAxis = {}) => argsorted("argsort", x, axis), [
  "axis",
]);
/** Places such that what stands before place `kth` is not larger and what stands behind is not smaller: all in order. */
export const argpartition = unary(
  "argpartition",
  (x: Tensor, _kth: number, { axis = -1 }: OneAxis = {}) => argsorted("argpartition", x, axis),
  ["axis"],
  1,
);

/** The `k` largest numbers of the last axis, the largest first, and their places. */
export const topK = several(
  "topK",
  (x: Tensor, k: number, _options: { readonly sorted?: boolean } = {}) => {
    const at = ownAxis("topK", x, -1);
    const n = x.shape[at];
    if (!Number.isInteger(k) || k < 1 || k > n) {
      throw argumentError({ where: "ops.topK", argument: "k", value: k, expected: `a whole number from 1 to ${n}` });
    }
    const places = placesOf("topK", own.negative(x));
    return [putAt(x, places, k), putAt(own.broadcastTo(numbersTo(n), x.shape), places, k)];
  },
  ["sorted"],
  1,
);

/** 1 where fewer than `k` predictions are larger than that of the class `targets` names. */
export const inTopK = binary("inTopK", (targets: Tensor, predictions: Tensor, k: number) => {
  const last = ownAxis("inTopK", predictions, -1);
  const chosen = equal(numbersTo(predictions.shape[last]), own.reshape(targets, [...targets.shape, 1]));
  const score = own.sum(choose(chosen, predictions, 0), [last], { keepDims: true });
  const ahead = own.sum(greater(predictions, score), [last]);
  return multiply(greater(k, ahead), own.sum(chosen, [last]));
});

/** Where in ascending numbers each value would stand: before equal ones ("left", the default) or behind them. */
export const searchsorted = binary(
  "searchsorted",
  (sortedSequence: Tensor, values: Tensor, { side = "left" }: { readonly side?: "left" | "right" } = {}) => {
    ownAxes("searchsorted", sortedSequence, null);
    const v = own.reshape(values, [...values.shape, 1]);
    const isBefore = side === "right" ? greaterEqual(v, sortedSequence) : greater(v, sortedSequence);
    return own.sum(isBefore, [values.shape.length]);
  },
  ["side"],
);
/** Which of the bins between ascending numbers each value lies in: how many of them are at most as large. */
export const digitize = unary("digitize", (x: Tensor, bins: readonly number[]) =>
  own.sum(greaterEqual(own.reshape(x, [...x.shape, 1]), toTensor("digitize", bins)), [x.shape.length]),
);

// ---- running sums -------------------------------------------------------------------------------------------------

/** Each number with all before it: in log₂ n steps, each of which joins a number with the one 1, 2, 4, … before. */
function scan(
  where: string,
  x: Tensor,
  axis: number | null,
  neutral: number,
  join: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const y = axis === null ? rowOf(where, x) : x;
  const at = axis === null ? 0 : ownAxis(where, x, axis);
  const n = y.shape[at];
  let result = y;
  for (let step = 1; step < n; step *= 2) {
    const none = own.fill(neutral, y.shape.with(at, step));
    result = join(result, own.concatenate([none, part(result, at, 0, n - step)], at));
  }
  return result;
}
/** Options of sums and products that run along an axis. */
interface ScanOptions {
  /** The axis to go along; null (the default) for all cells in a row. The batch is axis 0. */
  readonly axis?: number | null;
}

const running = (
  name: string,
  neutral: number,
  join: (a: Tensor, b: Tensor) => Tensor,
  ready = (x: Tensor): Tensor => x,
): Unary<[options?: ScanOptions]> =>
  unary(name, (x: Tensor, { axis = null }: ScanOptions = {}) => scan(name, ready(x), axis, neutral, join), ["axis"]);
const isNumber = (x: Tensor): Tensor => equal(x, x);

/** The sum of each number and all before it along an axis; in a row without one. */
export const cumsum = running("cumsum", 0, own.add);
/** The product of each number and all before it along an axis; in a row without one. */
export const cumprod = running("cumprod", 1, multiply);
/** As `cumsum`, NaN counting as 0. */
export const nancumsum = running("nancumsum", 0, own.add, (x) => choose(isNumber(x), x, 0));
/** As `cumprod`, NaN counting as 1. */
export const nancumprod = running("nancumprod", 1, multiply, (x) => choose(isNumber(x), x, 1));

/** Each number minus the one before it, `n` (1) times. */
export const diff = unary(
  "diff",
  (a: Tensor, { n = 1, axis = -1 }: { readonly n?: number; readonly axis?: number } = {}) => {
    const at = ownAxis("diff", a, axis);
    return Array.from({ length: n }).reduce<Tensor>((y) => {
      const size = y.shape[at] - 1;
      return own.subtract(part(y, at, 1, size), part(y, at, 0, size));
    }, a);
  },
  ["n", "axis"],
);
/** The area under a line through points: Σ (y₀ + y₁)/2 times their distance, `dx` (1) or that of the places `x`. */
export const trapezoid = unary(
  "trapezoid",
  (
    y: Tensor,
    { x = null, dx = 1, axis = -1 }: { readonly x?: Operand | null; readonly dx?: number; readonly axis?: number } = {},
  ) => {
    const at = ownAxis("trapezoid", y, axis);
    const n = y.shape[at] - 1;
    const ends = own.add(part(y, at, 0, n), part(y, at, 1, n));
    if (x === null) return multiply(own.sum(ends, [at]), dx / 2);
    const given = toTensor("trapezoid", x);
    const isRow = rankOf(given) === 1 && !given.perSample;
    const places = isRow
      ? own.reshape(
          given,
          withOnes(
            y.shape,
            y.shape.map((_, i) => i),
          ).with(at, n + 1),
        )
      : given;
    const gap = own.subtract(part(places, at, 1, n), part(places, at, 0, n));
    return multiply(own.sum(multiply(ends, gap), [at]), 0.5);
  },
  ["x", "dx", "axis"],
);

// ---- taking by number ---------------------------------------------------------------------------------------------

/** Whole numbers below 0 count from the end. */
const fromStart = (indices: Tensor, n: number): Tensor => choose(greater(0, indices), own.add(indices, n), indices);

/**
 * The places `indices` of an axis; of all numbers in a row without one. Indices may be computed. What lies nowhere is 0.
 */
export const take = binary(
  "take",
  (x: Tensor, indices: Tensor, { axis = null }: { readonly axis?: number | null } = {}) => {
    const table = axis === null ? rowOf("take", x) : x;
    const at = axis === null ? 0 : ownAxis("take", x, axis);
    const n = table.shape[at];
    if (indices.perSample && (x.perSample || at > 0)) {
      throw argumentError({
        where: "ops.take",
        argument: "indices",
        value: indices,
        expected: "the same places for all samples, or those of each sample along axis 0 of a constant or weight",
        fix: "takeAlongAxis takes other places of each sample.",
      });
    }
    // table [before, n, behind] and indices [i…] give [before, i…, behind]
    const [before, behind] = [table.shape.slice(0, at), table.shape.slice(at + 1)];
    const to = indices.shape;
    const ones = (list: readonly number[]): number[] => list.map(() => 1);
    const wanted = own.reshape(fromStart(indices, n), [...ones(before), ...to, 1, ...ones(behind)]);
    const numbers = own.reshape(numbersTo(n), [n, ...ones(behind)]);
    const cells = own.reshape(table, [...before, ...ones(to), n, ...behind]);
    return own.sum(choose(equal(wanted, numbers), cells, 0), [before.length + to.length]);
  },
  ["axis"],
);

/** For each place of `indices` the number that x has along the axis there; x in a row without one. */
export const takeAlongAxis = binary(
  "takeAlongAxis",
  (x: Tensor, indices: Tensor, { axis = null }: { readonly axis?: number | null } = {}) => {
    const table = axis === null ? rowOf("takeAlongAxis", x) : x;
    const at = axis === null ? 0 : ownAxis("takeAlongAxis", x, axis);
    const n = table.shape[at];
    const [cells, wanted] = aligned("takeAlongAxis", [
      table,
      axis === null ? rowOf("takeAlongAxis", indices) : indices,
    ]);
    const from = own.reshape(withLast(cells, at), [...withLast(cells, at).shape.slice(0, -1), 1, n]);
    const to = withLast(fromStart(wanted, n), at);
    const isAt = equal(own.reshape(to, [...to.shape, 1]), numbersTo(n));
    return fromLast(own.sum(choose(isAt, from, 0), [to.shape.length]), at);
  },
  ["axis"],
);

/** 1 where a number of x1 is among those of x2, or is not, with `invert`. */
export const isin = binary(
  "isin",
  (x1: Tensor, x2: Tensor, { invert = false }: { readonly invert?: boolean; readonly assumeUnique?: boolean } = {}) => {
    const among = rowOf("isin", x2);
    const found = own.max(equal(own.reshape(x1, [...x1.shape, 1]), among), [x1.shape.length]);
    return invert ? own.subtract(1, found) : found;
  },
  ["invert", "assumeUnique"],
);
