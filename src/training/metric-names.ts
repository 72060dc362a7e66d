/** Metrics by the names Keras knows them under. */
import { argumentError, unknownName } from "../core/errors.ts";
import type { LossFunction } from "./loss.ts";
import { type Metric, meanMetricWrapper } from "./metric.ts";
import * as accuracies from "./metrics-accuracy.ts";
import { auc } from "./metrics-auc.ts";
import * as confusion from "./metrics-confusion.ts";
import * as regions from "./metrics-regions.ts";
import * as regression from "./metrics-regression.ts";
import { shownNames } from "./options.ts";

/** Every metric that needs no argument, by the names Keras knows it under. */
const named = [
  { make: accuracies.automaticAccuracy, names: ["accuracy", "acc", "Accuracy"] },
  { make: accuracies.binaryAccuracy, names: ["binary_accuracy", "BinaryAccuracy"] },
  { make: accuracies.categoricalAccuracy, names: ["categorical_accuracy", "CategoricalAccuracy"] },
  { make: accuracies.sparseCategoricalAccuracy, names: ["sparse_categorical_accuracy", "SparseCategoricalAccuracy"] },
  { make: accuracies.topKCategoricalAccuracy, names: ["top_k_categorical_accuracy", "TopKCategoricalAccuracy"] },
  {
    make: accuracies.sparseTopKCategoricalAccuracy,
    names: ["sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"],
  },
  { make: regression.meanSquaredError, names: ["mean_squared_error", "mse", "MSE", "MeanSquaredError"] },
  { make: regression.rootMeanSquaredError, names: ["root_mean_squared_error", "RootMeanSquaredError"] },
  { make: regression.meanAbsoluteError, names: ["mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"] },
  {
    make: regression.meanAbsolutePercentageError,
    names: ["mean_absolute_percentage_error", "mape", "MAPE", "MeanAbsolutePercentageError"],
  },
  {
    make: regression.meanSquaredLogarithmicError,
    names: ["mean_squared_logarithmic_error", "msle", "MSLE", "MeanSquaredLogarithmicError"],
  },
  { make: regression.cosineSimilarity, names: ["cosine_similarity", "CosineSimilarity"] },
  { make: regression.logCoshError, names: ["log_cosh_error", "LogCoshError"] },
  { make: regression.r2Score, names: ["r2_score", "R2Score"] },
  { make: regression.pearsonCorrelation, names: ["pearson_correlation", "PearsonCorrelation"] },
  { make: regression.concordanceCorrelation, names: ["concordance_correlation", "ConcordanceCorrelation"] },
  { make: regression.binaryCrossentropy, names: ["binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"] },
  { make: regression.categoricalCrossentropy, names: ["categorical_crossentropy", "CategoricalCrossentropy"] },
  {
    make: regression.sparseCategoricalCrossentropy,
    names: ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"],
  },
  { make: regression.klDivergence, names: ["kl_divergence", "KLDivergence"] },
  { make: regression.poisson, names: ["poisson", "Poisson"] },
  { make: regression.hinge, names: ["hinge", "Hinge"] },
  { make: regression.squaredHinge, names: ["squared_hinge", "SquaredHinge"] },
  { make: regression.categoricalHinge, names: ["categorical_hinge", "CategoricalHinge"] },
  { make: confusion.truePositives, names: ["true_positives", "TruePositives"] },
  { make: confusion.falsePositives, names: ["false_positives", "FalsePositives"] },
  { make: confusion.trueNegatives, names: ["true_negatives", "TrueNegatives"] },
  { make: confusion.falseNegatives, names: ["false_negatives", "FalseNegatives"] },
  { make: confusion.precision, names: ["precision", "Precision"] },
  { make: confusion.recall, names: ["recall", "Recall"] },
  { make: auc, names: ["auc", "AUC"] },
  { make: regions.f1Score, names: ["f1_score", "F1Score"] },
  { make: regions.fBetaScore, names: ["f_beta_score", "FBetaScore"] },
  { make: regions.binaryIoU, names: ["binary_io_u", "BinaryIoU"] },
] as const;

/** The name of a metric, as Keras spells it. */
export type MetricName = (typeof named)[number]["names"][number];

/** What stands for a metric. It keeps the name that was typed. */
export type MetricLike = MetricName | Metric | LossFunction;

/** The metric that a name, an object or a function of one's own stands for. */
export function resolveMetric(given: MetricLike, where: string): Metric {
  if (typeof given === "function") {
    const known = named.find((entry) => (entry.make as unknown) === given);
    return known ? known.make() : meanMetricWrapper(given, { name: given.name || "metric" });
  }
  if (typeof given === "string") {
    const entry = named.find(({ names }) => (names as readonly string[]).includes(given));
    if (entry) return { ...entry.make(), name: given };
    throw unknownName({ where, what: "metric", name: given, choices: shownNames(named) });
  }
  if (typeof given?.sums !== "function" || typeof given?.result !== "function") {
    const expected = "the name of a metric, a metric, or a function (target, prediction) => tensor";
    throw argumentError({ where, argument: "metrics", value: given, expected });
  }
  return given;
}
