/** Convolution over pictures. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { placeWindows } from "../core/shape.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { add, convolve } from "../ops/index.ts";
import { type Activation, type ActivationLike, activationConfig, activationOf } from "./activations.ts";
import { type Initializer, type InitializerLike, initializerConfig, initializerOf } from "./initializers.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import {
  type Config,
  checkBoolean,
  checkChoice,
  checkCount,
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
import { type FormatOf, fromChannelsLast, pictureSizes, toChannelsLast, type Windowed } from "./picture.ts";
import type { Rule } from "./rule.ts";

export interface Conv2DOptions extends LayerOptions {
  /** Steps of the window: one number, or [vertical, horizontal]. Default 1. */
  readonly strides?: Pair;
  /** `"valid"` (default) uses only whole windows, `"same"` pads with zeros so that strides of 1 keep the size. */
  readonly padding?: "valid" | "same";
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
  /** Distance between neighbouring taps of the kernel. Default 1. */
  readonly dilationRate?: Pair;
  /** Channels and filters are split into so many parts that do not meet. Default 1. */
  readonly groups?: number;
  readonly activation?: ActivationLike;
  readonly useBias?: boolean;
  readonly kernelInitializer?: InitializerLike;
  readonly biasInitializer?: InitializerLike;
}

const optionNames = [
  "strides",
  "padding",
  "dataFormat",
  "dilationRate",
  "groups",
  "activation",
  "useBias",
  "kernelInitializer",
  "biasInitializer",
  "name",
  "trainable",
] as const satisfies readonly (keyof Conv2DOptions)[];

export interface Conv2DRule<F extends number, K extends Pair, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    {
      readonly layer: "conv2d";
      readonly kernel: K;
      readonly strides: Given<O, "strides", 1>;
      readonly dilation: Given<O, "dilationRate", 1>;
      readonly padding: Given<O, "padding", "valid">;
      readonly format: FormatOf<O>;
    },
    F
  >;
}

export class Conv2D<
  const F extends number = number,
  const K extends Pair = Pair,
  const O extends Conv2DOptions = Conv2DOptions,
> extends Layer<Conv2DRule<F, K, O>> {
  readonly filters: number;
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: "valid" | "same";
  readonly dataFormat: DataFormat;
  readonly dilationRate: readonly [number, number];
  readonly groups: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  /** `[height, width, channels / groups, filters]`, once built. */
  kernel: Variable | undefined;
  /** `[filters]`, once built, unless `useBias` is false. */
  bias: Variable | undefined;

  constructor(filters: F, kernelSize: K, options?: Only<O, Conv2DOptions>) {
    const o: Conv2DOptions = options ?? {};
    super(o);
    const { where } = this;
    checkOptions(where, o, optionNames);
    this.filters = checkCount(where, "filters", filters);
    this.kernelSize = checkPair(where, "kernelSize", kernelSize);
    this.strides = checkPair(where, "strides", o.strides ?? 1);
    this.padding = checkChoice(where, "padding", o.padding ?? "valid", ["valid", "same"]);
    this.dataFormat = checkChoice(where, "dataFormat", o.dataFormat ?? "channels_last", [
      "channels_last",
      "channels_first",
    ]);
    this.dilationRate = checkPair(where, "dilationRate", o.dilationRate ?? 1);
    this.groups = checkCount(where, "groups", o.groups ?? 1);
    this.activation = activationOf(where, o.activation);
    this.useBias = checkBoolean(where, "useBias", o.useBias ?? true);
    this.kernelInitializer = initializerOf(where, "kernelInitializer", o.kernelInitializer ?? "glorot_uniform");
    this.biasInitializer = initializerOf(where, "biasInitializer", o.biasInitializer ?? "zeros");
    if (this.filters % this.groups !== 0) {
      throw argumentError({
        where,
        argument: "groups",
        value: this.groups,
        expected: `a divisor of the ${this.filters} filters`,
      });
    }
    if (Math.max(...this.strides) > 1 && Math.max(...this.dilationRate) > 1) {
      throw argumentError({
        where,
        argument: "dilationRate",
        value: this.dilationRate,
        expected: `1 with strides of ${this.strides.join(", ")}`,
        fix: "Use strides or dilation, not both.",
      });
    }
  }

  override get className(): string {
    return "Conv2D";
  }

  protected override build(shape: Shape): void {
    checkPicture(this.where, shape, this.dataFormat);
    const [, , channels] = pictureSizes(shape, this.dataFormat);
    if (channels % this.groups !== 0) {
      throw shapeError({
        where: this.where,
        got: `${channels} channels in ${showShape(shape, true)}`,
        expected: `a multiple of its ${this.groups} groups`,
        fix: "Choose groups that divide the channels.",
      });
    }
    const kernelShape = [...this.kernelSize, channels / this.groups, this.filters];
    // Before the weights, so that a window that does not fit leaves nothing behind.
    this.#place(shape);
    this.kernel = this.addWeight("kernel", kernelShape, this.kernelInitializer);
    if (this.useBias) this.bias = this.addWeight("bias", [this.filters], this.biasInitializer);
  }

  /** Other sizes of pictures are welcome; the channels must stay. */
  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    const channels = (shape: Shape): number => pictureSizes(shape, this.dataFormat)[2];
    return now.length === built.length && channels(now) === channels(built);
  }

  #place(shape: Shape) {
    return placeWindows(this.where, pictureSizes(shape, this.dataFormat).slice(0, 2), {
      kernel: this.kernelSize,
      strides: this.strides,
      dilation: this.dilationRate,
      padding: this.padding,
    });
  }

  call(x: Tensor): Tensor {
    const places = this.#place(x.shape);
    let y = convolve(toChannelsLast(x, this.dataFormat), this.read(this.kernel), {
      strides: this.strides,
      dilation: this.dilationRate,
      before: places.map((place) => place.before),
      output: places.map((place) => place.output),
      groups: this.groups,
    });
    if (this.useBias) y = add(y, this.read(this.bias));
    return this.activation.apply(fromChannelsLast(y, this.dataFormat));
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      filters: this.filters,
      kernel_size: this.kernelSize,
      strides: this.strides,
      padding: this.padding,
      data_format: this.dataFormat,
      dilation_rate: this.dilationRate,
      groups: this.groups,
      activation: activationConfig(this.where, this.activation),
      use_bias: this.useBias,
      kernel_initializer: initializerConfig(this.kernelInitializer),
      bias_initializer: initializerConfig(this.biasInitializer),
      kernel_regularizer: null,
      bias_regularizer: null,
      activity_regularizer: null,
      kernel_constraint: null,
      bias_constraint: null,
    };
  }

  static fromConfig(config: Config): Conv2D {
    const known = ["filters", "kernelSize", ...optionNames];
    const { filters, kernelSize, ...options } = readConfig("Conv2D", config, known);
    return new Conv2D<number, Pair, Conv2DOptions>(filters as number, kernelSize as Pair, options);
  }
}

/**
 * A convolution over pictures: `conv2d(16, 3, { padding: "same", activation: "relu" })`.
 *
 * @param filters - channels of the result.
 * @param kernelSize - size of the window: one number, or [height, width].
 */
export function conv2d<const F extends number, const K extends Pair, const O extends Conv2DOptions = None>(
  filters: F,
  kernelSize: K,
  options?: Only<O, Conv2DOptions>,
): Conv2D<F, K, O> {
  return new Conv2D<F, K, O>(filters, kernelSize, options);
}
