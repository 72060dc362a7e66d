/** Zeros around signals, pictures and volumes, and their opposite: cells cut off at the ends. */
import { argumentError, shapeError } from "../core/errors.ts";
import { croppedRule, paddedRule } from "../core/shape.ts";
import type { Known, Minus, Plus, Size } from "../core/shape-types.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import { pad, slice } from "../ops/index.ts";
import { type LayerOptions, layerOptions } from "./layer.ts";
import type { Config, None, Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule, ShapeError } from "./rule.ts";
import {
  type At,
  type AxisName,
  type ChannelsOf,
  type FormatOf,
  type Joined,
  type PerAxis,
  type Rank,
  type SpatialOf,
  type SpatialRule,
  spatialAxes,
  spatialRules,
} from "./spatial.ts";
import { ranks, SpatialLayer, type SpatialOptions, spatialOptions } from "./spatial-layer.ts";

/** Cells at both ends of an axis: the same number, or [before, after]. */
export type Ends = number | readonly [number, number];

interface BordersOf {
  readonly 1: Ends;
  readonly 2: number | PerAxis<2, Ends>;
  readonly 3: number | PerAxis<3, Ends>;
}

/** Cells at the ends of each axis: one number for all, or for each axis a number or [before, after]. For signals `Ends`. */
export type Borders<R extends Rank> = BordersOf[R];

/** Options of padding and cropping. */
export type BorderOptions = SpatialOptions;

/** Of signals the channels are last, as in Keras. */
interface CroppingOptions {
  readonly 1: LayerOptions;
  readonly 2: BorderOptions;
  readonly 3: BorderOptions;
}

const croppingNames = { 1: layerOptions, 2: spatialOptions, 3: spatialOptions } as const;

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
    fix: "Give it one number for all sides, such as 1.",
  });
}

// ---- types --------------------------------------------------------------------------------------------------------

/** What `B` says for axis `I` of `R`. */
type EndsAt<B, R extends Rank, I> = R extends 1 ? B : At<B, I>;

type End<E, I extends 0 | 1> = E extends readonly [number, number] ? E[I] : E extends number ? E : number;

type Padded<N extends Size, E> = Plus<Plus<N, End<E, 0>>, End<E, 1>>;

type PaddedAll<N, R extends Rank, B> = N extends OpenShape
  ? { -readonly [I in keyof N]: Padded<N[I] & Size, EndsAt<B, R, I>> }
  : N;

export interface ZeroPaddingRule<R extends Rank, B, O> extends Rule {
  readonly out: WithZeros<this["in"], R, `zeroPadding${R}d`, B, FormatOf<O>>;
}

type WithZeros<S, R extends Rank, Name extends string, B, F> = F extends unknown
  ? Joined<PaddedAll<SpatialOf<S, R, Name, F>, R, B>, ChannelsOf<S, F>, F>
  : never;

/** What is left of `N` cells; words when nothing is. */
type Cropped<N extends Size, C extends Size, Name extends string, Axis extends string> = [Minus<N, C>] extends [
  infer Left extends Size,
]
  ? [Left] extends [never]
    ? ShapeError<`${Name}: cannot crop ${C} cells from a ${Axis} of ${N}`>
    : Known<Left> extends true
      ? Left extends 0
        ? ShapeError<`${Name}: cannot crop ${C} cells from a ${Axis} of ${N}`>
        : Left
      : Left
  : number;

type CroppedAll<N, R extends Rank, Name extends string, B> = N extends OpenShape
  ? {
      -readonly [I in keyof N]: Cropped<
        N[I] & Size,
        Plus<End<EndsAt<B, R, I>, 0>, End<EndsAt<B, R, I>, 1>>,
        Name,
        AxisName<R, I>
      >;
    }
  : N;

export interface CroppingRule<R extends Rank, B, O> extends Rule {
  readonly out: WithoutEnds<this["in"], R, `cropping${R}d`, B, FormatOf<O>>;
}

type WithoutEnds<S, R extends Rank, Name extends string, B, F> = F extends unknown
  ? Joined<CroppedAll<SpatialOf<S, R, Name, F>, R, Name, B>, ChannelsOf<S, F>, F>
  : never;

// ---- layers -------------------------------------------------------------------------------------------------------

abstract class BorderLayer<R extends Rank, T extends Rule> extends SpatialLayer<R, T> {
  /** For each spatial axis the cells at its ends. */
  protected readonly ends: readonly (readonly [number, number])[];

  constructor(
    className: string,
    rank: R,
    argument: string,
    value: unknown,
    options: SpatialOptions,
    known: readonly string[],
  ) {
    super(className, rank, options, known);
    this.ends = checkBorders(this.where, argument, value, rank);
  }

  /** `paddedRule` or `croppedRule`. */
  protected abstract get axisRule(): typeof paddedRule;

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    return spatialRules(this, input, output, (n, i, o) => this.axisRule(n, this.ends[i], o));
  }

  /** The cells ahead of and behind every axis of `x`, channels too. */
  protected around(x: Tensor): { readonly before: number[]; readonly after: number[] } {
    this.checkRank(x);
    const before = x.shape.map(() => 0);
    const after = [...before];
    spatialAxes(this.rank, this.dataFormat).forEach((axis, i) => {
      [before[axis], after[axis]] = this.ends[i];
    });
    return { before, after };
  }

  /** What a config says of them. */
  protected get given(): unknown {
    return this.rank === 1 ? this.ends[0] : this.ends;
  }
}

/** Zeros around `R` axes, `B` of them: what `zeroPadding1d`, `zeroPadding2d` and `zeroPadding3d` make. */
export class ZeroPadding<R extends Rank, B, O> extends BorderLayer<R, ZeroPaddingRule<R, B, O>> {
  constructor(rank: R, padding: unknown = 1, options: SpatialOptions = {}) {
    super(`ZeroPadding${rank}D`, rank, "padding", padding, options, spatialOptions);
  }

  protected override get axisRule(): typeof paddedRule {
    return paddedRule;
  }

  call(x: Tensor): Tensor {
    const { before, after } = this.around(x);
    return pad(x, before, after);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), padding: this.given, data_format: this.dataFormat };
  }
}

/** How many cells Keras cuts off each end when it is not told. */
const croppings = { 1: 1, 2: 0, 3: 1 } as const;

/** Cropping of `R` axes by `B`: what `cropping1d`, `cropping2d` and `cropping3d` make. */
export class Cropping<R extends Rank, B, O> extends BorderLayer<R, CroppingRule<R, B, O>> {
  constructor(rank: R, cropping: unknown = croppings[rank], options: SpatialOptions = {}) {
    super(`Cropping${rank}D`, rank, "cropping", cropping, options, croppingNames[rank]);
  }

  protected override get axisRule(): typeof paddedRule {
    return croppedRule;
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
    const config = { ...super.getConfig(), cropping: this.given };
    return this.rank === 1 ? config : { ...config, data_format: this.dataFormat };
  }
}

/** The layer that `zeroPadding1d` makes: Keras' `ZeroPadding1D`. Its arguments are properties. */
export type ZeroPadding1D<B = Borders<1>, O = BorderOptions> = ZeroPadding<1, B, O>;
/** The layer that `zeroPadding2d` makes: Keras' `ZeroPadding2D`. Its arguments are properties. */
export type ZeroPadding2D<B = Borders<2>, O = BorderOptions> = ZeroPadding<2, B, O>;
/** The layer that `zeroPadding3d` makes: Keras' `ZeroPadding3D`. Its arguments are properties. */
export type ZeroPadding3D<B = Borders<3>, O = BorderOptions> = ZeroPadding<3, B, O>;
/** The layer that `cropping1d` makes: Keras' `Cropping1D`. Its arguments are properties. */
export type Cropping1D<B = Borders<1>> = Cropping<1, B, None>;
/** The layer that `cropping2d` makes: Keras' `Cropping2D`. Its arguments are properties. */
export type Cropping2D<B = Borders<2>, O = BorderOptions> = Cropping<2, B, O>;
/** The layer that `cropping3d` makes: Keras' `Cropping3D`. Its arguments are properties. */
export type Cropping3D<B = Borders<3>, O = BorderOptions> = Cropping<3, B, O>;

interface ZeroPaddingOf<R extends Rank> {
  /** @param padding - how many: one number for all sides (default 1), or for each axis a number or [before, after]. */
  <const B extends Borders<R> = 1, const O extends BorderOptions = None>(
    padding?: B,
    options?: Only<O, BorderOptions>,
  ): ZeroPadding<R, B, O>;
}

interface CroppingOf<R extends Rank> {
  /**
   * @param cropping - how many: one number for all sides (default 1, for pictures 0), or for each axis a number or
   *   [before, after].
   */
  <const B extends Borders<R> = (typeof croppings)[R], const O extends CroppingOptions[R] = None>(
    cropping?: B,
    options?: Only<O, CroppingOptions[R]>,
  ): Cropping<R, B, O>;
}

const zeroPadding =
  <R extends Rank>(rank: R): ZeroPaddingOf<R> =>
  (padding, options) =>
    new ZeroPadding(rank, padding, options);

const cropping =
  <R extends Rank>(rank: R): CroppingOf<R> =>
  (cells, options) =>
    new Cropping(rank, cells, options);

/** Zeros around signals. */
export const zeroPadding1d: ZeroPaddingOf<1> = zeroPadding(1);

/** Zeros around pictures, [height, width]. */
export const zeroPadding2d: ZeroPaddingOf<2> = zeroPadding(2);

/** Zeros around volumes, [depth, height, width]. */
export const zeroPadding3d: ZeroPaddingOf<3> = zeroPadding(3);

/** Cuts cells off the ends of signals. */
export const cropping1d: CroppingOf<1> = cropping(1);

/** Cuts cells off the ends of pictures, [height, width]. */
export const cropping2d: CroppingOf<2> = cropping(2);

/** Cuts cells off the ends of volumes, [depth, height, width]. */
export const cropping3d: CroppingOf<3> = cropping(3);

export const borderRecords = ranks.flatMap((rank) => [
  recordOf(`ZeroPadding${rank}D`, ["padding", ...spatialOptions], ({ padding, ...options }) => {
    return new ZeroPadding(rank, padding, options);
  }),
  recordOf(`Cropping${rank}D`, ["cropping", ...croppingNames[rank]], ({ cropping, ...options }) => {
    return new Cropping(rank, cropping, options);
  }),
]);
