/** The same numbers under another shape. */
import { showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Divides, FloorDivide, Known, Product, Size } from "../core/shape-types.ts";
import type { OpenShape, OpenTensor, Shape, Tensor } from "../graph/tensor.ts";
import { broadcastTo, placeholder, reshape as reshapeTensor, transpose } from "../ops/index.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkCount, checkOptions, type DataFormat, readConfig } from "./options.ts";
import type { Rule, ShapeError, ShapeText } from "./rule.ts";
import { checkFormat, toChannelsLast } from "./spatial.ts";

// ---- Flatten ------------------------------------------------------------------------------------------------------

/** Options of `flatten`. */
export interface FlattenOptions extends LayerOptions {
  /** `"channels_first"` moves the channels to the end first, so that both formats give the same order. */
  readonly dataFormat?: DataFormat | null;
}

const flattenOptions = ["dataFormat", ...layerOptions] as const satisfies readonly (keyof FlattenOptions)[];

export interface FlattenRule extends Rule {
  readonly out: this["in"] extends infer S extends OpenShape
    ? [Product<S>]
    : ShapeError<"flatten: takes one tensor, not a list">;
}

/** The layer that `flatten` makes: Keras' `Flatten`. Its arguments are properties. */
export class Flatten extends Layer<FlattenRule> {
  readonly dataFormat: DataFormat;

  constructor(options: FlattenOptions = {}) {
    super(options);
    checkOptions(this.where, options, flattenOptions);
    this.dataFormat = checkFormat(this.where, options.dataFormat);
  }

  override get className(): string {
    return "Flatten";
  }

  call(x: Tensor): Tensor {
    const turned = x.shape.length === 0 ? x : toChannelsLast(x, this.dataFormat);
    return reshapeTensor(turned, [sizeOf(x.shape)]);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), data_format: this.dataFormat };
  }

  static fromConfig(config: Config): Flatten {
    return new Flatten(readConfig("Flatten", config, flattenOptions));
  }
}

/** All axes of a sample as one. */
export const flatten = (options?: FlattenOptions): Flatten => new Flatten(options);

// ---- Reshape ------------------------------------------------------------------------------------------------------

/** `T` with −1 replaced by what is left of `N`. */
type Filled<N extends Size, T extends Shape, Rest extends Shape = GivenSizes<T>> = -1 extends T[number]
  ? { [K in keyof T]: T[K] extends -1 ? FloorDivide<N, Product<Rest>> : T[K] }
  : T;

/** The sizes that are given. */
type GivenSizes<T extends Shape> = T extends readonly [infer H extends number, ...infer R extends Shape]
  ? H extends -1
    ? GivenSizes<R>
    : [H, ...GivenSizes<R>]
  : [];

type Plain<S> = S extends readonly [...infer Sizes extends Size[]] ? Sizes : never;

type Reshaped<N extends Size, T extends Shape> = number extends T["length"]
  ? number[]
  : Known<N> extends true
    ? (-1 extends T[number] ? Divides<Product<GivenSizes<T>>, N> : Divides<1, N> & Equals<Product<T>, N>) extends false
      ? ShapeError<`reshape: the input has ${N} cells, and the shape ${ShapeText<T>} ${-1 extends T[number]
          ? `needs a multiple of ${Product<GivenSizes<T>>}`
          : `has ${Product<T>}`}`>
      : Plain<Filled<N, T>>
    : Plain<Filled<N, T>>;

type Equals<A extends Size, B extends Size> = number extends A ? boolean : A extends B ? true : false;

export interface ReshapeRule<T extends Shape> extends Rule {
  readonly out: this["in"] extends infer S extends OpenShape
    ? Reshaped<Product<S>, T>
    : ShapeError<"reshape: takes one tensor, not a list">;
}

/** The layer that `reshape` makes: Keras' `Reshape`. Its arguments are properties. */
export class Reshape<const T extends Shape = Shape> extends Layer<ReshapeRule<T>> {
  /** As given, with −1. */
  readonly targetShape: Shape;

  constructor(targetShape: T, options: LayerOptions = {}) {
    super(options);
    checkOptions(this.where, options, layerOptions);
    const isWhole = (size: number): boolean => Number.isInteger(size) && (size === -1 || size >= 1);
    if (!Array.isArray(targetShape) || !targetShape.every(isWhole) || targetShape.filter((s) => s < 0).length > 1) {
      throw argumentError({
        where: this.where,
        argument: "targetShape",
        value: targetShape,
        expected: "whole numbers of at least 1, and −1 at most once, for what is left",
        fix: "Write the sizes out, all but one.",
      });
    }
    this.targetShape = [...targetShape];
  }

  override get className(): string {
    return "Reshape";
  }

  call(x: Tensor): Tensor {
    const cells = sizeOf(x.shape);
    const given = sizeOf(this.targetShape.filter((size) => size >= 0));
    const isOpen = this.targetShape.includes(-1);
    if (isOpen ? cells % given !== 0 : cells !== given) {
      throw shapeError({
        where: this.where,
        got: `an input of shape ${showShape(x.shape, true)}, ${cells} cells for each sample`,
        expected: isOpen
          ? `a multiple of ${given}, for ${showShape(this.targetShape, true)}`
          : `${given}, the cells of ${showShape(this.targetShape, true)}`,
        fix: "Choose a target shape with as many cells, or leave one size open with -1.",
      });
    }
    return reshapeTensor(
      x,
      this.targetShape.map((size) => (size < 0 ? cells / given : size)),
    );
  }

  /** Which sizes have as many cells shows when they come; what was left open stays so. */
  override answer(x: OpenTensor): OpenTensor {
    this.prepare([x.shape]);
    const shape = this.targetShape.map((size) => (size < 0 ? null : size));
    return placeholder(shape, this.name);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), target_shape: this.targetShape };
  }

  static fromConfig(config: Config): Reshape {
    const { targetShape, ...options } = readConfig("Reshape", config, ["targetShape", ...layerOptions]);
    return new Reshape<Shape>(targetShape as Shape, options);
  }
}

/**
 * Another shape for the same cells, in the same order.
 *
 * @param targetShape - without the batch axis; one size may be −1, for what is left.
 */
export const reshape = <const T extends Shape>(targetShape: T, options?: LayerOptions): Reshape<T> =>
  new Reshape<T>(targetShape, options);

// ---- Permute ------------------------------------------------------------------------------------------------------

/** The size of axis `A` of `S`, counted from 1. */
type AxisSize<S extends OpenShape, A> = A extends number
  ? [1, ...S][A] extends infer N extends Size
    ? N
    : never
  : never;

type Permuted<S extends OpenShape, D extends Shape> = number extends S["length"] | D["length"]
  ? number[]
  : S["length"] extends D["length"]
    ? { -readonly [I in keyof D]: number extends D[I] ? number : AxisSize<S, D[I]> }
    : ShapeError<`permute: names ${D["length"]} axes, and got ${S["length"]}`>;

export interface PermuteRule<D extends Shape> extends Rule {
  readonly out: this["in"] extends infer S extends OpenShape
    ? Permuted<S, D>
    : ShapeError<"permute: takes one tensor, not a list">;
}

/** The layer that `permute` makes: Keras' `Permute`. Its arguments are properties. */
export class Permute<const D extends Shape = Shape> extends Layer<PermuteRule<D>> {
  /** Axis `i` of the result is axis `dims[i]` of the input, both counted from 1. */
  readonly dims: Shape;

  constructor(dims: D, options: LayerOptions = {}) {
    super(options);
    checkOptions(this.where, options, layerOptions);
    if (!Array.isArray(dims) || [...dims].sort((a, b) => a - b).some((axis, i) => axis !== i + 1)) {
      throw argumentError({
        where: this.where,
        argument: "dims",
        value: dims,
        expected: "each axis from 1 on once, e.g. [2, 1] (0 is the batch)",
      });
    }
    this.dims = [...dims];
  }

  override get className(): string {
    return "Permute";
  }

  call(x: Tensor): Tensor {
    if (x.shape.length !== this.dims.length) {
      throw shapeError({
        where: this.where,
        got: `an input of shape ${showShape(x.shape, true)}`,
        expected: `${this.dims.length} axes besides the batch, as many as dims names`,
        fix: "Name each axis of the input once.",
      });
    }
    return transpose(
      x,
      this.dims.map((axis) => axis - 1),
    );
  }

  override getConfig(): Config {
    return { ...super.getConfig(), dims: this.dims };
  }

  static fromConfig(config: Config): Permute {
    const { dims, ...options } = readConfig("Permute", config, ["dims", ...layerOptions]);
    return new Permute<Shape>(dims as Shape, options);
  }
}

/**
 * The axes in another order: `permute([2, 1])` turns rows into columns.
 *
 * @param dims - the axes of the input in the order of the result, counted from 1.
 */
export const permute = <const D extends Shape>(dims: D, options?: LayerOptions): Permute<D> =>
  new Permute<D>(dims, options);

// ---- RepeatVector -------------------------------------------------------------------------------------------------

export interface RepeatVectorRule<N extends number> extends Rule {
  readonly out: this["in"] extends infer S extends OpenShape
    ? S extends readonly [infer F extends Size]
      ? [N, F]
      : number extends S["length"]
        ? [N, number]
        : ShapeError<`repeatVector: needs 1 axis, [features], and got ${S["length"]}`>
    : ShapeError<"repeatVector: takes one tensor, not a list">;
}

/** The layer that `repeatVector` makes: Keras' `RepeatVector`. Its arguments are properties. */
export class RepeatVector<const N extends number = number> extends Layer<RepeatVectorRule<N>> {
  readonly n: number;

  constructor(n: N, options: LayerOptions = {}) {
    super(options);
    checkOptions(this.where, options, layerOptions);
    this.n = checkCount(this.where, "n", n);
  }

  override get className(): string {
    return "RepeatVector";
  }

  call(x: Tensor): Tensor {
    if (x.shape.length !== 1) {
      throw shapeError({
        where: this.where,
        got: `an input of shape ${showShape(x.shape, true)}`,
        expected: "1 axis besides the batch: (None, features)",
        fix: "Flatten it first.",
      });
    }
    return broadcastTo(reshapeTensor(x, [1, ...x.shape]), [this.n, ...x.shape]);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), n: this.n };
  }

  static fromConfig(config: Config): RepeatVector {
    const { n, ...options } = readConfig("RepeatVector", config, ["n", ...layerOptions]);
    return new RepeatVector<number>(n as number, options);
  }
}

/** A vector `n` times, as the rows of a matrix: [features] becomes [n, features]. */
export const repeatVector = <const N extends number>(n: N, options?: LayerOptions): RepeatVector<N> =>
  new RepeatVector<N>(n, options);
