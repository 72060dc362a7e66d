/** What layers that take a list of tensors have in common: checking the list, and naming its axes. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Minus } from "../core/shape-types.ts";
import { type OpenShape, type OpenTensor, Tensor } from "../graph/tensor.ts";
import { meetingAdvice } from "./mirror.ts";
import { axisByPlace } from "./options.ts";
import type { ShapeError } from "./rule.ts";

/** The list of tensors that the layer was called with. */
export function listOf(where: string, xs: Tensor | readonly Tensor[], count?: number): readonly Tensor[] {
  const list = xs instanceof Tensor ? undefined : xs;
  if (list !== undefined && list.length > 0 && (count === undefined || list.length === count)) return list;
  throw shapeError({
    where,
    got: list === undefined ? "one tensor" : `a list of ${list.length}`,
    expected: count === undefined ? "a list of tensors" : `a list of exactly ${count} tensors`,
    fix: "Call it with [a, b].",
  });
}

export const showShapes = (xs: readonly Tensor[]): string => xs.map((x) => showShape(x.shape, true)).join(" and ");

/** What to do about tensors of different sizes; `otherwise` where it is not their spatial sizes that differ. */
export function fixOf(xs: readonly Tensor[], otherwise: string): string {
  const advice = meetingAdvice(xs);
  return advice === undefined ? otherwise : `${advice}.`;
}

/** Whether a merging function got tensors to merge, rather than options. */
export function isList(where: string, value: unknown): value is readonly OpenTensor[] {
  if (!(value instanceof Tensor)) return Array.isArray(value);
  const fix = `Give a list: ${where}([x, y]).`;
  throw argumentError({ where, argument: "the first argument", value, expected: "a list of tensors", fix });
}

/** An axis of tensors that are merged, as Keras counts: the batch is 0. */
export function checkMergeAxis(where: string, argument: string, axis: unknown): number {
  if (Number.isInteger(axis) && axis !== 0) return axis as number;
  throw argumentError({
    where,
    argument,
    value: axis,
    expected: "an axis other than 0, the batch",
    fix: axisByPlace(axis) ?? "The last axis is -1.",
  });
}

// ---- types --------------------------------------------------------------------------------------------------------

/** The shapes of a list; words where one tensor was given. */
export type Listed<S, Name extends string> = S extends OpenShape
  ? S extends readonly []
    ? ShapeError<`${Name}: takes a list of tensors, e.g. [a, b]`>
    : ShapeError<`${Name}: takes a list of tensors, not one`>
  : S;

/** The shape, or what is wrong with one of its sizes. */
export type Whole<S> = S extends OpenShape
  ? S
  : S extends readonly unknown[]
    ? Extract<S[number], ShapeError<string>>
    : S;

/** The position of axis `A` (0 is the batch, negative ones count from the end) in `S`; never when there is none. */
export type AxisIndex<S extends OpenShape, A extends number> = `${A}` extends `-${infer Back extends number}`
  ? Minus<S["length"], Back> & number
  : A extends 0
    ? never
    : Minus<A, 1> extends infer I extends number
      ? `${I}` extends keyof S
        ? I
        : never
      : never;
