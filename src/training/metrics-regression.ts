/** Metrics between numbers: means of losses, and measures that need more than a mean. */

import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { epsilon } from "../functions/crossentropy.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, batchSize, broadcastTo, divide, mean, multiply, squareRoot, subtract } from "../ops/index.ts";
import { axisOf, requireSameShape, weightOfCells } from "./align.ts";
import { metricJudge } from "./judge.ts";
import type { LossFunction } from "./loss.ts";
import * as losses from "./losses.ts";
import { cosine, square } from "./losses-regression.ts";
import {
  checkMetricOptions,
  type MeanMetric,
  type Metric,
  type MetricOptions,
  meanMetric,
  meanSums,
  ofLoss,
  ratio,
} from "./metric.ts";
import { wholeNumber } from "./options.ts";

/** The mean of a loss without arguments. */
const plain = (where: string, make: () => losses.Loss, direction?: "down") =>
  metricJudge(where, (options: MetricOptions = {}) => {
    checkMetricOptions(where, options);
    return ofLoss(make(), options, direction);
  });

/** The mean of (t − p)² over all samples. */
export const meanSquaredError = plain("meanSquaredError", losses.meanSquaredError, "down");
/** The mean of |t − p| over all samples. */
export const meanAbsoluteError = plain("meanAbsoluteError", losses.meanAbsoluteError, "down");
/** The mean of 100·|t − p| / max(|t|, 1e-7) over all samples. */
export const meanAbsolutePercentageError = plain(
  "meanAbsolutePercentageError",
  losses.meanAbsolutePercentageError,
  "down",
);
/** The mean of (ln(p + 1) − ln(t + 1))² over all samples. */
export const meanSquaredLogarithmicError = plain(
  "meanSquaredLogarithmicError",
  losses.meanSquaredLogarithmicError,
  "down",
);
/** The mean of Σ t·ln(t/p) over all samples. */
export const klDivergence = plain("klDivergence", losses.klDivergence);
/** The mean of p − t·ln(p + 1e-7) over all samples. */
export const poisson = plain("poisson", losses.poisson);
/** The mean of max(1 − t·p, 0) over all samples. */
export const hinge = plain("hinge", losses.hinge, "down");
/** The mean of max(1 − t·p, 0)² over all samples. */
export const squaredHinge = plain("squaredHinge", losses.squaredHinge, "down");
/** The mean over all samples of max(0, max((1 − t)·p) − Σ t·p + 1). */
export const categoricalHinge = plain("categoricalHinge", losses.categoricalHinge, "down");

/** The mean of ln cosh(p − t). */
export const logCoshError = metricJudge("logCoshError", (options: MetricOptions = {}) => {
  checkMetricOptions("logCoshError", options);
  return { ...ofLoss(losses.logCosh(), { name: options.name ?? "logcosh" }), className: "LogCoshError" };
});

type Own<Options> = Omit<Options, keyof losses.LossOptions> & MetricOptions;

/** The mean of −t·ln p − (1 − t)·ln(1 − p) over all samples. */
export const binaryCrossentropy = metricJudge(
  "binaryCrossentropy",
  (options: Omit<Own<losses.CrossentropyOptions>, "axis"> = {}) => ofLoss(losses.binaryCrossentropy(options), options),
);
/** The mean of −Σ t·ln p over all samples; targets are one-hot. */
export const categoricalCrossentropy = metricJudge(
  "categoricalCrossentropy",
  (options: Own<losses.CrossentropyOptions> = {}) => ofLoss(losses.categoricalCrossentropy(options), options),
);
/** The mean of −ln p of the target's class over all samples; targets are class numbers. */
export const sparseCategoricalCrossentropy = metricJudge(
  "sparseCategoricalCrossentropy",
  (options: Own<losses.SparseCrossentropyOptions> = {}) =>
    ofLoss(losses.sparseCategoricalCrossentropy(options), options),
);

/** The square root of the mean of (t − p)². */
export function rootMeanSquaredError(options: MetricOptions = {}): Metric {
  checkMetricOptions("rootMeanSquaredError", options);
  const name = options.name ?? "root_mean_squared_error";
  const where = `metric "${name}"`;
  return {
    className: "RootMeanSquaredError",
    name,
    config: { name },
    direction: "down",
    sums: (t, p, weight) => {
      requireSameShape(where, t, p);
      return meanSums(where, square(subtract(p, t)), weight);
    },
    result: ([total, count]) => Math.sqrt(ratio(total[0], count[0])),
  };
}

/** Options of metrics between vectors. */
export interface AxisOptions extends MetricOptions {
  /** The axis of the vectors, the batch being 0. Default −1. */
  readonly axis?: number;
}

/** A mean of something between vectors along an axis. */
function alongAxis(
  where: string,
  className: string,
  defaultName: string,
  options: AxisOptions,
  make: (where: string, axis: number) => LossFunction,
): MeanMetric {
  checkMetricOptions(where, options, ["axis"]);
  const { name = defaultName, axis = -1 } = options;
  return meanMetric({ className, name, config: { name, axis }, direction: "up" }, make(`metric "${name}"`, axis));
}

/** The cosine of the angle between target and prediction: 1 where they point the same way. */
export const cosineSimilarity = metricJudge("cosineSimilarity", (options: AxisOptions = {}) =>
  alongAxis("cosineSimilarity", "CosineSimilarity", "cosine_similarity", options, cosine),
);

/** Mean and variance along an axis, kept as an axis of 1. */
function moments(x: Tensor, axis: number): { mean: Tensor; variance: Tensor } {
  const average = mean(x, [axis], true);
  return { mean: average, variance: mean(square(subtract(x, average)), [axis], true) };
}

/** Pearson's correlation of target and prediction along an axis; NaN where one of them does not vary. */
export const pearsonCorrelation = metricJudge("pearsonCorrelation", (options: AxisOptions = {}) =>
  alongAxis("pearsonCorrelation", "PearsonCorrelation", "pearson_correlation", options, (where, axis) => (t, p) => {
    requireSameShape(where, t, p);
    const own = axisOf(where, axis, p);
    const [u, v] = [t, p].map((x) => {
      const m = moments(x, own);
      return divide(subtract(x, m.mean), squareRoot(m.variance));
    });
    return mean(multiply(u, v), [own]);
  }),
);

/** Lin's concordance correlation of target and prediction along an axis, as Keras computes it. */
export const concordanceCorrelation = metricJudge("concordanceCorrelation", (options: AxisOptions = {}) => {
  const make = (where: string, axis: number): LossFunction => {
    return (t, p) => {
      requireSameShape(where, t, p);
      const own = axisOf(where, axis, p);
      const [of, to] = [moments(t, own), moments(p, own)];
      // Keras takes both deviations from the mean of the predictions; the difference averages out.
      const both = multiply(subtract(t, to.mean), subtract(p, to.mean));
      const norm = add(add(of.variance, to.variance), square(subtract(of.mean, to.mean)));
      return mean(divide(multiply(2, both), add(norm, epsilon)), [own]);
    };
  };
  return alongAxis("concordanceCorrelation", "ConcordanceCorrelation", "concordance_correlation", options, make);
});

/** Options of `r2Score`. */
export interface R2Options extends MetricOptions {
  /** How the scores of several outputs are joined; null: they are given one by one. Default `"uniform_average"`. */
  readonly classAggregation?: "uniform_average" | "variance_weighted_average" | null;
  /** Independent variables, for the adjusted score. Default 0: not adjusted. */
  readonly numRegressors?: number;
}

/** The coefficient of determination: 1 − Σ(t − p)² / Σ(t − mean)². For predictions (None, outputs). */
export function r2Score(options: R2Options = {}): Metric {
  checkMetricOptions("r2Score", options, ["classAggregation", "numRegressors"]);
  const { name = "r2_score", classAggregation = "uniform_average" } = options;
  const numRegressors = wholeNumber("r2Score", "numRegressors", options.numRegressors ?? 0, 0);
  if (classAggregation !== null && !["uniform_average", "variance_weighted_average"].includes(classAggregation)) {
    const expected = '"uniform_average", "variance_weighted_average" or null';
    throw argumentError({ where: "r2Score", argument: "classAggregation", value: classAggregation, expected });
  }
  const where = `metric "${name}"`;
  return {
    className: "R2Score",
    name,
    config: { name, class_aggregation: classAggregation, num_regressors: numRegressors },
    direction: "up",
    sums: (t, p, weight) => {
      requireSameShape(where, t, p);
      if (p.shape.length !== 1) {
        const got = `predictions of shape ${showShape(p.shape, true)}`;
        throw shapeError({ where, got, expected: "(None, outputs)", fix: "Flatten the output." });
      }
      const w = weight === undefined ? undefined : weightOfCells(where, weight, p.shape);
      const times = (x: Tensor): Tensor => (w === undefined ? x : multiply(x, w));
      const counts = w ?? broadcastTo(batchSize(), p.shape);
      const samples = multiply(batchSize(), p.shape[0]);
      return [times(t), times(square(t)), times(square(subtract(t, p))), counts, samples];
    },
    result: ([sum, squares, residual, count, samples]) => {
      const total = Array.from(sum, (s, i) => squares[i] - (s * s) / count[i]);
      const scores = total.map((t, i) => {
        const score = 1 - residual[i] / t;
        return Number.isFinite(score) || Number.isNaN(score) ? score : 0;
      });
      const adjust = (score: number): number => {
        const free = samples[0] - numRegressors - 1;
        return numRegressors === 0 || free <= 0 ? score : 1 - ((1 - score) * (samples[0] - 1)) / free;
      };
      const add = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
      if (classAggregation === null) return scores.map(adjust);
      if (classAggregation === "uniform_average") return adjust(add(scores) / scores.length);
      return adjust(add(scores.map((s, i) => s * total[i])) / add(total));
    },
  };
}
