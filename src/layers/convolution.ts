/** Convolution over signals, pictures and volumes. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Padding } from "../core/shape.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { convolve } from "../ops/index.ts";
import { ConvolutionLayer, type WindowOptions, windowOptions } from "./convolution-layer.ts";
import { type Initializer, type InitializerLike, initializerOf } from "./initializers.ts";
import { type Config, checkCount, type Given, type None, type Only, readConfig } from "./options.ts";
import type { Rule } from "./rule.ts";
import { type FormatOf, type Rank, type Sizes, spatialSizes } from "./spatial.ts";
import { type WeightRuleOptions, weightRuleNames } from "./weight-rules.ts";
import type { Windowed } from "./windowed.ts";

export interface ConvolutionOptions<R extends Rank, P extends Padding = "valid" | "same">
  extends WindowOptions<R, P>,
    WeightRuleOptions<"kernel"> {
  /** Channels and filters are split into so many parts that do not meet. Default 1. */
  readonly groups?: number;
  readonly kernelInitializer?: InitializerLike;
}

export type Conv1DOptions = ConvolutionOptions<1, Padding>;
export type Conv2DOptions = ConvolutionOptions<2>;
export type Conv3DOptions = ConvolutionOptions<3>;

const optionNames = [
  ...windowOptions,
  "groups",
  "kernelInitializer",
  ...weightRuleNames("kernel"),
] as const satisfies readonly (keyof ConvolutionOptions<Rank>)[];

export interface ConvolutionRule<R extends Rank, Name extends string, F extends number, K, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    R,
    {
      readonly layer: Name;
      readonly kernel: K;
      readonly strides: Given<O, "strides", 1>;
      readonly dilation: Given<O, "dilationRate", 1>;
      readonly padding: Given<O, "padding", "valid">;
      readonly format: FormatOf<O>;
    },
    F
  >;
}

abstract class Convolution<R extends Rank, Name extends string, F extends number, K, O> extends ConvolutionLayer<
  R,
  ConvolutionRule<R, Name, F, K, O>
> {
  readonly filters: number;
  readonly groups: number;
  readonly kernelInitializer: Initializer;
  /** `[...kernelSize, channels / groups, filters]`, once built. */
  kernel: Variable | undefined;

  constructor(
    rank: R,
    filters: unknown,
    kernelSize: unknown,
    options: ConvolutionOptions<R, Padding>,
    paddings?: readonly Padding[],
  ) {
    super(rank, kernelSize, options, ["kernel"], optionNames, paddings);
    const { where } = this;
    this.filters = checkCount(where, "filters", filters);
    this.groups = checkCount(where, "groups", options.groups ?? 1);
    this.kernelInitializer = initializerOf(where, "kernelInitializer", options.kernelInitializer ?? "glorot_uniform");
    if (this.filters % this.groups !== 0) {
      throw argumentError({
        where,
        argument: "groups",
        value: this.groups,
        expected: `a divisor of the ${this.filters} filters`,
      });
    }
    refuseStridesWithDilation(where, this.strides, this.dilationRate);
  }

  protected override checkSizesOf(sizes: Shape): void {
    this.place(sizes);
  }

  protected override buildKernels(channels: number, input: Shape): number {
    if (channels % this.groups !== 0) {
      throw shapeError({
        where: this.where,
        got: `${channels} channels in ${showShape(input, true)}`,
        expected: `a multiple of its ${this.groups} groups`,
        fix: "Choose groups that divide the channels.",
      });
    }
    const shape = [...this.kernelSize, channels / this.groups, this.filters];
    this.kernel = this.addWeight("kernel", shape, this.kernelInitializer, this.weightRules.of("kernel"));
    return this.filters;
  }

  protected override convolve(x: Tensor): Tensor {
    const sizes = spatialSizes(x.shape, "channels_last");
    return convolve(x, this.read(this.kernel), { ...this.place(sizes), groups: this.groups });
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      filters: this.filters,
      ...this.windowConfig(),
      groups: this.groups,
      ...this.activationConfig(),
      ...this.weightConfig({ kernel: this.kernelInitializer }),
    };
  }
}

/** Strides and dilation together are refused where Keras refuses them. */
export function refuseStridesWithDilation(
  where: string,
  strides: readonly number[],
  dilationRate: readonly number[],
): void {
  if (Math.max(...strides) === 1 || Math.max(...dilationRate) === 1) return;
  throw argumentError({
    where,
    argument: "dilationRate",
    value: dilationRate,
    expected: `1 with strides of ${strides.join(", ")}`,
    fix: "Use strides or dilation, not both.",
  });
}

/** The constructor's arguments from a config. */
function argumentsOf<O>(className: string, config: Config) {
  const { filters, kernelSize, ...options } = readConfig(className, config, ["filters", "kernelSize", ...optionNames]);
  return { filters: filters as number, kernelSize: kernelSize as number, options: options as Only<O, O> };
}

export class Conv1D<
  const F extends number = number,
  const K extends Sizes<1> = Sizes<1>,
  const O extends Conv1DOptions = Conv1DOptions,
> extends Convolution<1, "conv1d", F, K, O> {
  constructor(filters: F, kernelSize: K, options?: Only<O, Conv1DOptions>) {
    super(1, filters, kernelSize, options ?? {}, ["valid", "same", "causal"]);
  }

  override get className(): string {
    return "Conv1D";
  }

  static fromConfig(config: Config): Conv1D {
    const { filters, kernelSize, options } = argumentsOf<Conv1DOptions>("Conv1D", config);
    return new Conv1D<number, Sizes<1>, Conv1DOptions>(filters, kernelSize, options);
  }
}

export class Conv2D<
  const F extends number = number,
  const K extends Sizes<2> = Sizes<2>,
  const O extends Conv2DOptions = Conv2DOptions,
> extends Convolution<2, "conv2d", F, K, O> {
  constructor(filters: F, kernelSize: K, options?: Only<O, Conv2DOptions>) {
    super(2, filters, kernelSize, options ?? {});
  }

  override get className(): string {
    return "Conv2D";
  }

  static fromConfig(config: Config): Conv2D {
    const { filters, kernelSize, options } = argumentsOf<Conv2DOptions>("Conv2D", config);
    return new Conv2D<number, Sizes<2>, Conv2DOptions>(filters, kernelSize, options);
  }
}

export class Conv3D<
  const F extends number = number,
  const K extends Sizes<3> = Sizes<3>,
  const O extends Conv3DOptions = Conv3DOptions,
> extends Convolution<3, "conv3d", F, K, O> {
  constructor(filters: F, kernelSize: K, options?: Only<O, Conv3DOptions>) {
    super(3, filters, kernelSize, options ?? {});
  }

  override get className(): string {
    return "Conv3D";
  }

  static fromConfig(config: Config): Conv3D {
    const { filters, kernelSize, options } = argumentsOf<Conv3DOptions>("Conv3D", config);
    return new Conv3D<number, Sizes<3>, Conv3DOptions>(filters, kernelSize, options);
  }
}

/**
 * A convolution over signals: `conv1d(16, 3, { padding: "causal" })`.
 *
 * @param filters - channels of the result.
 * @param kernelSize - size of the window.
 */
export function conv1d<const F extends number, const K extends Sizes<1>, const O extends Conv1DOptions = None>(
  filters: F,
  kernelSize: K,
  options?: Only<O, Conv1DOptions>,
): Conv1D<F, K, O> {
  return new Conv1D<F, K, O>(filters, kernelSize, options);
}

/**
 * A convolution over pictures: `conv2d(16, 3, { padding: "same", activation: "relu" })`.
 *
 * @param filters - channels of the result.
 * @param kernelSize - size of the window: one number, or [height, width].
 */
export function conv2d<const F extends number, const K extends Sizes<2>, const O extends Conv2DOptions = None>(
  filters: F,
  kernelSize: K,
  options?: Only<O, Conv2DOptions>,
): Conv2D<F, K, O> {
  return new Conv2D<F, K, O>(filters, kernelSize, options);
}

/**
 * A convolution over volumes: `conv3d(16, 3)`.
 *
 * @param filters - channels of the result.
 * @param kernelSize - size of the window: one number, or [depth, height, width].
 */
export function conv3d<const F extends number, const K extends Sizes<3>, const O extends Conv3DOptions = None>(
  filters: F,
  kernelSize: K,
  options?: Only<O, Conv3DOptions>,
): Conv3D<F, K, O> {
  return new Conv3D<F, K, O>(filters, kernelSize, options);
}
