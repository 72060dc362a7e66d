/** Pooling over signals, pictures and volumes: the largest or the mean of every window. */
import { placeWindows } from "../core/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { averagePool, maxPool } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import {
  type Config,
  checkChoice,
  checkOptions,
  type DataFormat,
  type Given,
  type None,
  type Only,
  readConfig,
} from "./options.ts";
import type { Rule } from "./rule.ts";
import {
  type ChannelsOf,
  checkFormat,
  checkSizes,
  checkSpatial,
  type FormatOf,
  fromChannelsLast,
  type PerAxis,
  type Rank,
  type Sizes,
  spatialSizes,
  toChannelsLast,
} from "./spatial.ts";
import type { Windowed } from "./windowed.ts";

export interface PoolingOptions<R extends Rank> extends LayerOptions {
  /** Steps of the window; by default its size, so that windows lie side by side. */
  readonly strides?: Sizes<R> | null;
  /** `"valid"` (default) drops cells at the end that fill no window, `"same"` keeps ⌈size / stride⌉ windows. */
  readonly padding?: "valid" | "same";
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

export type Pooling1DOptions = PoolingOptions<1>;
export type Pooling2DOptions = PoolingOptions<2>;
export type Pooling3DOptions = PoolingOptions<3>;

const optionNames = [
  "strides",
  "padding",
  "dataFormat",
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof PoolingOptions<Rank>)[];

type StridesOf<K, O> = Given<O, "strides", K> extends infer S ? (S extends null ? K : S) : never;

export interface PoolingRule<R extends Rank, Name extends string, K, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    R,
    {
      readonly layer: Name;
      readonly kernel: K;
      readonly strides: StridesOf<K, O>;
      readonly dilation: 1;
      readonly padding: Given<O, "padding", "valid">;
      readonly format: FormatOf<O>;
    },
    ChannelsOf<this["in"], FormatOf<O>>
  >;
}

abstract class Pooling<R extends Rank, Name extends string, K, O> extends Layer<PoolingRule<R, Name, K, O>> {
  readonly rank: R;
  readonly poolSize: PerAxis<R>;
  readonly strides: PerAxis<R>;
  readonly padding: "valid" | "same";
  readonly dataFormat: DataFormat;

  constructor(rank: R, poolSize: unknown, options: PoolingOptions<R>) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    this.rank = rank;
    this.poolSize = checkSizes(where, "poolSize", poolSize, rank);
    this.strides = checkSizes(where, "strides", options.strides ?? this.poolSize, rank);
    this.padding = checkChoice(where, "padding", options.padding ?? "valid", ["valid", "same"]);
    this.dataFormat = checkFormat(where, options.dataFormat);
  }

  /** What becomes of the cells of a window. */
  protected abstract get pool(): typeof maxPool;

  call(x: Tensor): Tensor {
    const { where, rank, poolSize: kernel, strides, padding, dataFormat } = this;
    checkSpatial(where, x.shape, rank, dataFormat);
    const sizes = spatialSizes(x.shape, dataFormat);
    const places = placeWindows(where, sizes, { kernel, strides, dilation: sizes.map(() => 1), padding });
    const before = places.map((place) => place.before);
    const output = places.map((place) => place.output);
    return fromChannelsLast(this.pool(toChannelsLast(x, dataFormat), { kernel, strides, before, output }), dataFormat);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      pool_size: this.poolSize,
      padding: this.padding,
      strides: this.strides,
      data_format: this.dataFormat,
    };
  }
}

/** The constructor's arguments from a config. */
function argumentsOf<O>(className: string, config: Config) {
  const { poolSize, ...options } = readConfig(className, config, ["poolSize", ...optionNames]);
  return { poolSize: poolSize as number, options: options as Only<O, O> };
}

// ---- maximum ------------------------------------------------------------------------------------------------------

abstract class MaxPooling<R extends Rank, Name extends string, K, O> extends Pooling<R, Name, K, O> {
  protected override get pool(): typeof maxPool {
    return maxPool;
  }
}

export class MaxPooling1D<
  const K extends Sizes<1> = Sizes<1>,
  const O extends Pooling1DOptions = Pooling1DOptions,
> extends MaxPooling<1, "maxPooling1d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling1DOptions>) {
    super(1, poolSize, options ?? {});
  }

  override get className(): string {
    return "MaxPooling1D";
  }

  static fromConfig(config: Config): MaxPooling1D {
    const { poolSize, options } = argumentsOf<Pooling1DOptions>("MaxPooling1D", config);
    return new MaxPooling1D<Sizes<1>, Pooling1DOptions>(poolSize ?? 2, options);
  }
}

export class MaxPooling2D<
  const K extends Sizes<2> = Sizes<2>,
  const O extends Pooling2DOptions = Pooling2DOptions,
> extends MaxPooling<2, "maxPooling2d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling2DOptions>) {
    super(2, poolSize, options ?? {});
  }

  override get className(): string {
    return "MaxPooling2D";
  }

  static fromConfig(config: Config): MaxPooling2D {
    const { poolSize, options } = argumentsOf<Pooling2DOptions>("MaxPooling2D", config);
    return new MaxPooling2D<Sizes<2>, Pooling2DOptions>(poolSize ?? 2, options);
  }
}

export class MaxPooling3D<
  const K extends Sizes<3> = Sizes<3>,
  const O extends Pooling3DOptions = Pooling3DOptions,
> extends MaxPooling<3, "maxPooling3d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling3DOptions>) {
    super(3, poolSize, options ?? {});
  }

  override get className(): string {
    return "MaxPooling3D";
  }

  static fromConfig(config: Config): MaxPooling3D {
    const { poolSize, options } = argumentsOf<Pooling3DOptions>("MaxPooling3D", config);
    return new MaxPooling3D<Sizes<3>, Pooling3DOptions>(poolSize ?? 2, options);
  }
}

/**
 * The largest value of every window of signals. Padding never wins.
 *
 * @param poolSize - size of the window (default 2).
 */
export function maxPooling1d<const K extends Sizes<1> = 2, const O extends Pooling1DOptions = None>(
  poolSize?: K,
  options?: Only<O, Pooling1DOptions>,
): MaxPooling1D<K, O> {
  return new MaxPooling1D<K, O>(poolSize ?? (2 as K), options);
}

/**
 * The largest value of every window of pictures. Padding never wins.
 *
 * @param poolSize - size of the window: one number (default 2), or [height, width].
 */
export function maxPooling2d<const K extends Sizes<2> = 2, const O extends Pooling2DOptions = None>(
  poolSize?: K,
  options?: Only<O, Pooling2DOptions>,
): MaxPooling2D<K, O> {
  return new MaxPooling2D<K, O>(poolSize ?? (2 as K), options);
}

/**
 * The largest value of every window of volumes. Padding never wins.
 *
 * @param poolSize - size of the window: one number (default 2), or [depth, height, width].
 */
export function maxPooling3d<const K extends Sizes<3> = 2, const O extends Pooling3DOptions = None>(
  poolSize?: K,
  options?: Only<O, Pooling3DOptions>,
): MaxPooling3D<K, O> {
  return new MaxPooling3D<K, O>(poolSize ?? (2 as K), options);
}

// ---- mean ---------------------------------------------------------------------------------------------------------

abstract class AveragePooling<R extends Rank, Name extends string, K, O> extends Pooling<R, Name, K, O> {
  protected override get pool(): typeof maxPool {
    return averagePool;
  }
}

export class AveragePooling1D<
  const K extends Sizes<1> = Sizes<1>,
  const O extends Pooling1DOptions = Pooling1DOptions,
> extends AveragePooling<1, "averagePooling1d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling1DOptions>) {
    super(1, poolSize, options ?? {});
  }

  override get className(): string {
    return "AveragePooling1D";
  }

  static fromConfig(config: Config): AveragePooling1D {
    const { poolSize, options } = argumentsOf<Pooling1DOptions>("AveragePooling1D", config);
    return new AveragePooling1D<Sizes<1>, Pooling1DOptions>(poolSize, options);
  }
}

export class AveragePooling2D<
  const K extends Sizes<2> = Sizes<2>,
  const O extends Pooling2DOptions = Pooling2DOptions,
> extends AveragePooling<2, "averagePooling2d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling2DOptions>) {
    super(2, poolSize, options ?? {});
  }

  override get className(): string {
    return "AveragePooling2D";
  }

  static fromConfig(config: Config): AveragePooling2D {
    const { poolSize, options } = argumentsOf<Pooling2DOptions>("AveragePooling2D", config);
    return new AveragePooling2D<Sizes<2>, Pooling2DOptions>(poolSize, options);
  }
}

export class AveragePooling3D<
  const K extends Sizes<3> = Sizes<3>,
  const O extends Pooling3DOptions = Pooling3DOptions,
> extends AveragePooling<3, "averagePooling3d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling3DOptions>) {
    super(3, poolSize, options ?? {});
  }

  override get className(): string {
    return "AveragePooling3D";
  }

  static fromConfig(config: Config): AveragePooling3D {
    const { poolSize, options } = argumentsOf<Pooling3DOptions>("AveragePooling3D", config);
    return new AveragePooling3D<Sizes<3>, Pooling3DOptions>(poolSize, options);
  }
}

/**
 * The mean of every window of signals, over those of its cells that are not padding.
 *
 * @param poolSize - size of the window.
 */
export function averagePooling1d<const K extends Sizes<1>, const O extends Pooling1DOptions = None>(
  poolSize: K,
  options?: Only<O, Pooling1DOptions>,
): AveragePooling1D<K, O> {
  return new AveragePooling1D<K, O>(poolSize, options);
}

/**
 * The mean of every window of pictures, over those of its cells that are not padding.
 *
 * @param poolSize - size of the window: one number, or [height, width].
 */
export function averagePooling2d<const K extends Sizes<2>, const O extends Pooling2DOptions = None>(
  poolSize: K,
  options?: Only<O, Pooling2DOptions>,
): AveragePooling2D<K, O> {
  return new AveragePooling2D<K, O>(poolSize, options);
}

/**
 * The mean of every window of volumes, over those of its cells that are not padding.
 *
 * @param poolSize - size of the window: one number, or [depth, height, width].
 */
export function averagePooling3d<const K extends Sizes<3>, const O extends Pooling3DOptions = None>(
  poolSize: K,
  options?: Only<O, Pooling3DOptions>,
): AveragePooling3D<K, O> {
  return new AveragePooling3D<K, O>(poolSize, options);
}
