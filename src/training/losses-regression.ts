/**
 * Losses between numbers: errors, their squares and logarithms, and the angle between vectors. Their names and formulas
 * are in `losses.ts`.
 */
import { epsilon } from "../functions/crossentropy.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  absolute,
  add,
  where as choose,
  divide,
  greaterEqual,
  logarithm,
  maximum,
  multiply,
  negative,
  softplus,
  squareRoot,
  subtract,
  sum,
} from "../ops/index.ts";
import { axisOf, meanLast, requireSameShape } from "./align.ts";
import { checkLossOptions, type Loss, type LossFunction, type LossOptions, loss } from "./loss.ts";
import { numberIn } from "./options.ts";

/** A loss that compares cell by cell, then takes the mean over the last axis. */
export const cellwise = (name: string, each: LossFunction): LossFunction => {
  return (target, prediction) => {
    requireSameShape(`loss "${name}"`, target, prediction);
    return meanLast(each(target, prediction));
  };
};

export const square = (x: Tensor): Tensor => multiply(x, x);

/** A loss without arguments of its own. */
const plain =
  (where: string, className: string, name: string, each: LossFunction) =>
  (options: LossOptions = {}): Loss => {
    checkLossOptions(where, options);
    return loss(where, className, name, cellwise(name, each), options);
  };

export const meanSquaredError = plain("meanSquaredError", "MeanSquaredError", "mean_squared_error", (t, p) =>
  square(subtract(t, p)),
);

export const meanAbsoluteError = plain("meanAbsoluteError", "MeanAbsoluteError", "mean_absolute_error", (t, p) =>
  absolute(subtract(t, p)),
);

export const meanAbsolutePercentageError = plain(
  "meanAbsolutePercentageError",
  "MeanAbsolutePercentageError",
  "mean_absolute_percentage_error",
  (t, p) => multiply(100, absolute(divide(subtract(t, p), maximum(absolute(t), epsilon)))),
);

export const meanSquaredLogarithmicError = plain(
  "meanSquaredLogarithmicError",
  "MeanSquaredLogarithmicError",
  "mean_squared_logarithmic_error",
  (t, p) => square(subtract(logarithm(add(maximum(p, epsilon), 1)), logarithm(add(maximum(t, epsilon), 1)))),
);

export const logCosh = plain("logCosh", "LogCosh", "log_cosh", (t, p) => {
  const error = subtract(p, t);
  return subtract(add(error, softplus(multiply(error, -2))), Math.LN2);
});

export const poisson = plain("poisson", "Poisson", "poisson", (t, p) =>
  subtract(p, multiply(t, logarithm(add(p, epsilon)))),
);

export const huber = (
  options: LossOptions & {
    /** Where the square becomes a straight line. Default 1. */
    readonly delta?: number;
  } = {},
): Loss => {
  checkLossOptions("huber", options, ["delta"]);
  const delta = numberIn("huber", "delta", options.delta ?? 1, 0, Infinity);
  const each: LossFunction = (t, p) => {
    const error = subtract(p, t);
    const size = absolute(error);
    const far = subtract(multiply(delta, size), 0.5 * delta * delta);
    return choose(greaterEqual(delta, size), multiply(0.5, square(error)), far);
  };
  return loss("huber", "Huber", "huber_loss", cellwise("huber_loss", each), options, { delta });
};

/** `x` divided by its length along an axis, without that axis's 0 becoming NaN. */
function unit(x: Tensor, axis: number): Tensor {
  const length = squareRoot(maximum(sum(square(x), [axis], { keepDims: true }), epsilon * epsilon));
  return divide(x, length);
}

/** The cosine of the angle between target and prediction, vectors along `axis` (the batch is 0; default −1). */
export function cosine(where: string, axis: number): LossFunction {
  return (target, prediction) => {
    requireSameShape(where, target, prediction);
    const own = axisOf(where, axis, prediction);
    return sum(multiply(unit(target, own), unit(prediction, own)), [own]);
  };
}

export const cosineSimilarity = (
  options: LossOptions & {
    /** The axis of the vectors, the batch being 0. Default −1. */
    readonly axis?: number;
  } = {},
): Loss => {
  checkLossOptions("cosineSimilarity", options, ["axis"]);
  const { axis = -1 } = options;
  const similarity = cosine('loss "cosine_similarity"', axis);
  const call: LossFunction = (t, p) => negative(similarity(t, p));
  return loss("cosineSimilarity", "CosineSimilarity", "cosine_similarity", call, options, { axis });
};
