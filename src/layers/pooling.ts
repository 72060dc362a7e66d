/** Pooling over pictures: the largest or the mean of every window. */
import { placeWindows } from "../core/shape.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { averagePool, maxPool } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import {
  type Config,
  checkChoice,
  checkOptions,
  checkPair,
  checkPicture,
  type DataFormat,
  type Given,
  type None,
  type Only,
  type Pair,
  readConfig,
} from "./options.ts";
import {
  type ChannelsOf,
  type FormatOf,
  fromChannelsLast,
  pictureSizes,
  toChannelsLast,
  type Windowed,
} from "./picture.ts";
import type { Rule } from "./rule.ts";

export interface Pooling2DOptions extends LayerOptions {
  /** Steps of the window; by default its size, so that windows lie side by side. */
  readonly strides?: Pair | null;
  /** `"valid"` (default) drops cells at the end that fill no window, `"same"` keeps ⌈size / stride⌉ windows. */
  readonly padding?: "valid" | "same";
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

const optionNames = [
  "strides",
  "padding",
  "dataFormat",
  "name",
  "trainable",
] as const satisfies readonly (keyof Pooling2DOptions)[];

type StridesOf<K, O> = Given<O, "strides", K> extends infer S ? (S extends null ? K : S) : never;

export interface Pooling2DRule<Name extends string, K extends Pair, O> extends Rule {
  readonly out: Windowed<
    this["in"],
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

abstract class Pooling2D<Name extends string, K extends Pair, O extends Pooling2DOptions> extends Layer<
  Pooling2DRule<Name, K, O>
> {
  readonly poolSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: "valid" | "same";
  readonly dataFormat: DataFormat;

  constructor(poolSize: unknown, options: Pooling2DOptions) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    this.poolSize = checkPair(where, "poolSize", poolSize);
    this.strides = checkPair(where, "strides", options.strides ?? this.poolSize);
    this.padding = checkChoice(where, "padding", options.padding ?? "valid", ["valid", "same"]);
    this.dataFormat = checkChoice(where, "dataFormat", options.dataFormat ?? "channels_last", [
      "channels_last",
      "channels_first",
    ]);
  }

  protected abstract pool(x: Tensor, windows: Parameters<typeof maxPool>[1]): Tensor;

  call(x: Tensor): Tensor {
    checkPicture(this.where, x.shape, this.dataFormat);
    const sizes: Shape = pictureSizes(x.shape, this.dataFormat).slice(0, 2);
    const { poolSize: kernel, strides, padding } = this;
    const places = placeWindows(this.where, sizes, { kernel, strides, dilation: [1, 1], padding });
    const before = places.map((place) => place.before);
    const output = places.map((place) => place.output);
    const y = this.pool(toChannelsLast(x, this.dataFormat), { kernel, strides, before, output });
    return fromChannelsLast(y, this.dataFormat);
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

export class MaxPooling2D<
  const K extends Pair = Pair,
  const O extends Pooling2DOptions = Pooling2DOptions,
> extends Pooling2D<"maxPooling2d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling2DOptions>) {
    super(poolSize, options ?? {});
  }

  override get className(): string {
    return "MaxPooling2D";
  }

  protected pool(x: Tensor, windows: Parameters<typeof maxPool>[1]): Tensor {
    return maxPool(x, windows);
  }

  static fromConfig(config: Config): MaxPooling2D {
    const { poolSize = 2, ...options } = readConfig("MaxPooling2D", config, ["poolSize", ...optionNames]);
    return new MaxPooling2D<Pair, Pooling2DOptions>(poolSize as Pair, options);
  }
}

export class AveragePooling2D<
  const K extends Pair = Pair,
  const O extends Pooling2DOptions = Pooling2DOptions,
> extends Pooling2D<"averagePooling2d", K, O> {
  constructor(poolSize: K, options?: Only<O, Pooling2DOptions>) {
    super(poolSize, options ?? {});
  }

  override get className(): string {
    return "AveragePooling2D";
  }

  protected pool(x: Tensor, windows: Parameters<typeof maxPool>[1]): Tensor {
    return averagePool(x, windows);
  }

  static fromConfig(config: Config): AveragePooling2D {
    const { poolSize, ...options } = readConfig("AveragePooling2D", config, ["poolSize", ...optionNames]);
    return new AveragePooling2D<Pair, Pooling2DOptions>(poolSize as Pair, options);
  }
}

/**
 * The largest value of every window. Padding never wins.
 *
 * @param poolSize - size of the window: one number (default 2), or [height, width].
 */
export function maxPooling2d<const K extends Pair = 2, const O extends Pooling2DOptions = None>(
  poolSize?: K,
  options?: Only<O, Pooling2DOptions>,
): MaxPooling2D<K, O> {
  return new MaxPooling2D<K, O>(poolSize ?? (2 as K), options);
}

/**
 * The mean of every window, over those of its cells that are in the picture.
 *
 * @param poolSize - size of the window: one number, or [height, width].
 */
export function averagePooling2d<const K extends Pair, const O extends Pooling2DOptions = None>(
  poolSize: K,
  options?: Only<O, Pooling2DOptions>,
): AveragePooling2D<K, O> {
  return new AveragePooling2D<K, O>(poolSize, options);
}
