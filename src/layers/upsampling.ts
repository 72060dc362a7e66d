/** Making signals, pictures and volumes larger by whole factors. */
import { enlargedRule } from "../core/shape.ts";
import type { Size, Times } from "../core/shape-types.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import { contractAxis, upSampleNearest } from "../ops/index.ts";
import { type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkChoice, type None, type Only } from "./options.ts";
import { recordOf } from "./record.ts";
import { type Interpolation, interpolations, resizeMatrix } from "./resize.ts";
import type { Rule } from "./rule.ts";
import {
  type ChannelsOf,
  checkSizes,
  type FormatOf,
  fromChannelsLast,
  type Joined,
  type PerAxis,
  type Rank,
  type SizeAt,
  type Sizes,
  type SpatialOf,
  type SpatialRule,
  spatialAxes,
  spatialRules,
  toChannelsLast,
} from "./spatial.ts";
import { ranks, SpatialLayer, type SpatialOptions, spatialOptions } from "./spatial-layer.ts";

/** Options of `upSampling1d`. */
export type UpSampling1DOptions = LayerOptions;
/** Options of `upSampling3d`. */
export type UpSampling3DOptions = SpatialOptions;

/** Options of `upSampling2d`. */
export interface UpSampling2DOptions extends SpatialOptions {
  /** How new cells come about: `"nearest"` (default) repeats the old ones, the others weigh those around. */
  readonly interpolation?: Interpolation;
}

/** As in Keras, signals have their channels last, and only pictures may be interpolated. */
interface OptionsOf {
  readonly 1: UpSampling1DOptions;
  readonly 2: UpSampling2DOptions;
  readonly 3: UpSampling3DOptions;
}

const optionNames = {
  1: layerOptions,
  2: ["interpolation", ...spatialOptions],
  3: spatialOptions,
} as const satisfies { readonly [R in Rank]: readonly (keyof OptionsOf[R])[] };

type EnlargedAll<N, K> = N extends OpenShape ? { -readonly [I in keyof N]: Times<N[I] & Size, SizeAt<K, I>> } : N;

type Enlarged<S, R extends Rank, Name extends string, K, F> = F extends unknown
  ? Joined<EnlargedAll<SpatialOf<S, R, Name, F>, K>, ChannelsOf<S, F>, F>
  : never;

export interface UpSamplingRule<R extends Rank, K, O> extends Rule {
  readonly out: Enlarged<this["in"], R, `upSampling${R}d`, K, FormatOf<O>>;
}

/** Enlarging of `R` axes by the factors `K`: what `upSampling1d`, `upSampling2d` and `upSampling3d` make. */
export class UpSampling<R extends Rank, K, O> extends SpatialLayer<R, UpSamplingRule<R, K, O>> {
  readonly size: PerAxis<R>;
  readonly interpolation: Interpolation;

  constructor(rank: R, size: unknown = 2, options: UpSampling2DOptions = {}) {
    super(`UpSampling${rank}D`, rank, options, optionNames[rank]);
    const { where } = this;
    this.size = checkSizes(where, "size", size, rank);
    this.interpolation = checkChoice(where, "interpolation", options.interpolation ?? "nearest", interpolations);
  }

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    return spatialRules(this, input, output, (n, i, o) => enlargedRule(n, this.size[i], o));
  }

  call(x: Tensor): Tensor {
    this.checkRank(x);
    const { rank, size, dataFormat, interpolation } = this;
    if (interpolation === "nearest") {
      return fromChannelsLast(upSampleNearest(toChannelsLast(x, dataFormat), size), dataFormat);
    }
    return spatialAxes(rank, dataFormat).reduce((y, axis, i) => {
      const cells = y.shape[axis];
      const output = cells * size[i];
      return output === cells ? y : contractAxis(y, axis, output, resizeMatrix(interpolation, cells, output));
    }, x);
  }

  override getConfig(): Config {
    const { rank, size, dataFormat, interpolation } = this;
    if (rank === 1) return { ...super.getConfig(), size: size[0] };
    const config = { ...super.getConfig(), size, data_format: dataFormat };
    return rank === 2 ? { ...config, interpolation } : config;
  }
}

/** The layer that `upSampling1d` makes: Keras' `UpSampling1D`. Its arguments are properties. */
export type UpSampling1D<K = Sizes<1>> = UpSampling<1, K, None>;
/** The layer that `upSampling2d` makes: Keras' `UpSampling2D`. Its arguments are properties. */
export type UpSampling2D<K = Sizes<2>, O = UpSampling2DOptions> = UpSampling<2, K, O>;
/** The layer that `upSampling3d` makes: Keras' `UpSampling3D`. Its arguments are properties. */
export type UpSampling3D<K = Sizes<3>, O = UpSampling3DOptions> = UpSampling<3, K, O>;

interface UpSamplingOf<R extends Rank> {
  /** @param size - how often: one number for all axes (default 2), or one for each. */
  <const K extends Sizes<R> = 2, const O extends OptionsOf[R] = None>(
    size?: K,
    options?: Only<O, OptionsOf[R]>,
  ): UpSampling<R, K, O>;
}

const upSampling =
  <R extends Rank>(rank: R): UpSamplingOf<R> =>
  (size, options) =>
    new UpSampling(rank, size, options);

/** Repeats every cell of a signal. */
export const upSampling1d: UpSamplingOf<1> = upSampling(1);

/** Enlarges pictures, [vertically, horizontally]: repeats every cell, or weighs those around by `interpolation`. */
export const upSampling2d: UpSamplingOf<2> = upSampling(2);

/** Repeats every cell of a volume, along [depth, height, width]. */
export const upSampling3d: UpSamplingOf<3> = upSampling(3);

export const upSamplingRecords = ranks.map((rank) =>
  recordOf(`UpSampling${rank}D`, ["size", ...optionNames[rank]], ({ size, ...options }) => {
    return new UpSampling(rank, size, options);
  }),
);
