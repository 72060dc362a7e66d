/**
 * What a metric is: sums over the samples, added up where the model runs, and a value that follows from them. Values of
 * batches are never averaged, so the size of a batch does not matter.
 */
import { sizeOf } from "../core/array.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkName, checkOptions } from "../layers/options.ts";
import { batchSize, constantTensor, mean, multiply, sum, sumSamples } from "../ops/index.ts";
import { alignRanks, alignWeight, allAxes, weightOfCells } from "./align.ts";
import type { LabelRule } from "./labels.ts";
import { type Loss, type LossFunction, requireTensor } from "./loss.ts";

/** The cells of each sum, in float64. */
export type Sums = readonly Float64Array[];

/** A metric, as the functions of `metrics` make it: sums over all samples, and a value from these. */
export interface Metric {
  /** The name of its class in Keras. */
  readonly className: string;
  /** The name in the history. */
  readonly name: string;
  /** The arguments in Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether more is better; nothing where neither is. */
  readonly direction?: "up" | "down";
  /** Where its targets are class numbers: which. */
  readonly labels?: LabelRule;
  /**
   * What is added up: tensors of a sample, which are summed over all samples, or shared ones, which count once a batch.
   *
   * @param weight - the weight of a sample, or of parts of it, for a weighted metric with sample weights.
   */
  sums(target: Tensor, prediction: Tensor, weight: Tensor | undefined): readonly Tensor[];
  /** The value from all sums: a number, or one for each class or threshold. */
  result(sums: Sums): number | readonly number[];
}

/** A metric that is the mean of values. */
export interface MeanMetric extends Metric {
  /** The values, for each sample. */
  readonly values: LossFunction;
}

/** What every metric takes. */
export interface MetricOptions {
  /** The name in the history. Default: after the metric. */
  readonly name?: string;
}

/** `a / b`, and 0 where `b` is 0. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/** Checks options: `name` and the metric's own. */
export function checkMetricOptions(where: string, options: object, own: readonly string[] = []): void {
  checkOptions(where, options, ["name", ...own]);
  checkName(where, (options as MetricOptions).name);
}

/** Averages over all cells but the samples. */
const meanOfCells = (x: Tensor): Tensor => (x.shape.length === 0 ? x : mean(x, allAxes(x)));

/**
 * Σ w·v and Σ w over the samples, where v is the mean of a sample's values; w is 1 without weights.
 *
 * A shared value counts as one for each batch.
 */
export function meanSums(where: string, values: Tensor, weight: Tensor | undefined): Tensor[] {
  if (!values.perSample) return [meanOfCells(values), constantTensor(1)];
  if (weight === undefined) return [meanOfCells(values), batchSize()];
  const aligned = alignWeight(where, weight, values.shape);
  // Weights of fewer axes weigh the means of what they have no axes for.
  const rank = Math.min(weight.shape.length, values.shape.length);
  const parts = values.shape.length > rank ? mean(values, allAxes(values).slice(rank)) : values;
  const w = weightOfCells(where, weight.shape.length > rank ? aligned : weight, parts.shape);
  return [meanOfCells(multiply(parts, w)), meanOfCells(w)];
}

/** A metric that is the mean of values. */
export function meanMetric(
  parts: Pick<Metric, "className" | "name" | "config" | "direction" | "labels">,
  call: LossFunction,
  mask?: LossFunction,
): MeanMetric {
  const where = `metric "${parts.name}"`;
  return {
    ...parts,
    values: call,
    sums: (t, p, weight) => {
      const values = requireTensor(where, call(t, p));
      if (weight === undefined || mask === undefined) return meanSums(where, values, weight);
      return meanSums(where, values, multiply(weightOfCells(where, weight, values.shape), mask(t, p)));
    },
    result: ([total, count]) => ratio(total[0], count[0]),
  };
}

/** A metric that is the mean of a loss. */
export function ofLoss(
  loss: Loss,
  options: MetricOptions = {},
  direction: "up" | "down" | undefined = "down",
): MeanMetric {
  const { className } = loss;
  const name = options.name ?? loss.name;
  // Of a metric Keras knows no reduction, and of this one no axis.
  const foreign = className === "BinaryCrossentropy" ? ["reduction", "axis"] : ["reduction"];
  const config = Object.fromEntries(Object.entries(loss.config).filter(([key]) => !foreign.includes(key)));
  const parts = { className, name, config: { ...config, name }, direction, labels: loss.labels };
  return meanMetric(parts, loss.call, loss.mask);
}

/** The mean of what a function of your own gives for targets and predictions. */
export function meanMetricWrapper(fn: LossFunction, options: MetricOptions = {}): Metric {
  checkMetricOptions("meanMetricWrapper", options);
  const name = options.name ?? (fn.name || "mean_metric_wrapper");
  return meanMetric({ className: "MeanMetricWrapper", name, config: { name }, direction: undefined }, fn);
}

/** The sum, over all samples and cells, of what a function of your own gives for targets and predictions. */
export function sumMetricWrapper(fn: LossFunction, options: MetricOptions = {}): Metric {
  checkMetricOptions("sumMetricWrapper", options);
  const name = options.name ?? (fn.name || "sum");
  return {
    className: "Sum",
    name,
    config: { name },
    sums: (t, p, weight) => {
      const values = requireTensor(`metric "${name}"`, fn(t, p));
      const product = weight ? multiply(values, weightOfCells(`metric "${name}"`, weight, values.shape)) : values;
      return [sum(product, allAxes(product))];
    },
    result: ([total]) => total[0],
  };
}

/** The sums of a metric over a batch, tensors that the samples share. */
export function metricTotals(metric: Metric, target: Tensor, prediction: Tensor, weight?: Tensor): Tensor[] {
  const sums = metric.sums(...alignRanks(target, prediction), weight);
  return sums.map((x) => (x.perSample ? sumSamples(x) : x));
}

/** Where in the totals of a step the sums of a value lie, and how it follows from them. */
export interface Report {
  /** The name in the history. */
  readonly name: string;
  /** How many numbers each sum has. */
  readonly sizes: readonly number[];
  /** The value from the sums. */
  result(sums: Sums): number | readonly number[];
}

export const reportOf = (name: string, totals: readonly Tensor[], result: Report["result"]): Report => ({
  name,
  sizes: totals.map((t) => sizeOf(t.shape)),
  result,
});

/** All values by name, in order. A value for each class or threshold becomes `name_0`, `name_1`, … */
export function reportedValues(reports: readonly Report[], totals: Float64Array): Record<string, number> {
  const values: Record<string, number> = {};
  let at = 0;
  for (const { name, sizes, result } of reports) {
    const sums = sizes.map((size) => {
      at += size;
      return totals.subarray(at - size, at);
    });
    const value = result(sums);
    if (typeof value === "number") values[name] = value;
    else
      value.forEach((v, i) => {
        values[`${name}_${i}`] = v;
      });
  }
  return values;
}
