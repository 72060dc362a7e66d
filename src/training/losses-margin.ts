/** Losses with a margin (hinges), and losses between regions (Dice, Tversky). Their names and formulas are in `losses.ts`. */
import { epsilon } from "../functions/crossentropy.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  add,
  batchSize,
  where as choose,
  divide,
  equal,
  max,
  maximum,
  multiply,
  subtract,
  sum,
  sumSamples,
} from "../ops/index.ts";
import { allAxes, axisOf, lastAxis, requireSameShape } from "./align.ts";
import { checkLossOptions, type Loss, type LossFunction, type LossOptions, loss } from "./loss.ts";
import { cellwise, square } from "./losses-regression.ts";
import { numberIn } from "./options.ts";

/** Targets of 0 and 1 as −1 and 1, when the whole batch holds nothing else. */
function signed(target: Tensor): Tensor {
  const isBinary = maximum(equal(target, 0), equal(target, 1));
  const binary = sumSamples(sum(isBinary, allAxes(isBinary)));
  const cells = target.shape.reduce((n, size) => n * size, 1);
  return choose(equal(binary, multiply(batchSize(), cells)), subtract(multiply(2, target), 1), target);
}

const margin = (t: Tensor, p: Tensor): Tensor => maximum(subtract(1, multiply(signed(t), p)), 0);

export const hinge = (options: LossOptions = {}): Loss => {
  checkLossOptions("hinge", options);
  return loss("hinge", "Hinge", "hinge", cellwise("hinge", margin), options);
};

export const squaredHinge = (options: LossOptions = {}): Loss => {
  checkLossOptions("squaredHinge", options);
  const call = cellwise("squared_hinge", (t, p) => square(margin(t, p)));
  return loss("squaredHinge", "SquaredHinge", "squared_hinge", call, options);
};

export const categoricalHinge = (options: LossOptions = {}): Loss => {
  checkLossOptions("categoricalHinge", options);
  const call: LossFunction = (t, p) => {
    requireSameShape('loss "categorical_hinge"', t, p);
    axisOf('loss "categorical_hinge"', -1, p);
    const positive = sum(multiply(t, p), lastAxis(p));
    const negative = max(multiply(subtract(1, t), p), lastAxis(p));
    return maximum(add(subtract(negative, positive), 1), 0);
  };
  return loss("categoricalHinge", "CategoricalHinge", "categorical_hinge", call, options);
};

/** Axes as Keras counts them, the batch being 0; all of them when there is none. */
type Axes = number | readonly number[] | null;

/** The sum over `axes`: a tensor that the samples share where the batch is among them. */
function sumOver(where: string, x: Tensor, axes: Axes): Tensor {
  if (axes === null) return sumSamples(sum(x, allAxes(x)));
  const given = typeof axes === "number" ? [axes] : axes;
  const rank = x.shape.length + 1;
  const overBatch = given.some((axis) => axis === 0 || axis === -rank);
  const own = given.filter((axis) => axis !== 0 && axis !== -rank).map((axis) => axisOf(where, axis, x));
  return sum(x, own, { overSamples: overBatch });
}

export const dice = (
  options: LossOptions & {
    /** What is summed over, the batch being 0. Default null: everything. */
    readonly axis?: Axes;
  } = {},
): Loss => {
  checkLossOptions("dice", options, ["axis"]);
  const { axis = null } = options;
  const call: LossFunction = (t, p) => {
    requireSameShape('loss "dice"', t, p);
    const over = (x: Tensor) => sumOver("dice", x, axis);
    return subtract(1, divide(multiply(2, over(multiply(t, p))), add(add(over(t), over(p)), epsilon)));
  };
  return loss("dice", "Dice", "dice", call, options, { axis });
};

export const tversky = (
  options: LossOptions & {
    /** How much what was missed counts. Default 0.5. */
    readonly alpha?: number;
    /** How much what was invented counts. Default 0.5. */
    readonly beta?: number;
    /** As in `dice`. */
    readonly axis?: Axes;
  } = {},
): Loss => {
  checkLossOptions("tversky", options, ["alpha", "beta", "axis"]);
  const { axis = null } = options;
  const alpha = numberIn("tversky", "alpha", options.alpha ?? 0.5, 0, Infinity);
  const beta = numberIn("tversky", "beta", options.beta ?? 0.5, 0, Infinity);
  const call: LossFunction = (t, p) => {
    requireSameShape('loss "tversky"', t, p);
    const over = (x: Tensor) => sumOver("tversky", x, axis);
    const both = over(multiply(t, p));
    const missed = over(multiply(t, subtract(1, p)));
    const invented = over(multiply(p, subtract(1, t)));
    const whole = add(add(both, multiply(alpha, missed)), multiply(beta, invented));
    return subtract(1, divide(both, add(whole, epsilon)));
  };
  return loss("tversky", "Tversky", "tversky", call, options, { alpha, beta, axis });
};
