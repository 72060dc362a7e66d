/**
 * The losses: what `losses` offers. `losses.huber({ delta: 2 })` makes one for `compile`, and `losses.huber(yTrue, yPred)`
 * is its value for each sample.
 */
import { lossJudge } from "./judge.ts";
import * as margin from "./losses-margin.ts";
import * as probability from "./losses-probability.ts";
import * as regression from "./losses-regression.ts";

export type { Judge } from "./judge.ts";
export type { Loss, LossFunction, LossOptions, Reduction } from "./loss.ts";
export type { CrossentropyOptions, FocalOptions, SparseCrossentropyOptions } from "./losses-probability.ts";

/** The mean of (t − p)². */
export const meanSquaredError = lossJudge("meanSquaredError", regression.meanSquaredError);

/** The mean of |t − p|. */
export const meanAbsoluteError = lossJudge("meanAbsoluteError", regression.meanAbsoluteError);

/** The mean of 100·|t − p| / max(|t|, 1e-7): a target of 0 makes it huge. */
export const meanAbsolutePercentageError = lossJudge(
  "meanAbsolutePercentageError",
  regression.meanAbsolutePercentageError,
);

/** The mean of (ln(p + 1) − ln(t + 1))², with both at least 1e-7. */
export const meanSquaredLogarithmicError = lossJudge(
  "meanSquaredLogarithmicError",
  regression.meanSquaredLogarithmicError,
);

/** The mean of ln cosh(p − t): a square near 0, a straight line far from it. */
export const logCosh = lossJudge("logCosh", regression.logCosh);

/** The mean of p − t·ln(p + 1e-7): counts `t` against their expected number `p`. */
export const poisson = lossJudge("poisson", regression.poisson);

/** The mean of ½e² where |e| ≤ δ, and of δ|e| − ½δ² beyond; e = p − t. `delta` is 1 unless given. */
export const huber = lossJudge("huber", regression.huber);

/** Minus the cosine of the angle between target and prediction: −1 where they point the same way. */
export const cosineSimilarity = lossJudge("cosineSimilarity", regression.cosineSimilarity);

/** The mean of −t·ln p − (1 − t)·ln(1 − p), p clipped to [1e-7, 1 − 1e-7]; targets and predictions in [0, 1]. */
export const binaryCrossentropy = lossJudge("binaryCrossentropy", probability.binaryCrossentropy);

/** Binary cross-entropy times (1 − p_t)^γ, where p_t is the probability of what is true: easy examples count less. */
export const binaryFocalCrossentropy = lossJudge("binaryFocalCrossentropy", probability.binaryFocalCrossentropy);

/** −Σ t·ln p over the classes; p is divided by its sum, then clipped. Targets are one-hot. */
export const categoricalCrossentropy = lossJudge("categoricalCrossentropy", probability.categoricalCrossentropy);

/** Σ α·(1 − p)^γ·(−t·ln p) over the classes; p is divided by its sum, then clipped. */
export const categoricalFocalCrossentropy = lossJudge(
  "categoricalFocalCrossentropy",
  probability.categoricalFocalCrossentropy,
);

/** −ln p of the class that the target names by its number; p is clipped, then divided by its sum. */
export const sparseCategoricalCrossentropy = lossJudge(
  "sparseCategoricalCrossentropy",
  probability.sparseCategoricalCrossentropy,
);

/** Σ t·ln(t/p) over the last axis, both clipped to [1e-7, 1]. */
export const klDivergence = lossJudge("klDivergence", probability.klDivergence);

/** The mean of max(1 − t·p, 0), with targets −1 and 1 (or 0 and 1, if all are). */
export const hinge = lossJudge("hinge", margin.hinge);

/** The mean of max(1 − t·p, 0)². */
export const squaredHinge = lossJudge("squaredHinge", margin.squaredHinge);

/** max(0, max((1 − t)·p) − Σ t·p + 1) over the classes, the last axis; targets are one-hot. */
export const categoricalHinge = lossJudge("categoricalHinge", margin.categoricalHinge);

/** 1 − 2Σtp / (Σt + Σp + 1e-7). `axis`: what is summed over, the batch being 0; by default everything. */
export const dice = lossJudge("dice", margin.dice);

/**
 * 1 − Σtp / (Σtp + α·Σt(1 − p) + β·Σp(1 − t) + 1e-7): α weighs what was missed and β what was invented.
 * `axis` as in `dice`.
 */
export const tversky = lossJudge("tversky", margin.tversky);
