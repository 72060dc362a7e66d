/** Normalisation over the batch. */
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { add, batchSize, divide, multiply, subtract, sum } from "../ops/index.ts";
import { type Initializer, type InitializerLike, initializerConfig, initializerOf } from "./initializers.ts";
import type { CallContext } from "./layer.ts";
import { checkRate } from "./noise.ts";
import {
  alongAxes,
  centred,
  checkOneAxis,
  inverseRoot,
  type NormalizationOptions,
  normalizationNames,
  ScaledNormalization,
} from "./normalization.ts";
import { type Config, checkAxis, readConfig } from "./options.ts";

/** Options of `batchNormalization`. */
export interface BatchNormalizationOptions extends NormalizationOptions {
  /** The axis that keeps its statistics apart, usually that of the channels. Default −1, the last. */
  readonly axis?: number;
  /** How much of the moving statistics is kept at each step. Default 0.99. */
  readonly momentum?: number;
  /** What the moving mean begins with. Default `"zeros"`. */
  readonly movingMeanInitializer?: InitializerLike;
  /** What the moving variance begins with. Default `"ones"`. */
  readonly movingVarianceInitializer?: InitializerLike;
}

const optionNames = [
  "axis",
  "momentum",
  "movingMeanInitializer",
  "movingVarianceInitializer",
  ...normalizationNames,
] as const satisfies readonly (keyof BatchNormalizationOptions)[];

/** The layer that `batchNormalization` makes: Keras' `BatchNormalization`. Its arguments are properties. */
export class BatchNormalization extends ScaledNormalization {
  readonly axis: number;
  readonly momentum: number;
  readonly movingMeanInitializer: Initializer;
  readonly movingVarianceInitializer: Initializer;
  /** The statistics that are used outside training, once built. */
  movingMean: Variable | undefined;
  movingVariance: Variable | undefined;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options, optionNames);
    const { where } = this;
    const { movingMeanInitializer = "zeros", movingVarianceInitializer = "ones" } = options;
    this.axis = checkOneAxis(where, options.axis ?? -1);
    this.momentum = checkRate(where, "momentum", options.momentum ?? 0.99);
    this.movingMeanInitializer = initializerOf(where, "movingMeanInitializer", movingMeanInitializer);
    this.movingVarianceInitializer = initializerOf(where, "movingVarianceInitializer", movingVarianceInitializer);
  }

  override get className(): string {
    return "BatchNormalization";
  }

  #at(rank: number): number {
    return checkAxis(this.where, "axis", this.axis, rank);
  }

  protected override build(shape: Shape): void {
    const sizes = [shape[this.#at(shape.length)]];
    this.buildScale(sizes);
    this.movingMean = this.addWeight("moving_mean", sizes, this.movingMeanInitializer, false);
    this.movingVariance = this.addWeight("moving_variance", sizes, this.movingVarianceInitializer, false);
  }

  /** Other sizes are welcome; the axis must stay. */
  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return now.length === built.length && now[this.#at(now.length)] === built[this.#at(built.length)];
  }

  /** A layer that is not trainable uses its moving statistics in training, too, and leaves them alone. */
  call(x: Tensor, context: CallContext): Tensor {
    const at = this.#at(x.shape.length);
    const { distance, zero, variance } =
      context.training && this.trainable ? this.#learn(x, at, context) : this.#recall(x, at);
    const factor = inverseRoot(variance, this.epsilon);
    const scale = this.scale ? multiply(factor, this.read(this.gamma)) : factor;
    const shift = [...(this.center ? [this.read(this.beta)] : []), ...(zero ? [multiply(zero, scale)] : [])];
    const y = multiply(distance, alongAxes(scale, x, [at]));
    return shift.length === 0
      ? y
      : add(
          y,
          alongAxes(
            shift.reduce((a, b) => add(a, b)),
            x,
            [at],
          ),
        );
  }

  /** The moving statistics. */
  #recall(x: Tensor, at: number) {
    const distance = subtract(x, alongAxes(this.read(this.movingMean), x, [at]));
    return { distance, zero: undefined, variance: this.read(this.movingVariance) };
  }

  /** The statistics of this batch, which also move those that are kept. In two passes: the variance is around the mean. */
  #learn(x: Tensor, at: number, context: CallContext) {
    const others = x.shape.flatMap((_, i) => (i === at ? [] : [i]));
    const count = multiply(
      batchSize(),
      others.reduce((n, i) => n * x.shape[i], 1),
    );
    const meanOf = (t: Tensor): Tensor => divide(sum(t, others, { overSamples: true }), count);
    const mean = meanOf(x);
    const { distance, zero } = centred(x, mean, (m) => alongAxes(m, x, [at]));
    const variance = meanOf(multiply(distance, distance));
    const { momentum } = this;
    const move = (value: Tensor) => (now: Tensor) => add(multiply(now, momentum), multiply(value, 1 - momentum));
    if (this.movingMean !== undefined) context.update?.(this.movingMean, move(mean));
    if (this.movingVariance !== undefined) context.update?.(this.movingVariance, move(variance));
    return { distance, zero, variance };
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      axis: this.axis,
      momentum: this.momentum,
      epsilon: this.epsilon,
      center: this.center,
      scale: this.scale,
      ...this.initializersConfig(),
      moving_mean_initializer: initializerConfig(this.movingMeanInitializer),
      moving_variance_initializer: initializerConfig(this.movingVarianceInitializer),
      ...this.rulesConfig(),
      synchronized: false,
    };
  }

  /** Statistics are always those of the whole batch, so `synchronized` asks for nothing new; nor does what only `renorm` uses. */
  static fromConfig(config: Config): BatchNormalization {
    const {
      synchronized: _,
      renormMomentum: __,
      ...options
    } = readConfig("BatchNormalization", config, [...optionNames, "synchronized", "renormMomentum"]);
    return new BatchNormalization(options);
  }
}

/**
 * Every channel to mean 0 and variance 1 over the batch, then a learned scale and shift: `batchNormalization()`.
 *
 * Outside training, moving averages of mean and variance take the place of those of the batch.
 */
export const batchNormalization = (options?: BatchNormalizationOptions): BatchNormalization =>
  new BatchNormalization(options);
