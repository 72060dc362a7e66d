/** The area under a curve of decisions over all thresholds. */
import { argumentError } from "../core/errors.ts";
import { checkBoolean } from "../layers/options.ts";
import { sigmoid } from "../ops/index.ts";
import { checkMetricOptions, type Metric, type MetricOptions, ratio, type Sums } from "./metric.ts";
import { type Counts, confusionSums, countsOf } from "./metrics-confusion.ts";
import { numberIn, wholeNumber } from "./options.ts";

const epsilon = 1e-7;
const curves = ["ROC", "PR", "PRGAIN"] as const;
const methods = ["interpolation", "minoring", "majoring"] as const;

/** Options of `auc`. */
export interface AUCOptions extends MetricOptions {
  /** How finely the curve is sampled. Default 200. */
  readonly numThresholds?: number;
  /** Found positives over false alarms ("ROC", the default), precision over recall, or their gains. */
  readonly curve?: (typeof curves)[number];
  /** Between two thresholds: the middle ("interpolation", the default), or the lower or higher of the two. */
  readonly summationMethod?: (typeof methods)[number];
  /** Thresholds of your own in [0, 1], in place of `numThresholds`. */
  readonly thresholds?: readonly number[];
  /** A curve for each label (the last axis), and the mean of the areas. Default false: all labels in one curve. */
  readonly multiLabel?: boolean;
  /** How many labels there are, where files say so. */
  readonly numLabels?: number;
  /** How much each label counts. */
  readonly labelWeights?: readonly number[];
  /** Predictions are logits. */
  readonly fromLogits?: boolean;
}

const keys = [
  "numThresholds",
  "curve",
  "summationMethod",
  "thresholds",
  "multiLabel",
  "numLabels",
  "labelWeights",
  "fromLogits",
];

function choice<T extends string>(argument: string, value: string, choices: readonly T[]): T {
  const found = choices.find((c) => c.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  const expected = `one of ${choices.map((c) => JSON.stringify(c)).join(", ")}`;
  throw argumentError({ where: "auc", argument, value, expected });
}

/** The area under a curve over all thresholds, 0.5 for guessing and 1 for no mistake (ROC). */
export function auc(options: AUCOptions = {}): Metric {
  checkMetricOptions("auc", options, keys);
  const { name = "auc", labelWeights, numLabels } = options;
  const curve = choice("curve", options.curve ?? "ROC", curves);
  const method = choice("summationMethod", options.summationMethod ?? "interpolation", methods);
  const multiLabel = checkBoolean("auc", "multiLabel", options.multiLabel ?? false);
  const fromLogits = checkBoolean("auc", "fromLogits", options.fromLogits ?? false);
  if (numLabels !== undefined && !multiLabel) {
    throw argumentError({
      where: "auc",
      argument: "numLabels",
      value: numLabels,
      expected: "nothing without multiLabel",
    });
  }
  const count = wholeNumber("auc", "numThresholds", options.numThresholds ?? 200, 2);
  const inner = options.thresholds
    ? options.thresholds.map((t) => numberIn("auc", "thresholds", t, 0, 1, true)).sort((a, b) => a - b)
    : Array.from({ length: count - 2 }, (_, i) => (i + 1) / (count - 1));
  const thresholds = [-epsilon, ...inner, 1 + epsilon];
  const n = thresholds.length;
  const area = (counts: Counts): number =>
    curve === "PR" && method === "interpolation" ? interpolatedArea(counts) : riemann(counts, curve, method);
  return {
    className: "AUC",
    name,
    config: {
      name,
      num_thresholds: n,
      curve,
      summation_method: method,
      multi_label: multiLabel,
      num_labels: numLabels ?? null,
      label_weights: labelWeights ?? null,
      from_logits: fromLogits,
      ...(options.thresholds ? { thresholds: inner } : {}),
    },
    direction: "up",
    sums: (t, p, weight) => {
      const decisions = { thresholds, byLabel: multiLabel, labelWeights };
      return confusionSums(`metric "${name}"`, t, fromLogits ? sigmoid(p) : p, weight, decisions);
    },
    result: (sums: Sums) => {
      if (!multiLabel) return area(countsOf(sums, n));
      const areas = Array.from({ length: sums[2].length }, (_, label) => area(countsOf(sums, n, label)));
      const weights = labelWeights ?? areas.map(() => 1);
      const add = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      return ratio(add(areas.map((a, i) => a * weights[i])), add(weights));
    },
  };
}

/** The area as strips between neighbouring thresholds. */
function riemann(
  { tp, fp, tn, fn }: Counts,
  curve: AUCOptions["curve"],
  method: AUCOptions["summationMethod"],
): number {
  const recall = tp.map((v, i) => ratio(v, v + fn[i]));
  const gain = (wrong: readonly number[], empty: number): number[] =>
    tp.map((v, i) => (v === 0 ? empty : 1 - (ratio(v + fn[i], tn[i] + fp[i]) * wrong[i]) / v));
  const [x, y] = {
    ROC: () => [fp.map((v, i) => ratio(v, v + tn[i])), recall],
    PR: () => [recall, tp.map((v, i) => ratio(v, v + fp[i]))],
    PRGAIN: () => [gain(fn, 0).map((v) => Math.max(v, 0)), gain(fp, 1)],
  }[curve ?? "ROC"]();
  let area = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [y[i], y[i + 1]];
    const height = method === "interpolation" ? (a + b) / 2 : method === "minoring" ? Math.min(a, b) : Math.max(a, b);
    area += (x[i] - x[i + 1]) * height;
  }
  return area;
}

/** Precision over recall, where between two thresholds it is true positives that grow evenly, not precision. */
function interpolatedArea({ tp, fp, fn }: Counts): number {
  const all = tp.map((v, i) => v + fp[i]);
  let area = 0;
  for (let i = 0; i + 1 < tp.length; i++) {
    const found = tp[i] - tp[i + 1];
    const slope = ratio(found, Math.max(all[i] - all[i + 1], 0));
    const intercept = tp[i + 1] - slope * all[i + 1];
    const growth = all[i] > 0 && all[i + 1] > 0 ? all[i] / all[i + 1] : 1;
    area += ratio(slope * (found + intercept * Math.log(growth)), Math.max(tp[i + 1] + fn[i + 1], 0));
  }
  return area;
}
