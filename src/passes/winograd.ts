/**
 * Winograd's convolution F(2×2, 3×3): four results of a 3 × 3 kernel with 16 multiplications instead of 36, from tiles of
 * 4 × 4 cells.
 *
 * It pays where there are channels enough to make the additions small: forward, on the way back to the input, and for
 * the gradient of the kernel, which shares the transformed picture with the way forward. It runs after the gradient, so that nobody differentiates through it.
 */
import { type Change, withInputs } from "../graph/graph.ts";
import { apply } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { convolveInputOp, convolveKernelOp, convolveOp, type Relation } from "../ops/convolution.ts";
import { slice, transpose } from "../ops/movement.ts";
import { paysOff, type Scheme, tileConvolution, tileKernelGradient } from "./tile-products.ts";

const scheme: Scheme = {
  input: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, 1, 0, -1],
  ],
  stride: 2,
  kernel: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  output: [
    [1, 0],
    [1, 1],
    [1, -1],
    [0, -1],
  ],
};

export const winograd: Change = (t, inputs) => faster(withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes)));

function faster(t: Tensor): Tensor {
  const [a, b] = t.inputs;
  const relation = t.attributes as unknown as Relation;
  /** @param shape - of a result, or its slope. */
  const fits = (w: Tensor, shape: Shape): boolean => {
    const { strides, dilation, groups } = relation;
    const plain = [...strides, ...dilation, groups].every((n) => n === 1);
    const square = w.shape.length === 4 && w.shape[0] === 3 && w.shape[1] === 3;
    if (!plain || !square || w.perSample || !a.perSample) return false;
    const [channels, filters] = w.shape.slice(2);
    return paysOff(scheme, shape.slice(0, 2), channels, filters);
  };
  if (t.op === convolveOp && fits(b, t.shape))
    return tileConvolution(scheme, a, b, relation.before, t.shape.slice(0, 2));
  if (t.op === convolveInputOp && fits(b, t.shape)) {
    // The way back to the input is a convolution with the kernel turned around, from filters to channels.
    const turned = slice(b, { start: [2, 2, 0, 0], step: [-1, -1, 1, 1], size: b.shape });
    const ahead = relation.before.map((n) => 2 - n);
    return tileConvolution(scheme, a, transpose(turned, [0, 1, 3, 2]), ahead, t.shape.slice(0, 2));
  }
  if (t.op === convolveKernelOp && fits(t, b.shape) && b.perSample)
    return tileKernelGradient(scheme, a, b, relation.before, t.shape.slice(0, 2));
  return t;
}
