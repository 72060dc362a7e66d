/** What all convolutions have in common: a window of weights over the spatial axes, a bias, an activation. */
import type { Padding } from "../core/shape.ts";
import { placeWindows, windowRule } from "../core/shape.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { add } from "../ops/index.ts";
import { type Activation, type ActivationLike, activationConfig, activationOf } from "./activations.ts";
import { type Initializer, type InitializerLike, initializerConfig, initializerOf } from "./initializers.ts";
import type { Layer, Variant } from "./layer.ts";
import { type Config, checkBoolean, checkChoice } from "./options.ts";
import { regularizerConfig } from "./regularizers.ts";
import type { Rule } from "./rule.ts";
import {
  channelsOf,
  checkSizes,
  checkSpatial,
  fromChannelsLast,
  type PerAxis,
  type Rank,
  type Sizes,
  type SpatialRule,
  spatialRules,
  spatialSizes,
  toChannelsLast,
} from "./spatial.ts";
import { SpatialLayer, type SpatialOptions, spatialOptions } from "./spatial-layer.ts";
import { type WeightRuleOptions, WeightRules, weightRuleNames } from "./weight-rules.ts";

/** The options that every convolution has. */
export interface WindowOptions<R extends Rank, P extends Padding = "valid" | "same">
  extends SpatialOptions,
    WeightRuleOptions<"bias"> {
  /** Steps of the window: one number, or one for each axis. Default 1. */
  readonly strides?: Sizes<R>;
  /**
   * `"valid"` (default) uses only whole windows, `"same"` pads with zeros so that strides of 1 keep the size, `"causal"`
   * (signals only) pads ahead, so that no cell sees a later one.
   */
  readonly padding?: P;
  /** Distance between neighbouring taps of the kernel. Default 1. */
  readonly dilationRate?: Sizes<R>;
  /** A function of the result: a name or a function. Default none. */
  readonly activation?: ActivationLike;
  /** Whether a learned number is added to each channel. Default true. */
  readonly useBias?: boolean;
  /** What the bias begins with. Default `"zeros"`. */
  readonly biasInitializer?: InitializerLike;
}

export const windowOptions = [
  "strides",
  "padding",
  "dilationRate",
  "activation",
  "useBias",
  "biasInitializer",
  ...weightRuleNames("bias"),
  ...spatialOptions,
] as const satisfies readonly (keyof WindowOptions<Rank>)[];

export abstract class ConvolutionLayer<R extends Rank, T extends Rule> extends SpatialLayer<R, T> {
  readonly kernelSize: PerAxis<R>;
  readonly strides: PerAxis<R>;
  readonly padding: Padding;
  readonly dilationRate: PerAxis<R>;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly biasInitializer: Initializer;
  readonly weightRules: WeightRules;
  /** One number for each channel of the result, once built, unless `useBias` is false. */
  bias: Variable | undefined;

  /**
   * @param className - the name of the class of that rank in Keras.
   * @param kernels - the names of the kernels in options: `kernel`, or `depthwise` and `pointwise`.
   * @param known - the names of all options.
   * @param paddings - the kinds of padding that the layer has.
   */
  constructor(
    className: string,
    rank: R,
    kernelSize: unknown,
    options: WindowOptions<R, Padding>,
    kernels: readonly string[],
    known: readonly string[],
    paddings: readonly Padding[] = ["valid", "same"],
  ) {
    super(className, rank, options, known);
    const { where } = this;
    this.kernelSize = checkSizes(where, "kernelSize", kernelSize, rank);
    this.strides = checkSizes(where, "strides", options.strides ?? 1, rank);
    this.padding = checkChoice(where, "padding", options.padding ?? "valid", paddings);
    this.dilationRate = checkSizes(where, "dilationRate", options.dilationRate ?? 1, rank);
    this.activation = activationOf(where, options.activation);
    this.useBias = checkBoolean(where, "useBias", options.useBias ?? true);
    this.biasInitializer = initializerOf(where, "biasInitializer", options.biasInitializer ?? "zeros");
    this.weightRules = new WeightRules(where, [...kernels, "bias"], options);
  }

  /** Makes the weights but for the bias, for so many channels of an input of that shape. Returns the channels of the result. */
  protected abstract buildKernels(channels: number, input: Shape): number;

  /** The convolution itself; channels are last. */
  protected abstract convolve(x: Tensor): Tensor;

  /** Refuses sizes that the window does not fit. */
  protected abstract checkSizesOf(sizes: Shape): void;

  protected override build(shape: Shape): void {
    checkSpatial(this.where, shape, this.rank, this.dataFormat);
    // Before the weights, so that a window that does not fit leaves nothing behind.
    this.checkSizesOf(spatialSizes(shape, this.dataFormat));
    const filters = this.buildKernels(channelsOf(shape, this.dataFormat), shape);
    if (!this.useBias) return;
    this.bias = this.addWeight("bias", [filters], this.biasInitializer, this.weightRules.of("bias"));
  }

  /** Other sizes are welcome; the channels must stay. */
  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return now.length === built.length && channelsOf(now, this.dataFormat) === channelsOf(built, this.dataFormat);
  }

  /** Where the windows lie on axes of these sizes, as attributes of `convolve`. */
  protected place(sizes: Shape) {
    const { kernelSize: kernel, strides, dilationRate: dilation, padding } = this;
    const places = placeWindows(this.where, sizes, { kernel, strides, dilation, padding });
    const before = places.map((place) => place.before);
    return { strides, dilation, before, output: places.map((place) => place.output) };
  }

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    return spatialRules(this, input, output, (size, i) =>
      windowRule(
        {
          size,
          kernel: this.kernelSize[i],
          stride: this.strides[i],
          dilation: this.dilationRate[i],
          padding: this.padding,
        },
        "zeros",
      ),
    );
  }

  call(x: Tensor): Tensor {
    let y = this.convolve(toChannelsLast(x, this.dataFormat));
    if (this.useBias) y = add(y, this.read(this.bias));
    return this.activation.apply(fromChannelsLast(y, this.dataFormat));
  }

  /** A layer of the same kind with other windows. */
  protected abstract remade(options: WindowOptions<R, "valid" | "same">): unknown;

  override variants(): Variant[] {
    const padding = this.padding === "same" ? "valid" : "same";
    return [{ change: ["make", padding], layer: this.remade({ ...this.windows(), padding }) as Layer }];
  }

  /** The options that say where windows lie, but for the padding. */
  protected windows(): WindowOptions<R, "valid" | "same"> {
    const { strides, dilationRate, dataFormat, useBias } = this;
    return { strides, dilationRate, dataFormat, useBias };
  }

  /** The part of Keras' configs that all convolutions write alike, up to the bias. */
  protected windowConfig(between: Config = {}): Config {
    return {
      kernel_size: this.kernelSize,
      strides: this.strides,
      padding: this.padding,
      ...between,
      data_format: this.dataFormat,
      dilation_rate: this.dilationRate,
    };
  }

  protected activationConfig(): Config {
    return { activation: activationConfig(this.where, this.activation), use_bias: this.useBias };
  }

  /** Initializers, regularizers and constraints of these kernels and of the bias. */
  protected weightConfig(kernels: Readonly<Record<string, Initializer>>): Config {
    const all = { ...kernels, bias: this.biasInitializer };
    const initializers = Object.entries(all).map(([name, given]) => [`${name}_initializer`, initializerConfig(given)]);
    return {
      ...Object.fromEntries(initializers),
      ...this.weightRules.regularizerConfig(),
      activity_regularizer: regularizerConfig(this.where, this.activityRegularizer),
      ...this.weightRules.constraintConfig(),
    };
  }
}
