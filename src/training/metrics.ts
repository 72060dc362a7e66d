/**
 * Metrics: means over samples, beside the loss. A metric gives one number for each sample; the mean over all samples of
 * an epoch is what is shown.
 */
import { sameShape } from "../core/array.ts";
import { argumentError, unknownName } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { where as choose, equal, greater, max, mean, negative, reshape, sumSamples } from "../ops/index.ts";
import { alignRanks, allAxes, classNumbers, lastAxis, requireSameShape } from "./align.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  type Loss,
  type LossFunction,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from "./losses.ts";

export interface Metric {
  readonly className: string;
  readonly name: string;
  /** The arguments in Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Values of a sample; axes that are left are averaged. */
  readonly call: LossFunction;
}

const metric = (
  className: string,
  name: string,
  call: LossFunction,
  options: Record<string, unknown> = {},
): Metric => ({
  className,
  name,
  config: { name, ...options },
  call,
});

/** The share of elements on the right side of `threshold`: p > threshold against the target, which is 0 or 1. */
export const binaryAccuracy = (options: { readonly threshold?: number } = {}): Metric => {
  const { threshold = 0.5 } = options;
  const call: LossFunction = (target, prediction) => {
    requireSameShape(`metric "binary_accuracy"`, target, prediction);
    return mean(equal(target, greater(prediction, threshold)), lastAxis(prediction));
  };
  return metric("BinaryAccuracy", "binary_accuracy", call, { threshold });
};

/** The number of the largest value on the last axis, the first one among equals. */
function argmax(x: Tensor): Tensor {
  const axis = lastAxis(x);
  const classes = x.shape[x.shape.length - 1];
  const isLargest = equal(x, max(x, axis, true));
  return negative(max(choose(isLargest, negative(classNumbers(x)), -classes), axis));
}

/** The share of predictions whose largest class is that of the one-hot target. */
export const categoricalAccuracy = (): Metric =>
  metric("CategoricalAccuracy", "categorical_accuracy", (target, prediction) => {
    requireSameShape(`metric "categorical_accuracy"`, target, prediction);
    return equal(argmax(target), argmax(prediction));
  });

/** The share of predictions whose largest class has the number that the target gives. */
export const sparseCategoricalAccuracy = (): Metric =>
  metric("SparseCategoricalAccuracy", "sparse_categorical_accuracy", (target, prediction) => {
    const best = argmax(prediction);
    const same = sameShape(target.shape, best.shape);
    return equal(same ? target : reshape(target, best.shape), best);
  });

/** A metric that is the mean of a loss. */
export const ofLoss = (loss: Loss): Metric => {
  const { reduction: _, ...config } = loss.config;
  return { className: loss.className, name: loss.name, config, call: loss.call };
};

/** Which of the three accuracies `"accuracy"` means for a target and a prediction, as Keras chooses. */
function accuracy(target: Tensor, prediction: Tensor): Metric {
  const last = (x: Tensor) => x.shape[x.shape.length - 1] ?? 1;
  if (last(prediction) === 1) return binaryAccuracy();
  if (target.shape.length < prediction.shape.length || last(target) === 1) return sparseCategoricalAccuracy();
  return categoricalAccuracy();
}

/** `"accuracy"`: chosen when target and prediction are known. */
const automatic: LossFunction = (target, prediction) => accuracy(target, prediction).call(target, prediction);

const named = [
  { make: () => metric("Accuracy", "accuracy", automatic), names: ["accuracy", "acc"] },
  { make: binaryAccuracy, names: ["binary_accuracy", "BinaryAccuracy"] },
  { make: categoricalAccuracy, names: ["categorical_accuracy", "CategoricalAccuracy"] },
  { make: sparseCategoricalAccuracy, names: ["sparse_categorical_accuracy", "SparseCategoricalAccuracy"] },
  { make: () => ofLoss(meanSquaredError()), names: ["mean_squared_error", "mse", "MSE", "MeanSquaredError"] },
  { make: () => ofLoss(meanAbsoluteError()), names: ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"] },
  { make: () => ofLoss(binaryCrossentropy()), names: ["binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"] },
  { make: () => ofLoss(categoricalCrossentropy()), names: ["categorical_crossentropy", "CategoricalCrossentropy"] },
  {
    make: () => ofLoss(sparseCategoricalCrossentropy()),
    names: ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"],
  },
] as const;

/** The name of a metric, as Keras spells it. */
export type MetricName = (typeof named)[number]["names"][number];

/** What stands for a metric. It keeps the name that was typed. */
export type MetricLike = MetricName | Metric | LossFunction;

export function resolveMetric(given: MetricLike, where: string): Metric {
  if (typeof given === "function") {
    const known = named.find((entry) => (entry.make as unknown) === given);
    return known ? known.make() : metric(given.name || "metric", given.name || "metric", given);
  }
  if (typeof given === "string") {
    const entry = named.find(({ names }) => (names as readonly string[]).includes(given));
    if (entry) return { ...entry.make(), name: given };
    throw unknownName({ where, what: "metric", name: given, choices: named.map(({ names }) => names[0]) });
  }
  if (typeof given?.call !== "function") {
    const expected = "the name of a metric, a metric, or a function (target, prediction) => tensor";
    throw argumentError({ where, argument: "metrics", value: given, expected });
  }
  return given;
}

/** A metric added up over the samples of a batch, a shared scalar. */
export function metricSum(metric: Metric, target: Tensor, prediction: Tensor): Tensor {
  const { call } = metric.call === automatic ? accuracy(target, prediction) : metric;
  const values = call(...alignRanks(target, prediction));
  return sumSamples(values.shape.length === 0 ? values : mean(values, allAxes(values)));
}
