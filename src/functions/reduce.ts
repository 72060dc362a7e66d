/**
 * Sums, means and extremes along axes. Without an axis all of them go, the batch (axis 0) too: `mean(x)` of a tensor that
 * belongs to samples is one number, which they share. Name the axes to keep the samples.
 */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import type { Operand } from "./arrays.ts";
import { toTensor } from "./arrays.ts";
import { type AxisLike, aligned, axesOf, ownAxes, rankOf, withOnes } from "./axes.ts";
import { several, type Unary, unary } from "./define.ts";

/** What functions along axes take. */
export interface ReduceOptions {
  /** The axis, or a list of them; null (the default) for all. The batch is axis 0. */
  readonly axis?: AxisLike;
  /** Whether the axes stay, with size 1. Default false. */
  readonly keepdims?: boolean;
}

const { divide, multiply, subtract } = own;
const keys = ["axis", "keepdims"] as const;

/** How many cells, or samples and cells, become one. */
function countOf(x: Tensor, axes: { readonly own: readonly number[]; readonly batch: boolean }): Tensor {
  const cells = sizeOf(axes.own.map((i) => x.shape[i]));
  return axes.batch ? multiply(own.batchSize(), cells) : own.fill(cells, []);
}

/** The sum along axes of Keras. */
export function total(where: string, x: Tensor, { axis, keepdims = false }: ReduceOptions): Tensor {
  const axes = axesOf(where, x, axis);
  const y = own.sum(x, axes.own, { keepDims: keepdims, overSamples: axes.batch });
  return axes.batch && keepdims ? own.reshape(y, [1, ...y.shape]) : y;
}

/** The mean along axes of Keras. */
export const meanOf = (where: string, x: Tensor, options: ReduceOptions): Tensor =>
  divide(total(where, x, options), countOf(x, axesOf(where, x, options.axis)));

/** The mean square distance to the mean. */
function varianceOf(where: string, x: Tensor, options: ReduceOptions): Tensor {
  const [a, centre] = aligned(where, [x, meanOf(where, x, { ...options, keepdims: true })]);
  const distance = subtract(a, centre);
  return meanOf(where, multiply(distance, distance), options);
}

/** The largest along axes, the batch not being one of them. */
const most = (where: string, x: Tensor, { axis, keepdims = false }: ReduceOptions): Tensor => {
  const axes = ownAxes(where, x, axis);
  return axes.length === 0 ? x : own.max(x, axes, keepdims);
};
const least = (where: string, x: Tensor, options: ReduceOptions): Tensor =>
  own.negative(most(where, own.negative(x), options));

const reduction = (
  name: string,
  f: (where: string, x: Tensor, options: ReduceOptions) => Tensor,
): Unary<[options?: ReduceOptions]> =>
  unary(name, (x: Tensor, options: ReduceOptions = {}) => f(name, x, options), keys);

/** The sum over axes; over all of them without `axis`. */
export const sum = reduction("sum", total);
/** The mean over axes; over all of them without `axis`. */
export const mean = reduction("mean", meanOf);
/** The mean square distance to the mean. */
export const variance = reduction("var", varianceOf);
/** The root of the mean square distance to the mean. */
export const std = reduction("std", (where, x, options) => own.squareRoot(varianceOf(where, x, options)));

/** The largest; equal ones share the gradient. Not over the batch. */
export const max = reduction("max", most);
/** The smallest; equal ones share the gradient. Not over the batch. */
export const min = reduction("min", least);
/** `max` by its name in NumPy. */
export const amax = max;
/** `min` by its name in NumPy. */
export const amin = min;
/** The largest minus the smallest. Not over the batch. */
export const ptp = reduction("ptp", (where, x, options) => subtract(most(where, x, options), least(where, x, options)));

/** The product: halves of an axis times each other until one is left. Not over the batch. */
function productOf(where: string, x: Tensor, { axis, keepdims = false }: ReduceOptions): Tensor {
  const axes = ownAxes(where, x, axis);
  const folded = axes.reduce((y, at) => foldAxis(y, at), x);
  return keepdims
    ? folded
    : own.reshape(
        folded,
        folded.shape.filter((_, i) => !axes.includes(i)),
      );
}

/** The product along one axis, which stays with size 1. */
export function foldAxis(x: Tensor, axis: number): Tensor {
  const n = x.shape[axis];
  if (n === 0) return own.fill(1, x.shape.with(axis, 1));
  if (n === 1) return x;
  const half = Math.floor(n / 2);
  const part = (from: number, size: number): Tensor =>
    own.slice(x, { start: x.shape.map((_, i) => (i === axis ? from : 0)), size: x.shape.with(axis, size) });
  const folded = foldAxis(multiply(part(0, half), part(half, half)), axis);
  return n % 2 === 0 ? folded : multiply(folded, part(n - 1, 1));
}

/** The product along axes. Not over the batch. */
export const prod = reduction("prod", productOf);

const isTrue = (x: Tensor): Tensor => subtract(1, own.equal(x, 0));

/** 1 where all are not 0. Not over the batch. */
export const all = reduction("all", (where, x, options) => least(where, isTrue(x), options));
/** 1 where any is not 0. Not over the batch. */
export const any = reduction("any", (where, x, options) => most(where, isTrue(x), options));
/** How many are not 0. */
export const countNonzero = unary(
  "countNonzero",
  (x: Tensor, { axis }: { readonly axis?: AxisLike } = {}) => total("countNonzero", isTrue(x), { axis }),
  ["axis"],
);

/** ln Σ eˣ, without overflow. Not over the batch. */
export const logsumexp = reduction("logsumexp", (where, x, options) => {
  const axes = ownAxes(where, x, options.axis);
  const top = own.stopGradient(most(where, x, { ...options, keepdims: true }));
  const shift = own.where(own.greater(Number.POSITIVE_INFINITY, own.absolute(top)), top, 0);
  const logs = own.logarithm(total(where, own.exponential(subtract(x, shift)), options));
  return own.add(
    logs,
    options.keepdims
      ? shift
      : own.reshape(
          shift,
          x.shape.filter((_, i) => !axes.includes(i)),
        ),
  );
});

/** The mean and the variance. */
export const moments = several(
  "moments",
  (x: Tensor, axes: AxisLike, { keepdims = false }: { readonly keepdims?: boolean } = {}) => [
    meanOf("moments", x, { axis: axes, keepdims }),
    varianceOf("moments", x, { axis: axes, keepdims }),
  ],
  ["keepdims"],
  1,
);

/** The mean of x, each number counting as much as its weight: all alike without `weights`. */
export const average = unary(
  "average",
  (x: Tensor, { axis, weights }: { readonly axis?: AxisLike; readonly weights?: Operand | null } = {}) => {
    if (weights === undefined || weights === null) return meanOf("average", x, { axis });
    const given = toTensor("average", weights);
    const isRow = rankOf(given) === 1 && rankOf(x) > 1 && typeof axis === "number";
    const { own: places } = axesOf("average", x, axis);
    const w =
      isRow && places.length === 1
        ? own.reshape(
            given,
            withOnes(
              x.shape,
              x.shape.map((_, i) => i),
            ).with(places[0], given.shape[0]),
          )
        : given;
    const [a, b] = aligned("average", [x, w]);
    const axes = axesOf("average", x, axis);
    const summed = (y: Tensor): Tensor => own.sum(own.broadcastTo(y, a.shape), axes.own, { overSamples: axes.batch });
    return divide(summed(multiply(a, b)), summed(b));
  },
  ["axis", "weights"],
);

// ---- without NaN --------------------------------------------------------------------------------------------------

const isNumber = (x: Tensor): Tensor => own.equal(x, x);
const without = (x: Tensor, value: number): Tensor => own.where(isNumber(x), x, value);

/** As `sum`, NaN counting as 0. */
export const nansum = reduction("nansum", (where, x, options) => total(where, without(x, 0), options));
/** As `prod`, NaN counting as 1. */
export const nanprod = reduction("nanprod", (where, x, options) => productOf(where, without(x, 1), options));
const nanMeanOf = (where: string, x: Tensor, options: ReduceOptions): Tensor =>
  divide(total(where, without(x, 0), options), total(where, isNumber(x), options));
/** As `mean`, without those that are NaN. */
export const nanmean = reduction("nanmean", nanMeanOf);
const nanVarianceOf = (where: string, x: Tensor, options: ReduceOptions): Tensor => {
  const [a, centre] = aligned(where, [x, nanMeanOf(where, x, { ...options, keepdims: true })]);
  const distance = subtract(a, centre);
  return nanMeanOf(where, multiply(distance, distance), options);
};
/** As `var`, without those that are NaN. */
export const nanvar = reduction("nanvar", nanVarianceOf);
/** As `std`, without those that are NaN. */
export const nanstd = reduction("nanstd", (where, x, options) => own.squareRoot(nanVarianceOf(where, x, options)));
/** What the extremes give where there is nothing but NaN. */
const orNan = (where: string, x: Tensor, options: ReduceOptions, y: Tensor): Tensor =>
  own.where(most(where, isNumber(x), options), y, Number.NaN);
/** As `max`, without those that are NaN. */
export const nanmax = reduction("nanmax", (where, x, options) =>
  orNan(where, x, options, most(where, without(x, Number.NEGATIVE_INFINITY), options)),
);
/** As `min`, without those that are NaN. */
export const nanmin = reduction("nanmin", (where, x, options) =>
  orNan(where, x, options, least(where, without(x, Number.POSITIVE_INFINITY), options)),
);

// ---- lengths ------------------------------------------------------------------------------------------------------

export interface NormOptions extends ReduceOptions {
  /**
   * Of vectors: 2 (the default), 1, 0 (how many are not 0), any other number p for (Σ|x|ᵖ)^(1/p), Infinity and −Infinity
   * for the largest and smallest size. Of matrices (two axes): "fro" (the default), ±1 for the largest and smallest sum of
   * a column, ±Infinity for that of a row.
   */
  readonly ord?: number | "fro" | null;
}

/** The length of vectors, or a norm of matrices. */
export function normOf(x: Tensor, { ord = null, axis = null, keepdims = false }: NormOptions): Tensor {
  const where = "norm";
  const list = axis === null ? Array.from({ length: rankOf(x) }, (_, i) => i) : [axis].flat();
  const size = own.absolute(x);
  if (ord === null || ord === "fro" || (ord === 2 && list.length === 1)) {
    return own.squareRoot(total(where, multiply(x, x), { axis, keepdims }));
  }
  if (list.length === 1) {
    if (ord === Number.POSITIVE_INFINITY) return most(where, size, { axis: list, keepdims });
    if (ord === Number.NEGATIVE_INFINITY) return least(where, size, { axis: list, keepdims });
    if (ord === 0) return total(where, isTrue(x), { axis: list, keepdims });
    if (ord === 1) return total(where, size, { axis: list, keepdims });
    const safe = own.where(own.equal(size, 0), 1, size);
    const powers = own.where(own.equal(size, 0), 0, own.exponential(multiply(ord, own.logarithm(safe))));
    const sums = total(where, powers, { axis: list, keepdims });
    const none = own.equal(sums, 0);
    return own.where(none, 0, own.exponential(multiply(1 / ord, own.logarithm(own.where(none, 1, sums)))));
  }
  const isColumns = Math.abs(ord) === 1;
  if (list.length === 2 && (isColumns || Math.abs(ord) === Number.POSITIVE_INFINITY)) {
    const [summed, kept] = isColumns ? list : [list[1], list[0]];
    const sums = total(where, size, { axis: summed, keepdims: true });
    const y = (ord > 0 ? most : least)(where, sums, { axis: kept, keepdims: true });
    return keepdims ? y : total(where, y, { axis: list });
  }
  throw argumentError({
    where: "ops.norm",
    argument: "ord",
    value: ord,
    expected: list.length === 2 ? 'null, "fro", ±1 or ±Infinity for matrices' : "null, or a number and one axis",
    fix: "Norms of singular values are not there.",
  });
}

/** The length of vectors, or a norm of matrices. */
export const norm = unary("norm", (x: Tensor, options: NormOptions = {}) => normOf(x, options), ["ord", ...keys]);
