/** Losses between probabilities. Their names and formulas are in `losses.ts`. */
import { argumentError } from "../core/errors.ts";
import { binaryEach, classLogs, epsilon, normalised, softmax, sparseLogs } from "../functions/crossentropy.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkBoolean } from "../layers/options.ts";
import {
  add,
  where as choose,
  divide,
  equal,
  exponential,
  logarithm,
  maximum,
  mean,
  minimum,
  multiply,
  negative,
  reshape,
  sigmoid,
  squareRoot,
  subtract,
  sum,
} from "../ops/index.ts";
import { axisOf, lastAxis, meanLast, oneHot, requireOneHot, requireSameShape } from "./align.ts";
import { sparseLabels } from "./labels.ts";
import { checkLossOptions, type Loss, type LossFunction, type LossOptions, loss } from "./loss.ts";
import { numberIn } from "./options.ts";

/** Options of cross-entropies. */
export interface CrossentropyOptions extends LossOptions {
  /** The prediction is a logit, not a probability. */
  readonly fromLogits?: boolean;
  /** Moves targets towards the middle by this share, in [0, 1]. */
  readonly labelSmoothing?: number;
  /** The axis of the classes, the batch being 0. Default −1. */
  readonly axis?: number;
}

/** Options of focal cross-entropies. */
export interface FocalOptions extends CrossentropyOptions {
  /** Default 0.25. */
  readonly alpha?: number;
  /** How much easy examples count less; default 2. */
  readonly gamma?: number;
}

const crossentropyKeys = ["fromLogits", "labelSmoothing", "axis"];

function readCrossentropy(where: string, options: CrossentropyOptions, own: readonly string[] = []) {
  checkLossOptions(where, options, [...crossentropyKeys, ...own]);
  const { fromLogits = false, labelSmoothing = 0, axis = -1 } = options;
  checkBoolean(where, "fromLogits", fromLogits);
  numberIn(where, "labelSmoothing", labelSmoothing, 0, 1, true);
  return {
    fromLogits,
    labelSmoothing,
    axis,
    config: { from_logits: fromLogits, label_smoothing: labelSmoothing, axis },
  };
}

function readFocal(where: string, options: FocalOptions, own: readonly string[] = []) {
  const base = readCrossentropy(where, options, ["alpha", "gamma", ...own]);
  const alpha = numberIn(where, "alpha", options.alpha ?? 0.25, 0, Infinity);
  const gamma = numberIn(where, "gamma", options.gamma ?? 2, 0, Infinity);
  return { ...base, alpha, gamma, config: { ...base.config, alpha, gamma } };
}

const probable = (made: Loss): Loss => ({ ...made, probable: true });

/** Targets moved by `share` towards `middle`. */
const smooth = (target: Tensor, share: number, middle: number): Tensor =>
  share === 0 ? target : add(multiply(target, 1 - share), share * middle);

/** One part of the share for each class; they are counted on the last axis, whatever the axis of the sum, as in Keras. */
const smoothClasses = (target: Tensor, share: number): Tensor =>
  smooth(target, share, 1 / (target.shape[target.shape.length - 1] ?? 1));

/** `x` (≥ 0) to a constant power. */
function power(x: Tensor, exponent: number): Tensor {
  if (exponent === 0) return equal(x, x);
  if (exponent === 0.5) return squareRoot(maximum(x, 1e-30));
  if (Number.isInteger(exponent) && exponent <= 4) {
    return Array.from({ length: exponent }, () => x).reduce((product, factor) => multiply(product, factor));
  }
  return exponential(multiply(exponent, logarithm(maximum(x, 1e-30))));
}

/** The mean over an axis, the last one being special: see `meanLast`. */
const meanOver = (where: string, x: Tensor, axis: number): Tensor =>
  axis === -1 ? meanLast(x) : mean(x, [axisOf(where, axis, x)]);

export const binaryCrossentropy = (options: CrossentropyOptions = {}): Loss => {
  const { fromLogits, labelSmoothing, axis, config } = readCrossentropy("binaryCrossentropy", options);
  const name = "binary_crossentropy";
  const call: LossFunction = (target, prediction) => {
    requireSameShape(`loss "${name}"`, target, prediction);
    const losses = binaryEach(smooth(target, labelSmoothing, 0.5), prediction, fromLogits);
    return meanOver(`loss "${name}"`, losses, axis);
  };
  return probable(loss("binaryCrossentropy", "BinaryCrossentropy", name, call, options, config));
};

export const binaryFocalCrossentropy = (
  options: FocalOptions & {
    /** Weighs ones with α and zeros with 1 − α. Default false. */
    readonly applyClassBalancing?: boolean;
  } = {},
): Loss => {
  const where = "binaryFocalCrossentropy";
  const { fromLogits, labelSmoothing, axis, alpha, gamma, config } = readFocal(where, options, ["applyClassBalancing"]);
  const balance = checkBoolean(where, "applyClassBalancing", options.applyClassBalancing ?? false);
  const name = "binary_focal_crossentropy";
  const call: LossFunction = (target, prediction) => {
    requireSameShape(`loss "${name}"`, target, prediction);
    const t = smooth(target, labelSmoothing, 0.5);
    const p = fromLogits ? sigmoid(prediction) : prediction;
    const pt = add(multiply(t, p), multiply(subtract(1, t), subtract(1, p)));
    const focal = multiply(power(subtract(1, pt), gamma), binaryEach(t, p, false));
    const weight = add(multiply(t, alpha), multiply(subtract(1, t), 1 - alpha));
    return meanOver(`loss "${name}"`, balance ? multiply(weight, focal) : focal, axis);
  };
  const own = { ...config, apply_class_balancing: balance };
  return probable(loss(where, "BinaryFocalCrossentropy", name, call, options, own));
};

export const categoricalCrossentropy = (options: CrossentropyOptions = {}): Loss => {
  const { fromLogits, labelSmoothing, axis, config } = readCrossentropy("categoricalCrossentropy", options);
  const name = "categorical_crossentropy";
  const call: LossFunction = (target, prediction) => {
    requireOneHot(`loss "${name}"`, target, prediction, "sparse_categorical_crossentropy");
    const own = axisOf(`loss "${name}"`, axis, prediction);
    const t = smoothClasses(target, labelSmoothing);
    return negative(sum(multiply(t, classLogs(prediction, fromLogits, own)), [own]));
  };
  return probable(loss("categoricalCrossentropy", "CategoricalCrossentropy", name, call, options, config));
};

export const categoricalFocalCrossentropy = (options: FocalOptions = {}): Loss => {
  const where = "categoricalFocalCrossentropy";
  const { fromLogits, labelSmoothing, axis, alpha, gamma, config } = readFocal(where, options);
  const name = "categorical_focal_crossentropy";
  const call: LossFunction = (target, prediction) => {
    requireOneHot(`loss "${name}"`, target, prediction, "sparse_categorical_crossentropy");
    const own = axisOf(`loss "${name}"`, axis, prediction);
    const t = smoothClasses(target, labelSmoothing);
    const p = normalised(fromLogits ? softmax(prediction, own) : prediction, own);
    const factor = multiply(alpha, power(subtract(1, p), gamma));
    return negative(sum(multiply(factor, multiply(t, logarithm(p))), [own]));
  };
  return probable(loss(where, "CategoricalFocalCrossentropy", name, call, options, config));
};

/** Options of the cross-entropy with class numbers as targets. */
export interface SparseCrossentropyOptions extends LossOptions {
  /** The prediction is a logit, not a probability. */
  readonly fromLogits?: boolean;
  /** A class that does not count: its entries lose nothing and are left out of the mean. */
  readonly ignoreClass?: number | null;
  /** The axis of the classes: −1, the last one, as in Keras on TensorFlow. */
  readonly axis?: -1;
}

export const sparseCategoricalCrossentropy = (options: SparseCrossentropyOptions = {}): Loss => {
  const where = "sparseCategoricalCrossentropy";
  const name = "sparse_categorical_crossentropy";
  checkLossOptions(where, options, ["fromLogits", "ignoreClass", "axis"]);
  const { fromLogits = false, ignoreClass = null, axis = -1 } = options;
  checkBoolean(where, "fromLogits", fromLogits);
  if (axis !== -1) throw argumentError({ where, argument: "axis", value: axis, expected: "−1, the last axis" });
  if (ignoreClass !== null && !Number.isInteger(ignoreClass)) {
    throw argumentError({ where, argument: "ignoreClass", value: ignoreClass, expected: "the number of a class" });
  }
  const call: LossFunction = (target, prediction) => {
    const chosen = oneHot(`loss "${name}"`, target, prediction);
    const losses = negative(sum(multiply(chosen, sparseLogs(prediction, fromLogits)), lastAxis(prediction)));
    return ignoreClass === null ? losses : multiply(losses, mask(target, prediction));
  };
  const mask: LossFunction = (target, prediction) =>
    choose(equal(reshape(target, prediction.shape.slice(0, -1)), ignoreClass ?? 0), 0, 1);
  const config = { from_logits: fromLogits, ignore_class: ignoreClass, axis: -1 };
  const made = loss(where, "SparseCategoricalCrossentropy", name, call, options, config);
  const labels = sparseLabels(ignoreClass);
  return ignoreClass === null ? { ...made, labels } : { ...made, mask, labels };
};

export const klDivergence = (options: LossOptions = {}): Loss => {
  checkLossOptions("klDivergence", options);
  const name = "kl_divergence";
  const call: LossFunction = (target, prediction) => {
    requireSameShape(`loss "${name}"`, target, prediction);
    const [t, p] = [target, prediction].map((x) => minimum(maximum(x, epsilon), 1));
    return sum(multiply(t, logarithm(divide(t, p))), [axisOf(`loss "${name}"`, -1, prediction)]);
  };
  return loss("klDivergence", "KLDivergence", name, call, options);
};
