/**
 * Targets against predictions, and weights against values: equal ranks, equal shapes, class numbers as one-hot, axes
 * counted as in Keras. Shared by losses and metrics.
 */
import { sameShape, showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import {
  batchSize,
  broadcastTo,
  where as choose,
  constantTensor,
  divide,
  equal,
  max,
  mean,
  multiply,
  negative,
  reshape,
  sum,
  sumSamples,
  transpose,
} from "../ops/index.ts";

/** The last axis, for a reduction; none for a scalar. */
export const lastAxis = (x: Tensor): number[] => (x.shape.length === 0 ? [] : [x.shape.length - 1]);

export const allAxes = (x: Tensor): number[] => x.shape.map((_, axis) => axis);

/**
 * An axis as Keras counts it, the batch being 0, as an axis of `x`.
 *
 * @throws RhytonError `argument` for the batch itself and beyond the ends.
 */
export function axisOf(where: string, axis: number, x: Tensor): number {
  const rank = x.shape.length + 1;
  const own = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || own < 1 || own >= rank) {
    const expected = rank === 1 ? "an output with an axis besides the batch" : `an axis from 1 to ${rank - 1}, or −1`;
    throw argumentError({ where, argument: "axis", value: axis, expected });
  }
  return own - 1;
}

/** `x` with the axis (as Keras counts it) moved to the end. */
export function axisLast(where: string, axis: number, x: Tensor): Tensor {
  if (axis === -1) return x;
  const own = axisOf(where, axis, x);
  return transpose(x, [...allAxes(x).filter((a) => a !== own), own]);
}

/** The mean over the last axis. Where a sample is one number that axis is the batch, as in Keras. */
export const meanLast = (x: Tensor): Tensor =>
  x.shape.length === 0 ? divide(sumSamples(x), batchSize()) : mean(x, lastAxis(x));

/** `a / b`, and 0 where `b` is 0. */
export function divideOrZero(a: Tensor, b: Tensor): Tensor {
  const none = equal(b, 0);
  return choose(none, 0, divide(a, choose(none, 1, b)));
}

/**
 * Makes ranks that differ by one equal, as Keras: a trailing axis of 1 is taken from the longer, unless the shorter is
 * one number a sample; that one gets an axis.
 */
export function alignRanks(target: Tensor, prediction: Tensor): [Tensor, Tensor] {
  const fitRanks = (long: Tensor, short: Tensor): [Tensor, Tensor] => {
    if (long.shape.length !== short.shape.length + 1 || long.shape[long.shape.length - 1] !== 1) return [long, short];
    return short.shape.length === 0 ? [long, reshape(short, [1])] : [reshape(long, long.shape.slice(0, -1)), short];
  };
  if (target.shape.length > prediction.shape.length) return fitRanks(target, prediction);
  const [p, t] = fitRanks(prediction, target);
  return [t, p];
}

/**
 * Sample weights in the rank of the values that they weigh: axes are matched from the first on, so that one weight a
 * sample weighs all of it.
 *
 * @throws RhytonError `shape` when they do not fit.
 */
export function alignWeight(where: string, weight: Tensor, values: Shape): Tensor {
  const w = weight.shape;
  const own = w.length === values.length + 1 && w[w.length - 1] === 1 ? w.slice(0, -1) : w;
  const padded = [...own, ...values.slice(own.length).map(() => 1)];
  if (padded.length === values.length && padded.every((n, i) => n === 1 || n === values[i])) {
    return reshape(weight, padded);
  }
  throw shapeError({
    where,
    got: `sample weights of shape ${showShape(w, true)} for values of shape ${showShape(values, true)}`,
    expected: `${showShape([], true)}: one weight a sample, or one a value`,
    fix: "Give one weight for each sample.",
  });
}

/** The weight of every cell of `values`. */
export const weightOfCells = (where: string, weight: Tensor, values: Shape): Tensor =>
  broadcastTo(alignWeight(where, weight, values), values);

export function requireSameShape(
  where: string,
  target: Tensor,
  prediction: Tensor,
  fix = "Change the last layer or reshape the targets.",
): void {
  if (sameShape(target.shape, prediction.shape)) return;
  throw shapeError({
    where,
    got: `targets of shape ${showShape(target.shape, true)}`,
    expected: `${showShape(prediction.shape, true)}, the shape of the predictions`,
    fix,
  });
}

/**
 * Requires one-hot targets of the shape of the predictions.
 *
 * @param sparse - what takes class numbers; named where such are given.
 */
export function requireOneHot(where: string, target: Tensor, prediction: Tensor, sparse: string): void {
  const numbers = prediction.shape.slice(0, -1);
  const areNumbers = sameShape(target.shape, numbers) || sameShape(target.shape, [...numbers, 1]);
  requireSameShape(where, target, prediction, areNumbers ? `For class numbers use "${sparse}".` : undefined);
}

/** The numbers 0, 1, … below `count`. */
export const numbersTo = (count: number): Tensor =>
  constantTensor({ data: Float32Array.from({ length: count }, (_, i) => i), shape: [count] });

/** The numbers 0, 1, … of the classes on the last axis of `x`. */
export const classNumbers = (x: Tensor): Tensor => numbersTo(x.shape[x.shape.length - 1]);

/** The number of the largest value on the last axis, the first one among equals. */
export function argmaxLast(x: Tensor): Tensor {
  const axis = lastAxis(x);
  const classes = x.shape[x.shape.length - 1];
  const isLargest = equal(x, max(x, axis, true));
  return negative(max(choose(isLargest, negative(classNumbers(x)), -classes), axis));
}

/** Class numbers `target` ((…) or (…, 1)) as 0 and 1 over the classes of `prediction`. */
export function oneHot(where: string, target: Tensor, prediction: Tensor): Tensor {
  const expected = [...prediction.shape.slice(0, -1), 1];
  const column = target.shape.length < prediction.shape.length ? [...target.shape, 1] : target.shape;
  if (prediction.shape.length === 0 || !sameShape(column, expected)) {
    throw shapeError({
      where,
      got: `targets of shape ${showShape(target.shape, true)} for predictions of shape ${showShape(prediction.shape, true)}`,
      expected: `${showShape(expected, true)}: one class number for each prediction`,
      fix: `Give class numbers, or use "categorical_crossentropy" with one-hot targets.`,
    });
  }
  return equal(classNumbers(prediction), reshape(target, column));
}

/** Σ values · weight over everything but the samples. */
export const weighted = (values: Tensor, weight: Tensor | undefined): Tensor => {
  const product = weight === undefined ? values : multiply(values, weight);
  return sum(product, allAxes(product));
};
