/**
 * Targets against predictions: equal ranks, equal shapes, class numbers as one-hot. Shared by losses and metrics.
 */
import { sameShape, showShape } from "../core/array.ts";
import { shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { constantTensor, equal, reshape } from "../ops/index.ts";

/** The last axis, for a reduction; none for a scalar. */
export const lastAxis = (x: Tensor): number[] => (x.shape.length === 0 ? [] : [x.shape.length - 1]);

export const allAxes = (x: Tensor): number[] => x.shape.map((_, axis) => axis);

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

export function requireSameShape(where: string, target: Tensor, prediction: Tensor): void {
  if (sameShape(target.shape, prediction.shape)) return;
  throw shapeError({
    where,
    got: `targets of shape ${showShape(target.shape, true)}`,
    expected: `${showShape(prediction.shape, true)}, the shape of the predictions`,
    fix: "Change the last layer or reshape the targets.",
  });
}

/** The numbers 0, 1, … of the classes on the last axis of `x`. */
export function classNumbers(x: Tensor): Tensor {
  const classes = x.shape[x.shape.length - 1];
  return constantTensor({ data: Float32Array.from({ length: classes }, (_, i) => i), shape: [classes] });
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
