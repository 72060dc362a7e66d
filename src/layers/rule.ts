/**
 * What a layer does to shapes, as a type.
 *
 * A rule is a type-level function: `out` says, in terms of `this["in"]`, what becomes of an input's shape, or is a
 * `ShapeError` whose text the compiler shows at the argument that does not fit.
 *
 * (A plain generic call signature would be simpler, and does not survive `pipe`: TypeScript turns it into `unknown`.)
 */
import type { Size } from "../core/shape-types.ts";
import type { OpenShape, OpenTensor, Shape, Tensor } from "../graph/tensor.ts";

/** The shape of a layer's input, or the shapes of its inputs in order. */
export type Shapes = OpenShape | readonly OpenShape[];

/** A type-level function from the shapes of a layer's inputs to those of its outputs. */
export interface Rule {
  /** Filled in by `Apply`. */
  readonly in: unknown;
  /** The shape, or list of shapes, that comes out; a `ShapeError` for what does not suit. */
  readonly out: unknown;
}

/** The rule of layers that say nothing: any shape may go in, and one tensor of any shape comes out. */
export interface AnyRule extends Rule {
  readonly saysNothing?: never;
}

/** The rule of layers that keep the shape: `class Double extends Layer<Same>`. */
export interface Same extends Rule {
  /** The shape that went in. */
  readonly out: this["in"];
}

/** A shape that does not suit, in words. No value has this type, so the compiler reports the argument, with the words. */
export interface ShapeError<Words extends string> {
  readonly "shape error": Words;
}

/** A shape in a `ShapeError`: `[28, 28, 1]`. */
export type ShapeText<S> = S extends OpenShape
  ? number extends S["length"]
    ? "[…]"
    : `[${Joined<S>}]`
  : "several tensors";

type Joined<S extends OpenShape> = S extends readonly [infer N extends Size, ...infer Rest extends Size[]]
  ? Rest extends readonly []
    ? `${N}`
    : `${N}, ${Joined<Rest>}`
  : "";

/** What `R` makes of the shapes `S`: shapes, or a `ShapeError`. */
export type Apply<R extends Rule, S> = (R & { readonly in: S })["out"];

/** What `R` makes of the shapes `S`; any shape where the rule does not say, or refuses (reported elsewhere). */
export type After<R extends Rule, S> =
  Apply<R, S> extends infer Out ? ([Out] extends [never] ? Shape : Out extends Shapes ? Out : Shape) : Shape;

/** Asked of an argument: nothing when the rule accepts `S`, the `ShapeError` (which nothing satisfies) when not. */
export type Accepted<R extends Rule, S> =
  Apply<R, S> extends infer Out
    ? [Out] extends [never]
      ? unknown
      : Out extends ShapeError<string>
        ? Out
        : unknown
    : unknown;

/** A tensor for a shape, a list of tensors for a list of shapes. */
export type Tensors<S> = S extends OpenShape
  ? Tensor<S>
  : S extends readonly OpenShape[]
    ? { readonly [K in keyof S]: S[K] extends OpenShape ? Tensor<S[K]> : never }
    : never;

/** The shape of a tensor, the shapes of a list of tensors. */
export type ShapesOf<X> =
  X extends Tensor<infer S> ? S : X extends readonly OpenTensor[] ? { readonly [K in keyof X]: ShapesOf<X[K]> } : never;
