/** The losses: what `losses` offers. */
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
