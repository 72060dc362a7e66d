/** Convolutions that keep the channels apart, alone and followed by one that mixes them. */
import type { Times } from "../core/shape-types.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { convolve, reshape } from "../ops/index.ts";
import { ConvolutionLayer, type WindowOptions, windowOptions } from "./convolution-layer.ts";
import { type Initializer, type InitializerLike, initializerOf } from "./initializers.ts";
import { type Config, checkCount, type Given, type None, type Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule } from "./rule.ts";
import { type ChannelsOf, type FormatOf, type Sizes, spatialSizes } from "./spatial.ts";
import { type WeightRuleOptions, weightRuleNames } from "./weight-rules.ts";
import type { Windowed } from "./windowed.ts";

/** Volumes have neither layer, as in Keras. */
const flatRanks = [1, 2] as const;

type FlatRank = (typeof flatRanks)[number];

/** Options of `depthwiseConv1d` and `depthwiseConv2d`, by the number of axes. */
export interface DepthwiseOptions<R extends FlatRank> extends WindowOptions<R>, WeightRuleOptions<"depthwise"> {
  /** How many channels are made of each. Default 1. */
  readonly depthMultiplier?: number;
  /** What the windows begin with. Default `"glorot_uniform"`. */
  readonly depthwiseInitializer?: InitializerLike;
}

/** Options of `separableConv1d` and `separableConv2d`, by the number of axes. */
export interface SeparableOptions<R extends FlatRank> extends DepthwiseOptions<R>, WeightRuleOptions<"pointwise"> {
  /** What the mixing of channels begins with. Default `"glorot_uniform"`. */
  readonly pointwiseInitializer?: InitializerLike;
}

/** Options of `depthwiseConv1d`. */
export type DepthwiseConv1DOptions = DepthwiseOptions<1>;
/** Options of `depthwiseConv2d`. */
export type DepthwiseConv2DOptions = DepthwiseOptions<2>;
/** Options of `separableConv1d`. */
export type SeparableConv1DOptions = SeparableOptions<1>;
/** Options of `separableConv2d`. */
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

export interface DepthwiseRule<R extends FlatRank, K, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    R,
    WindowOf<`depthwiseConv${R}d`, K, O>,
    Times<ChannelsOf<this["in"], FormatOf<O>>, MultiplierOf<O>>
  >;
}

export interface SeparableRule<R extends FlatRank, F extends number, K, O> extends Rule {
  readonly out: Windowed<this["in"], R, WindowOf<`separableConv${R}d`, K, O>, F>;
}

/** The part that keeps the channels apart. */
abstract class ChannelwiseLayer<R extends FlatRank, T extends Rule> extends ConvolutionLayer<R, T> {
  readonly depthMultiplier: number;
  readonly depthwiseInitializer: Initializer;

  constructor(
    className: string,
    rank: R,
    kernelSize: unknown,
    options: DepthwiseOptions<R>,
    kernels: readonly string[],
    known: readonly string[],
  ) {
    super(className, rank, kernelSize, options, kernels, known);
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

/** A depthwise convolution over `R` axes, kernels of size `K`: what `depthwiseConv1d` and `depthwiseConv2d` make. */
export class DepthwiseConvolution<R extends FlatRank, K, O> extends ChannelwiseLayer<R, DepthwiseRule<R, K, O>> {
  /** `[...kernelSize, channels, depthMultiplier]`, once built. */
  kernel: Variable | undefined;

  constructor(rank: R, kernelSize: unknown, options: DepthwiseOptions<R> = {}) {
    super(`DepthwiseConv${rank}D`, rank, kernelSize, options, ["depthwise"], depthwiseNames);
  }

  protected override buildKernels(channels: number): number {
    this.kernel = this.addDepthwiseKernel("kernel", channels);
    return channels * this.depthMultiplier;
  }

  protected override convolve(x: Tensor): Tensor {
    return this.convolveChannels(x, this.kernel);
  }

  protected override remade(options: WindowOptions<R>): unknown {
    const { rank, kernelSize, depthMultiplier } = this;
    return new DepthwiseConvolution(rank, kernelSize, { ...options, depthMultiplier });
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

/** A separable convolution over `R` axes with `F` filters and kernels of size `K`: what `separableConv2d` and its kin make. */
export class SeparableConvolution<R extends FlatRank, F extends number, K, O> extends ChannelwiseLayer<
  R,
  SeparableRule<R, F, K, O>
> {
  readonly filters: number;
  readonly pointwiseInitializer: Initializer;
  /** `[...kernelSize, channels, depthMultiplier]`, once built. */
  depthwiseKernel: Variable | undefined;
  /** `[1…, channels · depthMultiplier, filters]`, once built. */
  pointwiseKernel: Variable | undefined;

  constructor(rank: R, filters: unknown, kernelSize: unknown, options: SeparableOptions<R> = {}) {
    super(`SeparableConv${rank}D`, rank, kernelSize, options, ["depthwise", "pointwise"], separableNames);
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

  protected override remade(options: WindowOptions<R>): unknown {
    const { rank, filters, kernelSize, depthMultiplier } = this;
    return new SeparableConvolution(rank, filters, kernelSize, { ...options, depthMultiplier });
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

/** The layer that `depthwiseConv1d` makes: Keras' `DepthwiseConv1D`. Its arguments are properties. */
export type DepthwiseConv1D<K = Sizes<1>, O = DepthwiseConv1DOptions> = DepthwiseConvolution<1, K, O>;
/** The layer that `depthwiseConv2d` makes: Keras' `DepthwiseConv2D`. Its arguments are properties. */
export type DepthwiseConv2D<K = Sizes<2>, O = DepthwiseConv2DOptions> = DepthwiseConvolution<2, K, O>;
/** The layer that `separableConv1d` makes: Keras' `SeparableConv1D`. Its arguments are properties. */
export type SeparableConv1D<F extends number = number, K = Sizes<1>, O = SeparableConv1DOptions> = SeparableConvolution<
  1,
  F,
  K,
  O
>;
/** The layer that `separableConv2d` makes: Keras' `SeparableConv2D`. Its arguments are properties. */
export type SeparableConv2D<F extends number = number, K = Sizes<2>, O = SeparableConv2DOptions> = SeparableConvolution<
  2,
  F,
  K,
  O
>;

interface DepthwiseOf<R extends FlatRank> {
  /** @param kernelSize - size of the window: one number for all axes, or one for each. */
  <const K extends Sizes<R>, const O extends DepthwiseOptions<R> = None>(
    kernelSize: K,
    options?: Only<O, DepthwiseOptions<R>>,
  ): DepthwiseConvolution<R, K, O>;
}

interface SeparableOf<R extends FlatRank> {
  /**
   * @param filters - channels of the result.
   * @param kernelSize - size of the window: one number for all axes, or one for each.
   */
  <const F extends number, const K extends Sizes<R>, const O extends SeparableOptions<R> = None>(
    filters: F,
    kernelSize: K,
    options?: Only<O, SeparableOptions<R>>,
  ): SeparableConvolution<R, F, K, O>;
}

const depthwise =
  <R extends FlatRank>(rank: R): DepthwiseOf<R> =>
  (kernelSize, options) =>
    new DepthwiseConvolution(rank, kernelSize, options);

const separable =
  <R extends FlatRank>(rank: R): SeparableOf<R> =>
  (filters, kernelSize, options) =>
    new SeparableConvolution(rank, filters, kernelSize, options);

/** A convolution over signals that keeps the channels apart: `depthwiseConv1d(3, { depthMultiplier: 2 })`. */
export const depthwiseConv1d: DepthwiseOf<1> = depthwise(1);

/** A convolution over pictures, [height, width], that keeps the channels apart: `depthwiseConv2d(3, { padding: "same" })`. */
export const depthwiseConv2d: DepthwiseOf<2> = depthwise(2);

/** A convolution over signals that keeps the channels apart, then one of size 1 that mixes them. */
export const separableConv1d: SeparableOf<1> = separable(1);

/** A convolution over pictures, [height, width], that keeps the channels apart, then one of size 1 that mixes them. */
export const separableConv2d: SeparableOf<2> = separable(2);

export const depthwiseRecords = flatRanks.flatMap((rank) => [
  recordOf(`DepthwiseConv${rank}D`, ["kernelSize", ...depthwiseNames], ({ kernelSize, ...options }) => {
    return new DepthwiseConvolution(rank, kernelSize, options);
  }),
  recordOf(`SeparableConv${rank}D`, ["filters", "kernelSize", ...separableNames], (given) => {
    const { filters, kernelSize, ...options } = given;
    return new SeparableConvolution(rank, filters, kernelSize, options);
  }),
]);
