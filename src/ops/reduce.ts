/** Sums and maxima over axes and, for sums, over the samples of a batch. */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import { type Loop, loopIndex } from "../expr/expr.ts";
import { apply, checkSized, checkTensor, type LoopNest, type Op, type Read } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { divide, equal, multiply } from "./elementwise.ts";
import { batchSize } from "./leaf.ts";
import { broadcastTo, reshape } from "./movement.ts";

type SumAttributes = { readonly axes: readonly number[]; readonly overSamples: boolean };
type MaxAttributes = { readonly axes: readonly number[] };

const without = (shape: Shape, axes: readonly number[]): Shape => shape.filter((_, i) => !axes.includes(i));
const withOnes = (shape: Shape, axes: readonly number[]): Shape => shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** Negative axes count from the end; each axis once, ascending. */
function normalizeAxes(where: string, rank: number, axes: readonly number[]): number[] {
  if (!Array.isArray(axes)) {
    throw argumentError({
      where,
      argument: "axes",
      value: axes,
      expected: "a list of axes, e.g. [0], without the batch",
    });
  }
  const result = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw argumentError({ where, argument: "axes", value: [...axes], expected: `axes from ${-rank} to ${rank - 1}` });
    }
    return axis < 0 ? axis + rank : axis;
  });
  return [...new Set(result)].sort((a, b) => a - b);
}

function nest(x: Tensor, axes: readonly number[], combine: "sum" | "max", read: Read): LoopNest[] {
  const all: Loop[] = x.shape.map((size, i) => ({ name: axes.includes(i) ? `r${i}` : `i${i}`, size }));
  const loops = all.filter((_, i) => !axes.includes(i));
  return [
    {
      loops,
      out: loops.map((loop) => loopIndex(loop)),
      reduce: all.filter((_, i) => axes.includes(i)),
      combine,
      value: () =>
        read(
          0,
          all.map((loop) => loopIndex(loop)),
        ),
    },
  ];
}

export const sumOp: Op<SumAttributes> = {
  name: "sum",
  anySize: true,
  infer: ([x], { axes, overSamples }) => ({ shape: without(x.shape, axes), perSample: x.perSample && !overSamples }),
  grad: (y, dy) => {
    const [x] = y.inputs;
    return [broadcastTo(reshape(dy, withOnes(x.shape, y.attributes.axes as number[])), x.shape)];
  },
  lower: (y) => ({
    kind: "nests",
    overSamples: y.attributes.overSamples as boolean,
    partial: false,
    nests: (read) => nest(y.inputs[0], y.attributes.axes as number[], "sum", read),
  }),
};

/** The maximum over axes; on ties the gradient is shared equally, as in TensorFlow's reduce_max. */
export const maxOp: Op<MaxAttributes> = {
  name: "reduceMax",
  anySize: true,
  infer: ([x], { axes }) => ({ shape: without(x.shape, axes) }),
  grad: (y, dy) => {
    const [x] = y.inputs;
    const axes = y.attributes.axes as number[];
    const kept = withOnes(x.shape, axes);
    const isMax = equal(x, reshape(y, kept));
    const ties = sum(isMax, axes, { keepDims: true });
    return [multiply(isMax, divide(reshape(dy, kept), ties))];
  },
  lower: (y) => ({
    kind: "nests",
    overSamples: false,
    partial: false,
    nests: (read) => nest(y.inputs[0], y.attributes.axes as number[], "max", read),
  }),
};

export function sum(
  x: Tensor,
  axes: readonly number[],
  options: { readonly keepDims?: boolean; readonly overSamples?: boolean } = {},
): Tensor {
  const { keepDims = false, overSamples = false } = options;
  checkTensor("sum", x);
  const list = normalizeAxes("sum", x.shape.length, axes);
  // What the samples share counts once for each of them.
  if (overSamples && !x.perSample) return multiply(sum(x, axes, { keepDims }), batchSize());
  const y = list.length === 0 && !overSamples ? x : apply(sumOp, [x], { axes: list, overSamples });
  return keepDims ? reshape(y, withOnes(x.shape, list)) : y;
}

/** The sum over all samples of the batch: a tensor that they share. */
export const sumSamples = (x: Tensor): Tensor => sum(x, [], { overSamples: true });

export function max(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  checkTensor("max", x);
  const list = normalizeAxes("max", x.shape.length, axes);
  const y = apply(maxOp, [x], { axes: list });
  return keepDims ? reshape(y, withOnes(x.shape, list)) : y;
}

export function mean(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  checkSized("mean", x);
  const list = normalizeAxes("mean", x.shape.length, axes);
  return divide(sum(x, list, { keepDims }), sizeOf(list.map((i) => x.shape[i])));
}
