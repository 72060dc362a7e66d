/** Pooling over everything: the largest value or the mean of each channel. */
import { globalRule } from "../core/shape.ts";
import type { OpenShape, Shape, Tensor } from "../graph/tensor.ts";
import { max, mean } from "../ops/index.ts";
import { type Config, checkBoolean, type Given, type None, type Only } from "./options.ts";
import { recordOf } from "./record.ts";
import type { Rule } from "./rule.ts";
import {
  type ChannelsOf,
  type FormatOf,
  type Joined,
  type Rank,
  type SpatialOf,
  type SpatialRule,
  spatialAxes,
  spatialRules,
} from "./spatial.ts";
import { ranks, SpatialLayer, type SpatialOptions, spatialOptions } from "./spatial-layer.ts";

/** What becomes of a channel. Of equal maxima each gets its share of the gradient, unlike in pooling with windows. */
const reductions = { Max: max, Average: mean } as const;

type Kind = keyof typeof reductions;

/** Options of global pooling. */
export interface GlobalPoolingOptions extends SpatialOptions {
  /** Whether the spatial axes stay, with one cell each. Default false: only the channels stay. */
  readonly keepdims?: boolean;
}

const optionNames = ["keepdims", ...spatialOptions] as const satisfies readonly (keyof GlobalPoolingOptions)[];

type Ones<N> = N extends OpenShape ? { -readonly [I in keyof N]: 1 } : N;

type Pooled<S, R extends Rank, Name extends string, Keep, F> = F extends unknown
  ? Keep extends true
    ? Joined<Ones<SpatialOf<S, R, Name, F>>, ChannelsOf<S, F>, F>
    : SpatialOf<S, R, Name, F> extends infer N
      ? N extends OpenShape
        ? [ChannelsOf<S, F>]
        : N
      : never
  : never;

export interface GlobalPoolingRule<P extends Kind, R extends Rank, O> extends Rule {
  readonly out: Pooled<this["in"], R, `global${P}Pooling${R}d`, Given<O, "keepdims", false>, FormatOf<O>>;
}

/** Pooling of kind `P` over all of `R` axes: what `globalMaxPooling2d` and its kin make. */
export class GlobalPooling<P extends Kind, R extends Rank, O> extends SpatialLayer<R, GlobalPoolingRule<P, R, O>> {
  readonly kind: P;
  readonly keepdims: boolean;

  constructor(kind: P, rank: R, options: GlobalPoolingOptions = {}) {
    super(`Global${kind}Pooling${rank}D`, rank, options, optionNames);
    this.kind = kind;
    this.keepdims = checkBoolean(this.where, "keepdims", options.keepdims ?? false);
  }

  override axisRules(input: Shape, output: Shape): SpatialRule[] {
    return spatialRules(this, input, output, globalRule);
  }

  call(x: Tensor): Tensor {
    this.checkRank(x);
    return reductions[this.kind](x, spatialAxes(this.rank, this.dataFormat), this.keepdims);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), data_format: this.dataFormat, keepdims: this.keepdims };
  }
}

/** The layer that `globalMaxPooling1d` makes: Keras' `GlobalMaxPooling1D`. Its arguments are properties. */
export type GlobalMaxPooling1D<O = GlobalPoolingOptions> = GlobalPooling<"Max", 1, O>;
/** The layer that `globalMaxPooling2d` makes: Keras' `GlobalMaxPooling2D`. Its arguments are properties. */
export type GlobalMaxPooling2D<O = GlobalPoolingOptions> = GlobalPooling<"Max", 2, O>;
/** The layer that `globalMaxPooling3d` makes: Keras' `GlobalMaxPooling3D`. Its arguments are properties. */
export type GlobalMaxPooling3D<O = GlobalPoolingOptions> = GlobalPooling<"Max", 3, O>;
/** The layer that `globalAveragePooling1d` makes: Keras' `GlobalAveragePooling1D`. Its arguments are properties. */
export type GlobalAveragePooling1D<O = GlobalPoolingOptions> = GlobalPooling<"Average", 1, O>;
/** The layer that `globalAveragePooling2d` makes: Keras' `GlobalAveragePooling2D`. Its arguments are properties. */
export type GlobalAveragePooling2D<O = GlobalPoolingOptions> = GlobalPooling<"Average", 2, O>;
/** The layer that `globalAveragePooling3d` makes: Keras' `GlobalAveragePooling3D`. Its arguments are properties. */
export type GlobalAveragePooling3D<O = GlobalPoolingOptions> = GlobalPooling<"Average", 3, O>;

type GlobalPoolingOf<P extends Kind, R extends Rank> = <const O extends GlobalPoolingOptions = None>(
  options?: Only<O, GlobalPoolingOptions>,
) => GlobalPooling<P, R, O>;

const globalPooling =
  <P extends Kind, R extends Rank>(kind: P, rank: R): GlobalPoolingOf<P, R> =>
  (options) =>
    new GlobalPooling(kind, rank, options);

/** The largest value of each channel of signals: `globalMaxPooling1d({ keepdims: true })`. */
export const globalMaxPooling1d: GlobalPoolingOf<"Max", 1> = globalPooling("Max", 1);

/** The largest value of each channel of pictures: `globalMaxPooling2d({ keepdims: true })`. */
export const globalMaxPooling2d: GlobalPoolingOf<"Max", 2> = globalPooling("Max", 2);

/** The largest value of each channel of volumes: `globalMaxPooling3d({ keepdims: true })`. */
export const globalMaxPooling3d: GlobalPoolingOf<"Max", 3> = globalPooling("Max", 3);

/** The mean of each channel of signals: `globalAveragePooling1d({ keepdims: true })`. */
export const globalAveragePooling1d: GlobalPoolingOf<"Average", 1> = globalPooling("Average", 1);

/** The mean of each channel of pictures: `globalAveragePooling2d({ keepdims: true })`. */
export const globalAveragePooling2d: GlobalPoolingOf<"Average", 2> = globalPooling("Average", 2);

/** The mean of each channel of volumes: `globalAveragePooling3d({ keepdims: true })`. */
export const globalAveragePooling3d: GlobalPoolingOf<"Average", 3> = globalPooling("Average", 3);

export const globalPoolingRecords = ranks.flatMap((rank) =>
  (["Max", "Average"] as const).map((kind) =>
    recordOf(`Global${kind}Pooling${rank}D`, optionNames, (options) => new GlobalPooling(kind, rank, options)),
  ),
);
