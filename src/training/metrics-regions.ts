/** Metrics of classes as regions: intersection over union, and F-scores. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { snakeCase } from "../layers/options.ts";
import {
  absolute,
  equal,
  floor,
  greater,
  greaterEqual,
  max,
  multiply,
  reshape,
  sign,
  subtract,
  sum,
} from "../ops/index.ts";
import {
  alignWeight,
  allAxes,
  argmaxLast,
  axisLast,
  lastAxis,
  numbersTo,
  requireSameShape,
  weightOfCells,
} from "./align.ts";
import { checkMetricOptions, type Metric, type MetricOptions, type Sums } from "./metric.ts";
import { numberIn, wholeNumber } from "./options.ts";

const epsilon = 1e-7;
const add = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

// ---- intersection over union --------------------------------------------------------------------------------------

/** Options of `iou` and `meanIoU`. */
export interface IoUOptions extends MetricOptions {
  /** A class of the targets whose cells do not count. */
  readonly ignoreClass?: number;
  /** Targets are class numbers, not one value a class. Default true. */
  readonly sparseYTrue?: boolean;
  /** Predictions are class numbers, not one value a class. Default true. */
  readonly sparseYPred?: boolean;
  /** The axis of the classes where they are not sparse, the batch being 0. Default −1. */
  readonly axis?: number;
}
const iouKeys = ["ignoreClass", "sparseYTrue", "sparseYPred", "axis"];

interface IoUParts extends IoUOptions {
  readonly className: string;
  readonly numClasses: number;
  readonly targetClassIds: readonly number[];
  readonly config: Readonly<Record<string, unknown>>;
  /** What predictions become first. */
  readonly decide?: (prediction: Tensor) => Tensor;
}

/** A number without its fraction. */
const whole = (x: Tensor): Tensor => multiply(sign(x), floor(absolute(x)));

/** The share of common cells in those of either, a mean over the classes asked for that occur at all. */
function iouMetric(parts: IoUParts): Metric {
  const { className, numClasses, targetClassIds, ignoreClass, sparseYTrue = true, sparseYPred = true } = parts;
  const { axis = -1, decide = (x) => x } = parts;
  const name = parts.name ?? snakeCase(className);
  const where = `metric "${name}"`;
  const classesOf = (x: Tensor, sparse: boolean): Tensor => (sparse ? whole(x) : argmaxLast(axisLast(where, axis, x)));
  return {
    className,
    name,
    config: { name, ...parts.config },
    direction: "up",
    sums: (target, prediction, weight) => {
      const [t, p] = [classesOf(target, sparseYTrue), classesOf(decide(prediction), sparseYPred)];
      const cells = p.shape.reduce((n, size) => n * size, 1);
      requireSameShape(where, reshape(t, [t.shape.reduce((n, size) => n * size, 1)]), reshape(p, [cells]));
      const inside = (x: Tensor): Tensor => multiply(greaterEqual(x, 0), greater(numClasses, x));
      let counts = multiply(inside(t), reshape(inside(p), t.shape));
      if (ignoreClass !== undefined) counts = multiply(counts, subtract(1, equal(t, ignoreClass)));
      if (weight !== undefined) counts = multiply(counts, weightOfCells(where, weight, t.shape));
      const column = (x: Tensor): Tensor => reshape(x, [cells, 1]);
      const is = (x: Tensor): Tensor => equal(column(x), numbersTo(numClasses));
      const [ofTarget, ofPrediction] = [multiply(is(t), column(counts)), is(p)];
      const predicted = multiply(ofPrediction, column(counts));
      return [multiply(ofTarget, ofPrediction), ofTarget, predicted].map((x) => sum(x, [0]));
    },
    result: ([both, targets, predictions]: Sums) => {
      const unions = targetClassIds.map((id) => targets[id] + predictions[id] - both[id]);
      const shares = targetClassIds.map((id, i) => (unions[i] > 1e-9 ? both[id] / (unions[i] + epsilon) : 0));
      return add(shares) / (unions.filter((u) => u > 1e-9).length + epsilon);
    },
  };
}

function checkClasses(where: string, numClasses: number, ids: readonly number[]): void {
  wholeNumber(where, "numClasses", numClasses);
  for (const id of ids) {
    if (Number.isInteger(id) && id >= 0 && id < numClasses) continue;
    throw argumentError({ where, argument: "targetClassIds", value: ids, expected: `classes below ${numClasses}` });
  }
}

const iouConfig = (o: IoUOptions) => ({
  ignore_class: o.ignoreClass ?? null,
  sparse_y_true: o.sparseYTrue ?? true,
  sparse_y_pred: o.sparseYPred ?? true,
  axis: o.axis ?? -1,
});

/** Intersection over union of the classes `targetClassIds`, of `numClasses`. Weights count as they are, fractions too. */
export function iou(numClasses: number, targetClassIds: readonly number[], options: IoUOptions = {}): Metric {
  checkMetricOptions("iou", options, iouKeys);
  checkClasses("iou", numClasses, targetClassIds);
  const config = { num_classes: numClasses, target_class_ids: targetClassIds, ...iouConfig(options) };
  return iouMetric({ ...options, className: "IoU", numClasses, targetClassIds, config });
}

/** Intersection over union of two classes: predictions from `threshold` (0.5) on are class 1. */
export function binaryIoU(
  options: MetricOptions & {
    /** The classes whose mean is taken. Default [0, 1]. */
    readonly targetClassIds?: readonly number[];
    /** Default 0.5. */
    readonly threshold?: number;
  } = {},
): Metric {
  checkMetricOptions("binaryIoU", options, ["targetClassIds", "threshold"]);
  const { targetClassIds = [0, 1] } = options;
  checkClasses("binaryIoU", 2, targetClassIds);
  const threshold = numberIn("binaryIoU", "threshold", options.threshold ?? 0.5, 0, 1, true);
  const decide = (p: Tensor): Tensor => greaterEqual(p, threshold);
  const config = { target_class_ids: targetClassIds, threshold };
  return iouMetric({ name: options.name, className: "BinaryIoU", numClasses: 2, targetClassIds, config, decide });
}

const all = (numClasses: number): number[] => Array.from({ length: numClasses }, (_, i) => i);

/** The mean intersection over union of all classes that occur. */
export function meanIoU(numClasses: number, options: IoUOptions = {}): Metric {
  checkMetricOptions("meanIoU", options, iouKeys);
  checkClasses("meanIoU", numClasses, []);
  const config = { num_classes: numClasses, ...iouConfig(options) };
  return iouMetric({ ...options, className: "MeanIoU", numClasses, targetClassIds: all(numClasses), config });
}

type OneHotOptions = Omit<IoUOptions, "sparseYTrue">;
const oneHotKeys = iouKeys.filter((key) => key !== "sparseYTrue");
function oneHotConfig(options: OneHotOptions) {
  const { sparse_y_true: _, ...rest } = iouConfig({ ...options, sparseYPred: options.sparseYPred ?? false });
  return rest;
}

/** `iou` of one-hot targets and of scores for each class. */
export function oneHotIoU(numClasses: number, targetClassIds: readonly number[], options: OneHotOptions = {}): Metric {
  checkMetricOptions("oneHotIoU", options, oneHotKeys);
  checkClasses("oneHotIoU", numClasses, targetClassIds);
  const config = { num_classes: numClasses, target_class_ids: targetClassIds, ...oneHotConfig(options) };
  const sparse = { sparseYTrue: false, sparseYPred: options.sparseYPred ?? false };
  return iouMetric({ ...options, ...sparse, className: "OneHotIoU", numClasses, targetClassIds, config });
}

/** `meanIoU` of one-hot targets and of scores for each class. */
export function oneHotMeanIoU(numClasses: number, options: OneHotOptions = {}): Metric {
  checkMetricOptions("oneHotMeanIoU", options, oneHotKeys);
  checkClasses("oneHotMeanIoU", numClasses, []);
  const config = { num_classes: numClasses, ...oneHotConfig(options) };
  const sparse = { sparseYTrue: false, sparseYPred: options.sparseYPred ?? false };
  return iouMetric({
    ...options,
    ...sparse,
    className: "OneHotMeanIoU",
    numClasses,
    targetClassIds: all(numClasses),
    config,
  });
}

// ---- F-scores -----------------------------------------------------------------------------------------------------

const averages = ["micro", "macro", "weighted"] as const;

/** Options of `f1Score` and `fBetaScore`. */
export interface FScoreOptions extends MetricOptions {
  /**
   * How classes are joined: all decisions together ("micro"), the mean of the classes ("macro"), or the mean weighted by
   * how often they occur ("weighted"). Default null: a score for each class.
   */
  readonly average?: (typeof averages)[number] | null;
  /** What a score must exceed to count as chosen. Default null: the largest is chosen. */
  readonly threshold?: number | null;
}

/** The weighted harmonic mean of precision and recall, recall counting `beta` times. Targets are one-hot. */
export function fBetaScore(
  options: FScoreOptions & {
    /** How much recall counts against precision. Default 1. */
    readonly beta?: number;
  } = {},
): Metric {
  return score("fBetaScore", "FBetaScore", options.name ?? "fbeta_score", options, ["beta"]);
}

/** The harmonic mean of precision and recall. Targets are one-hot. */
export function f1Score(options: FScoreOptions = {}): Metric {
  return score("f1Score", "F1Score", options.name ?? "f1_score", options, []);
}

function score(
  where: string,
  className: string,
  name: string,
  options: FScoreOptions & { readonly beta?: number },
  own: readonly string[],
): Metric {
  checkMetricOptions(where, options, ["average", "threshold", ...own]);
  const { average = null, threshold = null, beta = 1 } = options;
  if (average !== null && !averages.includes(average)) {
    const expected = `${averages.map((a) => JSON.stringify(a)).join(", ")} or null`;
    throw argumentError({ where, argument: "average", value: average, expected });
  }
  if (threshold !== null && !(threshold > 0 && threshold <= 1)) {
    throw argumentError({ where, argument: "threshold", value: threshold, expected: "a number in (0, 1], or null" });
  }
  if (!(beta > 0 && Number.isFinite(beta))) {
    throw argumentError({ where, argument: "beta", value: beta, expected: "a number above 0" });
  }
  const label = `metric "${name}"`;
  return {
    className,
    name,
    config: { name, average, threshold, ...(own.length > 0 ? { beta } : {}) },
    direction: "up",
    sums: (t, p, weight) => {
      requireSameShape(label, t, p);
      if (p.shape.length !== 1) {
        const got = `predictions of shape ${showShape(p.shape, true)}`;
        throw shapeError({ where: label, got, expected: "(None, classes)", fix: "Flatten the output." });
      }
      const largest = multiply(equal(p, max(p, lastAxis(p), true)), greater(absolute(p), 1e-9));
      const chosen = threshold === null ? largest : greater(p, threshold);
      const w = weight && alignWeight(label, weight, p.shape);
      const over = average === "micro" ? allAxes(p) : [];
      const parts = [multiply(chosen, t), multiply(chosen, subtract(1, t)), multiply(subtract(1, chosen), t), t];
      return parts.map((x) => sum(w ? multiply(x, w) : x, over));
    },
    result: ([tp, fp, fn, occurs]: Sums) => {
      const scores = Array.from(tp, (n, i) => {
        const precision = n / (n + fp[i] + epsilon);
        const recall = n / (n + fn[i] + epsilon);
        return ((precision * recall) / (beta * beta * precision + recall + epsilon)) * (1 + beta * beta);
      });
      if (average === "weighted") return add(scores.map((s, i) => s * (occurs[i] / (add([...occurs]) + epsilon))));
      return average === null ? scores : add(scores) / scores.length;
    },
  };
}
