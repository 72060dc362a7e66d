/**
 * Several tensors to one, cell by cell. Each layer takes a list of tensors, and has a function that makes it and calls it at
 * once: `add([a, b])` is `add()([a, b])`.
 */

import { shapeError } from "../core/errors.ts";
import type { Size } from "../core/shape-types.ts";
import type { OpenShape, OpenTensor, Shape, Tensor } from "../graph/tensor.ts";
import {
  add as addTensors,
  divide,
  maximum as larger,
  multiply as multiplyTensors,
  minimum as smaller,
  subtract as subtractTensors,
} from "../ops/index.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { fixOf, isList, type Listed, listOf, showShapes, type Whole } from "./merging-list.ts";
import { checkOptions, whereOf } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Accepted, After, Rule, ShapeError, ShapesOf, Tensors } from "./rule.ts";

/** What becomes of the tensors, by the names of the classes in Keras. */
const merges = {
  Add: (xs) => xs.reduce(addTensors),
  Subtract: ([a, b]) => subtractTensors(a, b),
  Multiply: (xs) => xs.reduce(multiplyTensors),
  Average: (xs) => divide(xs.reduce(addTensors), xs.length),
  Maximum: (xs) => xs.reduce(larger),
  Minimum: (xs) => xs.reduce(smaller),
} as const satisfies Record<string, (xs: readonly Tensor[]) => Tensor>;

type Kind = keyof typeof merges;

// ---- types --------------------------------------------------------------------------------------------------------

type Match<A extends Size, B extends Size, Name extends string> = null extends A | B
  ? null
  : A extends B
    ? A
    : number extends A
      ? B
      : number extends B
        ? A
        : A extends 1
          ? B
          : B extends 1
            ? A
            : ShapeError<`${Name}: sizes of ${A} and ${B} on the same axis do not go together`>;

/** Both shapes from their last axes on. */
type Broadcast<A, B, Name extends string, Done extends readonly unknown[] = []> = A extends readonly [
  ...infer FrontA extends OpenShape,
  infer LastA extends Size,
]
  ? B extends readonly [...infer FrontB extends OpenShape, infer LastB extends Size]
    ? Broadcast<FrontA, FrontB, Name, [Match<LastA, LastB, Name>, ...Done]>
    : [...A, ...Done]
  : B extends readonly unknown[]
    ? [...B, ...Done]
    : Done;

type BroadcastAll<L, Name extends string> = L extends readonly [infer A extends OpenShape]
  ? A
  : L extends readonly [
        infer A extends OpenShape,
        infer B extends OpenShape,
        ...infer Rest extends readonly OpenShape[],
      ]
    ? number extends A["length"] | B["length"]
      ? number[]
      : Whole<Broadcast<A, B, Name>> extends infer S
        ? S extends OpenShape
          ? BroadcastAll<[S, ...Rest], Name>
          : S
        : never
    : number[];

/** How many tensors there must be; all others take any number. */
const counts: { readonly [P in Kind]?: number } = { Subtract: 2 };

type Counted<L, P extends Kind> = P extends "Subtract"
  ? L extends readonly unknown[]
    ? number extends L["length"]
      ? L
      : L["length"] extends 2
        ? L
        : ShapeError<`subtract: takes a list of 2 tensors, not of ${L["length"]}`>
    : L
  : L;

export interface MergeRule<P extends Kind> extends Rule {
  readonly out: Counted<Listed<this["in"], Uncapitalize<P>>, P> extends infer L
    ? L extends ShapeError<string>
      ? L
      : BroadcastAll<L, Uncapitalize<P>>
    : never;
}

// ---- layers -------------------------------------------------------------------------------------------------------

/**
 * Tensors to one, cell by cell, of kind `P`: what `add`, `multiply` and their kin make. Sizes of 1, and axes that a tensor
 * lacks in front, go along with those of the others.
 */
export class Merge<P extends Kind> extends Layer<MergeRule<P>> {
  readonly kind: P;

  constructor(kind: P, options: LayerOptions = {}) {
    super(options, kind);
    checkOptions(this.where, options, layerOptions);
    this.kind = kind;
  }

  /** A size that is open in one tensor is open in the result, and in the others of the same axis but for 1. */
  protected override alike(shapes: readonly OpenShape[]): readonly OpenShape[] {
    const isOpenAt = (fromEnd: number): boolean => shapes.some((s) => s.at(-fromEnd) === null);
    return shapes.map((s) => s.map((n, i) => (n !== 1 && isOpenAt(s.length - i) ? null : n)));
  }

  call(x: Tensor | readonly Tensor[]): Tensor {
    const xs = listOf(this.where, x, counts[this.kind]);
    const fits = (a: Shape, b: Shape): boolean => {
      const rank = Math.min(a.length, b.length);
      return a.slice(a.length - rank).every((n, i) => n === 1 || [1, n].includes(b[b.length - rank + i]));
    };
    if (!xs.every((a, i) => xs.slice(i + 1).every((b) => fits(a.shape, b.shape)))) {
      throw shapeError({
        where: this.where,
        got: `the shapes ${showShapes(xs)}`,
        expected: "sizes that are equal or 1, counted from the last axis",
        fix: fixOf(xs, "Reshape, crop or pad one of them."),
      });
    }
    return merges[this.kind](xs);
  }
}

/** The layer that `add` makes: Keras' `Add`. Its arguments are properties. */
export type Add = Merge<"Add">;
/** The layer that `subtract` makes: Keras' `Subtract`. Its arguments are properties. */
export type Subtract = Merge<"Subtract">;
/** The layer that `multiply` makes: Keras' `Multiply`. Its arguments are properties. */
export type Multiply = Merge<"Multiply">;
/** The layer that `average` makes: Keras' `Average`. Its arguments are properties. */
export type Average = Merge<"Average">;
/** The layer that `maximum` makes: Keras' `Maximum`. Its arguments are properties. */
export type Maximum = Merge<"Maximum">;
/** The layer that `minimum` makes: Keras' `Minimum`. Its arguments are properties. */
export type Minimum = Merge<"Minimum">;

// Where no signature fits, the compiler tells what the last one says: shapes come last.
/** Makes a layer, or makes and calls it at once. */
interface MergeOf<P extends Kind> {
  /** The layer. */
  (options?: LayerOptions): Merge<P>;
  /** The result of the layer for a list of tensors. */
  <const X extends readonly OpenTensor[]>(
    tensors: X & Accepted<MergeRule<P>, ShapesOf<X>>,
    options?: LayerOptions,
  ): Tensors<After<MergeRule<P>, ShapesOf<X>>>;
}

const merging = <P extends Kind>(kind: P): MergeOf<P> =>
  ((first?: readonly OpenTensor[] | LayerOptions, options?: LayerOptions) =>
    isList(whereOf(kind, undefined), first)
      ? (new Merge(kind, options) as unknown as Layer)(first)
      : new Merge(kind, first)) as MergeOf<P>;

/** The sum of tensors, cell by cell: `add([a, b])`, or the layer `add()`. */
export const add: MergeOf<"Add"> = merging("Add");

/** The first tensor minus the second: `subtract([a, b])`, or the layer `subtract()`. */
export const subtract: MergeOf<"Subtract"> = merging("Subtract");

/** The product of tensors, cell by cell: `multiply([a, b])`, or the layer `multiply()`. */
export const multiply: MergeOf<"Multiply"> = merging("Multiply");

/** The mean of tensors, cell by cell: `average([a, b])`, or the layer `average()`. */
export const average: MergeOf<"Average"> = merging("Average");

/** The largest of tensors, cell by cell: `maximum([a, b])`, or the layer `maximum()`. On a tie the first gets the gradient. */
export const maximum: MergeOf<"Maximum"> = merging("Maximum");

/** The smallest of tensors, cell by cell: `minimum([a, b])`, or the layer `minimum()`. On a tie the first gets the gradient. */
export const minimum: MergeOf<"Minimum"> = merging("Minimum");

export const mergeRecords = (Object.keys(merges) as Kind[]).map((kind) =>
  recordOf(kind, layerOptions, (options) => new Merge(kind, options)),
);
