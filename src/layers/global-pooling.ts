/** Pooling over everything: the largest value or the mean of each channel. */
import type { Tensor } from "../graph/tensor.ts";
import { max, mean } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import {
  type Config,
  checkBoolean,
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
  checkSpatial,
  type FormatOf,
  type Joined,
  type Rank,
  type SpatialOf,
  spatialAxes,
} from "./spatial.ts";

export interface GlobalPoolingOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
  /** Whether the spatial axes stay, with one cell each. Default false: only the channels stay. */
  readonly keepdims?: boolean;
}

const optionNames = [
  "dataFormat",
  "keepdims",
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof GlobalPoolingOptions)[];

type Ones<N> = N extends readonly number[] ? { -readonly [I in keyof N]: 1 } : N;

type Pooled<S, R extends Rank, Name extends string, Keep, F> = F extends unknown
  ? Keep extends true
    ? Joined<Ones<SpatialOf<S, R, Name, F>>, ChannelsOf<S, F>, F>
    : SpatialOf<S, R, Name, F> extends infer N
      ? N extends readonly number[]
        ? [ChannelsOf<S, F>]
        : N
      : never
  : never;

export interface GlobalPoolingRule<R extends Rank, Name extends string, O> extends Rule {
  readonly out: Pooled<this["in"], R, Name, Given<O, "keepdims", false>, FormatOf<O>>;
}

abstract class GlobalPooling<R extends Rank, Name extends string, O> extends Layer<GlobalPoolingRule<R, Name, O>> {
  readonly rank: R;
  readonly dataFormat: DataFormat;
  readonly keepdims: boolean;

  constructor(rank: R, options: GlobalPoolingOptions) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    this.rank = rank;
    this.dataFormat = checkFormat(where, options.dataFormat);
    this.keepdims = checkBoolean(where, "keepdims", options.keepdims ?? false);
  }

  protected abstract get reduce(): typeof max;

  call(x: Tensor): Tensor {
    checkSpatial(this.where, x.shape, this.rank, this.dataFormat);
    return this.reduce(x, spatialAxes(this.rank, this.dataFormat), this.keepdims);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), data_format: this.dataFormat, keepdims: this.keepdims };
  }
}

/** Of equal maxima each gets its share of the gradient, unlike in pooling with windows. */
abstract class GlobalMaxPooling<R extends Rank, Name extends string, O> extends GlobalPooling<R, Name, O> {
  protected override get reduce(): typeof max {
    return max;
  }
}

abstract class GlobalAveragePooling<R extends Rank, Name extends string, O> extends GlobalPooling<R, Name, O> {
  protected override get reduce(): typeof max {
    return mean;
  }
}

export class GlobalMaxPooling1D<const O extends GlobalPoolingOptions = GlobalPoolingOptions> extends GlobalMaxPooling<
  1,
  "globalMaxPooling1d",
  O
> {
  constructor(options?: Only<O, GlobalPoolingOptions>) {
    super(1, options ?? {});
  }

  override get className(): string {
    return "GlobalMaxPooling1D";
  }

  static fromConfig(config: Config): GlobalMaxPooling1D {
    return new GlobalMaxPooling1D<GlobalPoolingOptions>(readConfig("GlobalMaxPooling1D", config, optionNames));
  }
}

export class GlobalMaxPooling2D<const O extends GlobalPoolingOptions = GlobalPoolingOptions> extends GlobalMaxPooling<
  2,
  "globalMaxPooling2d",
  O
> {
  constructor(options?: Only<O, GlobalPoolingOptions>) {
    super(2, options ?? {});
  }

  override get className(): string {
    return "GlobalMaxPooling2D";
  }

  static fromConfig(config: Config): GlobalMaxPooling2D {
    return new GlobalMaxPooling2D<GlobalPoolingOptions>(readConfig("GlobalMaxPooling2D", config, optionNames));
  }
}

export class GlobalMaxPooling3D<const O extends GlobalPoolingOptions = GlobalPoolingOptions> extends GlobalMaxPooling<
  3,
  "globalMaxPooling3d",
  O
> {
  constructor(options?: Only<O, GlobalPoolingOptions>) {
    super(3, options ?? {});
  }

  override get className(): string {
    return "GlobalMaxPooling3D";
  }

  static fromConfig(config: Config): GlobalMaxPooling3D {
    return new GlobalMaxPooling3D<GlobalPoolingOptions>(readConfig("GlobalMaxPooling3D", config, optionNames));
  }
}

export class GlobalAveragePooling1D<
  const O extends GlobalPoolingOptions = GlobalPoolingOptions,
> extends GlobalAveragePooling<1, "globalAveragePooling1d", O> {
  constructor(options?: Only<O, GlobalPoolingOptions>) {
    super(1, options ?? {});
  }

  override get className(): string {
    return "GlobalAveragePooling1D";
  }

  static fromConfig(config: Config): GlobalAveragePooling1D {
    return new GlobalAveragePooling1D<GlobalPoolingOptions>(readConfig("GlobalAveragePooling1D", config, optionNames));
  }
}

export class GlobalAveragePooling2D<
  const O extends GlobalPoolingOptions = GlobalPoolingOptions,
> extends GlobalAveragePooling<2, "globalAveragePooling2d", O> {
  constructor(options?: Only<O, GlobalPoolingOptions>) {
    super(2, options ?? {});
  }

  override get className(): string {
    return "GlobalAveragePooling2D";
  }

  static fromConfig(config: Config): GlobalAveragePooling2D {
    return new GlobalAveragePooling2D<GlobalPoolingOptions>(readConfig("GlobalAveragePooling2D", config, optionNames));
  }
}

export class GlobalAveragePooling3D<
  const O extends GlobalPoolingOptions = GlobalPoolingOptions,
> extends GlobalAveragePooling<3, "globalAveragePooling3d", O> {
  constructor(options?: Only<O, GlobalPoolingOptions>) {
    super(3, options ?? {});
  }

  override get className(): string {
    return "GlobalAveragePooling3D";
  }

  static fromConfig(config: Config): GlobalAveragePooling3D {
    return new GlobalAveragePooling3D<GlobalPoolingOptions>(readConfig("GlobalAveragePooling3D", config, optionNames));
  }
}

/** The largest value of each channel of signals: `globalMaxPooling1d({ keepdims: true })`. */
export function globalMaxPooling1d<const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
): GlobalMaxPooling1D<O> {
  return new GlobalMaxPooling1D<O>(options);
}

/** The largest value of each channel of pictures: `globalMaxPooling2d({ keepdims: true })`. */
export function globalMaxPooling2d<const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
): GlobalMaxPooling2D<O> {
  return new GlobalMaxPooling2D<O>(options);
}

/** The largest value of each channel of volumes: `globalMaxPooling3d({ keepdims: true })`. */
export function globalMaxPooling3d<const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
): GlobalMaxPooling3D<O> {
  return new GlobalMaxPooling3D<O>(options);
}

/** The mean of each channel of signals: `globalAveragePooling1d({ keepdims: true })`. */
export function globalAveragePooling1d<const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
): GlobalAveragePooling1D<O> {
  return new GlobalAveragePooling1D<O>(options);
}

/** The mean of each channel of pictures: `globalAveragePooling2d({ keepdims: true })`. */
export function globalAveragePooling2d<const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
): GlobalAveragePooling2D<O> {
  return new GlobalAveragePooling2D<O>(options);
}

/** The mean of each channel of volumes: `globalAveragePooling3d({ keepdims: true })`. */
export function globalAveragePooling3d<const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
): GlobalAveragePooling3D<O> {
  return new GlobalAveragePooling3D<O>(options);
}
