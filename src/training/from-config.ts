/** Losses, metrics and optimizers from what Keras writes of them in a file: the name of the class and its config. */
import { unknownName } from "../core/errors.ts";
import { camelCase, isRecord } from "../layers/options.ts";
import type { Loss } from "./loss.ts";
import * as losses from "./losses.ts";
import type { Metric } from "./metric.ts";
import * as metrics from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions } from "./optimizer-options.ts";
import { optimizerMaker } from "./optimizers.ts";
import { scheduleFromConfig } from "./schedules.ts";

type Config = Readonly<Record<string, unknown>>;

/** Null is a value of these; of others it means that nothing was given. */
const nullable = ["reduction", "class_aggregation"];

/** A config under our keys, without what means "nothing" and without dtypes. */
function optionsOf(config: Config): Record<string, unknown> {
  const given = Object.entries(config).filter(
    ([key, value]) =>
      key !== "dtype" && key !== "fn" && value !== undefined && (value !== null || nullable.includes(key)),
  );
  return Object.fromEntries(given.map(([key, value]) => [camelCase(key), value]));
}

/** A maker whose options are as a config has them. */
type Maker<T> = (options: Record<string, never>) => T;

const lossMakers: Readonly<Record<string, Maker<Loss>>> = {
  MeanSquaredError: losses.meanSquaredError,
  MeanAbsoluteError: losses.meanAbsoluteError,
  MeanAbsolutePercentageError: losses.meanAbsolutePercentageError,
  MeanSquaredLogarithmicError: losses.meanSquaredLogarithmicError,
  CosineSimilarity: losses.cosineSimilarity,
  Huber: losses.huber,
  LogCosh: losses.logCosh,
  Poisson: losses.poisson,
  KLDivergence: losses.klDivergence,
  BinaryCrossentropy: losses.binaryCrossentropy,
  BinaryFocalCrossentropy: losses.binaryFocalCrossentropy,
  CategoricalCrossentropy: losses.categoricalCrossentropy,
  CategoricalFocalCrossentropy: losses.categoricalFocalCrossentropy,
  SparseCategoricalCrossentropy: losses.sparseCategoricalCrossentropy,
  Hinge: losses.hinge,
  SquaredHinge: losses.squaredHinge,
  CategoricalHinge: losses.categoricalHinge,
  Dice: losses.dice,
  Tversky: losses.tversky,
};

/** The rest of the options, after required ones were taken. */
const without = (options: Record<string, never>, ...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(options).filter(([key]) => !keys.includes(key)));

/** A metric that holds one rate at a value and takes it as its first argument. */
const at =
  (make: (least: number, options: object) => Metric, argument: string): Maker<Metric> =>
  (options) =>
    make(options[argument], without(options, argument));

const metricMakers: Readonly<Record<string, Maker<Metric>>> = {
  Accuracy: metrics.accuracy,
  BinaryAccuracy: metrics.binaryAccuracy,
  CategoricalAccuracy: metrics.categoricalAccuracy,
  SparseCategoricalAccuracy: metrics.sparseCategoricalAccuracy,
  TopKCategoricalAccuracy: metrics.topKCategoricalAccuracy,
  SparseTopKCategoricalAccuracy: metrics.sparseTopKCategoricalAccuracy,
  MeanSquaredError: metrics.meanSquaredError,
  RootMeanSquaredError: metrics.rootMeanSquaredError,
  MeanAbsoluteError: metrics.meanAbsoluteError,
  MeanAbsolutePercentageError: metrics.meanAbsolutePercentageError,
  MeanSquaredLogarithmicError: metrics.meanSquaredLogarithmicError,
  CosineSimilarity: metrics.cosineSimilarity,
  LogCoshError: metrics.logCoshError,
  R2Score: metrics.r2Score,
  PearsonCorrelation: metrics.pearsonCorrelation,
  ConcordanceCorrelation: metrics.concordanceCorrelation,
  BinaryCrossentropy: metrics.binaryCrossentropy,
  CategoricalCrossentropy: metrics.categoricalCrossentropy,
  SparseCategoricalCrossentropy: metrics.sparseCategoricalCrossentropy,
  KLDivergence: metrics.klDivergence,
  Poisson: metrics.poisson,
  Hinge: metrics.hinge,
  SquaredHinge: metrics.squaredHinge,
  CategoricalHinge: metrics.categoricalHinge,
  TruePositives: metrics.truePositives,
  FalsePositives: metrics.falsePositives,
  TrueNegatives: metrics.trueNegatives,
  FalseNegatives: metrics.falseNegatives,
  Precision: metrics.precision,
  Recall: metrics.recall,
  SensitivityAtSpecificity: at(metrics.sensitivityAtSpecificity, "specificity"),
  SpecificityAtSensitivity: at(metrics.specificityAtSensitivity, "sensitivity"),
  PrecisionAtRecall: at(metrics.precisionAtRecall, "recall"),
  RecallAtPrecision: at(metrics.recallAtPrecision, "precision"),
  AUC: metrics.auc,
  F1Score: metrics.f1Score,
  FBetaScore: metrics.fBetaScore,
  IoU: (o) => metrics.iou(o.numClasses, o.targetClassIds, without(o, "numClasses", "targetClassIds")),
  BinaryIoU: metrics.binaryIoU,
  MeanIoU: (o) => metrics.meanIoU(o.numClasses, without(o, "numClasses")),
  OneHotIoU: (o) => metrics.oneHotIoU(o.numClasses, o.targetClassIds, without(o, "numClasses", "targetClassIds")),
  OneHotMeanIoU: (o) => metrics.oneHotMeanIoU(o.numClasses, without(o, "numClasses")),
};

/** The classes of Keras that there are. */
export const lossClasses = Object.keys(lossMakers);
export const metricClasses = Object.keys(metricMakers);

function make<T>(
  where: string,
  what: string,
  makers: Readonly<Record<string, Maker<T>>>,
  name: string,
  config: Config,
): T {
  if (!Object.hasOwn(makers, name)) throw unknownName({ where, what, name, choices: Object.keys(makers) });
  return makers[name](optionsOf(config) as Record<string, never>);
}

/** The loss of a class in Keras. @throws RhytonError `unknown-name` when there is none. */
export const lossFromConfig = (where: string, className: string, config: Config): Loss =>
  make(where, "loss", lossMakers, className, config);

/** The metric of a class in Keras. @throws RhytonError `unknown-name` when there is none. */
export const metricFromConfig = (where: string, className: string, config: Config): Metric =>
  make(where, "metric", metricMakers, className, config);

// ---- optimizers ---------------------------------------------------------------------------------------------------

/** The optimizer of a class in Keras. @throws RhytonError `unknown-name` when there is none. */
export const optimizerFromConfig = (where: string, className: string, config: Config): Optimizer =>
  optimizerMaker(where, className)(optimizerOptions(where, config));

/** Keys of older versions that change nothing. */
const ignored = ["jit_compile", "is_legacy_optimizer"];

/** What the config of an optimizer says, as options. */
function optimizerOptions(where: string, config: Config): OptimizerOptions {
  const options = Object.entries(config)
    .filter(([key, value]) => !ignored.includes(key) && value !== null)
    // Early versions of Keras 3 write 1 for none.
    .filter(([key, value]) => !(key === "gradient_accumulation_steps" && value === 1))
    .map(([key, value]) => [camelCase(key), key === "learning_rate" ? rateOf(where, value) : value]);
  return Object.fromEntries(options);
}

function rateOf(where: string, value: unknown): unknown {
  if (!isRecord(value) || typeof value.class_name !== "string") return value;
  return scheduleFromConfig(where, value.class_name, isRecord(value.config) ? value.config : {});
}
