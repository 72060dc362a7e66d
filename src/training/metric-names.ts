/** Metrics by the names Keras knows them under. A file of metrics is loaded when one of its names is used. */
import { argumentError, unknownName } from "../core/errors.ts";
import type { LossFunction } from "./loss.ts";
import { type Metric, meanMetricWrapper } from "./metric.ts";
import { shownNames } from "./options.ts";

const accuracies = () => import("./metrics-accuracy.ts");
const areas = () => import("./metrics-auc.ts");
const confusion = () => import("./metrics-confusion.ts");
const regions = () => import("./metrics-regions.ts");
const regression = () => import("./metrics-regression.ts");

/** Makes a metric without arguments. */
type Maker = () => Metric;

interface Named<N extends string> {
  readonly names: readonly N[];
  load(): Promise<Maker>;
}

/** @param key - what the file exports it under. */
const named = <K extends string, const N extends string>(
  file: () => Promise<Readonly<Record<K, Maker>>>,
  key: K,
  names: readonly N[],
): Named<N> => ({ names, load: async () => (await file())[key] });

/** Every metric that needs no argument, by the names Keras knows it under. */
const metrics = [
  named(accuracies, "automaticAccuracy", ["accuracy", "acc", "Accuracy"]),
  named(accuracies, "binaryAccuracy", ["binary_accuracy", "BinaryAccuracy"]),
  named(accuracies, "categoricalAccuracy", ["categorical_accuracy", "CategoricalAccuracy"]),
  named(accuracies, "sparseCategoricalAccuracy", ["sparse_categorical_accuracy", "SparseCategoricalAccuracy"]),
  named(accuracies, "topKCategoricalAccuracy", ["top_k_categorical_accuracy", "TopKCategoricalAccuracy"]),
  named(accuracies, "sparseTopKCategoricalAccuracy", [
    "sparse_top_k_categorical_accuracy",
    "SparseTopKCategoricalAccuracy",
  ]),
  named(regression, "meanSquaredError", ["mean_squared_error", "mse", "MSE", "MeanSquaredError"]),
  named(regression, "rootMeanSquaredError", ["root_mean_squared_error", "RootMeanSquaredError"]),
  named(regression, "meanAbsoluteError", ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"]),
  named(regression, "meanAbsolutePercentageError", [
    "mean_absolute_percentage_error",
    "mape",
    "MAPE",
    "MeanAbsolutePercentageError",
  ]),
  named(regression, "meanSquaredLogarithmicError", [
    "mean_squared_logarithmic_error",
    "msle",
    "MSLE",
    "MeanSquaredLogarithmicError",
  ]),
  named(regression, "cosineSimilarity", ["cosine_similarity", "CosineSimilarity"]),
  named(regression, "logCoshError", ["log_cosh_error", "LogCoshError"]),
  named(regression, "r2Score", ["r2_score", "R2Score"]),
  named(regression, "pearsonCorrelation", ["pearson_correlation", "PearsonCorrelation"]),
  named(regression, "concordanceCorrelation", ["concordance_correlation", "ConcordanceCorrelation"]),
  named(regression, "binaryCrossentropy", ["binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"]),
  named(regression, "categoricalCrossentropy", ["categorical_crossentropy", "CategoricalCrossentropy"]),
  named(regression, "sparseCategoricalCrossentropy", [
    "sparse_categorical_crossentropy",
    "SparseCategoricalCrossentropy",
  ]),
  named(regression, "klDivergence", ["kl_divergence", "KLDivergence"]),
  named(regression, "poisson", ["poisson", "Poisson"]),
  named(regression, "hinge", ["hinge", "Hinge"]),
  named(regression, "squaredHinge", ["squared_hinge", "SquaredHinge"]),
  named(regression, "categoricalHinge", ["categorical_hinge", "CategoricalHinge"]),
  named(confusion, "truePositives", ["true_positives", "TruePositives"]),
  named(confusion, "falsePositives", ["false_positives", "FalsePositives"]),
  named(confusion, "trueNegatives", ["true_negatives", "TrueNegatives"]),
  named(confusion, "falseNegatives", ["false_negatives", "FalseNegatives"]),
  named(confusion, "precision", ["precision", "Precision"]),
  named(confusion, "recall", ["recall", "Recall"]),
  named(areas, "auc", ["auc", "AUC"]),
  named(regions, "f1Score", ["f1_score", "F1Score"]),
  named(regions, "fBetaScore", ["f_beta_score", "FBetaScore"]),
  named(regions, "binaryIoU", ["binary_io_u", "BinaryIoU"]),
];

/** The name of a metric, as Keras spells it. */
export type MetricName = (typeof metrics)[number]["names"][number];

/** What stands for a metric. It keeps the name that was typed. */
export type MetricLike = MetricName | Metric | LossFunction;

/**
 * The metric that a name, an object or a function of one's own stands for. What cannot be one is told at once; what a name
 * stands for is there when it is loaded.
 */
export function resolveMetric(given: MetricLike, where: string): () => Promise<Metric> {
  if (typeof given === "function") return () => fromFunction(given);
  if (typeof given === "string") {
    const entry = metrics.find(({ names }) => (names as readonly string[]).includes(given));
    if (entry) return async () => ({ ...(await entry.load())(), name: given });
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

const fromFunction = async (given: LossFunction): Promise<Metric> =>
  metricOf(given, mayBeOurs(given) ? await Promise.all(metrics.map(({ load }) => load())) : []);

/** `metrics.auc` for `metrics.auc()`, or the mean of what a function of one's own gives. */
export function metricOf(given: LossFunction, makers: readonly unknown[]): Metric {
  const isOurs = mayBeOurs(given) && makers.includes(given);
  return isOurs ? (given as unknown as Maker)() : meanMetricWrapper(given, { name: given.name || "metric" });
}
