/** Metrics by the names Keras knows them under. What they compute is loaded when the first of them is used. */
import { argumentError, unknownName } from "../core/errors.ts";
import type { LossFunction } from "./loss.ts";
import { type Metric, meanMetricWrapper } from "./metric.ts";
import { shownNames } from "./options.ts";

/** Makes a metric without arguments. */
type Maker = () => Metric;

const named = <const K extends string, const N extends string>(key: K, names: readonly N[]) => ({ key, names });

/** Every metric that needs no argument, as `metrics-named.ts` exports it, by the names Keras knows it under. */
const metrics = [
  named("automaticAccuracy", ["accuracy", "acc", "Accuracy"]),
  named("binaryAccuracy", ["binary_accuracy", "BinaryAccuracy"]),
  named("categoricalAccuracy", ["categorical_accuracy", "CategoricalAccuracy"]),
  named("sparseCategoricalAccuracy", ["sparse_categorical_accuracy", "SparseCategoricalAccuracy"]),
  named("topKCategoricalAccuracy", ["top_k_categorical_accuracy", "TopKCategoricalAccuracy"]),
  named("sparseTopKCategoricalAccuracy", ["sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"]),
  named("meanSquaredError", ["mean_squared_error", "mse", "MSE", "MeanSquaredError"]),
  named("rootMeanSquaredError", ["root_mean_squared_error", "RootMeanSquaredError"]),
  named("meanAbsoluteError", ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"]),
  named("meanAbsolutePercentageError", [
    "mean_absolute_percentage_error",
    "mape",
    "MAPE",
    "MeanAbsolutePercentageError",
  ]),
  named("meanSquaredLogarithmicError", [
    "mean_squared_logarithmic_error",
    "msle",
    "MSLE",
    "MeanSquaredLogarithmicError",
  ]),
  named("cosineSimilarity", ["cosine_similarity", "CosineSimilarity"]),
  named("logCoshError", ["log_cosh_error", "LogCoshError"]),
  named("r2Score", ["r2_score", "R2Score"]),
  named("pearsonCorrelation", ["pearson_correlation", "PearsonCorrelation"]),
  named("concordanceCorrelation", ["concordance_correlation", "ConcordanceCorrelation"]),
  named("binaryCrossentropy", ["binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"]),
  named("categoricalCrossentropy", ["categorical_crossentropy", "CategoricalCrossentropy"]),
  named("sparseCategoricalCrossentropy", ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"]),
  named("klDivergence", ["kl_divergence", "KLDivergence"]),
  named("poisson", ["poisson", "Poisson"]),
  named("hinge", ["hinge", "Hinge"]),
  named("squaredHinge", ["squared_hinge", "SquaredHinge"]),
  named("categoricalHinge", ["categorical_hinge", "CategoricalHinge"]),
  named("truePositives", ["true_positives", "TruePositives"]),
  named("falsePositives", ["false_positives", "FalsePositives"]),
  named("trueNegatives", ["true_negatives", "TrueNegatives"]),
  named("falseNegatives", ["false_negatives", "FalseNegatives"]),
  named("precision", ["precision", "Precision"]),
  named("recall", ["recall", "Recall"]),
  named("auc", ["auc", "AUC"]),
  named("f1Score", ["f1_score", "F1Score"]),
  named("fBetaScore", ["f_beta_score", "FBetaScore"]),
  named("binaryIoU", ["binary_io_u", "BinaryIoU"]),
];

/** What makes them. */
const load = (): Promise<Readonly<Record<(typeof metrics)[number]["key"], Maker>>> => import("./metrics-named.ts");

/** The name of a metric, as Keras spells it. */
export type MetricName = (typeof metrics)[number]["names"][number];

/** What stands for a metric. It keeps the name that was typed. */
export type MetricLike = MetricName | Metric | LossFunction;

/**
 * The metric that a name, an object or a function of one's own stands for. What cannot be one is told at once; what a name
 * stands for is there when it is loaded.
 */
export function resolveMetric(given: MetricLike, where: string): () => Promise<Metric> {
  if (typeof given === "function")
    return async () => metricOf(given, mayBeOurs(given) ? Object.values(await load()) : []);
  if (typeof given === "string") {
    const entry = metrics.find(({ names }) => (names as readonly string[]).includes(given));
    if (entry) return async () => ({ ...(await load())[entry.key](), name: given });
    throw unknownName({ where, what: "metric", name: given, choices: shownNames(metrics) });
  }
  if (typeof given?.sums !== "function" || typeof given?.result !== "function") {
    const expected = "the name of a metric, a metric, or a function (target, prediction) => tensor";
    throw argumentError({ where, argument: "metrics", value: given, expected });
  }
  return async () => given;
}

/** Ours take their options alone, and those may be left out. */
const mayBeOurs = (given: LossFunction): boolean => given.length === 0;

/** `metrics.auc` for `metrics.auc()`, or the mean of what a function of one's own gives. */
export function metricOf(given: LossFunction, makers: readonly unknown[]): Metric {
  const isOurs = mayBeOurs(given) && makers.includes(given);
  return isOurs ? (given as unknown as Maker)() : meanMetricWrapper(given, { name: given.name || "metric" });
}
