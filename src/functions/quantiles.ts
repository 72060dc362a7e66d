/** What lies below a share of the numbers: quantiles, with and without those that are NaN. */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { type AxisLike, ownAxes, withOnes } from "./axes.ts";
import { type Unary, unary } from "./define.ts";
import { numbersTo, sortedLast } from "./order.ts";

const { add, equal, multiply, subtract, where: choose } = own;

interface MedianOptions {
  /** The axis, or a list of them; null (the default) for all. */
  readonly axis?: AxisLike;
  /** Whether the axes stay, with size 1. Default false. */
  readonly keepdims?: boolean;
}
interface QuantileOptions extends MedianOptions {
  /** What lies between two numbers; default "linear". */
  readonly method?: "linear" | "lower" | "higher" | "midpoint" | "nearest";
}
type Shares = number | readonly number[];

/** Where between two neighbours a place counts, 0 for the lower one and 1 for the upper. */
const methods = {
  linear: (place: Tensor, low: Tensor) => subtract(place, low),
  lower: () => own.fill(0, []),
  higher: (place: Tensor, low: Tensor) => own.greater(place, low),
  midpoint: (place: Tensor, low: Tensor) => multiply(0.5, own.greater(place, low)),
  nearest: (place: Tensor, low: Tensor) => subtract(own.round(place), low),
} as const;

/** The share `q` of the first `count` numbers of a sorted row. */
function shareOf(sorted: Tensor, count: Tensor, q: number, method: keyof typeof methods): Tensor {
  const last = sorted.shape.length - 1;
  const place = multiply(q, subtract(count, 1));
  const low = own.floor(place);
  const at = (where: Tensor): Tensor =>
    own.sum(choose(equal(numbersTo(sorted.shape[last]), own.reshape(where, [...where.shape, 1])), sorted, 0), [last]);
  const share = methods[method](place, low);
  const upper = at(own.minimum(add(low, 1), subtract(count, 1)));
  const lower = at(low);
  // Infinity times 0 is NaN.
  return choose(equal(share, 0), lower, add(multiply(lower, subtract(1, share)), multiply(upper, share)));
}

/** @param withoutNan - whether only those that are numbers count; NaN where there are none. */
function quantileOf(where: string, x: Tensor, q: Shares, options: QuantileOptions, withoutNan: boolean): Tensor {
  const { axis = null, method = "linear", keepdims = false } = options;
  const axes = ownAxes(where, x, axis);
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const n = sizeOf(axes.map((i) => x.shape[i]));
  const row = own.reshape(own.transpose(x, [...rest, ...axes]), [...rest.map((i) => x.shape[i]), n]);
  if (!Object.hasOwn(methods, method))
    throw argumentError({
      where: `ops.${where}`,
      argument: "method",
      value: method,
      expected: '"linear", "lower", "higher", "midpoint" or "nearest"',
    });
  const one = (share: number): Tensor => {
    if (!(share >= 0 && share <= 1))
      throw argumentError({ where: `ops.${where}`, argument: "q", value: q, expected: "shares from 0 to 1" });
    const y = valueAt(share);
    return keepdims ? own.reshape(y, withOnes(x.shape, axes)) : y;
  };
  const isNumber = equal(row, row);
  const sorted = sortedLast(where, withoutNan ? choose(isNumber, row, Number.POSITIVE_INFINITY) : row);
  const valueAt = (share: number): Tensor => {
    if (!withoutNan) return shareOf(sorted, own.fill(n, []), share, method);
    const count = own.sum(isNumber, [rest.length]);
    const finite = choose(own.greater(count, 0), count, 1);
    return choose(own.greater(count, 0), shareOf(sorted, finite, share, method), Number.NaN);
  };
  if (typeof q === "number") return one(q);
  if (x.perSample)
    throw argumentError({
      where: `ops.${where}`,
      argument: "q",
      value: q,
      expected: "one number for what belongs to samples",
    });
  const parts = q.map(one);
  return own.concatenate(
    parts.map((y) => own.reshape(y, [1, ...y.shape])),
    0,
  );
}

const quantiles = (name: string, withoutNan: boolean, unit = 1): Unary<[q: Shares, options?: QuantileOptions]> =>
  unary(
    name,
    (x: Tensor, q: Shares, options: QuantileOptions = {}) =>
      quantileOf(name, x, typeof q === "number" ? q / unit : q.map((one) => one / unit), options, withoutNan),
    ["axis", "method", "keepdims"],
    1,
  );
const medians = (name: string, withoutNan: boolean): Unary<[options?: MedianOptions]> =>
  unary(name, (x: Tensor, options: MedianOptions = {}) => quantileOf(name, x, 0.5, options, withoutNan), [
    "axis",
    "keepdims",
  ]);

/** The number below which a share `q` of the numbers lies. */
export const quantile = quantiles("quantile", false);
/** As `quantile`, with `q` in hundredths. */
export const percentile = quantiles("percentile", false, 100);
/** The number in the middle. */
export const median = medians("median", false);
/** As `quantile`, without those that are NaN; NaN where all are. */
export const nanquantile = quantiles("nanquantile", true);
/** As `percentile`, without those that are NaN; NaN where all are. */
export const nanpercentile = quantiles("nanpercentile", true, 100);
/** As `median`, without those that are NaN; NaN where all are. */
export const nanmedian = medians("nanmedian", true);
