/** Pooling to a given size: the windows follow from it. */
import { adaptiveWindows } from "../core/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { concatenate, contractAxis, maxPool, slice } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { type Config, checkOptions, type DataFormat, type None, type Only, readConfig } from "./options.ts";
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

export interface AdaptivePoolingOptions extends LayerOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

const optionNames = [
  "dataFormat",
  "name",
  "trainable",
  "activityRegularizer",
] as const satisfies readonly (keyof AdaptivePoolingOptions)[];

type Resized<N, K> = N extends readonly number[] ? { -readonly [I in keyof N]: SizeAt<K, I> } : N;

type Adapted<S, R extends Rank, Name extends string, K, F> = F extends unknown
  ? Joined<Resized<SpatialOf<S, R, Name, F>, K>, ChannelsOf<S, F>, F>
  : never;

export interface AdaptivePoolingRule<R extends Rank, Name extends string, K, O> extends Rule {
  readonly out: Adapted<this["in"], R, Name, K, FormatOf<O>>;
}

abstract class AdaptivePooling<R extends Rank, Name extends string, K, O> extends Layer<
  AdaptivePoolingRule<R, Name, K, O>
> {
  readonly rank: R;
  readonly outputSize: PerAxis<R>;
  readonly dataFormat: DataFormat;

  constructor(rank: R, outputSize: unknown, options: AdaptivePoolingOptions) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    this.rank = rank;
    this.outputSize = checkSizes(where, "outputSize", outputSize, rank);
    this.dataFormat = checkFormat(where, options.dataFormat);
  }

  /** Leaves `output` cells of axis `axis`. */
  protected abstract poolAxis(x: Tensor, axis: number, output: number): Tensor;

  override getConfig(): Config {
    return { ...super.getConfig(), output_size: this.outputSize, data_format: this.dataFormat };
  }
}

/** The mean along one axis is a matrix: 1/size of the window for the cells of it. */
abstract class AdaptiveAveragePooling<R extends Rank, Name extends string, K, O> extends AdaptivePooling<
  R,
  Name,
  K,
  O
> {
  protected override poolAxis(x: Tensor, axis: number, output: number): Tensor {
    const cells = x.shape[axis];
    const matrix = new Float32Array(output * cells);
    adaptiveWindows(cells, output).forEach(({ start, size }, i) => {
      matrix.fill(1 / size, i * cells + start, i * cells + start + size);
    });
    return contractAxis(x, axis, output, matrix);
  }

  call(x: Tensor): Tensor {
    checkSpatial(this.where, x.shape, this.rank, this.dataFormat);
    const axes = spatialAxes(this.rank, this.dataFormat);
    return axes.reduce((y, axis, i) => this.poolAxis(y, axis, this.outputSize[i]), x);
  }
}

/** As in Keras one axis after the other, and of equal maxima along an axis the first gets the gradient. */
abstract class AdaptiveMaxPooling<R extends Rank, Name extends string, K, O> extends AdaptivePooling<R, Name, K, O> {
  protected override poolAxis(x: Tensor, axis: number, output: number): Tensor {
    const windows = adaptiveWindows(x.shape[axis], output);
    const along = (n: number, other: number): number[] =>
      Array.from({ length: this.rank }, (_, a) => (a === axis ? n : other));
    const pool = (y: Tensor, size: number, count: number): Tensor =>
      maxPool(y, {
        kernel: along(size, 1),
        strides: along(size, 1),
        before: along(0, 0),
        output: y.shape.slice(0, this.rank).with(axis, count),
      });
    if (x.shape[axis] % output === 0) return pool(x, windows[0].size, output);
    const start = x.shape.map(() => 0);
    const parts = windows.map((window) =>
      pool(slice(x, { start: start.with(axis, window.start), size: x.shape.with(axis, window.size) }), window.size, 1),
    );
    return concatenate(parts, axis);
  }

  call(x: Tensor): Tensor {
    checkSpatial(this.where, x.shape, this.rank, this.dataFormat);
    const pooled = spatialAxes(this.rank, "channels_last").reduce(
      (y, axis, i) => this.poolAxis(y, axis, this.outputSize[i]),
      toChannelsLast(x, this.dataFormat),
    );
    return fromChannelsLast(pooled, this.dataFormat);
  }
}

/** The constructor's arguments from a config. */
function argumentsOf<O>(className: string, config: Config) {
  const { outputSize, ...options } = readConfig(className, config, ["outputSize", ...optionNames]);
  return { outputSize: outputSize as number, options: options as Only<O, O> };
}

export class AdaptiveMaxPooling1D<
  const K extends Sizes<1> = Sizes<1>,
  const O extends AdaptivePoolingOptions = AdaptivePoolingOptions,
> extends AdaptiveMaxPooling<1, "adaptiveMaxPooling1d", K, O> {
  constructor(outputSize: K, options?: Only<O, AdaptivePoolingOptions>) {
    super(1, outputSize, options ?? {});
  }

  override get className(): string {
    return "AdaptiveMaxPooling1D";
  }

  static fromConfig(config: Config): AdaptiveMaxPooling1D {
    const { outputSize, options } = argumentsOf<AdaptivePoolingOptions>("AdaptiveMaxPooling1D", config);
    return new AdaptiveMaxPooling1D<Sizes<1>, AdaptivePoolingOptions>(outputSize, options);
  }
}

export class AdaptiveMaxPooling2D<
  const K extends Sizes<2> = Sizes<2>,
  const O extends AdaptivePoolingOptions = AdaptivePoolingOptions,
> extends AdaptiveMaxPooling<2, "adaptiveMaxPooling2d", K, O> {
  constructor(outputSize: K, options?: Only<O, AdaptivePoolingOptions>) {
    super(2, outputSize, options ?? {});
  }

  override get className(): string {
    return "AdaptiveMaxPooling2D";
  }

  static fromConfig(config: Config): AdaptiveMaxPooling2D {
    const { outputSize, options } = argumentsOf<AdaptivePoolingOptions>("AdaptiveMaxPooling2D", config);
    return new AdaptiveMaxPooling2D<Sizes<2>, AdaptivePoolingOptions>(outputSize, options);
  }
}

export class AdaptiveMaxPooling3D<
  const K extends Sizes<3> = Sizes<3>,
  const O extends AdaptivePoolingOptions = AdaptivePoolingOptions,
> extends AdaptiveMaxPooling<3, "adaptiveMaxPooling3d", K, O> {
  constructor(outputSize: K, options?: Only<O, AdaptivePoolingOptions>) {
    super(3, outputSize, options ?? {});
  }

  override get className(): string {
    return "AdaptiveMaxPooling3D";
  }

  static fromConfig(config: Config): AdaptiveMaxPooling3D {
    const { outputSize, options } = argumentsOf<AdaptivePoolingOptions>("AdaptiveMaxPooling3D", config);
    return new AdaptiveMaxPooling3D<Sizes<3>, AdaptivePoolingOptions>(outputSize, options);
  }
}

export class AdaptiveAveragePooling1D<
  const K extends Sizes<1> = Sizes<1>,
  const O extends AdaptivePoolingOptions = AdaptivePoolingOptions,
> extends AdaptiveAveragePooling<1, "adaptiveAveragePooling1d", K, O> {
  constructor(outputSize: K, options?: Only<O, AdaptivePoolingOptions>) {
    super(1, outputSize, options ?? {});
  }

  override get className(): string {
    return "AdaptiveAveragePooling1D";
  }

  static fromConfig(config: Config): AdaptiveAveragePooling1D {
    const { outputSize, options } = argumentsOf<AdaptivePoolingOptions>("AdaptiveAveragePooling1D", config);
    return new AdaptiveAveragePooling1D<Sizes<1>, AdaptivePoolingOptions>(outputSize, options);
  }
}

export class AdaptiveAveragePooling2D<
  const K extends Sizes<2> = Sizes<2>,
  const O extends AdaptivePoolingOptions = AdaptivePoolingOptions,
> extends AdaptiveAveragePooling<2, "adaptiveAveragePooling2d", K, O> {
  constructor(outputSize: K, options?: Only<O, AdaptivePoolingOptions>) {
    super(2, outputSize, options ?? {});
  }

  override get className(): string {
    return "AdaptiveAveragePooling2D";
  }

  static fromConfig(config: Config): AdaptiveAveragePooling2D {
    const { outputSize, options } = argumentsOf<AdaptivePoolingOptions>("AdaptiveAveragePooling2D", config);
    return new AdaptiveAveragePooling2D<Sizes<2>, AdaptivePoolingOptions>(outputSize, options);
  }
}

export class AdaptiveAveragePooling3D<
  const K extends Sizes<3> = Sizes<3>,
  const O extends AdaptivePoolingOptions = AdaptivePoolingOptions,
> extends AdaptiveAveragePooling<3, "adaptiveAveragePooling3d", K, O> {
  constructor(outputSize: K, options?: Only<O, AdaptivePoolingOptions>) {
    super(3, outputSize, options ?? {});
  }

  override get className(): string {
    return "AdaptiveAveragePooling3D";
  }

  static fromConfig(config: Config): AdaptiveAveragePooling3D {
    const { outputSize, options } = argumentsOf<AdaptivePoolingOptions>("AdaptiveAveragePooling3D", config);
    return new AdaptiveAveragePooling3D<Sizes<3>, AdaptivePoolingOptions>(outputSize, options);
  }
}

/**
 * Signals of any size to one size, by the largest values of windows that follow from both.
 *
 * @param outputSize - the size of the result.
 */
export function adaptiveMaxPooling1d<const K extends Sizes<1>, const O extends AdaptivePoolingOptions = None>(
  outputSize: K,
  options?: Only<O, AdaptivePoolingOptions>,
): AdaptiveMaxPooling1D<K, O> {
  return new AdaptiveMaxPooling1D<K, O>(outputSize, options);
}

/**
 * Pictures of any size to one size, by the largest values of windows that follow from both.
 *
 * @param outputSize - the size of the result: one number, or [height, width].
 */
export function adaptiveMaxPooling2d<const K extends Sizes<2>, const O extends AdaptivePoolingOptions = None>(
  outputSize: K,
  options?: Only<O, AdaptivePoolingOptions>,
): AdaptiveMaxPooling2D<K, O> {
  return new AdaptiveMaxPooling2D<K, O>(outputSize, options);
}

/**
 * Volumes of any size to one size, by the largest values of windows that follow from both.
 *
 * @param outputSize - the size of the result: one number, or [depth, height, width].
 */
export function adaptiveMaxPooling3d<const K extends Sizes<3>, const O extends AdaptivePoolingOptions = None>(
  outputSize: K,
  options?: Only<O, AdaptivePoolingOptions>,
): AdaptiveMaxPooling3D<K, O> {
  return new AdaptiveMaxPooling3D<K, O>(outputSize, options);
}

/**
 * Signals of any size to one size, by the means over windows that follow from both.
 *
 * @param outputSize - the size of the result.
 */
export function adaptiveAveragePooling1d<const K extends Sizes<1>, const O extends AdaptivePoolingOptions = None>(
  outputSize: K,
  options?: Only<O, AdaptivePoolingOptions>,
): AdaptiveAveragePooling1D<K, O> {
  return new AdaptiveAveragePooling1D<K, O>(outputSize, options);
}

/**
 * Pictures of any size to one size, by the means over windows that follow from both.
 *
 * @param outputSize - the size of the result: one number, or [height, width].
 */
export function adaptiveAveragePooling2d<const K extends Sizes<2>, const O extends AdaptivePoolingOptions = None>(
  outputSize: K,
  options?: Only<O, AdaptivePoolingOptions>,
): AdaptiveAveragePooling2D<K, O> {
  return new AdaptiveAveragePooling2D<K, O>(outputSize, options);
}

/**
 * Volumes of any size to one size, by the means over windows that follow from both.
 *
 * @param outputSize - the size of the result: one number, or [depth, height, width].
 */
export function adaptiveAveragePooling3d<const K extends Sizes<3>, const O extends AdaptivePoolingOptions = None>(
  outputSize: K,
  options?: Only<O, AdaptivePoolingOptions>,
): AdaptiveAveragePooling3D<K, O> {
  return new AdaptiveAveragePooling3D<K, O>(outputSize, options);
}
