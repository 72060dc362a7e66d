/**
 * Axes as Keras counts them. Inside, the batch is nowhere: a tensor that belongs to a sample has the axes of one sample,
 * and here the batch is put before them as axis 0. What the samples share (weights, constants, sums over the batch) has
 * just the axes that it has.
 *
 * Samples are worked on one by one, so that only what adds up can go over the batch.
 */
import { showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { axisByPlace } from "../layers/options.ts";
import { reshape, transpose } from "../ops/index.ts";

/** An axis, a list of axes, or null for all. */
export type AxisLike = number | readonly number[] | null;

/** The number of axes, the batch included. */
export const rankOf = (x: Tensor): number => x.shape.length + (x.perSample ? 1 : 0);

/** The shape as Keras has it: null for the batch. */
export const kerasShape = (x: Tensor): (number | null)[] => (x.perSample ? [null, ...x.shape] : [...x.shape]);

const show = (x: Tensor): string => showShape(x.shape, x.perSample);

function wrongAxis(where: string, axis: unknown, rank: number, first: number, x: Tensor) {
  return argumentError({
    where: `ops.${where}`,
    argument: "axis",
    value: axis,
    expected:
      first >= rank
        ? `a tensor with more axes than ${show(x)}`
        : `an axis from ${first} to ${rank - 1}, or from ${first - rank} to -1, of ${show(x)}`,
    fix:
      axisByPlace(axis) ??
      (first > 0
        ? "Axis 0 is the batch, whose samples are worked on one by one; only sum, mean, var, std and what is made of them go over it."
        : undefined),
  });
}

/** Axes of `x` itself, ascending, and whether the batch is among those asked for. Nothing stands for all. */
export function axesOf(
  where: string,
  x: Tensor,
  axis: AxisLike | undefined,
): { readonly own: number[]; readonly batch: boolean } {
  const rank = rankOf(x);
  const offset = x.perSample ? 1 : 0;
  const list = axis === undefined || axis === null ? Array.from({ length: rank }, (_, i) => i) : [axis].flat();
  const places = list.map((one) => {
    if (!Number.isInteger(one) || one < -rank || one >= rank) throw wrongAxis(where, axis, rank, 0, x);
    return (one < 0 ? one + rank : one) - offset;
  });
  return { own: [...new Set(places)].filter((at) => at >= 0).sort((a, b) => a - b), batch: places.includes(-1) };
}

/** As `axesOf`, where the batch is refused. */
export function ownAxes(where: string, x: Tensor, axis: AxisLike | undefined): number[] {
  const { own, batch } = axesOf(where, x, axis);
  if (batch) throw wrongAxis(where, axis, rankOf(x), 1, x);
  return own;
}

/** All numbers in a row; not of what belongs to samples. */
export function rowOf(where: string, x: Tensor): Tensor {
  ownAxes(where, x, null);
  return reshape(x, [sizeOf(x.shape)]);
}

/** The place of one axis among those of `x` itself. */
export function ownAxis(where: string, x: Tensor, axis: number): number {
  if (typeof axis !== "number") throw wrongAxis(where, axis, rankOf(x), x.perSample ? 1 : 0, x);
  return ownAxes(where, x, axis)[0];
}

/** The place of a new axis among those of a result with `more` axes than `x`. */
export function newAxis(where: string, x: Tensor, axis: number, more = 1): number {
  const rank = rankOf(x) + more;
  const first = x.perSample ? 1 : 0;
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || at < first || at >= rank) throw wrongAxis(where, axis, rank, first, x);
  return at - first;
}

/**
 * Sizes of Keras for a result, the batch first, as those of a sample.
 *
 * @param x - whose samples stay; what the samples share has its sizes as they are.
 */
export function ownSizes(where: string, argument: string, x: Tensor, sizes: readonly (number | null)[]): number[] {
  const isWhole = (n: number | null): boolean => Number.isInteger(n) && (n as number) >= -1;
  if (
    !Array.isArray(sizes) ||
    (x.perSample && sizes[0] !== null && sizes[0] !== -1) ||
    !sizes.slice(x.perSample ? 1 : 0).every(isWhole)
  ) {
    throw argumentError({
      where: `ops.${where}`,
      argument,
      value: sizes,
      expected: x.perSample
        ? "null (or -1) for the batch, which comes first, and whole numbers after it"
        : "whole numbers",
      fix: x.perSample ? "The batch stays as it is: [null, 28, 28], say." : undefined,
    });
  }
  return sizes.slice(x.perSample ? 1 : 0) as number[];
}

/** One list item for each axis of `x` itself, from one for each axis of Keras; that of the batch must be `none`. */
export function withoutBatch<T>(
  where: string,
  argument: string,
  x: Tensor,
  list: readonly T[],
  none: (item: T) => boolean,
): T[] {
  if (!x.perSample) return [...list];
  if (none(list[0])) return list.slice(1);
  throw argumentError({
    where: `ops.${where}`,
    argument,
    value: list,
    expected: "the batch, which is axis 0, left as it is",
    fix: "Samples are worked on one by one.",
  });
}

/**
 * Tensors made ready for broadcasting as NumPy does it with the batch as an axis: what belongs to samples has equally
 * many axes, and what they share is the same for each of them.
 *
 * @throws RhytonError `shape` where the batch would meet another axis.
 */
export function aligned(where: string, xs: readonly Tensor[]): Tensor[] {
  const ranks = xs.filter((x) => x.perSample).map((x) => x.shape.length);
  if (ranks.length === 0) return [...xs];
  const rank = Math.max(...ranks);
  return xs.map((x) => {
    const fits = x.perSample ? x.shape.length === rank : x.shape.length <= rank;
    if (fits) return x;
    if (!x.perSample && x.shape.length === rank + 1 && x.shape[0] === 1) return reshape(x, x.shape.slice(1));
    throw shapeError({
      where: `ops.${where}`,
      got: `the shapes ${xs.map(show).join(" and ")}`,
      expected: "the batch (None) of one beside that of the other, axes being matched from the last one on",
      fix: "Give the shorter one more axes with expandDims, or take the first axis off the constant.",
    });
  });
}

/** `x` with one of its own axes moved to the end. */
export const withLast = (x: Tensor, own: number): Tensor => {
  const rest = x.shape.map((_, i) => i).filter((i) => i !== own);
  return transpose(x, [...rest, own]);
};

/** The inverse of `withLast`. */
export const fromLast = (x: Tensor, own: number): Tensor => {
  const last = x.shape.length - 1;
  const order = x.shape.map((_, i) => i).slice(0, last);
  return transpose(x, [...order.slice(0, own), last, ...order.slice(own)]);
};

/** Sizes with 1 at some axes. */
export const withOnes = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));
