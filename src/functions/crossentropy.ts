/**
 * Cross-entropies: the formulas of losses and of the functions in `ops`.
 *
 * A prediction that comes directly from a sigmoid or softmax counts as the logits it was made of, without clipping, as in
 * Keras on TensorFlow: exact where the activation saturates.
 */
import type { Tensor } from "../graph/tensor.ts";
import { logitsOf } from "../layers/activations.ts";
import {
  add,
  divide,
  exponential,
  logarithm,
  max,
  maximum,
  minimum,
  multiply,
  negative,
  softplus,
  subtract,
  sum,
} from "../ops/index.ts";

/** Keras' ε. */
export const epsilon = 1e-7;

/** What a sigmoid or softmax of this kind was computed from, or the prediction itself when it is a logit. */
function logitsFor(prediction: Tensor, fromLogits: boolean, kind: "sigmoid" | "softmax"): Tensor | undefined {
  if (fromLogits) return prediction;
  const source = logitsOf(prediction);
  return source?.kind === kind ? source.logits : undefined;
}

/** Probabilities are clipped to [ε, 1 − ε]. */
const clip = (p: Tensor): Tensor => minimum(maximum(p, epsilon), 1 - epsilon);

/** −t·ln p − (1 − t)·ln(1 − p), p clipped; from the logits where they are known. */
export function binaryEach(t: Tensor, prediction: Tensor, fromLogits: boolean): Tensor {
  const z = logitsFor(prediction, fromLogits, "sigmoid");
  if (z !== undefined) return subtract(softplus(z), multiply(z, t));
  const p = clip(prediction);
  return negative(add(multiply(t, logarithm(p)), multiply(subtract(1, t), logarithm(subtract(1, p)))));
}

/** Softmax over an axis, shifted by the maximum. */
export function softmax(z: Tensor, axis: number): Tensor {
  const e = exponential(subtract(z, max(z, [axis], true)));
  return divide(e, sum(e, [axis], { keepDims: true }));
}

/** ln softmax over axes, shifted by the maximum. */
export function logSoftmax(z: Tensor, axes: readonly number[]): Tensor {
  const shifted = subtract(z, max(z, axes, true));
  return subtract(shifted, logarithm(sum(exponential(shifted), axes, { keepDims: true })));
}

/** Probabilities that sum to 1, clipped after that. */
export const normalised = (p: Tensor, axis: number): Tensor => clip(divide(p, sum(p, [axis], { keepDims: true })));

/** ln p along an axis, p being divided by its sum, then clipped; from the logits where they are known. */
export function classLogs(prediction: Tensor, fromLogits: boolean, axis: number): Tensor {
  const z = logitsFor(prediction, fromLogits, "softmax");
  return z ? logSoftmax(z, [axis]) : logarithm(normalised(prediction, axis));
}

/** ln p of the last axis, p being clipped, then divided by its sum; from the logits where they are known. */
export function sparseLogs(prediction: Tensor, fromLogits: boolean): Tensor {
  const z = logitsFor(prediction, fromLogits, "softmax");
  return logSoftmax(z ?? logarithm(clip(prediction)), [prediction.shape.length - 1]);
}
