/** Zeros around signals, pictures and volumes, and their opposite: cells cut off at the ends. */
import { argumentError, shapeError } from "../core/errors.ts";
import type { Known, Minus, Plus } from "../core/shape-types.ts";
import type { Tensor } from "../graph/tensor.ts";
import { pad, slice } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { type Config, checkOptions, type DataFormat, type None, type Only, readConfig } from "./options.ts";
import type { Rule, ShapeError } from "./rule.ts";
import {
  type At,
  type AxisName,
  type ChannelsOf,
  checkFormat,
  checkSpatial,
  type FormatOf,
  type Joined,
  type PerAxis,
  type Rank,
  type SpatialOf,
  spatialAxes,
} from "./spatial.ts";

/** Cells at both ends of an axis: the same number, or [before, after]. */
export type Ends = number | readonly [number, number];

/** Cells at the ends of each axis: one number for all, or for each axis a number or [before, after]. For signals `Ends`. */
export type Borders<R extends Rank> = R extends 1 ? Ends : number | PerAxis<R, Ends>;

export interface BorderOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

const optionNames = [
  "dataFormat",
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof BorderOptions)[];
const plainNames = ["name", "trainable", "activityRegularizer"] as const satisfies readonly (keyof LayerOptions)[];

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

function endsOf(value: unknown): readonly [number, number] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const [before, after] = list;
  return list.length === 2 && isCount(before) && isCount(after) ? [before, after] : undefined;
}

function checkBorders(where: string, argument: string, value: unknown, rank: Rank): (readonly [number, number])[] {
  const list: readonly unknown[] = rank === 1 ? [value] : Array.isArray(value) ? value : Array(rank).fill(value);
  const ends = list.map(endsOf);
  if (list.length === rank && ends.every((pair) => pair !== undefined)) return ends;
  throw argumentError({
    where,
    argument,
    value,
    expected:
      rank === 1
        ? "a whole number of at least 0, or [before, after]"
        : `a whole number of at least 0, or for each of ${rank} axes one or [before, after]`,
  });
}

// ---- types --------------------------------------------------------------------------------------------------------

/** What `B` says for axis `I` of `R`. */
type EndsAt<B, R extends Rank, I> = R extends 1 ? B : At<B, I>;

type End<E, I extends 0 | 1> = E extends readonly [number, number] ? E[I] : E extends number ? E : number;

type Padded<N extends number, E> = Plus<Plus<N, End<E, 0>>, End<E, 1>>;

type PaddedAll<N, R extends Rank, B> = N extends readonly number[]
  ? { -readonly [I in keyof N]: Padded<N[I] & number, EndsAt<B, R, I>> }
  : N;

export interface ZeroPaddingRule<R extends Rank, Name extends string, B, O> extends Rule {
  readonly out: WithZeros<this["in"], R, Name, B, FormatOf<O>>;
}

type WithZeros<S, R extends Rank, Name extends string, B, F> = F extends unknown
  ? Joined<PaddedAll<SpatialOf<S, R, Name, F>, R, B>, ChannelsOf<S, F>, F>
  : never;

/** What is left of `N` cells; words when nothing is. */
type Cropped<N extends number, C extends number, Name extends string, Axis extends string> = [Minus<N, C>] extends [
  infer Left extends number,
]
  ? [Left] extends [never]
    ? ShapeError<`${Name}: cannot crop ${C} cells from a ${Axis} of ${N}`>
    : Known<Left> extends true
      ? Left extends 0
        ? ShapeError<`${Name}: cannot crop ${C} cells from a ${Axis} of ${N}`>
        : Left
      : Left
  : number;

type CroppedAll<N, R extends Rank, Name extends string, B> = N extends readonly number[]
  ? {
      -readonly [I in keyof N]: Cropped<
        N[I] & number,
        Plus<End<EndsAt<B, R, I>, 0>, End<EndsAt<B, R, I>, 1>>,
        Name,
        AxisName<R, I>
      >;
    }
  : N;

export interface CroppingRule<R extends Rank, Name extends string, B, O> extends Rule {
  readonly out: WithoutEnds<this["in"], R, Name, B, FormatOf<O>>;
}

type WithoutEnds<S, R extends Rank, Name extends string, B, F> = F extends unknown
  ? Joined<CroppedAll<SpatialOf<S, R, Name, F>, R, Name, B>, ChannelsOf<S, F>, F>
  : never;

// ---- layers -------------------------------------------------------------------------------------------------------

abstract class BorderLayer<R extends Rank, T extends Rule> extends Layer<T> {
  readonly rank: R;
  readonly dataFormat: DataFormat;
  /** For each spatial axis the cells at its ends. */
  protected readonly ends: readonly (readonly [number, number])[];

  constructor(rank: R, argument: string, value: unknown, options: BorderOptions, known: readonly string[]) {
    super(options);
    const { where } = this;
    checkOptions(where, options, known);
    this.rank = rank;
    this.ends = checkBorders(where, argument, value, rank);
    this.dataFormat = checkFormat(where, options.dataFormat);
  }

  /** The cells ahead of and behind every axis of `x`, channels too. */
  protected around(x: Tensor): { readonly before: number[]; readonly after: number[] } {
    checkSpatial(this.where, x.shape, this.rank, this.dataFormat);
    const before = x.shape.map(() => 0);
    const after = [...before];
    spatialAxes(this.rank, this.dataFormat).forEach((axis, i) => {
      [before[axis], after[axis]] = this.ends[i];
    });
    return { before, after };
  }
}

abstract class ZeroPadding<R extends Rank, Name extends string, B, O> extends BorderLayer<
  R,
  ZeroPaddingRule<R, Name, B, O>
> {
  constructor(rank: R, padding: unknown, options: BorderOptions) {
    super(rank, "padding", padding, options, optionNames);
  }

  call(x: Tensor): Tensor {
    const { before, after } = this.around(x);
    return pad(x, before, after);
  }

  override getConfig(): Config {
    const padding = this.rank === 1 ? this.ends[0] : this.ends;
    return { ...super.getConfig(), padding, data_format: this.dataFormat };
  }
}

abstract class Cropping<R extends Rank, Name extends string, B, O> extends BorderLayer<R, CroppingRule<R, Name, B, O>> {
  constructor(rank: R, cropping: unknown, options: BorderOptions) {
    super(rank, "cropping", cropping, options, rank === 1 ? plainNames : optionNames);
  }

  call(x: Tensor): Tensor {
    const { before, after } = this.around(x);
    const size = x.shape.map((n, i) => n - before[i] - after[i]);
    const axis = size.findIndex((n) => n <= 0);
    if (axis >= 0) {
      throw shapeError({
        where: this.where,
        got: `${before[axis]} and ${after[axis]} cells to cut from ${x.shape[axis]} on axis ${axis + 1}`,
        expected: `less than ${x.shape[axis]} together`,
        fix: "Crop less, or feed a larger input.",
      });
    }
    return slice(x, { start: before, size });
  }

  override getConfig(): Config {
    return this.rank === 1
      ? { ...super.getConfig(), cropping: this.ends[0] }
      : { ...super.getConfig(), cropping: this.ends, data_format: this.dataFormat };
  }
}

export class ZeroPadding1D<
  const B extends Borders<1> = Borders<1>,
  const O extends BorderOptions = BorderOptions,
> extends ZeroPadding<1, "zeroPadding1d", B, O> {
  constructor(padding: B, options?: Only<O, BorderOptions>) {
    super(1, padding, options ?? {});
  }

  override get className(): string {
    return "ZeroPadding1D";
  }

  static fromConfig(config: Config): ZeroPadding1D {
    const { padding = 1, ...options } = readConfig("ZeroPadding1D", config, ["padding", ...optionNames]);
    return new ZeroPadding1D<Borders<1>, BorderOptions>(padding as Borders<1>, options);
  }
}

export class ZeroPadding2D<
  const B extends Borders<2> = Borders<2>,
  const O extends BorderOptions = BorderOptions,
> extends ZeroPadding<2, "zeroPadding2d", B, O> {
  constructor(padding: B, options?: Only<O, BorderOptions>) {
    super(2, padding, options ?? {});
  }

  override get className(): string {
    return "ZeroPadding2D";
  }

  static fromConfig(config: Config): ZeroPadding2D {
    const { padding = 1, ...options } = readConfig("ZeroPadding2D", config, ["padding", ...optionNames]);
    return new ZeroPadding2D<Borders<2>, BorderOptions>(padding as Borders<2>, options);
  }
}

export class ZeroPadding3D<
  const B extends Borders<3> = Borders<3>,
  const O extends BorderOptions = BorderOptions,
> extends ZeroPadding<3, "zeroPadding3d", B, O> {
  constructor(padding: B, options?: Only<O, BorderOptions>) {
    super(3, padding, options ?? {});
  }

  override get className(): string {
    return "ZeroPadding3D";
  }

  static fromConfig(config: Config): ZeroPadding3D {
    const { padding = 1, ...options } = readConfig("ZeroPadding3D", config, ["padding", ...optionNames]);
    return new ZeroPadding3D<Borders<3>, BorderOptions>(padding as Borders<3>, options);
  }
}

export class Cropping1D<const B extends Borders<1> = Borders<1>> extends Cropping<1, "cropping1d", B, None> {
  constructor(cropping: B, options: LayerOptions = {}) {
    super(1, cropping, options);
  }

  override get className(): string {
    return "Cropping1D";
  }

  static fromConfig(config: Config): Cropping1D {
    const { cropping = 1, ...options } = readConfig("Cropping1D", config, ["cropping", ...plainNames]);
    return new Cropping1D<Borders<1>>(cropping as Borders<1>, options);
  }
}

export class Cropping2D<
  const B extends Borders<2> = Borders<2>,
  const O extends BorderOptions = BorderOptions,
> extends Cropping<2, "cropping2d", B, O> {
  constructor(cropping: B, options?: Only<O, BorderOptions>) {
    super(2, cropping, options ?? {});
  }

  override get className(): string {
    return "Cropping2D";
  }

  static fromConfig(config: Config): Cropping2D {
    const { cropping = 0, ...options } = readConfig("Cropping2D", config, ["cropping", ...optionNames]);
    return new Cropping2D<Borders<2>, BorderOptions>(cropping as Borders<2>, options);
  }
}

export class Cropping3D<
  const B extends Borders<3> = Borders<3>,
  const O extends BorderOptions = BorderOptions,
> extends Cropping<3, "cropping3d", B, O> {
  constructor(cropping: B, options?: Only<O, BorderOptions>) {
    super(3, cropping, options ?? {});
  }

  override get className(): string {
    return "Cropping3D";
  }

  static fromConfig(config: Config): Cropping3D {
    const { cropping = 1, ...options } = readConfig("Cropping3D", config, ["cropping", ...optionNames]);
    return new Cropping3D<Borders<3>, BorderOptions>(cropping as Borders<3>, options);
  }
}

/**
 * Zeros around signals.
 *
 * @param padding - how many: one number for both ends (default 1), or [before, after].
 */
export function zeroPadding1d<const B extends Borders<1> = 1, const O extends BorderOptions = None>(
  padding?: B,
  options?: Only<O, BorderOptions>,
): ZeroPadding1D<B, O> {
  return new ZeroPadding1D<B, O>(padding ?? (1 as B), options);
}

/**
 * Zeros around pictures.
 *
 * @param padding - how many: one number for all sides (default 1), or for [height, width] each a number or [before, after].
 */
export function zeroPadding2d<const B extends Borders<2> = 1, const O extends BorderOptions = None>(
  padding?: B,
  options?: Only<O, BorderOptions>,
): ZeroPadding2D<B, O> {
  return new ZeroPadding2D<B, O>(padding ?? (1 as B), options);
}

/**
 * Zeros around volumes.
 *
 * @param padding - how many: one number for all sides (default 1), or for [depth, height, width] each a number or [before, after].
 */
export function zeroPadding3d<const B extends Borders<3> = 1, const O extends BorderOptions = None>(
  padding?: B,
  options?: Only<O, BorderOptions>,
): ZeroPadding3D<B, O> {
  return new ZeroPadding3D<B, O>(padding ?? (1 as B), options);
}

/**
 * Cuts cells off the ends of signals.
 *
 * @param cropping - how many: one number for both ends (default 1), or [before, after].
 */
export function cropping1d<const B extends Borders<1> = 1>(cropping?: B, options?: LayerOptions): Cropping1D<B> {
  return new Cropping1D<B>(cropping ?? (1 as B), options);
}

/**
 * Cuts cells off the ends of pictures.
 *
 * @param cropping - how many: one number for all sides (default 0), or for [height, width] each a number or [before, after].
 */
export function cropping2d<const B extends Borders<2> = 0, const O extends BorderOptions = None>(
  cropping?: B,
  options?: Only<O, BorderOptions>,
): Cropping2D<B, O> {
  return new Cropping2D<B, O>(cropping ?? (0 as B), options);
}

/**
 * Cuts cells off the ends of volumes.
 *
 * @param cropping - how many: one number for all sides (default 1), or for [depth, height, width] each a number or [before, after].
 */
export function cropping3d<const B extends Borders<3> = 1, const O extends BorderOptions = None>(
  cropping?: B,
  options?: Only<O, BorderOptions>,
): Cropping3D<B, O> {
  return new Cropping3D<B, O>(cropping ?? (1 as B), options);
}
