/**
 * The ops for layers, losses and metrics of one's own: under the names of `keras.ops`, in camelCase. What only the compiler
 * and the library's own layers need is in `index.ts`.
 */
import type { Shape, Tensor } from "../graph/tensor.ts";
import {
  absolute,
  asTensor,
  cosine,
  exponential,
  greater,
  greaterEqual,
  logarithm,
  maximum,
  minimum,
  multiply,
  sine,
  squareRoot,
  type TensorLike,
} from "./elementwise.ts";
import { constantTensor, fill } from "./leaf.ts";

export { convolve, matmulLast as matmul } from "./convolution.ts";
export {
  absolute,
  add,
  divide,
  equal,
  erf,
  floor,
  greater,
  greaterEqual,
  maximum,
  minimum,
  multiply,
  negative,
  relu,
  round,
  sigmoid,
  sign,
  softplus,
  stopGradient,
  subtract,
  tanh,
  where,
} from "./elementwise.ts";
export { broadcastTo, concatenate, pad, reshape, slice, transpose } from "./movement.ts";
export { randomNormal, randomUniform } from "./random.ts";
export { max, mean, sum } from "./reduce.ts";
export { averagePool, maxPool, upSampleNearest } from "./window.ts";

export const abs = absolute;
export const sqrt = squareRoot;
export const exp = exponential;
export const log = logarithm;
export const sin = sine;
export const cos = cosine;

/** x² */
export function square(x: TensorLike): Tensor {
  const tensor = asTensor(x, "square");
  return multiply(tensor, tensor);
}

/** `x` limited to [low, high]. */
export const clip = (x: TensorLike, low: TensorLike, high: TensorLike): Tensor => minimum(maximum(x, low), high);

/** 1 where `a < b`, else 0. */
export const less = (a: TensorLike, b: TensorLike): Tensor => greater(b, a);

/** 1 where `a ≤ b`, else 0. */
export const lessEqual = (a: TensorLike, b: TensorLike): Tensor => greaterEqual(b, a);

/** Numbers that never change, the same for all samples: one number, or values with a shape. */
export const array = constantTensor;

/** The same number in every cell, for all samples. */
export const full = (shape: Shape, value: number): Tensor => fill(value, shape);
