/** Convolution over signals, pictures and volumes. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { convolve } from "../ops/index.ts";
import { ConvolutionLayer, type WindowOptions, windowOptions } from "./convolution-layer.ts";
import { type Initializer, type InitializerLike, initializerOf } from "./initializers.ts";
import { type Config, checkCount, type Given, type None, type Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule } from "./rule.ts";
import { type FormatOf, type Rank, type Sizes, spatialSizes } from "./spatial.ts";
import { ranks } from "./spatial-layer.ts";
import { type WeightRuleOptions, weightRuleNames } from "./weight-rules.ts";
import type { Windowed } from "./windowed.ts";

/** Only signals have an order in time, and so a causal padding. */
const paddings = { 1: ["valid", "same", "causal"], 2: ["valid", "same"], 3: ["valid", "same"] } as const;

/** Options of `conv1d`, `conv2d` and `conv3d`, by the number of axes. */
export interface ConvolutionOptions<R extends Rank>
  extends WindowOptions<R, (typeof paddings)[R][number]>,
    WeightRuleOptions<"kernel"> {
  /** Channels and filters are split into so many parts that do not meet. Default 1. */
  readonly groups?: number;
  /** What the kernel begins with. Default `"glorot_uniform"`. */
  readonly kernelInitializer?: InitializerLike;
}

/** Options of `conv1d`. */
export type Conv1DOptions = ConvolutionOptions<1>;
/** Options of `conv2d`. */
export type Conv2DOptions = ConvolutionOptions<2>;
/** Options of `conv3d`. */
export type Conv3DOptions = ConvolutionOptions<3>;

const optionNames = [
  ...windowOptions,
  "groups",
  "kernelInitializer",
  ...weightRuleNames("kernel"),
] as const satisfies readonly (keyof ConvolutionOptions<Rank>)[];

export interface ConvolutionRule<R extends Rank, F extends number, K, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    R,
    {
      readonly layer: `conv${R}d`;
      readonly kernel: K;
      readonly strides: Given<O, "strides", 1>;
      readonly dilation: Given<O, "dilationRate", 1>;
      readonly padding: Given<O, "padding", "valid">;
      readonly format: FormatOf<O>;
    },
    F
  >;
}

/** A convolution over `R` axes with `F` filters and kernels of size `K`: what `conv1d`, `conv2d` and `conv3d` make. */
export class Convolution<R extends Rank, F extends number, K, O> extends ConvolutionLayer<
  R,
  ConvolutionRule<R, F, K, O>
> {
  readonly filters: number;
  readonly groups: number;
  readonly kernelInitializer: Initializer;
  /** `[...kernelSize, channels / groups, filters]`, once built. */
  kernel: Variable | undefined;

  constructor(rank: R, filters: unknown, kernelSize: unknown, options: ConvolutionOptions<R> = {}) {
    super(`Conv${rank}D`, rank, kernelSize, options, ["kernel"], optionNames, paddings[rank]);
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
        fix: "Choose filters that are a multiple of the groups.",
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

  protected override remade(options: WindowOptions<R, "valid" | "same">): unknown {
    const { rank, filters, kernelSize, groups } = this;
    return new Convolution(rank, filters, kernelSize, { ...options, groups } as ConvolutionOptions<R>);
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

/** The layer that `conv1d` makes: Keras' `Conv1D`. Its arguments are properties. */
export type Conv1D<F extends number = number, K = Sizes<1>, O = Conv1DOptions> = Convolution<1, F, K, O>;
/** The layer that `conv2d` makes: Keras' `Conv2D`. Its arguments are properties. */
export type Conv2D<F extends number = number, K = Sizes<2>, O = Conv2DOptions> = Convolution<2, F, K, O>;
/** The layer that `conv3d` makes: Keras' `Conv3D`. Its arguments are properties. */
export type Conv3D<F extends number = number, K = Sizes<3>, O = Conv3DOptions> = Convolution<3, F, K, O>;

interface ConvolutionOf<R extends Rank> {
  /**
   * @param filters - channels of the result.
   * @param kernelSize - size of the window: one number for all axes, or one for each.
   */
  <const F extends number, const K extends Sizes<R>, const O extends ConvolutionOptions<R> = None>(
    filters: F,
    kernelSize: K,
    options?: Only<O, ConvolutionOptions<R>>,
  ): Convolution<R, F, K, O>;
}

const convolution =
  <R extends Rank>(rank: R): ConvolutionOf<R> =>
  (filters, kernelSize, options) =>
    new Convolution(rank, filters, kernelSize, options);

/** A convolution over signals: `conv1d(16, 3, { padding: "causal" })`. */
export const conv1d: ConvolutionOf<1> = convolution(1);

/** A convolution over pictures, [height, width]: `conv2d(16, 3, { padding: "same", activation: "relu" })`. */
export const conv2d: ConvolutionOf<2> = convolution(2);

/** A convolution over volumes, [depth, height, width]: `conv3d(16, 3)`. */
export const conv3d: ConvolutionOf<3> = convolution(3);

export const convolutionRecords = ranks.map((rank) =>
  recordOf(`Conv${rank}D`, ["filters", "kernelSize", ...optionNames], ({ filters, kernelSize, ...options }) => {
    return new Convolution(rank, filters, kernelSize, options);
  }),
);
