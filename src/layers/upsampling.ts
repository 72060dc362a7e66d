/** Making signals, pictures and volumes larger by whole factors. */
import type { Times } from "../core/shape-types.ts";
import type { Tensor } from "../graph/tensor.ts";
import { contractAxis, upSampleNearest } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import {
  type Config,
  checkChoice,
  checkOptions,
  type DataFormat,
  type None,
  type Only,
  readConfig,
} from "./options.ts";
import { type Interpolation, interpolations, resizeMatrix } from "./resize.ts";
import type { Rule } from "./rule.ts";
import {
  type ChannelsOf,
  checkFormat,
  checkSizes,
  checkSpatial,
  type FormatOf,
  fromChannelsLast,
  type Joined,
  type PerAxis,
  type Rank,
  type SizeAt,
  type Sizes,
  type SpatialOf,
  spatialAxes,
  toChannelsLast,
} from "./spatial.ts";

export type UpSampling1DOptions = LayerOptions;

export interface UpSampling3DOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [depth, height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

export interface UpSampling2DOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
  /** How new cells come about: `"nearest"` (default) repeats the old ones, the others weigh those around. */
  readonly interpolation?: Interpolation;
}

const optionNames = {
  1: ["name", "trainable", "activityRegularizer"] satisfies (keyof UpSampling1DOptions)[],
  2: [
    "dataFormat",
    "interpolation",
    "name",
    "trainable",
    "activityRegularizer",
  ] satisfies (keyof UpSampling2DOptions)[],
  3: ["dataFormat", "name", "trainable", "activityRegularizer"] satisfies (keyof UpSampling3DOptions)[],
} as const;

type EnlargedAll<N, K> = N extends readonly number[]
  ? { -readonly [I in keyof N]: Times<N[I] & number, SizeAt<K, I>> }
  : N;

type Enlarged<S, R extends Rank, Name extends string, K, F> = F extends unknown
  ? Joined<EnlargedAll<SpatialOf<S, R, Name, F>, K>, ChannelsOf<S, F>, F>
  : never;

export interface UpSamplingRule<R extends Rank, Name extends string, K, O> extends Rule {
  readonly out: Enlarged<this["in"], R, Name, K, FormatOf<O>>;
}

abstract class UpSampling<R extends Rank, Name extends string, K, O> extends Layer<UpSamplingRule<R, Name, K, O>> {
  readonly rank: R;
  readonly size: PerAxis<R>;
  readonly dataFormat: DataFormat;
  readonly interpolation: Interpolation;

  constructor(rank: R, size: unknown, options: UpSampling2DOptions) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames[rank]);
    this.rank = rank;
    this.size = checkSizes(where, "size", size, rank);
    this.dataFormat = checkFormat(where, options.dataFormat);
    this.interpolation = checkChoice(where, "interpolation", options.interpolation ?? "nearest", interpolations);
  }

  call(x: Tensor): Tensor {
    const { rank, size, dataFormat, interpolation } = this;
    checkSpatial(this.where, x.shape, rank, dataFormat);
    if (interpolation === "nearest") {
      return fromChannelsLast(upSampleNearest(toChannelsLast(x, dataFormat), size), dataFormat);
    }
    return spatialAxes(rank, dataFormat).reduce((y, axis, i) => {
      const cells = y.shape[axis];
      const output = cells * size[i];
      return output === cells ? y : contractAxis(y, axis, output, resizeMatrix(interpolation, cells, output));
    }, x);
  }
}

export class UpSampling1D<const K extends Sizes<1> = Sizes<1>> extends UpSampling<1, "upSampling1d", K, None> {
  constructor(size: K, options: UpSampling1DOptions = {}) {
    super(1, size, options);
  }

  override get className(): string {
    return "UpSampling1D";
  }

  override getConfig(): Config {
    return { ...super.getConfig(), size: this.size[0] };
  }

  static fromConfig(config: Config): UpSampling1D {
    const { size = 2, ...options } = readConfig("UpSampling1D", config, ["size", ...optionNames[1]]);
    return new UpSampling1D<Sizes<1>>(size as Sizes<1>, options);
  }
}

export class UpSampling2D<
  const K extends Sizes<2> = Sizes<2>,
  const O extends UpSampling2DOptions = UpSampling2DOptions,
> extends UpSampling<2, "upSampling2d", K, O> {
  constructor(size: K, options?: Only<O, UpSampling2DOptions>) {
    super(2, size, options ?? {});
  }

  override get className(): string {
    return "UpSampling2D";
  }

  override getConfig(): Config {
    const { size, dataFormat, interpolation } = this;
    return { ...super.getConfig(), size, data_format: dataFormat, interpolation };
  }

  static fromConfig(config: Config): UpSampling2D {
    const { size = 2, ...options } = readConfig("UpSampling2D", config, ["size", ...optionNames[2]]);
    return new UpSampling2D<Sizes<2>, UpSampling2DOptions>(size as Sizes<2>, options);
  }
}

export class UpSampling3D<
  const K extends Sizes<3> = Sizes<3>,
  const O extends UpSampling3DOptions = UpSampling3DOptions,
> extends UpSampling<3, "upSampling3d", K, O> {
  constructor(size: K, options?: Only<O, UpSampling3DOptions>) {
    super(3, size, options ?? {});
  }

  override get className(): string {
    return "UpSampling3D";
  }

  override getConfig(): Config {
    return { ...super.getConfig(), size: this.size, data_format: this.dataFormat };
  }

  static fromConfig(config: Config): UpSampling3D {
    const { size = 2, ...options } = readConfig("UpSampling3D", config, ["size", ...optionNames[3]]);
    return new UpSampling3D<Sizes<3>, UpSampling3DOptions>(size as Sizes<3>, options);
  }
}

/**
 * Repeats every cell of a signal.
 *
 * @param size - how often (default 2).
 */
export function upSampling1d<const K extends Sizes<1> = 2>(size?: K, options?: UpSampling1DOptions): UpSampling1D<K> {
  return new UpSampling1D<K>(size ?? (2 as K), options);
}

/**
 * Enlarges pictures: repeats every cell, or weighs those around by `interpolation`.
 *
 * @param size - how often: one number (default 2), or [vertically, horizontally].
 */
export function upSampling2d<const K extends Sizes<2> = 2, const O extends UpSampling2DOptions = None>(
  size?: K,
  options?: Only<O, UpSampling2DOptions>,
): UpSampling2D<K, O> {
  return new UpSampling2D<K, O>(size ?? (2 as K), options);
}

/**
 * Repeats every cell of a volume.
 *
 * @param size - how often: one number (default 2), or one for [depth, height, width].
 */
export function upSampling3d<const K extends Sizes<3> = 2, const O extends UpSampling3DOptions = None>(
  size?: K,
  options?: Only<O, UpSampling3DOptions>,
): UpSampling3D<K, O> {
  return new UpSampling3D<K, O>(size ?? (2 as K), options);
}
