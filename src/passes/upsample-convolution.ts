/**
 * A convolution over a nearest upsampling does the same additions many times: neighbouring cells are copies. This pass
 * makes it one transposed convolution of the small picture with a summed kernel: for 3×3 over 2× upsampling 4×4 taps
 * instead of 9 for each of 4 copies, 2.25 times fewer multiplications.
 *
 *   up[j] = x[⌊j/s⌋],  y[o] = Σₖ up[o + k − p]·w[k] = Σ_q x[q]·v[o − s·q + K − 1 − p],
 *   v[r] = Σ_{u<s} w[K − 1 − r + u]
 *
 * It runs before the gradient and folds the weights with ordinary ops, so both directions follow.
 */
import { type Change, withInputs } from "../graph/graph.ts";
import { apply } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";
import { convolveInput, convolveOp, type Relation } from "../ops/convolution.ts";
import { slice, transpose } from "../ops/movement.ts";
import { type Windows, windowSpreadOp, windowSum } from "../ops/window.ts";

export const upsampleConvolution: Change = (t, inputs) =>
  fold(withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes)));

function fold(y: Tensor): Tensor {
  if (y.op !== convolveOp) return y;
  const [up, w] = y.inputs;
  const relation = y.attributes as unknown as Relation;
  const factors = upsamplingFactors(up);
  const plain = [...relation.strides, ...relation.dilation, relation.groups].every((n) => n === 1);
  if (!factors || !plain || w.perSample) return y;
  const spatial = factors.length;
  const taps = w.shape.slice(0, spatial);
  // A 1×1 kernel would grow; it gains nothing.
  if (taps.every((k) => k === 1)) return y;
  const flipped = slice(w, {
    start: w.shape.map((n, a) => (a < spatial ? n - 1 : 0)),
    step: w.shape.map((_, a) => (a < spatial ? -1 : 1)),
    size: w.shape,
  });
  const summed = windowSum(flipped, {
    kernel: factors,
    strides: factors.map(() => 1),
    before: factors.map((s) => s - 1),
    output: taps.map((k, a) => k + factors[a] - 1),
  });
  // The adjoint's kernel has the result's channels before the input's.
  const kernel = transpose(summed, [...taps.map((_, a) => a), spatial + 1, spatial]);
  return convolveInput(up.inputs[0], kernel, {
    strides: factors,
    dilation: factors.map(() => 1),
    before: taps.map((k, a) => k - 1 - relation.before[a]),
    groups: 1,
    input: y.shape.slice(0, spatial),
  });
}

/** The factors of a nearest upsampling; undefined when the tensor is something else. */
function upsamplingFactors(t: Tensor): readonly number[] | undefined {
  if (t.op !== windowSpreadOp) return undefined;
  const { kernel, strides, before, output } = t.attributes as unknown as Windows;
  const repeats = kernel.every(
    (k, a) => k === strides[a] && before[a] === 0 && output[a] * k === t.shape[a] && output[a] === t.inputs[0].shape[a],
  );
  // Only the spatial axes may be repeated, and the convolution slides over exactly these.
  return repeats && t.shape.length === kernel.length + 1 ? kernel : undefined;
}
