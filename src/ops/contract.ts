/** A constant matrix along one axis. */
import type { Tensor } from "../graph/tensor.ts";
import { multiply } from "./elementwise.ts";
import { constantTensor } from "./leaf.ts";
import { reshape } from "./movement.ts";
import { sum } from "./reduce.ts";

/**
 * Every line of cells along an axis through a matrix: cell `o` of the result is Σ matrix[o, i] · x[i].
 *
 * @param matrix - row-major, `[rows, x.shape[axis]]`; the axis has `rows` cells afterwards.
 */
export function contractAxis(x: Tensor, axis: number, rows: number, matrix: Float32Array): Tensor {
  const columns = x.shape[axis];
  const behind = x.shape.slice(axis + 1);
  const weights = constantTensor({ data: matrix, shape: [rows, columns, ...behind.map(() => 1)] });
  return sum(multiply(reshape(x, [...x.shape.slice(0, axis), 1, columns, ...behind]), weights), [axis + 1]);
}
