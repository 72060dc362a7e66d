/** Convolutions that keep the channels apart, alone and followed by one that mixes them. */
import type { Times } from "../core/shape-types.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { convolve, reshape } from "../ops/index.ts";
import { ConvolutionLayer, type WindowOptions, windowOptions } from "./convolution-layer.ts";
import { type Initializer, type InitializerLike, initializerOf } from "./initializers.ts";
import { type Config, checkCount, type Given, type None, type Only, readConfig } from "./options.ts";
import type { Rule } from "./rule.ts";
import { type ChannelsOf, type FormatOf, type Rank, type Sizes, spatialSizes } from "./spatial.ts";
import { type WeightRuleOptions, weightRuleNames } from "./weight-rules.ts";
import type { Windowed } from "./windowed.ts";

/** Volumes have neither layer, as in Keras. */
type FlatRank = Exclude<Rank, 3>;

export interface DepthwiseOptions<R extends FlatRank> extends WindowOptions<R>, WeightRuleOptions<"depthwise"> {
  /** How many channels are made of each. Default 1. */
  readonly depthMultiplier?: number;
  readonly depthwiseInitializer?: InitializerLike;
}

export interface SeparableOptions<R extends FlatRank> extends DepthwiseOptions<R>, WeightRuleOptions<"pointwise"> {
  readonly pointwiseInitializer?: InitializerLike;
}

export type DepthwiseConv1DOptions = DepthwiseOptions<1>;
export type DepthwiseConv2DOptions = DepthwiseOptions<2>;
export type SeparableConv1DOptions = SeparableOptions<1>;
export type SeparableConv2DOptions = SeparableOptions<2>;

const depthwiseNames = [
  ...windowOptions,
  "depthMultiplier",
  "depthwiseInitializer",
  ...weightRuleNames("depthwise"),
] as const satisfies readonly (keyof DepthwiseOptions<FlatRank>)[];

const separableNames = [
  ...depthwiseNames,
  "pointwiseInitializer",
  ...weightRuleNames("pointwise"),
] as const satisfies readonly (keyof SeparableOptions<FlatRank>)[];

interface WindowOf<Name extends string, K, O> {
  readonly layer: Name;
  readonly kernel: K;
  readonly strides: Given<O, "strides", 1>;
  readonly dilation: Given<O, "dilationRate", 1>;
  readonly padding: Given<O, "padding", "valid">;
  readonly format: FormatOf<O>;
}

type MultiplierOf<O> = Given<O, "depthMultiplier", 1> extends infer M ? (M extends number ? M : number) : number;

export interface DepthwiseRule<R extends FlatRank, Name extends string, K, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    R,
    WindowOf<Name, K, O>,
    Times<ChannelsOf<this["in"], FormatOf<O>>, MultiplierOf<O>>
  >;
}

export interface SeparableRule<R extends FlatRank, Name extends string, F extends number, K, O> extends Rule {
  readonly out: Windowed<this["in"], R, WindowOf<Name, K, O>, F>;
}

/** The part that keeps the channels apart. */
abstract class ChannelwiseLayer<R extends FlatRank, T extends Rule> extends ConvolutionLayer<R, T> {
  readonly depthMultiplier: number;
  readonly depthwiseInitializer: Initializer;

  constructor(
    rank: R,
    kernelSize: unknown,
    options: DepthwiseOptions<R>,
    kernels: readonly string[],
    known: readonly string[],
  ) {
    super(rank, kernelSize, options, kernels, known);
    const { where } = this;
    const { depthMultiplier = 1, depthwiseInitializer = "glorot_uniform" } = options;
    this.depthMultiplier = checkCount(where, "depthMultiplier", depthMultiplier);
    this.depthwiseInitializer = initializerOf(where, "depthwiseInitializer", depthwiseInitializer);
  }

  protected override checkSizesOf(sizes: Shape): void {
    this.place(sizes);
  }

  protected addDepthwiseKernel(name: string, channels: number): Variable {
    const shape = [...this.kernelSize, channels, this.depthMultiplier];
    return this.addWeight(name, shape, this.depthwiseInitializer, this.weightRules.of("depthwise"));
  }

  /** Channel `c` under filter `m` gives channel `c·depthMultiplier + m`: a convolution of one channel to a group. */
  protected convolveChannels(x: Tensor, kernel: Variable | undefined): Tensor {
    const channels = x.shape[x.shape.length - 1];
    const apart = reshape(this.read(kernel), [...this.kernelSize, 1, channels * this.depthMultiplier]);
    return convolve(x, apart, { ...this.place(spatialSizes(x.shape, "channels_last")), groups: channels });
  }
}

abstract class DepthwiseConvolution<R extends FlatRank, Name extends string, K, O> extends ChannelwiseLayer<
  R,
  DepthwiseRule<R, Name, K, O>
> {
  /** `[...kernelSize, channels, depthMultiplier]`, once built. */
  kernel: Variable | undefined;

  constructor(rank: R, kernelSize: unknown, options: DepthwiseOptions<R>) {
    super(rank, kernelSize, options, ["depthwise"], depthwiseNames);
  }

  protected override buildKernels(channels: number): number {
    this.kernel = this.addDepthwiseKernel("kernel", channels);
    return channels * this.depthMultiplier;
  }

  protected override convolve(x: Tensor): Tensor {
    return this.convolveChannels(x, this.kernel);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      depth_multiplier: this.depthMultiplier,
      ...this.windowConfig(),
      ...this.activationConfig(),
      ...this.weightConfig({ depthwise: this.depthwiseInitializer }),
    };
  }
}

abstract class SeparableConvolution<
  R extends FlatRank,
  Name extends string,
  F extends number,
  K,
  O,
> extends ChannelwiseLayer<R, SeparableRule<R, Name, F, K, O>> {
  readonly filters: number;
  readonly pointwiseInitializer: Initializer;
  /** `[...kernelSize, channels, depthMultiplier]`, once built. */
  depthwiseKernel: Variable | undefined;
  /** `[1…, channels · depthMultiplier, filters]`, once built. */
  pointwiseKernel: Variable | undefined;

  constructor(rank: R, filters: unknown, kernelSize: unknown, options: SeparableOptions<R>) {
    super(rank, kernelSize, options, ["depthwise", "pointwise"], separableNames);
    const { where } = this;
    this.filters = checkCount(where, "filters", filters);
    const { pointwiseInitializer = "glorot_uniform" } = options;
    this.pointwiseInitializer = initializerOf(where, "pointwiseInitializer", pointwiseInitializer);
  }

  protected override buildKernels(channels: number): number {
    this.depthwiseKernel = this.addDepthwiseKernel("depthwise_kernel", channels);
    const shape = [...this.kernelSize.map(() => 1), channels * this.depthMultiplier, this.filters];
    const rules = this.weightRules.of("pointwise");
    this.pointwiseKernel = this.addWeight("pointwise_kernel", shape, this.pointwiseInitializer, rules);
    return this.filters;
  }

  protected override convolve(x: Tensor): Tensor {
    const y = this.convolveChannels(x, this.depthwiseKernel);
    const ones = this.kernelSize.map(() => 1);
    return convolve(y, this.read(this.pointwiseKernel), {
      strides: ones,
      dilation: ones,
      before: ones.map(() => 0),
      output: spatialSizes(y.shape, "channels_last"),
      groups: 1,
    });
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      depth_multiplier: this.depthMultiplier,
      filters: this.filters,
      ...this.windowConfig(),
      ...this.activationConfig(),
      ...this.weightConfig({ depthwise: this.depthwiseInitializer, pointwise: this.pointwiseInitializer }),
    };
  }
}

export class DepthwiseConv1D<
  const K extends Sizes<1> = Sizes<1>,
  const O extends DepthwiseConv1DOptions = DepthwiseConv1DOptions,
> extends DepthwiseConvolution<1, "depthwiseConv1d", K, O> {
  constructor(kernelSize: K, options?: Only<O, DepthwiseConv1DOptions>) {
    super(1, kernelSize, options ?? {});
  }

  override get className(): string {
    return "DepthwiseConv1D";
  }

  static fromConfig(config: Config): DepthwiseConv1D {
    const { kernelSize, ...options } = readConfig("DepthwiseConv1D", config, ["kernelSize", ...depthwiseNames]);
    return new DepthwiseConv1D<Sizes<1>, DepthwiseConv1DOptions>(kernelSize as Sizes<1>, options);
  }
}

export class DepthwiseConv2D<
  const K extends Sizes<2> = Sizes<2>,
  const O extends DepthwiseConv2DOptions = DepthwiseConv2DOptions,
> extends DepthwiseConvolution<2, "depthwiseConv2d", K, O> {
  constructor(kernelSize: K, options?: Only<O, DepthwiseConv2DOptions>) {
    super(2, kernelSize, options ?? {});
  }

  override get className(): string {
    return "DepthwiseConv2D";
  }

  static fromConfig(config: Config): DepthwiseConv2D {
    const { kernelSize, ...options } = readConfig("DepthwiseConv2D", config, ["kernelSize", ...depthwiseNames]);
    return new DepthwiseConv2D<Sizes<2>, DepthwiseConv2DOptions>(kernelSize as Sizes<2>, options);
  }
}

export class SeparableConv1D<
  const F extends number = number,
  const K extends Sizes<1> = Sizes<1>,
  const O extends SeparableConv1DOptions = SeparableConv1DOptions,
> extends SeparableConvolution<1, "separableConv1d", F, K, O> {
  constructor(filters: F, kernelSize: K, options?: Only<O, SeparableConv1DOptions>) {
    super(1, filters, kernelSize, options ?? {});
  }

  override get className(): string {
    return "SeparableConv1D";
  }

  static fromConfig(config: Config): SeparableConv1D {
    const known = ["filters", "kernelSize", ...separableNames];
    const { filters, kernelSize, ...options } = readConfig("SeparableConv1D", config, known);
    return new SeparableConv1D<number, Sizes<1>, SeparableConv1DOptions>(
      filters as number,
      kernelSize as Sizes<1>,
      options,
    );
  }
}

export class SeparableConv2D<
  const F extends number = number,
  const K extends Sizes<2> = Sizes<2>,
  const O extends SeparableConv2DOptions = SeparableConv2DOptions,
> extends SeparableConvolution<2, "separableConv2d", F, K, O> {
  constructor(filters: F, kernelSize: K, options?: Only<O, SeparableConv2DOptions>) {
    super(2, filters, kernelSize, options ?? {});
  }

  override get className(): string {
    return "SeparableConv2D";
  }

  static fromConfig(config: Config): SeparableConv2D {
    const known = ["filters", "kernelSize", ...separableNames];
    const { filters, kernelSize, ...options } = readConfig("SeparableConv2D", config, known);
    return new SeparableConv2D<number, Sizes<2>, SeparableConv2DOptions>(
      filters as number,
      kernelSize as Sizes<2>,
      options,
    );
  }
}

/**
 * A convolution over signals that keeps the channels apart: `depthwiseConv1d(3, { depthMultiplier: 2 })`.
 *
 * @param kernelSize - size of the window.
 */
export function depthwiseConv1d<const K extends Sizes<1>, const O extends DepthwiseConv1DOptions = None>(
  kernelSize: K,
  options?: Only<O, DepthwiseConv1DOptions>,
): DepthwiseConv1D<K, O> {
  return new DepthwiseConv1D<K, O>(kernelSize, options);
}

/**
 * A convolution over pictures that keeps the channels apart: `depthwiseConv2d(3, { padding: "same" })`.
 *
 * @param kernelSize - size of the window: one number, or [height, width].
 */
export function depthwiseConv2d<const K extends Sizes<2>, const O extends DepthwiseConv2DOptions = None>(
  kernelSize: K,
  options?: Only<O, DepthwiseConv2DOptions>,
): DepthwiseConv2D<K, O> {
  return new DepthwiseConv2D<K, O>(kernelSize, options);
}

/**
 * A convolution over signals that keeps the channels apart, then one of size 1 that mixes them.
 *
 * @param filters - channels of the result.
 * @param kernelSize - size of the window.
 */
export function separableConv1d<
  const F extends number,
  const K extends Sizes<1>,
  const O extends SeparableConv1DOptions = None,
>(filters: F, kernelSize: K, options?: Only<O, SeparableConv1DOptions>): SeparableConv1D<F, K, O> {
  return new SeparableConv1D<F, K, O>(filters, kernelSize, options);
}

/**
 * A convolution over pictures that keeps the channels apart, then one of size 1 that mixes them.
 *
 * @param filters - channels of the result.
 * @param kernelSize - size of the window: one number, or [height, width].
 */
export function separableConv2d<
  const F extends number,
  const K extends Sizes<2>,
  const O extends SeparableConv2DOptions = None,
>(filters: F, kernelSize: K, options?: Only<O, SeparableConv2DOptions>): SeparableConv2D<F, K, O> {
  return new SeparableConv2D<F, K, O>(filters, kernelSize, options);
}
