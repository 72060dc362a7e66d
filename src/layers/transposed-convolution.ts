/** Transposed convolution: every cell spreads over a window. The gradient of a convolution, as a layer. */
import { argumentError, shapeError } from "../core/errors.ts";
import { extentOf, placeTransposed, type TransposedAxis, transposedRule } from "../core/shape.ts";
import type { Extent, Size, TransposedOutput } from "../core/shape-types.ts";
import type { OpenShape, Shape, Tensor, Variable } from "../graph/tensor.ts";
import { convolveInput } from "../ops/index.ts";
import { refuseStridesWithDilation } from "./convolution.ts";
import { ConvolutionLayer, type WindowOptions, windowOptions } from "./convolution-layer.ts";
import { type Initializer, type InitializerLike, initializerOf } from "./initializers.ts";
import type { Layer, Variant } from "./layer.ts";
import { type Config, checkCount, type Given, type None, type Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule } from "./rule.ts";
import {
  checkSizes,
  type FormatOf,
  type Joined,
  type PerAxis,
  type Rank,
  type SizeAt,
  type Sizes,
  type SpatialOf,
  type SpatialRule,
  spatialRules,
  spatialSizes,
} from "./spatial.ts";
import { ranks } from "./spatial-layer.ts";
import { type WeightRuleOptions, weightRuleNames } from "./weight-rules.ts";

/** Options of `conv1dTranspose`, `conv2dTranspose` and `conv3dTranspose`, by the number of axes. */
export interface ConvolutionTransposeOptions<R extends Rank> extends WindowOptions<R>, WeightRuleOptions<"kernel"> {
  /**
   * Several sizes lead to the same one in a forward convolution with strides; this many cells are added to the smallest
   * of them. Less than the strides. By default the size is size · stride (or, under `"valid"`, what the windows cover).
   */
  readonly outputPadding?: Sizes<R> | null;
  /** What the kernel begins with. Default `"glorot_uniform"`. */
  readonly kernelInitializer?: InitializerLike;
}

/** Options of `conv1dTranspose`. */
export type Conv1DTransposeOptions = ConvolutionTransposeOptions<1>;
/** Options of `conv2dTranspose`. */
export type Conv2DTransposeOptions = ConvolutionTransposeOptions<2>;
/** Options of `conv3dTranspose`. */
export type Conv3DTransposeOptions = ConvolutionTransposeOptions<3>;

const optionNames = [
  ...windowOptions,
  "outputPadding",
  "kernelInitializer",
  ...weightRuleNames("kernel"),
] as const satisfies readonly (keyof ConvolutionTransposeOptions<Rank>)[];

type OutputPaddingAt<O, I> =
  Given<O, "outputPadding", null> extends infer P ? (P extends null ? null : SizeAt<P, I>) : null;

type SpreadAll<N, K, O> = N extends OpenShape
  ? {
      -readonly [I in keyof N]: TransposedOutput<
        N[I] & Size,
        Extent<SizeAt<K, I>, SizeAt<Given<O, "dilationRate", 1>, I>>,
        SizeAt<Given<O, "strides", 1>, I>,
        Given<O, "padding", "valid">,
        OutputPaddingAt<O, I>
      >;
    }
  : N;

type Spread<S, R extends Rank, Name extends string, F extends number, K, O, Format> = Format extends unknown
  ? Joined<SpreadAll<SpatialOf<S, R, Name, Format>, K, O>, F, Format>
  : never;

export interface ConvolutionTransposeRule<R extends Rank, F extends number, K, O> extends Rule {
  readonly out: Spread<this["in"], R, `conv${R}dTranspose`, F, K, O, FormatOf<O>>;
}

/** A transposed convolution over `R` axes with `F` filters, kernels of size `K`: what `conv2dTranspose` and its kin make. */
export class ConvolutionTranspose<R extends Rank, F extends number, K, O> extends ConvolutionLayer<
  R,
  ConvolutionTransposeRule<R, F, K, O>
> {
  readonly filters: number;
  readonly outputPadding: PerAxis<R> | null;
  readonly kernelInitializer: Initializer;
  /** `[...kernelSize, filters, channels]`, once built: the other way round than in a forward convolution. */
  kernel: Variable | undefined;

  constructor(rank: R, filters: unknown, kernelSize: unknown, options: ConvolutionTransposeOptions<R> = {}) {
    super(`Conv${rank}DTranspose`, rank, kernelSize, options, ["kernel"], optionNames);
    const { where } = this;
    this.filters = checkCount(where, "filters", filters);
    this.kernelInitializer = initializerOf(where, "kernelInitializer", options.kernelInitializer ?? "glorot_uniform");
    refuseStridesWithDilation(where, this.strides, this.dilationRate);
    const given = options.outputPadding ?? null;
    this.outputPadding = given === null ? null : checkSizes(where, "outputPadding", given, rank, 0);
    this.#checkOutputPadding();
  }

  /** The extent of the window on each axis. */
  get #extents(): number[] {
    return this.kernelSize.map((kernel, axis) => extentOf(kernel, this.dilationRate[axis]));
  }

  #checkOutputPadding(): void {
    this.outputPadding?.forEach((cells, axis) => {
      const extent = this.#extents[axis];
      const isTooMuch = cells >= this.strides[axis];
      // No size under "same" leads to the smallest one when the window is even.
      if (!isTooMuch && (cells > 0 || extent % 2 === 1 || this.padding === "valid")) return;
      throw argumentError({
        where: this.where,
        argument: "outputPadding",
        value: this.outputPadding,
        expected: isTooMuch
          ? `less than the strides of ${this.strides.join(", ")}`
          : `at least 1 for a window of ${extent} under padding "same"`,
        fix: "Leave it out for size · stride.",
      });
    });
  }

  #axis(size: number, a: number): TransposedAxis {
    return {
      size,
      kernel: this.kernelSize[a],
      stride: this.strides[a],
      dilation: this.dilationRate[a],
      padding: this.padding === "same" ? "same" : "valid",
      outputPadding: this.outputPadding?.[a],
    };
  }

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    return spatialRules(this, input, output, (size, i) => transposedRule(this.#axis(size, i)));
  }

  #placeTransposed(sizes: Shape) {
    return sizes.map((size, a) => {
      const place = placeTransposed(this.#axis(size, a));
      if (place.output > 0) return place;
      throw shapeError({
        where: this.where,
        got: `${size} cells on spatial axis ${a}, which give none`,
        expected: "a larger input",
        fix: "Leave outputPadding out.",
      });
    });
  }

  protected override checkSizesOf(sizes: Shape): void {
    this.#placeTransposed(sizes);
  }

  protected override buildKernels(channels: number): number {
    const shape = [...this.kernelSize, this.filters, channels];
    this.kernel = this.addWeight("kernel", shape, this.kernelInitializer, this.weightRules.of("kernel"));
    return this.filters;
  }

  protected override convolve(x: Tensor): Tensor {
    const places = this.#placeTransposed(spatialSizes(x.shape, "channels_last"));
    return convolveInput(x, this.read(this.kernel), {
      strides: this.strides,
      dilation: this.dilationRate,
      before: places.map((place) => place.before),
      input: places.map((place) => place.output),
      groups: 1,
    });
  }

  protected override remade(options: ConvolutionTransposeOptions<R>): unknown {
    return new ConvolutionTranspose(this.rank, this.filters, this.kernelSize, options);
  }

  /** Another padding, or cells more or less at the ends. */
  override variants(): Variant[] {
    const { strides, padding } = this;
    const counts = Array.from({ length: Math.min(...strides) }, (_, cells) => cells);
    const others = counts.flatMap((cells): Variant[] => {
      if (this.outputPadding?.every((own) => own === cells)) return [];
      // Some even windows take no 0.
      const isRefused = cells === 0 && padding === "same" && this.#extents.some((extent) => extent % 2 === 0);
      if (isRefused) return [];
      const options = { ...this.windows(), padding: padding as "valid" | "same", outputPadding: cells };
      return [
        {
          change: ["give", `outputPadding ${cells}`],
          layer: this.remade(options as ConvolutionTransposeOptions<R>) as Layer,
        },
      ];
    });
    return [...super.variants(), ...others];
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      filters: this.filters,
      ...this.windowConfig({ output_padding: this.outputPadding }),
      ...this.activationConfig(),
      ...this.weightConfig({ kernel: this.kernelInitializer }),
    };
  }
}

/** The layer that `conv1dTranspose` makes: Keras' `Conv1DTranspose`. Its arguments are properties. */
export type Conv1DTranspose<F extends number = number, K = Sizes<1>, O = Conv1DTransposeOptions> = ConvolutionTranspose<
  1,
  F,
  K,
  O
>;
/** The layer that `conv2dTranspose` makes: Keras' `Conv2DTranspose`. Its arguments are properties. */
export type Conv2DTranspose<F extends number = number, K = Sizes<2>, O = Conv2DTransposeOptions> = ConvolutionTranspose<
  2,
  F,
  K,
  O
>;
/** The layer that `conv3dTranspose` makes: Keras' `Conv3DTranspose`. Its arguments are properties. */
export type Conv3DTranspose<F extends number = number, K = Sizes<3>, O = Conv3DTransposeOptions> = ConvolutionTranspose<
  3,
  F,
  K,
  O
>;

interface ConvolutionTransposeOf<R extends Rank> {
  /**
   * @param filters - channels of the result.
   * @param kernelSize - size of the window: one number for all axes, or one for each.
   */
  <const F extends number, const K extends Sizes<R>, const O extends ConvolutionTransposeOptions<R> = None>(
    filters: F,
    kernelSize: K,
    options?: Only<O, ConvolutionTransposeOptions<R>>,
  ): ConvolutionTranspose<R, F, K, O>;
}

const convolutionTranspose =
  <R extends Rank>(rank: R): ConvolutionTransposeOf<R> =>
  (filters, kernelSize, options) =>
    new ConvolutionTranspose(rank, filters, kernelSize, options);

/** A transposed convolution over signals, which makes them longer: `conv1dTranspose(8, 3, { strides: 2, padding: "same" })`. */
export const conv1dTranspose: ConvolutionTransposeOf<1> = convolutionTranspose(1);

/**
 * A transposed convolution over pictures, [height, width], which makes them larger:
 * `conv2dTranspose(8, 3, { strides: 2, padding: "same" })`.
 */
export const conv2dTranspose: ConvolutionTransposeOf<2> = convolutionTranspose(2);

/** A transposed convolution over volumes, [depth, height, width], which makes them larger. */
export const conv3dTranspose: ConvolutionTransposeOf<3> = convolutionTranspose(3);

export const convolutionTransposeRecords = ranks.map((rank) =>
  recordOf(
    `Conv${rank}DTranspose`,
    ["filters", "kernelSize", ...optionNames],
    ({ filters, kernelSize, ...options }) => {
      return new ConvolutionTranspose(rank, filters, kernelSize, options);
    },
  ),
);
