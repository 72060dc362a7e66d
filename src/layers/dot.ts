/** Two tensors to one, as products of vectors: `dot([a, b], 1)`. */

import { argumentError, shapeError } from "../core/errors.ts";
import type { Size } from "../core/shape-types.ts";
import { type OpenShape, type OpenTensor, Tensor } from "../graph/tensor.ts";
import { divide, maximum, multiply, reshape, squareRoot, sum, transpose } from "../ops/index.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type AxisIndex, checkMergeAxis, isList, type Listed, listOf, showShapes } from "./merging-list.ts";
import { type Config, checkAxis, checkBoolean, checkOptions, readConfig } from "./options.ts";
import type { Accepted, After, Rule, ShapeError, ShapesOf, Tensors } from "./rule.ts";

/** `S` without the size at position `I`. */
type Dropped<S extends OpenShape, I extends number, Done extends OpenShape = []> = S extends readonly [
  infer H extends Size,
  ...infer T extends OpenShape,
]
  ? Done["length"] extends I
    ? [...Done, ...T]
    : Dropped<T, I, [...Done, H]>
  : Done;

type Side<A, I extends 0 | 1> = A extends readonly [number, number] ? A[I] : A extends number ? A : number;

type AtLeastOne<S extends OpenShape> = S extends readonly [] ? [1] : S;

type Dotted<S extends OpenShape, T extends OpenShape, A extends number, B extends number> = number extends
  | S["length"]
  | T["length"]
  | A
  | B
  ? number[]
  : [AxisIndex<S, A>] extends [never]
    ? ShapeError<`dot: the first tensor has no axis ${A}`>
    : [AxisIndex<T, B>] extends [never]
      ? ShapeError<`dot: the second tensor has no axis ${B}`>
      : Alike<S[AxisIndex<S, A>], T[AxisIndex<T, B>]> extends true
        ? AtLeastOne<[...Dropped<S, AxisIndex<S, A>>, ...Dropped<T, AxisIndex<T, B>>]>
        : ShapeError<`dot: ${S[AxisIndex<S, A>]} cells on axis ${A} of the first tensor and ${T[AxisIndex<T, B>]} on axis ${B} of the second`>;

type Alike<A extends Size, B extends Size> = number extends A | B ? true : A extends B ? true : false;

export interface DotRule<A> extends Rule {
  readonly out: Listed<this["in"], "dot"> extends infer L
    ? L extends ShapeError<string>
      ? L
      : L extends readonly [infer S extends OpenShape, infer T extends OpenShape]
        ? Dotted<S, T, Side<A, 0>, Side<A, 1>>
        : L extends readonly OpenShape[]
          ? number extends L["length"]
            ? number[]
            : ShapeError<`dot: takes a list of 2 tensors, not of ${L["length"]}`>
          : never
    : never;
}

/** The axis of both tensors to sum over, or one for each; 0 is the batch. */
export type DotAxes = number | readonly [number, number];

/** Options of `dot`. */
export interface DotOptions extends LayerOptions {
  /** Whether vectors are scaled to length 1 first, so that the result is the cosine of their angle. Default false. */
  readonly normalize?: boolean;
}

const optionNames = ["normalize", ...layerOptions] as const satisfies readonly (keyof DotOptions)[];

/** To length 1 along an axis; vectors shorter than 1e-7 are left short. */
const normalized = (x: Tensor, axis: number): Tensor =>
  divide(x, squareRoot(maximum(sum(multiply(x, x), [axis], { keepDims: true }), 1e-14)));

/** With `axis` moved to the end. */
const lastOf = (x: Tensor, axis: number): Tensor =>
  transpose(x, [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis]);

/** The layer that `dot` makes: Keras' `Dot`. Its arguments are properties. */
export class Dot<const A extends DotAxes = DotAxes> extends Layer<DotRule<A>> {
  readonly axes: DotAxes;
  readonly normalize: boolean;

  constructor(axes: A, options: DotOptions = {}) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    const list: readonly unknown[] = Array.isArray(axes) ? axes : [axes, axes];
    if (list.length !== 2) {
      throw argumentError({
        where,
        argument: "axes",
        value: axes,
        expected: "an axis, or one for each of two tensors",
        fix: "The last axis of both is -1.",
      });
    }
    for (const axis of list) checkMergeAxis(where, "axes", axis);
    this.axes = axes;
    this.normalize = checkBoolean(where, "normalize", options.normalize ?? false);
  }

  override get className(): string {
    return "Dot";
  }

  call(x: Tensor | readonly Tensor[]): Tensor {
    const { where, axes } = this;
    const xs = listOf(where, x, 2);
    const at = xs.map((t, i) => checkAxis(where, "axes", typeof axes === "number" ? axes : axes[i], t.shape.length));
    const cells = xs.map((t, i) => t.shape[at[i]]);
    if (cells[0] !== cells[1]) {
      throw shapeError({
        where,
        got: `the shapes ${showShapes(xs)}, ${cells[0]} cells on axis ${at[0] + 1} and ${cells[1]} on axis ${at[1] + 1}`,
        expected: "as many on both",
        fix: "Choose other axes, or reshape one of them.",
      });
    }
    const [a, b] = xs.map((t, i) => lastOf(this.normalize ? normalized(t, at[i]) : t, at[i]));
    const [rows, columns] = [a.shape.slice(0, -1), b.shape.slice(0, -1)];
    // a[rows, 1…, n] · b[columns, n]
    const spread = reshape(a, [...rows, ...columns.map(() => 1), cells[0]]);
    const y = sum(multiply(spread, b), [rows.length + columns.length]);
    return y.shape.length === 0 ? reshape(y, [1]) : y;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axes: this.axes, normalize: this.normalize };
  }

  static fromConfig(config: Config): Dot {
    const { axes, ...options } = readConfig("Dot", config, ["axes", ...optionNames]);
    return new Dot<DotAxes>(axes as DotAxes, options);
  }
}

// As for `concatenate`: a conditional type keeps TypeScript from seeing that a layer can be called.
type DotOf<A> = [A] extends [infer P extends DotAxes] ? Dot<P> : never;

/** The layer: `dot([2, 1])`. */
export function dot<const A extends DotAxes>(axes: A, options?: DotOptions): DotOf<A>;
/**
 * The sums of products of two tensors along an axis of each: `dot([a, b], 1)`.
 *
 * @param axes - the axis of both, or one for each; 0 is the batch.
 */
export function dot<const X extends readonly OpenTensor[], const A extends DotAxes>(
  tensors: X & Accepted<DotRule<A>, ShapesOf<X>>,
  axes: A,
  options?: DotOptions,
): Tensors<After<DotRule<A>, ShapesOf<X>>>;
export function dot(first: unknown, second?: unknown, third?: DotOptions): unknown {
  return isList("dot", first) && first.some((item) => item instanceof Tensor)
    ? (new Dot<DotAxes>(second as DotAxes, third) as unknown as Layer)(first)
    : new Dot<DotAxes>(first as DotAxes, second as DotOptions | undefined);
}
