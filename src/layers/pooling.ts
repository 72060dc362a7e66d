/** Pooling over signals, pictures and volumes: the largest or the mean of every window. */
import { placeWindows, windowRule } from "../core/shape.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { averagePool, maxPool } from "../ops/index.ts";
import type { Layer, Variant } from "./layer.ts";
import { type Config, checkChoice, type Given, type None, type Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule } from "./rule.ts";
import {
  type ChannelsOf,
  checkSizes,
  type FormatOf,
  fromChannelsLast,
  type PerAxis,
  type Rank,
  type Sizes,
  type SpatialRule,
  spatialRules,
  spatialSizes,
  toChannelsLast,
} from "./spatial.ts";
import { ranks, SpatialLayer, type SpatialOptions, spatialOptions } from "./spatial-layer.ts";
import type { Windowed } from "./windowed.ts";

/** What becomes of the cells of a window. */
const pools = { Max: maxPool, Average: averagePool } as const;

/** What padding is to a window. */
const padded = { Max: "ignored", Average: "not counted" } as const;

type Kind = keyof typeof pools;

/** Options of pooling layers, by the number of axes. */
export interface PoolingOptions<R extends Rank> extends SpatialOptions {
  /** Steps of the window; by default its size, so that windows lie side by side. */
  readonly strides?: Sizes<R> | null;
  /** `"valid"` (default) drops cells at the end that fill no window, `"same"` keeps ⌈size / stride⌉ windows. */
  readonly padding?: "valid" | "same";
}

/** Options of `maxPooling1d` and `averagePooling1d`. */
export type Pooling1DOptions = PoolingOptions<1>;
/** Options of `maxPooling2d` and `averagePooling2d`. */
export type Pooling2DOptions = PoolingOptions<2>;
/** Options of `maxPooling3d` and `averagePooling3d`. */
export type Pooling3DOptions = PoolingOptions<3>;

const optionNames = [
  "strides",
  "padding",
  ...spatialOptions,
] as const satisfies readonly (keyof PoolingOptions<Rank>)[];

type StridesOf<K, O> = Given<O, "strides", K> extends infer S ? (S extends null ? K : S) : never;

export interface PoolingRule<P extends Kind, R extends Rank, K, O> extends Rule {
  readonly out: Windowed<
    this["in"],
    R,
    {
      readonly layer: `${Uncapitalize<P>}Pooling${R}d`;
      readonly kernel: K;
      readonly strides: StridesOf<K, O>;
      readonly dilation: 1;
      readonly padding: Given<O, "padding", "valid">;
      readonly format: FormatOf<O>;
    },
    ChannelsOf<this["in"], FormatOf<O>>
  >;
}

/** Pooling of kind `P` over `R` axes in windows of size `K`: what `maxPooling2d`, `averagePooling2d` and their kin make. */
export class Pooling<P extends Kind, R extends Rank, K, O> extends SpatialLayer<R, PoolingRule<P, R, K, O>> {
  readonly kind: P;
  readonly poolSize: PerAxis<R>;
  readonly strides: PerAxis<R>;
  readonly padding: "valid" | "same";

  constructor(kind: P, rank: R, poolSize: unknown, options: PoolingOptions<R> = {}) {
    super(`${kind}Pooling${rank}D`, rank, options, optionNames);
    const { where } = this;
    this.kind = kind;
    this.poolSize = checkSizes(where, "poolSize", poolSize, rank);
    this.strides = checkSizes(where, "strides", options.strides ?? this.poolSize, rank);
    this.padding = checkChoice(where, "padding", options.padding ?? "valid", ["valid", "same"]);
  }

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    const { poolSize, strides, padding } = this;
    return spatialRules(this, input, output, (size, i) =>
      windowRule({ size, kernel: poolSize[i], stride: strides[i], dilation: 1, padding }, padded[this.kind]),
    );
  }

  call(x: Tensor): Tensor {
    this.checkRank(x);
    const { where, poolSize: kernel, strides, padding, dataFormat } = this;
    const sizes = spatialSizes(x.shape, dataFormat);
    const places = placeWindows(where, sizes, { kernel, strides, dilation: sizes.map(() => 1), padding });
    const before = places.map((place) => place.before);
    const output = places.map((place) => place.output);
    const pool = pools[this.kind];
    return fromChannelsLast(pool(toChannelsLast(x, dataFormat), { kernel, strides, before, output }), dataFormat);
  }

  override variants(): Variant[] {
    const { kind, rank, poolSize, strides, dataFormat } = this;
    const padding = this.padding === "same" ? "valid" : "same";
    const layer = new Pooling(kind, rank, poolSize, { strides, padding, dataFormat } as PoolingOptions<R>);
    return [{ change: ["make", padding], layer: layer as unknown as Layer }];
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

/** The layer that `maxPooling1d` makes: Keras' `MaxPooling1D`. Its arguments are properties. */
export type MaxPooling1D<K = Sizes<1>, O = Pooling1DOptions> = Pooling<"Max", 1, K, O>;
/** The layer that `maxPooling2d` makes: Keras' `MaxPooling2D`. Its arguments are properties. */
export type MaxPooling2D<K = Sizes<2>, O = Pooling2DOptions> = Pooling<"Max", 2, K, O>;
/** The layer that `maxPooling3d` makes: Keras' `MaxPooling3D`. Its arguments are properties. */
export type MaxPooling3D<K = Sizes<3>, O = Pooling3DOptions> = Pooling<"Max", 3, K, O>;
/** The layer that `averagePooling1d` makes: Keras' `AveragePooling1D`. Its arguments are properties. */
export type AveragePooling1D<K = Sizes<1>, O = Pooling1DOptions> = Pooling<"Average", 1, K, O>;
/** The layer that `averagePooling2d` makes: Keras' `AveragePooling2D`. Its arguments are properties. */
export type AveragePooling2D<K = Sizes<2>, O = Pooling2DOptions> = Pooling<"Average", 2, K, O>;
/** The layer that `averagePooling3d` makes: Keras' `AveragePooling3D`. Its arguments are properties. */
export type AveragePooling3D<K = Sizes<3>, O = Pooling3DOptions> = Pooling<"Average", 3, K, O>;

interface MaxPoolingOf<R extends Rank> {
  /** @param poolSize - size of the window: one number for all axes (default 2), or one for each. */
  <const K extends Sizes<R> = 2, const O extends PoolingOptions<R> = None>(
    poolSize?: K,
    options?: Only<O, PoolingOptions<R>>,
  ): Pooling<"Max", R, K, O>;
}

interface AveragePoolingOf<R extends Rank> {
  /** @param poolSize - size of the window: one number for all axes, or one for each. */
  <const K extends Sizes<R>, const O extends PoolingOptions<R> = None>(
    poolSize: K,
    options?: Only<O, PoolingOptions<R>>,
  ): Pooling<"Average", R, K, O>;
}

const maxPooling =
  <R extends Rank>(rank: R): MaxPoolingOf<R> =>
  (poolSize, options) =>
    new Pooling("Max", rank, poolSize ?? 2, options);

const averagePooling =
  <R extends Rank>(rank: R): AveragePoolingOf<R> =>
  (poolSize, options) =>
    new Pooling("Average", rank, poolSize, options);

/** The largest value of every window of signals. Padding never wins. */
export const maxPooling1d: MaxPoolingOf<1> = maxPooling(1);

/** The largest value of every window of pictures, [height, width]. Padding never wins. */
export const maxPooling2d: MaxPoolingOf<2> = maxPooling(2);

/** The largest value of every window of volumes, [depth, height, width]. Padding never wins. */
export const maxPooling3d: MaxPoolingOf<3> = maxPooling(3);

/** The mean of every window of signals, over those of its cells that are not padding. */
export const averagePooling1d: AveragePoolingOf<1> = averagePooling(1);

/** The mean of every window of pictures, [height, width], over those of its cells that are not padding. */
export const averagePooling2d: AveragePoolingOf<2> = averagePooling(2);

/** The mean of every window of volumes, [depth, height, width], over those of its cells that are not padding. */
export const averagePooling3d: AveragePoolingOf<3> = averagePooling(3);

export const poolingRecords = ranks.flatMap((rank) =>
  (["Max", "Average"] as const).map((kind) =>
    recordOf(`${kind}Pooling${rank}D`, ["poolSize", ...optionNames], ({ poolSize, ...options }) => {
      return new Pooling(kind, rank, poolSize ?? (kind === "Max" ? 2 : undefined), options);
    }),
  ),
);
