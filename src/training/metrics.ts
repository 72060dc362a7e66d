/** The metrics: what `metrics` offers. Those that are means are functions of targets and predictions, too. */
export {
  type Metric,
  type MetricOptions,
  meanMetricWrapper,
  type Sums,
  sumMetricWrapper,
} from "./metric.ts";
export {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./metrics-accuracy.ts";
export { type AUCOptions, auc } from "./metrics-auc.ts";
export {
  type AtOptions,
  type CountOptions,
  falseNegatives,
  falsePositives,
  type PrecisionOptions,
  precision,
  precisionAtRecall,
  recall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  trueNegatives,
  truePositives,
} from "./metrics-confusion.ts";
export * from "./metrics-regions.ts";
export * from "./metrics-regression.ts";
