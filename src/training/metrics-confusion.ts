/**
 * Metrics of right and wrong decisions at thresholds: counts, precision, recall, and one of these where the other is
 * good enough. A prediction is positive when it lies strictly above the threshold.
 */
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { snakeCase } from "../layers/options.ts";
import {
  add,
  constantTensor,
  equal,
  greater,
  maximum,
  minimum,
  multiply,
  reshape,
  slice,
  subtract,
  sum,
} from "../ops/index.ts";
import { allAxes, numbersTo, requireSameShape, weightOfCells } from "./align.ts";
import { checkMetricOptions, type Metric, type MetricOptions, ratio, type Sums } from "./metric.ts";
import { numberIn, wholeNumber } from "./options.ts";

/** Which predictions are looked at, and how. */
export interface Decisions {
  /** Ascending. */
  readonly thresholds: readonly number[];
  /** Counts for each label (the last axis) by itself. */
  readonly byLabel?: boolean;
  readonly labelWeights?: readonly number[];
  readonly topK?: number;
  readonly classId?: number;
}

const epsilon = 1e-7;
/** What a prediction becomes that is not among the largest. */
const never = -1e10;

/** Whether thresholds lie at 0, 1/n, 2/n, …, 1, give or take 1e-7 at the ends. */
function isEven(thresholds: readonly number[]): boolean {
  const n = thresholds.length - 1;
  return n >= 2 && thresholds.every((t, i) => Math.abs(t - i / n) <= epsilon + (1e-5 * i) / n);
}

/** 1 where a prediction (…, 1) lies above each threshold. Even ones are found by multiplying, as Keras does. */
function above(predictions: Tensor, thresholds: readonly number[]): Tensor {
  const n = thresholds.length;
  if (!isEven(thresholds)) {
    return greater(predictions, constantTensor({ data: Float32Array.from(thresholds), shape: [n] }));
  }
  const place = multiply(minimum(maximum(predictions, 0), 1), n - 1);
  if (thresholds[0] >= 0) return greater(place, numbersTo(n));
  // Everything lies above a threshold just below 0.
  const first = Float32Array.from({ length: n }, (_, i) => (i === 0 ? -1 : i));
  return greater(place, constantTensor({ data: first, shape: [n] }));
}

/** The `k` largest on the last axis (of equal ones the first) as they are, everything else as never positive. */
function onlyTop(x: Tensor, k: number): Tensor {
  const n = x.shape[x.shape.length - 1];
  const [self, others] = [reshape(x, [...x.shape, 1]), reshape(x, [...x.shape.slice(0, -1), 1, n])];
  const isBefore = Float32Array.from({ length: n * n }, (_, i) => (i % n < Math.floor(i / n) ? 1 : 0));
  const tie = multiply(equal(others, self), constantTensor({ data: isBefore, shape: [n, n] }));
  const ahead = sum(maximum(greater(others, self), tie), [x.shape.length]);
  const isTop = greater(k, ahead);
  return add(multiply(x, isTop), multiply(never, subtract(1, isTop)));
}

function oneClass(where: string, x: Tensor, classId: number): Tensor {
  const rank = x.shape.length;
  const classes = x.shape[rank - 1] ?? 0;
  if (classId >= classes) {
    throw argumentError({ where, argument: "classId", value: classId, expected: `a class below ${classes}` });
  }
  const start = x.shape.map((_, i) => (i === rank - 1 ? classId : 0));
  return slice(x, { start, size: [...x.shape.slice(0, -1), 1] });
}

/** True and false positives at each threshold, and all positives and negatives, of one sample: four sums. */
export function confusionSums(
  where: string,
  target: Tensor,
  prediction: Tensor,
  weight: Tensor | undefined,
  decisions: Decisions,
): Tensor[] {
  const { thresholds, byLabel = false, labelWeights, topK, classId } = decisions;
  requireSameShape(where, target, prediction);
  const [t, p] = [target, topK === undefined ? prediction : onlyTop(prediction, topK)].map((x) =>
    classId === undefined ? x : oneClass(where, x, classId),
  );
  const positive = subtract(1, equal(t, 0));
  const factors: Tensor[] = [];
  if (weight !== undefined) factors.push(weightOfCells(where, weight, t.shape));
  if (labelWeights !== undefined && !byLabel) {
    factors.push(constantTensor({ data: Float32Array.from(labelWeights), shape: [labelWeights.length] }));
  }
  const times = (x: Tensor): Tensor => factors.reduce((product, factor) => multiply(product, factor), x);
  const [yes, no] = [times(positive), times(subtract(1, positive))];
  // Labels stay apart only where each has counts of its own.
  const cells = t.shape.reduce((n, size) => n * size, 1);
  const columns = byLabel ? t.shape[t.shape.length - 1] : 1;
  const rows = (x: Tensor): Tensor => reshape(x, [cells / columns, columns, 1]);
  const isAbove = above(rows(p), thresholds);
  const counts = (x: Tensor): Tensor => sum(multiply(isAbove, rows(x)), [0]);
  const totals = (x: Tensor): Tensor => (byLabel ? sum(rows(x), [0, 2]) : sum(x, allAxes(x)));
  return [counts(yes), counts(no), totals(yes), totals(no)];
}

/** The four counts at every threshold, of one label. */
export interface Counts {
  readonly tp: number[];
  readonly fp: number[];
  readonly tn: number[];
  readonly fn: number[];
}

/** The counts of label `label` from the sums. */
export function countsOf([above, falsely, positives, negatives]: Sums, n: number, label = 0): Counts {
  const tp = Array.from(above.subarray(label * n, (label + 1) * n));
  const fp = Array.from(falsely.subarray(label * n, (label + 1) * n));
  return { tp, fp, tn: fp.map((v) => negatives[label] - v), fn: tp.map((v) => positives[label] - v) };
}

/** `snake_case` of the class, as Keras names metrics that have no other default. */
const nameOf = (className: string, options: MetricOptions): string => options.name ?? snakeCase(className);

/** Thresholds as an option: one, or several in [0, 1]. */
function readThresholds(
  where: string,
  given: number | readonly number[] | null | undefined,
  missing: number,
): number[] {
  if (given === undefined || given === null) return [missing];
  const list = typeof given === "number" ? [given] : [...given];
  if (list.length === 0) {
    throw argumentError({ where, argument: "thresholds", value: given, expected: "a number, or a list of numbers" });
  }
  for (const value of list) numberIn(where, "thresholds", value, 0, 1, true);
  return list;
}

const oneOrAll = (values: readonly number[]): number | readonly number[] => (values.length === 1 ? values[0] : values);

/** Options of the four counts of decisions. */
export interface CountOptions extends MetricOptions {
  /** One, or several: then there is a value for each. Default 0.5. */
  readonly thresholds?: number | readonly number[];
}

const counter =
  (where: string, className: string, which: keyof Counts) =>
  (options: CountOptions = {}): Metric => {
    checkMetricOptions(where, options, ["thresholds"]);
    const thresholds = readThresholds(where, options.thresholds, 0.5);
    const name = nameOf(className, options);
    return {
      className,
      name,
      config: { name, thresholds: options.thresholds ?? null },
      sums: (t, p, weight) => confusionSums(`metric "${name}"`, t, p, weight, { thresholds }),
      result: (sums) => oneOrAll(countsOf(sums, thresholds.length)[which]),
    };
  };

/** How many positives were found (with sample weights: their sum). */
export const truePositives = counter("truePositives", "TruePositives", "tp");
/** How many negatives were taken for positives. */
export const falsePositives = counter("falsePositives", "FalsePositives", "fp");
/** How many negatives were left alone. */
export const trueNegatives = counter("trueNegatives", "TrueNegatives", "tn");
/** How many positives were missed. */
export const falseNegatives = counter("falseNegatives", "FalseNegatives", "fn");

/** Options of `precision` and `recall`. */
export interface PrecisionOptions extends CountOptions {
  /** Only the `topK` largest predictions of a sample are positive. */
  readonly topK?: number;
  /** Only this class (on the last axis) counts. */
  readonly classId?: number;
}

const share =
  (where: string, className: string, value: (tp: number, counts: { fp: number; fn: number }) => number) =>
  (options: PrecisionOptions = {}): Metric => {
    checkMetricOptions(where, options, ["thresholds", "topK", "classId"]);
    const { topK, classId } = options;
    if (topK !== undefined) wholeNumber(where, "topK", topK);
    if (classId !== undefined) wholeNumber(where, "classId", classId, 0);
    const thresholds = readThresholds(where, options.thresholds, topK === undefined ? 0.5 : never);
    const name = nameOf(className, options);
    return {
      className,
      name,
      config: { name, thresholds: options.thresholds ?? null, top_k: topK ?? null, class_id: classId ?? null },
      direction: "up",
      sums: (t, p, weight) => confusionSums(`metric "${name}"`, t, p, weight, { thresholds, topK, classId }),
      result: (sums) => {
        const { tp, fp, fn } = countsOf(sums, thresholds.length);
        return oneOrAll(tp.map((n, i) => value(n, { fp: fp[i], fn: fn[i] })));
      },
    };
  };

/** Of what was taken for positive, the share that is. */
export const precision = share("precision", "Precision", (tp, { fp }) => ratio(tp, tp + fp));
/** Of what is positive, the share that was found. */
export const recall = share("recall", "Recall", (tp, { fn }) => ratio(tp, tp + fn));

/** Options of metrics of one rate at another. */
export interface AtOptions extends MetricOptions {
  /** Default 200: 0, 1/199, …, 1. */
  readonly numThresholds?: number;
  /** Only this class (on the last axis) counts. */
  readonly classId?: number;
}

type Rate = (counts: { tp: number; fp: number; tn: number; fn: number }) => number;
const sensitivity: Rate = ({ tp, fn }) => ratio(tp, tp + fn);
const specificity: Rate = ({ tn, fp }) => ratio(tn, tn + fp);
const precisionOf: Rate = ({ tp, fp }) => ratio(tp, tp + fp);

const bestWhere =
  (where: string, className: string, argument: string, held: Rate, wanted: Rate) =>
  (least: number, options: AtOptions = {}): Metric => {
    checkMetricOptions(where, options, ["numThresholds", "classId"]);
    numberIn(where, argument, least, 0, 1, true);
    const n = wholeNumber(where, "numThresholds", options.numThresholds ?? 200);
    const { classId } = options;
    if (classId !== undefined) wholeNumber(where, "classId", classId, 0);
    const thresholds = n === 1 ? [0.5] : Array.from({ length: n }, (_, i) => i / (n - 1));
    const name = nameOf(className, options);
    return {
      className,
      name,
      config: { name, num_thresholds: n, [argument]: least, class_id: classId ?? null },
      direction: "up",
      sums: (t, p, weight) => confusionSums(`metric "${name}"`, t, p, weight, { thresholds, classId }),
      result: (sums) => {
        const { tp, fp, tn, fn } = countsOf(sums, n);
        const at = thresholds.map((_, i) => ({ tp: tp[i], fp: fp[i], tn: tn[i], fn: fn[i] }));
        return Math.max(0, ...at.filter((c) => Math.fround(held(c)) >= Math.fround(least)).map(wanted));
      },
    };
  };

/** The best share of positives found where at least `specificity` of the negatives are left alone. */
export const sensitivityAtSpecificity = bestWhere(
  "sensitivityAtSpecificity",
  "SensitivityAtSpecificity",
  "specificity",
  specificity,
  sensitivity,
);
/** The best share of negatives left alone where at least `sensitivity` of the positives are found. */
export const specificityAtSensitivity = bestWhere(
  "specificityAtSensitivity",
  "SpecificityAtSensitivity",
  "sensitivity",
  sensitivity,
  specificity,
);
/** The best precision where recall is at least `recall`. */
export const precisionAtRecall = bestWhere(
  "precisionAtRecall",
  "PrecisionAtRecall",
  "recall",
  sensitivity,
  precisionOf,
);
/** The best recall where precision is at least `precision`. */
export const recallAtPrecision = bestWhere(
  "recallAtPrecision",
  "RecallAtPrecision",
  "precision",
  precisionOf,
  sensitivity,
);
