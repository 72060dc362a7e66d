/** Pooling to a given size: the windows follow from it. */
import { adaptiveRule, adaptiveWindows } from "../core/shape.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import { concatenate, contractAxis, maxPool, slice } from "../ops/index.ts";
import type { Config, None, Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule } from "./rule.ts";
import {
  type ChannelsOf,
  checkSizes,
  type FormatOf,
  fromChannelsLast,
  type Joined,
  type PerAxis,
  type Rank,
  type SizeAt,
  type Sizes,
  type SpatialOf,
  type SpatialRule,
  spatialAxes,
  spatialRules,
  toChannelsLast,
} from "./spatial.ts";
import { ranks, SpatialLayer, type SpatialOptions, spatialOptions } from "./spatial-layer.ts";

/** Options of adaptive pooling. */
export type AdaptivePoolingOptions = SpatialOptions;

/** The mean along one axis is a matrix: 1/size of the window for the cells of it. */
function averageAxis(x: Tensor, axis: number, output: number): Tensor {
  const cells = x.shape[axis];
  const matrix = new Float32Array(output * cells);
  adaptiveWindows(cells, output).forEach(({ start, size }, i) => {
    matrix.fill(1 / size, i * cells + start, i * cells + start + size);
  });
  return contractAxis(x, axis, output, matrix);
}

/** The maxima along one spatial axis; channels are last. */
function maxAxis(x: Tensor, axis: number, output: number): Tensor {
  const windows = adaptiveWindows(x.shape[axis], output);
  const along = (n: number, other: number): number[] => x.shape.slice(1).map((_, a) => (a === axis ? n : other));
  const pool = (y: Tensor, size: number, count: number): Tensor =>
    maxPool(y, {
      kernel: along(size, 1),
      strides: along(size, 1),
      before: along(0, 0),
      output: y.shape.slice(0, -1).with(axis, count),
    });
  if (x.shape[axis] % output === 0) return pool(x, windows[0].size, output);
  const start = x.shape.map(() => 0);
  const parts = windows.map((window) =>
    pool(slice(x, { start: start.with(axis, window.start), size: x.shape.with(axis, window.size) }), window.size, 1),
  );
  return concatenate(parts, axis);
}

/** Leaves `output` cells of an axis. As in Keras one axis after the other: of equal maxima along each the first gets the gradient. */
const pools = { Max: maxAxis, Average: averageAxis } as const;

type Kind = keyof typeof pools;

/** Adaptive pooling of some axes to `sizes`, one after the other; channels are last. */
export const poolTo = (kind: Kind, x: Tensor, axes: readonly number[], sizes: readonly number[]): Tensor =>
  axes.reduce((y, axis, i) => pools[kind](y, axis, sizes[i]), x);

type Resized<N, K> = N extends OpenShape ? { -readonly [I in keyof N]: SizeAt<K, I> } : N;

type Adapted<S, R extends Rank, Name extends string, K, F> = F extends unknown
  ? Joined<Resized<SpatialOf<S, R, Name, F>, K>, ChannelsOf<S, F>, F>
  : never;

export interface AdaptivePoolingRule<P extends Kind, R extends Rank, K, O> extends Rule {
  readonly out: Adapted<this["in"], R, `adaptive${P}Pooling${R}d`, K, FormatOf<O>>;
}

/** Adaptive pooling of kind `P` over `R` axes, to the sizes `K`: what `adaptiveMaxPooling2d` and its kin make. */
export class AdaptivePooling<P extends Kind, R extends Rank, K, O> extends SpatialLayer<
  R,
  AdaptivePoolingRule<P, R, K, O>
> {
  readonly kind: P;
  readonly outputSize: PerAxis<R>;

  constructor(kind: P, rank: R, outputSize: unknown, options: AdaptivePoolingOptions = {}) {
    super(`Adaptive${kind}Pooling${rank}D`, rank, options, spatialOptions);
    this.kind = kind;
    this.outputSize = checkSizes(this.where, "outputSize", outputSize, rank);
  }

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    return spatialRules(this, input, output, (n, _, o) => adaptiveRule(n, o));
  }

  call(x: Tensor): Tensor {
    this.checkRank(x);
    const axes = spatialAxes(this.rank, "channels_last");
    const pooled = poolTo(this.kind, toChannelsLast(x, this.dataFormat), axes, this.outputSize);
    return fromChannelsLast(pooled, this.dataFormat);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), output_size: this.outputSize, data_format: this.dataFormat };
  }
}

/** The layer that `adaptiveMaxPooling1d` makes: Keras' `AdaptiveMaxPooling1D`. Its arguments are properties. */
export type AdaptiveMaxPooling1D<K = Sizes<1>, O = AdaptivePoolingOptions> = AdaptivePooling<"Max", 1, K, O>;
/** The layer that `adaptiveMaxPooling2d` makes: Keras' `AdaptiveMaxPooling2D`. Its arguments are properties. */
export type AdaptiveMaxPooling2D<K = Sizes<2>, O = AdaptivePoolingOptions> = AdaptivePooling<"Max", 2, K, O>;
/** The layer that `adaptiveMaxPooling3d` makes: Keras' `AdaptiveMaxPooling3D`. Its arguments are properties. */
export type AdaptiveMaxPooling3D<K = Sizes<3>, O = AdaptivePoolingOptions> = AdaptivePooling<"Max", 3, K, O>;
/** The layer that `adaptiveAveragePooling1d` makes: Keras' `AdaptiveAveragePooling1D`. Its arguments are properties. */
export type AdaptiveAveragePooling1D<K = Sizes<1>, O = AdaptivePoolingOptions> = AdaptivePooling<"Average", 1, K, O>;
/** The layer that `adaptiveAveragePooling2d` makes: Keras' `AdaptiveAveragePooling2D`. Its arguments are properties. */
export type AdaptiveAveragePooling2D<K = Sizes<2>, O = AdaptivePoolingOptions> = AdaptivePooling<"Average", 2, K, O>;
/** The layer that `adaptiveAveragePooling3d` makes: Keras' `AdaptiveAveragePooling3D`. Its arguments are properties. */
export type AdaptiveAveragePooling3D<K = Sizes<3>, O = AdaptivePoolingOptions> = AdaptivePooling<"Average", 3, K, O>;

interface AdaptivePoolingOf<P extends Kind, R extends Rank> {
  /** @param outputSize - the size of the result: one number for all axes, or one for each. */
  <const K extends Sizes<R>, const O extends AdaptivePoolingOptions = None>(
    outputSize: K,
    options?: Only<O, AdaptivePoolingOptions>,
  ): AdaptivePooling<P, R, K, O>;
}

const adaptivePooling =
  <P extends Kind, R extends Rank>(kind: P, rank: R): AdaptivePoolingOf<P, R> =>
  (outputSize, options) =>
    new AdaptivePooling(kind, rank, outputSize, options);

/** Signals of any size to one size, by the largest values of windows that follow from both. */
export const adaptiveMaxPooling1d: AdaptivePoolingOf<"Max", 1> = adaptivePooling("Max", 1);

/** Pictures of any size to one size, [height, width], by the largest values of windows that follow from both. */
export const adaptiveMaxPooling2d: AdaptivePoolingOf<"Max", 2> = adaptivePooling("Max", 2);

/** Volumes of any size to one size, [depth, height, width], by the largest values of windows that follow from both. */
export const adaptiveMaxPooling3d: AdaptivePoolingOf<"Max", 3> = adaptivePooling("Max", 3);

/** Signals of any size to one size, by the means over windows that follow from both. */
export const adaptiveAveragePooling1d: AdaptivePoolingOf<"Average", 1> = adaptivePooling("Average", 1);

/** Pictures of any size to one size, [height, width], by the means over windows that follow from both. */
export const adaptiveAveragePooling2d: AdaptivePoolingOf<"Average", 2> = adaptivePooling("Average", 2);

/** Volumes of any size to one size, [depth, height, width], by the means over windows that follow from both. */
export const adaptiveAveragePooling3d: AdaptivePoolingOf<"Average", 3> = adaptivePooling("Average", 3);

export const adaptivePoolingRecords = ranks.flatMap((rank) =>
  (["Max", "Average"] as const).map((kind) =>
    recordOf(`Adaptive${kind}Pooling${rank}D`, ["outputSize", ...spatialOptions], ({ outputSize, ...options }) => {
      return new AdaptivePooling(kind, rank, outputSize, options);
    }),
  ),
);
