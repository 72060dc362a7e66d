/**
 * Losses, as Keras 3 computes them. A loss takes the target and the prediction of a sample and gives a tensor of losses
 * whose last axis is reduced; `lossValue` averages these over their elements and the batch.
 *
 * A cross-entropy whose prediction comes directly from a sigmoid or softmax is computed from the logits, without
 * clipping, as Keras does on TensorFlow: exact where the activation saturates.
 */
import { argumentError, unknownName } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { logitsOf } from "../layers/activations.ts";
import { checkOptions } from "../layers/options.ts";
import {
  absolute,
  add,
  batchSize,
  divide,
  exponential,
  logarithm,
  max,
  maximum,
  mean,
  minimum,
  multiply,
  negative,
  softplus,
  subtract,
  sum,
  sumSamples,
} from "../ops/index.ts";
import { alignRanks, allAxes, lastAxis, oneHot, requireSameShape } from "./align.ts";
import { numberIn } from "./options.ts";

/** A loss written by hand: target and prediction (both per sample) to losses, or to one shared scalar used as it is. */
export type LossFunction = (target: Tensor, prediction: Tensor) => Tensor;

export interface Loss {
  readonly className: string;
  readonly name: string;
  /** The arguments in Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly call: LossFunction;
}

/** What a sigmoid or softmax of this kind was computed from, or the prediction itself when it is a logit. */
function logitsFor(prediction: Tensor, fromLogits: boolean, kind: "sigmoid" | "softmax"): Tensor | undefined {
  if (fromLogits) return prediction;
  const source = logitsOf(prediction);
  return source?.kind === kind ? source.logits : undefined;
}

/** Keras' ε: probabilities are clipped to [ε, 1 − ε]. */
const epsilon = 1e-7;
const clip = (p: Tensor): Tensor => minimum(maximum(p, epsilon), 1 - epsilon);

const loss = (className: string, name: string, call: LossFunction, options: Record<string, unknown> = {}): Loss => ({
  className,
  name,
  config: { name, reduction: "sum_over_batch_size", ...options },
  call,
});

/** A loss that compares element by element, then takes the mean over the last axis. */
const elementwise = (name: string, each: LossFunction): LossFunction => {
  return (target, prediction) => {
    requireSameShape(`loss "${name}"`, target, prediction);
    return mean(each(target, prediction), lastAxis(prediction));
  };
};

const squared = (target: Tensor, prediction: Tensor): Tensor => {
  const error = subtract(target, prediction);
  return multiply(error, error);
};

/** The mean of (t − p)². */
export const meanSquaredError = (): Loss =>
  loss("MeanSquaredError", "mean_squared_error", elementwise("mean_squared_error", squared));

/** The mean of |t − p|. */
export const meanAbsoluteError = (): Loss =>
  loss(
    "MeanAbsoluteError",
    "mean_absolute_error",
    elementwise("mean_absolute_error", (t, p) => absolute(subtract(t, p))),
  );

export interface CrossentropyOptions {
  /** The prediction is a logit, not a probability. */
  readonly fromLogits?: boolean;
  /** Moves targets towards the middle by this share, in [0, 1]. */
  readonly labelSmoothing?: number;
}

function crossentropyOptions(where: string, options: CrossentropyOptions): Required<CrossentropyOptions> {
  checkOptions(where, options, ["fromLogits", "labelSmoothing"]);
  const { fromLogits = false, labelSmoothing = 0 } = options;
  return { fromLogits, labelSmoothing: numberIn(where, "labelSmoothing", labelSmoothing, 0, 1, true) };
}

const kerasKeys = (o: Required<CrossentropyOptions>) => ({
  from_logits: o.fromLogits,
  label_smoothing: o.labelSmoothing,
  axis: -1,
});

/** The mean of −t·ln p − (1 − t)·ln(1 − p), p clipped to [1e-7, 1 − 1e-7]; targets and predictions in [0, 1]. */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = "binary_crossentropy";
  const given = crossentropyOptions("binaryCrossentropy", options);
  const s = given.labelSmoothing;
  const each: LossFunction = (target, prediction) => {
    const t = s === 0 ? target : add(multiply(target, 1 - s), s / 2);
    const z = logitsFor(prediction, given.fromLogits, "sigmoid");
    if (z !== undefined) return subtract(softplus(z), multiply(z, t));
    const p = clip(prediction);
    return negative(add(multiply(t, logarithm(p)), multiply(subtract(1, t), logarithm(subtract(1, p)))));
  };
  return loss("BinaryCrossentropy", name, elementwise(name, each), kerasKeys(given));
}

/** ln softmax over the last axis, shifted by the maximum. */
function logSoftmax(z: Tensor): Tensor {
  const axis = lastAxis(z);
  const shifted = subtract(z, max(z, axis, true));
  return subtract(shifted, logarithm(sum(exponential(shifted), axis, true)));
}

/** −Σ t·ln p over the classes, the last axis; p is divided by its sum, then clipped. Targets are one-hot. */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = "categorical_crossentropy";
  const given = crossentropyOptions("categoricalCrossentropy", options);
  const s = given.labelSmoothing;
  const call: LossFunction = (target, prediction) => {
    requireSameShape(`loss "${name}"`, target, prediction);
    const axis = lastAxis(prediction);
    const t = s === 0 ? target : add(multiply(target, 1 - s), s / prediction.shape[prediction.shape.length - 1]);
    const z = logitsFor(prediction, given.fromLogits, "softmax");
    const logs = z ? logSoftmax(z) : logarithm(clip(divide(prediction, sum(prediction, axis, true))));
    return negative(sum(multiply(t, logs), axis));
  };
  return loss("CategoricalCrossentropy", name, call, kerasKeys(given));
}

/** −ln p of the class that the target names by its number; p is clipped, then divided by its sum. */
export function sparseCategoricalCrossentropy(options: { readonly fromLogits?: boolean } = {}): Loss {
  const name = "sparse_categorical_crossentropy";
  checkOptions("sparseCategoricalCrossentropy", options, ["fromLogits"]);
  const { fromLogits = false } = options;
  const call: LossFunction = (target, prediction) => {
    const z = logitsFor(prediction, fromLogits, "softmax");
    const logs = logSoftmax(z ?? logarithm(clip(prediction)));
    return negative(sum(multiply(oneHot(`loss "${name}"`, target, prediction), logs), lastAxis(prediction)));
  };
  return loss("SparseCategoricalCrossentropy", name, call, { from_logits: fromLogits, ignore_class: null, axis: -1 });
}

/** Every loss by the names Keras knows it under; the first is its own. */
const named = [
  { make: meanSquaredError, names: ["mean_squared_error", "mse", "MSE", "MeanSquaredError"] },
  { make: meanAbsoluteError, names: ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"] },
  { make: binaryCrossentropy, names: ["binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"] },
  { make: categoricalCrossentropy, names: ["categorical_crossentropy", "CategoricalCrossentropy"] },
  {
    make: sparseCategoricalCrossentropy,
    names: ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"],
  },
] as const;

/** The name of a loss, as Keras spells it. */
export type LossName = (typeof named)[number]["names"][number];

/** The loss that a name, an object or a function of one's own stands for. */
export function resolveLoss(given: LossName | Loss | LossFunction, where: string): Loss {
  if (typeof given === "function") {
    const known = named.find((entry) => (entry.make as unknown) === given);
    return known ? known.make() : loss(given.name || "loss", given.name || "loss", given);
  }
  if (typeof given === "string") {
    const entry = named.find(({ names }) => (names as readonly string[]).includes(given));
    if (entry) return entry.make();
    throw unknownName({ where, what: "loss", name: given, choices: named.map(({ names }) => names[0]) });
  }
  if (typeof given?.call !== "function") {
    const expected = "the name of a loss, a loss, or a function (target, prediction) => tensor";
    throw argumentError({ where, argument: "loss", value: given, expected });
  }
  return given;
}

/**
 * A loss as one number, a shared scalar: the mean over all elements and all samples of the batch.
 *
 * Ranks that differ by one are made equal where the longer one ends in 1, as in Keras.
 */
export function lossValue(loss: Loss, target: Tensor, prediction: Tensor): Tensor {
  const [t, p] = alignRanks(target, prediction);
  const losses = loss.call(t, p);
  if (!losses.perSample) return losses;
  const elements = losses.shape.reduce((n, size) => n * size, 1);
  const perSample = losses.shape.length === 0 ? losses : sum(losses, allAxes(losses));
  return divide(sumSamples(perSample), multiply(batchSize(), elements));
}
