/** Shares of predictions that are right. */
import { sameShape } from "../core/array.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkBoolean } from "../layers/options.ts";
import { equal, greater, max, multiply, reshape, slice, sum } from "../ops/index.ts";
import { argmaxLast, lastAxis, oneHot, requireOneHot, requireSameShape } from "./align.ts";
import { metricJudge } from "./judge.ts";
import { type LabelRule, sparseLabels } from "./labels.ts";
import type { LossFunction } from "./loss.ts";
import { kindOf } from "./loss-names.ts";
import { checkMetricOptions, type MeanMetric, type Metric, type MetricOptions, meanMetric } from "./metric.ts";
import { numberIn, wholeNumber } from "./options.ts";

const share = (
  className: string,
  name: string,
  call: LossFunction,
  own: Record<string, unknown> = {},
  labels?: LabelRule,
): MeanMetric => meanMetric({ className, name, config: { name, ...own }, direction: "up", labels }, call);

/** The share of predictions that equal their target. */
export const accuracy = metricJudge("accuracy", (options: MetricOptions = {}) => {
  checkMetricOptions("accuracy", options);
  return share("Accuracy", options.name ?? "accuracy", equal);
});

const onRightSide =
  (threshold: number): LossFunction =>
  (target, prediction) => {
    requireSameShape('metric "binary_accuracy"', target, prediction);
    return equal(target, greater(prediction, threshold));
  };

/** The share of elements on the right side of `threshold` (0.5): p > threshold against the target, which is 0 or 1. */
export const binaryAccuracy = metricJudge(
  "binaryAccuracy",
  (
    options: MetricOptions & {
      /** What a prediction must exceed to count as 1. Default 0.5. */
      readonly threshold?: number;
    } = {},
  ) => {
    checkMetricOptions("binaryAccuracy", options, ["threshold"]);
    const threshold = numberIn("binaryAccuracy", "threshold", options.threshold ?? 0.5, 0, 1, true);
    const name = options.name ?? "binary_accuracy";
    return share("BinaryAccuracy", name, onRightSide(threshold), { threshold });
  },
);

const sameClass: LossFunction = (target, prediction) => {
  requireOneHot('metric "categorical_accuracy"', target, prediction, "sparse_categorical_accuracy");
  return equal(argmaxLast(target), argmaxLast(prediction));
};

/** The share of predictions whose largest class is that of the one-hot target. */
export const categoricalAccuracy = metricJudge("categoricalAccuracy", (options: MetricOptions = {}) => {
  checkMetricOptions("categoricalAccuracy", options);
  return share("CategoricalAccuracy", options.name ?? "categorical_accuracy", sameClass);
});

const namedClass: LossFunction = (target, prediction) => {
  const best = argmaxLast(prediction);
  return equal(sameShape(target.shape, best.shape) ? target : reshape(target, best.shape), best);
};

/** The share of predictions whose largest class has the number that the target gives. */
export const sparseCategoricalAccuracy = metricJudge("sparseCategoricalAccuracy", (options: MetricOptions = {}) => {
  checkMetricOptions("sparseCategoricalAccuracy", options);
  const name = options.name ?? "sparse_categorical_accuracy";
  return share("SparseCategoricalAccuracy", name, namedClass, {}, sparseLabels());
});

/** Whether fewer than `k` classes are more likely than the chosen one (1 in `chosen`). */
function amongTop(k: number, chosen: Tensor, prediction: Tensor): Tensor {
  const axis = lastAxis(prediction);
  const own = sum(multiply(chosen, prediction), axis, { keepDims: true });
  const ahead = sum(greater(prediction, own), axis);
  return multiply(greater(k, ahead), sum(chosen, axis));
}

/** The share of predictions that hold the class of the one-hot target among their `k` (5) largest. */
export const topKCategoricalAccuracy = metricJudge(
  "topKCategoricalAccuracy",
  (
    options: MetricOptions & {
      /** Default 5. */
      readonly k?: number;
    } = {},
  ) => {
    checkMetricOptions("topKCategoricalAccuracy", options, ["k"]);
    const k = wholeNumber("topKCategoricalAccuracy", "k", options.k ?? 5);
    const call: LossFunction = (t, p) => {
      requireOneHot('metric "top_k_categorical_accuracy"', t, p, "sparse_top_k_categorical_accuracy");
      return amongTop(k, oneHot("metric", argmaxLast(t), p), p);
    };
    return share("TopKCategoricalAccuracy", options.name ?? "top_k_categorical_accuracy", call, { k });
  },
);

/**
 * The share of predictions that hold the class with the target's number among their `k` (5) largest.
 *
 * @param options - `fromSortedIds`: predictions are not scores but class numbers, the most likely first.
 */
export const sparseTopKCategoricalAccuracy = metricJudge(
  "sparseTopKCategoricalAccuracy",
  (
    options: MetricOptions & {
      /** Default 5. */
      readonly k?: number;
      /** Predictions are not scores but class numbers, the most likely first. Default false. */
      readonly fromSortedIds?: boolean;
    } = {},
  ) => {
    const where = "sparseTopKCategoricalAccuracy";
    checkMetricOptions(where, options, ["k", "fromSortedIds"]);
    const k = wholeNumber(where, "k", options.k ?? 5);
    const sorted = checkBoolean(where, "fromSortedIds", options.fromSortedIds ?? false);
    const call: LossFunction = (t, p) => {
      if (!sorted) return amongTop(k, oneHot(`metric "sparse_top_k_categorical_accuracy"`, t, p), p);
      const leading = p.shape.slice(0, -1);
      const size = [...leading, Math.min(k, p.shape[p.shape.length - 1])];
      const first = slice(p, { start: p.shape.map(() => 0), size });
      return max(equal(first, reshape(t, [...leading, 1])), lastAxis(p));
    };
    const config = sorted ? { k, from_sorted_ids: true } : { k };
    const name = options.name ?? "sparse_top_k_categorical_accuracy";
    return share("SparseTopKCategoricalAccuracy", name, call, config, sorted ? undefined : sparseLabels());
  },
);

/** `"accuracy"`: one of three, chosen when target and prediction are known. */
export function automaticAccuracy(): Metric {
  const choices = { binary: onRightSide(0.5), sparse: namedClass, categorical: sameClass };
  const labels: LabelRule = (target, prediction) =>
    kindOf({ shape: target }, { shape: prediction }) === "sparse" ? sparseLabels()(target, prediction) : undefined;
  return share("Accuracy", "accuracy", (t, p) => choices[kindOf(t, p)](t, p), {}, labels);
}
