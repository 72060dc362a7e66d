/**
 * The losses: what `losses` offers. `losses.huber({ delta: 2 })` makes one for `compile`, and `losses.huber(yTrue, yPred)`
 * is its value for each sample.
 */
export type { Judge } from "./judge.ts";
export type { Loss, LossFunction, LossOptions, Reduction } from "./loss.ts";
export * from "./losses-margin.ts";
export * from "./losses-probability.ts";
export {
  cosineSimilarity,
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
} from "./losses-regression.ts";
