/**
 * Several tensors to one: cell by cell, end to end, or as products of vectors. Each layer takes a list of tensors, and has
 * a function that makes it and calls it at once: `add([a, b])` is `add()([a, b])`.
 */
import { sameShape, showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Minus, Plus } from "../core/shape-types.ts";
import { type Shape, Tensor } from "../graph/tensor.ts";
import {
  add as addTensors,
  concatenate as concatenateTensors,
  divide,
  maximum as larger,
  multiply as multiplyTensors,
  reshape,
  minimum as smaller,
  squareRoot,
  subtract as subtractTensors,
  sum,
  transpose,
} from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { type Config, checkAxis, checkBoolean, checkOptions, type None, type Only, readConfig } from "./options.ts";
import type { Accepted, After, Rule, ShapeError, ShapesOf, Tensors } from "./rule.ts";

const mergeNames = ["name", "trainable", "activityRegularizer"] as const satisfies readonly (keyof LayerOptions)[];

/** The list of tensors that the layer was called with. */
function listOf(where: string, xs: Tensor | readonly Tensor[], count?: number): readonly Tensor[] {
  const list = xs instanceof Tensor ? undefined : xs;
  if (list !== undefined && list.length > 0 && (count === undefined || list.length === count)) return list;
  throw shapeError({
    where,
    got: list === undefined ? "one tensor" : `a list of ${list.length}`,
    expected: count === undefined ? "a list of tensors" : `a list of exactly ${count} tensors`,
    fix: "Call it with [a, b].",
  });
}

const showShapes = (xs: readonly Tensor[]): string => xs.map((x) => showShape(x.shape, true)).join(" and ");

// ---- cell by cell: types ------------------------------------------------------------------------------------------

type Match<A extends number, B extends number, Name extends string> = A extends B
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
  ...infer FrontA extends Shape,
  infer LastA extends number,
]
  ? B extends readonly [...infer FrontB extends Shape, infer LastB extends number]
    ? Broadcast<FrontA, FrontB, Name, [Match<LastA, LastB, Name>, ...Done]>
    : [...A, ...Done]
  : B extends readonly unknown[]
    ? [...B, ...Done]
    : Done;

/** The shape, or what is wrong with one of its sizes. */
type Whole<S> = S extends readonly number[]
  ? S
  : S extends readonly unknown[]
    ? Extract<S[number], ShapeError<string>>
    : S;

type BroadcastAll<L, Name extends string> = L extends readonly [infer A extends Shape]
  ? A
  : L extends readonly [infer A extends Shape, infer B extends Shape, ...infer Rest extends readonly Shape[]]
    ? number extends A["length"] | B["length"]
      ? number[]
      : Whole<Broadcast<A, B, Name>> extends infer S
        ? S extends Shape
          ? BroadcastAll<[S, ...Rest], Name>
          : S
        : never
    : number[];

type Listed<S, Name extends string> = S extends Shape
  ? S extends readonly []
    ? ShapeError<`${Name}: takes a list of tensors, e.g. [a, b]`>
    : ShapeError<`${Name}: takes a list of tensors, not one`>
  : S;

export interface MergeRule<Name extends string> extends Rule {
  readonly out: Listed<this["in"], Name> extends infer L
    ? L extends ShapeError<string>
      ? L
      : BroadcastAll<L, Name>
    : never;
}

export interface PairRule<Name extends string> extends Rule {
  readonly out: Listed<this["in"], Name> extends infer L
    ? L extends ShapeError<string>
      ? L
      : L extends readonly Shape[]
        ? number extends L["length"]
          ? number[]
          : L["length"] extends 2
            ? BroadcastAll<L, Name>
            : ShapeError<`${Name}: takes a list of 2 tensors, not of ${L["length"]}`>
        : never
    : never;
}

// ---- cell by cell: layers -----------------------------------------------------------------------------------------

/** Sizes of 1, and axes that a tensor lacks in front, go along with those of the others. */
abstract class Merge<R extends Rule> extends Layer<R> {
  constructor(options: LayerOptions = {}) {
    super(options);
    checkOptions(this.where, options, mergeNames);
  }

  protected abstract merge(xs: readonly Tensor[]): Tensor;

  /** How many tensors there must be; undefined for any number. */
  protected get count(): number | undefined {
    return undefined;
  }

  call(x: Tensor | readonly Tensor[]): Tensor {
    const xs = listOf(this.where, x, this.count);
    const fits = (a: Shape, b: Shape): boolean => {
      const rank = Math.min(a.length, b.length);
      return a.slice(a.length - rank).every((n, i) => n === 1 || [1, n].includes(b[b.length - rank + i]));
    };
    if (!xs.every((a, i) => xs.slice(i + 1).every((b) => fits(a.shape, b.shape)))) {
      throw shapeError({
        where: this.where,
        got: `the shapes ${showShapes(xs)}`,
        expected: "sizes that are equal or 1, counted from the last axis",
        fix: "Reshape, crop or pad one of them.",
      });
    }
    return this.merge(xs);
  }
}

export class Add extends Merge<MergeRule<"add">> {
  override get className(): string {
    return "Add";
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    return xs.reduce(addTensors);
  }

  static fromConfig(config: Config): Add {
    return new Add(readConfig("Add", config, mergeNames));
  }
}

export class Subtract extends Merge<PairRule<"subtract">> {
  override get className(): string {
    return "Subtract";
  }

  protected override get count(): number {
    return 2;
  }

  protected override merge([a, b]: readonly Tensor[]): Tensor {
    return subtractTensors(a, b);
  }

  static fromConfig(config: Config): Subtract {
    return new Subtract(readConfig("Subtract", config, mergeNames));
  }
}

export class Multiply extends Merge<MergeRule<"multiply">> {
  override get className(): string {
    return "Multiply";
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    return xs.reduce(multiplyTensors);
  }

  static fromConfig(config: Config): Multiply {
    return new Multiply(readConfig("Multiply", config, mergeNames));
  }
}

export class Average extends Merge<MergeRule<"average">> {
  override get className(): string {
    return "Average";
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    return divide(xs.reduce(addTensors), xs.length);
  }

  static fromConfig(config: Config): Average {
    return new Average(readConfig("Average", config, mergeNames));
  }
}

export class Maximum extends Merge<MergeRule<"maximum">> {
  override get className(): string {
    return "Maximum";
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    return xs.reduce(larger);
  }

  static fromConfig(config: Config): Maximum {
    return new Maximum(readConfig("Maximum", config, mergeNames));
  }
}

export class Minimum extends Merge<MergeRule<"minimum">> {
  override get className(): string {
    return "Minimum";
  }

  protected override merge(xs: readonly Tensor[]): Tensor {
    return xs.reduce(smaller);
  }

  static fromConfig(config: Config): Minimum {
    return new Minimum(readConfig("Minimum", config, mergeNames));
  }
}

// ---- Concatenate --------------------------------------------------------------------------------------------------

/** The position of axis `A` (0 is the batch, negative ones count from the end) in `S`; never when there is none. */
type AxisIndex<S extends Shape, A extends number> = `${A}` extends `-${infer Back extends number}`
  ? Minus<S["length"], Back>
  : A extends 0
    ? never
    : Minus<A, 1> extends infer I extends number
      ? `${I}` extends keyof S
        ? I
        : never
      : never;

/** `A` and `B` end to end along position `I`. */
type Join<A extends Shape, B extends Shape, I extends number> = {
  -readonly [K in keyof A]: K extends `${I}` ? Plus<A[K] & number, SizeOf<B, K>> : Equal<A[K] & number, SizeOf<B, K>>;
};

type SizeOf<S extends Shape, K> = K extends keyof S ? S[K] & number : number;

type Equal<A extends number, B extends number> = number extends A
  ? B
  : number extends B
    ? A
    : A extends B
      ? A
      : ShapeError<`concatenate: sizes of ${A} and ${B} on an axis that is not joined`>;

type ConcatenateAll<L, A extends number> = L extends readonly [infer S extends Shape]
  ? S
  : L extends readonly [infer S extends Shape, infer T extends Shape, ...infer Rest extends readonly Shape[]]
    ? number extends S["length"] | T["length"]
      ? number[]
      : S["length"] extends T["length"]
        ? [AxisIndex<S, A>] extends [never]
          ? ShapeError<`concatenate: there is no axis ${A} to join along`>
          : Whole<Join<S, T, AxisIndex<S, A>>> extends infer J
            ? J extends Shape
              ? ConcatenateAll<[J, ...Rest], A>
              : J
            : never
        : ShapeError<`concatenate: needs as many axes everywhere, and got ${S["length"]} and ${T["length"]}`>
    : number[];

type AxisOf<O> = O extends { readonly axis: infer A extends number } ? A : "axis" extends keyof O ? number : -1;

/** With an axis that is not known as many axes as the first has. */
type Unknown<L> = L extends readonly [infer S extends Shape, ...unknown[]]
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

export interface ConcatenateOptions extends LayerOptions {
  /** The axis to join along; 0 is the batch. Default −1, the last. */
  readonly axis?: number;
}

const concatenateNames = [
  "axis",
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof ConcatenateOptions)[];

export class Concatenate<const O extends ConcatenateOptions = ConcatenateOptions> extends Layer<ConcatenateRule<O>> {
  readonly axis: number;

  constructor(options?: Only<O, ConcatenateOptions>) {
    const o: ConcatenateOptions = options ?? {};
    super(o);
    checkOptions(this.where, o, concatenateNames);
    this.axis = checkMergeAxis(this.where, "axis", o.axis ?? -1);
  }

  override get className(): string {
    return "Concatenate";
  }

  call(x: Tensor | readonly Tensor[]): Tensor {
    const { where } = this;
    const xs = listOf(where, x);
    const rank = xs[0].shape.length;
    const axis = checkAxis(where, "axis", this.axis, rank);
    const isSame = (shape: Shape): boolean =>
      shape.length === rank && sameShape(shape.with(axis, 0), xs[0].shape.with(axis, 0));
    if (!xs.every((t) => isSame(t.shape))) {
      throw shapeError({
        where,
        got: `the shapes ${showShapes(xs)}`,
        expected: `equal sizes on every axis but ${axis + 1}`,
        fix: "Crop or pad one of them, or join along another axis.",
      });
    }
    return concatenateTensors(xs, axis);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }

  static fromConfig(config: Config): Concatenate {
    return new Concatenate<ConcatenateOptions>(readConfig("Concatenate", config, concatenateNames));
  }
}

function checkMergeAxis(where: string, argument: string, axis: unknown): number {
  if (Number.isInteger(axis) && axis !== 0) return axis as number;
  throw argumentError({ where, argument, value: axis, expected: "an axis other than 0, the batch" });
}

// ---- Dot ----------------------------------------------------------------------------------------------------------

/** `S` without the size at position `I`. */
type Dropped<S extends Shape, I extends number, Done extends Shape = []> = S extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? Done["length"] extends I
    ? [...Done, ...T]
    : Dropped<T, I, [...Done, H]>
  : Done;

type Side<A, I extends 0 | 1> = A extends readonly [number, number] ? A[I] : A extends number ? A : number;

type AtLeastOne<S extends Shape> = S extends readonly [] ? [1] : S;

type Dotted<S extends Shape, T extends Shape, A extends number, B extends number> = number extends
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

type Alike<A extends number, B extends number> = number extends A | B ? true : A extends B ? true : false;

export interface DotRule<A> extends Rule {
  readonly out: Listed<this["in"], "dot"> extends infer L
    ? L extends ShapeError<string>
      ? L
      : L extends readonly [infer S extends Shape, infer T extends Shape]
        ? Dotted<S, T, Side<A, 0>, Side<A, 1>>
        : L extends readonly Shape[]
          ? number extends L["length"]
            ? number[]
            : ShapeError<`dot: takes a list of 2 tensors, not of ${L["length"]}`>
          : never
    : never;
}

/** The axis of both tensors to sum over, or one for each; 0 is the batch. */
export type DotAxes = number | readonly [number, number];

export interface DotOptions extends LayerOptions {
  /** Whether vectors are scaled to length 1 first, so that the result is the cosine of their angle. Default false. */
  readonly normalize?: boolean;
}

const dotNames = [
  "normalize",
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof DotOptions)[];

/** To length 1 along an axis; vectors shorter than 1e-7 are left short. */
const normalized = (x: Tensor, axis: number): Tensor =>
  divide(x, squareRoot(larger(sum(multiplyTensors(x, x), [axis], { keepDims: true }), 1e-14)));

/** With `axis` moved to the end. */
const lastOf = (x: Tensor, axis: number): Tensor =>
  transpose(x, [...x.shape.map((_, i) => i).filter((i) => i !== axis), axis]);

export class Dot<const A extends DotAxes = DotAxes> extends Layer<DotRule<A>> {
  readonly axes: DotAxes;
  readonly normalize: boolean;

  constructor(axes: A, options: DotOptions = {}) {
    super(options);
    const { where } = this;
    checkOptions(where, options, dotNames);
    const list: readonly unknown[] = Array.isArray(axes) ? axes : [axes, axes];
    if (list.length !== 2) {
      throw argumentError({
        where,
        argument: "axes",
        value: axes,
        expected: "an axis, or one for each of two tensors",
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
    const y = sum(multiplyTensors(spread, b), [rows.length + columns.length]);
    return y.shape.length === 0 ? reshape(y, [1]) : y;
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axes: this.axes, normalize: this.normalize };
  }

  static fromConfig(config: Config): Dot {
    const { axes, ...options } = readConfig("Dot", config, ["axes", ...dotNames]);
    return new Dot<DotAxes>(axes as DotAxes, options);
  }
}

// ---- functions ----------------------------------------------------------------------------------------------------

/** Makes a layer, or makes and calls it at once. */
interface Merging<R extends Rule, L> {
  /** The result of the layer for a list of tensors. */
  <const X extends readonly Tensor[]>(
    tensors: X & Accepted<R, ShapesOf<X>>,
    options?: LayerOptions,
  ): Tensors<After<R, ShapesOf<X>>>;
  /** The layer. */
  (options?: LayerOptions): L;
}

const merging = <R extends Rule, L extends Layer<R>>(make: new (options?: LayerOptions) => L): Merging<R, L> =>
  ((first?: readonly Tensor[] | LayerOptions, options?: LayerOptions) =>
    isList(first) ? (new make(options) as unknown as Layer)(first) : new make(first)) as Merging<R, L>;

const isList = (value: unknown): value is readonly Tensor[] => Array.isArray(value);

/** The sum of tensors, cell by cell: `add([a, b])`, or the layer `add()`. */
export const add: Merging<MergeRule<"add">, Add> = merging(Add);

/** The first tensor minus the second: `subtract([a, b])`, or the layer `subtract()`. */
export const subtract: Merging<PairRule<"subtract">, Subtract> = merging(Subtract);

/** The product of tensors, cell by cell: `multiply([a, b])`, or the layer `multiply()`. */
export const multiply: Merging<MergeRule<"multiply">, Multiply> = merging(Multiply);

/** The mean of tensors, cell by cell: `average([a, b])`, or the layer `average()`. */
export const average: Merging<MergeRule<"average">, Average> = merging(Average);

/** The largest of tensors, cell by cell: `maximum([a, b])`, or the layer `maximum()`. On a tie the first gets the gradient. */
export const maximum: Merging<MergeRule<"maximum">, Maximum> = merging(Maximum);

/** The smallest of tensors, cell by cell: `minimum([a, b])`, or the layer `minimum()`. On a tie the first gets the gradient. */
export const minimum: Merging<MergeRule<"minimum">, Minimum> = merging(Minimum);

// Where one of several signatures is generic and returns something callable, TypeScript gives up on the shape of the
// result in `f(concatenate([a, b]), …)`. A conditional type keeps it from seeing that a layer can be called.
type ConcatenateOf<O> = [O] extends [infer P extends ConcatenateOptions] ? Concatenate<P> : never;
type DotOf<A> = [A] extends [infer P extends DotAxes] ? Dot<P> : never;

/** Tensors end to end along an axis: `concatenate([a, b])`. */
export function concatenate<const X extends readonly Tensor[], const O extends ConcatenateOptions = None>(
  tensors: X & Accepted<ConcatenateRule<O>, ShapesOf<X>>,
  options?: Only<O, ConcatenateOptions>,
): Tensors<After<ConcatenateRule<O>, ShapesOf<X>>>;
/** The layer: `concatenate({ axis: 1 })`. */
export function concatenate<const O extends ConcatenateOptions = None>(
  options?: Only<O, ConcatenateOptions>,
): ConcatenateOf<O>;
export function concatenate(first?: readonly Tensor[] | ConcatenateOptions, options?: ConcatenateOptions): unknown {
  return isList(first)
    ? (new Concatenate<ConcatenateOptions>(options) as unknown as Layer)(first)
    : new Concatenate<ConcatenateOptions>(first as ConcatenateOptions | undefined);
}

/**
 * The sums of products of two tensors along an axis of each: `dot([a, b], 1)`.
 *
 * @param axes - the axis of both, or one for each; 0 is the batch.
 */
export function dot<const X extends readonly Tensor[], const A extends DotAxes>(
  tensors: X & Accepted<DotRule<A>, ShapesOf<X>>,
  axes: A,
  options?: DotOptions,
): Tensors<After<DotRule<A>, ShapesOf<X>>>;
/** The layer: `dot([2, 1])`. */
export function dot<const A extends DotAxes>(axes: A, options?: DotOptions): DotOf<A>;
export function dot(first: unknown, second?: unknown, third?: DotOptions): unknown {
  return isList(first) && first.some((item) => item instanceof Tensor)
    ? (new Dot<DotAxes>(second as DotAxes, third) as unknown as Layer)(first)
    : new Dot<DotAxes>(first as DotAxes, second as DotOptions | undefined);
}
