/** Several tensors to one, end to end: `concatenate([a, b])`. */
import { sameShape } from "../core/array.ts";
import { shapeError } from "../core/errors.ts";
import type { Plus, Size } from "../core/shape-types.ts";
import type { OpenShape, OpenTensor, Shape, Tensor } from "../graph/tensor.ts";
import { concatenate as concatenateTensors } from "../ops/index.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import {
  type AxisIndex,
  checkMergeAxis,
  fixOf,
  isList,
  type Listed,
  listOf,
  showShapes,
  type Whole,
} from "./merging-list.ts";
import { type Config, checkAxis, checkOptions, type None, type Only, readConfig } from "./options.ts";
import type { Accepted, After, Rule, ShapeError, ShapesOf, Tensors } from "./rule.ts";

/** `A` and `B` end to end along position `I`. */
type Join<A extends OpenShape, B extends OpenShape, I extends number> = {
  -readonly [K in keyof A]: K extends `${I}` ? Plus<A[K] & Size, SizeOf<B, K>> : Equal<A[K] & Size, SizeOf<B, K>>;
};

type SizeOf<S extends OpenShape, K> = K extends keyof S ? S[K] & Size : number;

/** The size of the first wherever one of the two is open. */
type Equal<A extends Size, B extends Size> = null extends A | B
  ? A
  : number extends A
    ? B
    : number extends B
      ? A
      : A extends B
        ? A
        : ShapeError<`concatenate: sizes of ${A} and ${B} on an axis that is not joined`>;

type ConcatenateAll<L, A extends number> = L extends readonly [infer S extends OpenShape]
  ? S
  : L extends readonly [
        infer S extends OpenShape,
        infer T extends OpenShape,
        ...infer Rest extends readonly OpenShape[],
      ]
    ? number extends S["length"] | T["length"]
      ? number[]
      : S["length"] extends T["length"]
        ? [AxisIndex<S, A>] extends [never]
          ? ShapeError<`concatenate: there is no axis ${A} to join along`>
          : Whole<Join<S, T, AxisIndex<S, A>>> extends infer J
            ? J extends OpenShape
              ? ConcatenateAll<[J, ...Rest], A>
              : J
            : never
        : ShapeError<`concatenate: needs as many axes everywhere, and got ${S["length"]} and ${T["length"]}`>
    : number[];

type AxisOf<O> = O extends { readonly axis: infer A extends number } ? A : "axis" extends keyof O ? number : -1;

/** With an axis that is not known as many axes as the first has. */
type Unknown<L> = L extends readonly [infer S extends OpenShape, ...unknown[]]
  ? { -readonly [K in keyof S]: number }
  : number[];

export interface ConcatenateRule<O> extends Rule {
  readonly out: Listed<this["in"], "concatenate"> extends infer L
    ? L extends ShapeError<string>
      ? L
      : number extends AxisOf<O>
        ? Unknown<L>
        : ConcatenateAll<L, AxisOf<O>>
    : never;
}

/** Options of `concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** The axis to join along; 0 is the batch. Default −1, the last. */
  readonly axis?: number;
}

const optionNames = ["axis", ...layerOptions] as const satisfies readonly (keyof ConcatenateOptions)[];

/** The layer that `concatenate` makes: Keras' `Concatenate`. Its arguments are properties. */
export class Concatenate<const O extends ConcatenateOptions = ConcatenateOptions> extends Layer<ConcatenateRule<O>> {
  readonly axis: number;

  constructor(options?: Only<O, ConcatenateOptions>) {
    const o: ConcatenateOptions = options ?? {};
    super(o);
    checkOptions(this.where, o, optionNames);
    this.axis = checkMergeAxis(this.where, "axis", o.axis ?? -1);
  }

  override get className(): string {
    return "Concatenate";
  }

  /** Besides the joined axis the sizes are those of the first wherever one of the two is open. */
  protected override alike(shapes: readonly OpenShape[]): readonly OpenShape[] {
    const [first] = shapes;
    const joined = this.axis < 0 ? this.axis + first.length : this.axis - 1;
    const asFirst = (n: number | null, i: number) => (i !== joined && (n === null || first[i] === null) ? first[i] : n);
    return shapes.map((shape) => (shape.length === first.length ? shape.map(asFirst) : shape));
  }

  call(x: Tensor | readonly Tensor[]): Tensor {
    const { where } = this;
    const xs = listOf(where, x);
    const rank = xs[0].shape.length;
    const axis = checkAxis(where, "axis", this.axis, rank);
    const isSame = (shape: Shape): boolean =>
      shape.length === rank && sameShape(shape.with(axis, 0), xs[0].shape.with(axis, 0));
    if (!xs.every((t) => isSame(t.shape))) {
      const otherwise = "Crop or pad one of them, or join along another axis.";
      throw shapeError({
        where,
        got: `the shapes ${showShapes(xs)}`,
        expected: `equal sizes on every axis but ${axis + 1}`,
        fix: axis === rank - 1 ? fixOf(xs, otherwise) : otherwise,
      });
    }
    return concatenateTensors(xs, axis);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }

  static fromConfig(config: Config): Concatenate {
    return new Concatenate<ConcatenateOptions>(readConfig("Concatenate", config, optionNames));
  }
}

// Where one of several signatures is generic and returns something callable, TypeScript gives up on the shape of the
// result in `f(concatenate([a, b]), …)`. A conditional type keeps it from seeing that a layer can be called.
// Where no signature fits, the compiler tells what the last one says: shapes come last.
type ConcatenateOf<O> = [O] extends [infer P extends ConcatenateOptions] ? Concatenate<P> : never;

/** The layer: `concatenate({ axis: 1 })`. */
export function concatenate<const O extends ConcatenateOptions = None>(
  options?: Only<O, ConcatenateOptions>,
): ConcatenateOf<O>;
/** Tensors end to end along an axis: `concatenate([a, b])`. */
export function concatenate<const X extends readonly OpenTensor[], const O extends ConcatenateOptions = None>(
  tensors: X & Accepted<ConcatenateRule<O>, ShapesOf<X>>,
  options?: Only<O, ConcatenateOptions>,
): Tensors<After<ConcatenateRule<O>, ShapesOf<X>>>;
export function concatenate(first?: readonly OpenTensor[] | ConcatenateOptions, options?: ConcatenateOptions): unknown {
  return isList("concatenate", first)
    ? (new Concatenate<ConcatenateOptions>(options) as unknown as Layer)(first)
    : new Concatenate<ConcatenateOptions>(first as ConcatenateOptions | undefined);
}
