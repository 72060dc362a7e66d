/** Normal noise on the inputs while training, and what all random layers share. */
import { argumentError, internalError } from "../core/errors.ts";
import type { Words } from "../core/random.ts";
import { apply } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { add, cellNumbers, constantTensor, multiply, randomNormal, randomUniform } from "../ops/index.ts";
import { randomOp } from "../ops/random.ts";
import { type CallContext, Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkOptions, readConfig } from "./options.ts";
import type { Same } from "./rule.ts";

/** Options of every layer that draws random numbers. */
export interface RandomOptions extends LayerOptions {
  /**
   * A whole number ≥ 0 from which the layer's random numbers follow; two layers with one seed draw the same ones. Without
   * it they follow from the seed of the model and the place of the layer in it.
   */
  readonly seed?: number | null;
}

/** The names of these options. */
export const randomNames = ["seed", ...layerOptions] as const satisfies readonly (keyof RandomOptions)[];

export function checkSeed(where: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw argumentError({ where, argument: "seed", value, expected: "a whole number of at least 0, or null" });
}

/** A number in [0, 1], or in [0, 1) where nothing can be made of 1. */
export function checkRate(where: string, argument: string, value: unknown, below1 = false): number {
  if (typeof value === "number" && value >= 0 && (below1 ? value < 1 : value <= 1)) return value;
  const expected = `a number from 0 to 1${below1 ? ", without 1" : ""}`;
  throw argumentError({ where, argument, value, expected, fix: "Give a fraction, e.g. 0.5." });
}

/** A layer that draws random numbers while it trains, and passes its input on otherwise. */
export abstract class RandomLayer extends Layer<Same> {
  readonly seed: number | undefined;

  /** @param known - the names of all options. */
  constructor(options: RandomOptions, known: readonly string[]) {
    super(options);
    checkOptions(this.where, options, known);
    this.seed = checkSeed(this.where, options.seed);
  }

  /** What becomes of the input in a training step. */
  protected abstract disturb(x: Tensor, draw: Draw): Tensor;

  call(x: Tensor, context: CallContext): Tensor {
    return context.training ? this.disturb(x, this.#drawing(context)) : x;
  }

  #drawing(context: CallContext): Draw {
    const { step, randomKey } = context;
    if (step === undefined || randomKey === undefined) {
      throw internalError({ where: this.where, problem: "called for training without a source of randomness" });
    }
    return new Draw(step, () => randomKey(this, this.seed));
  }
}

/** Where a layer gets its random numbers from: others at every sample and step, and for every use. */
export class Draw {
  readonly #step: Tensor;
  readonly #nextKey: () => Words;

  constructor(step: Tensor, nextKey: () => Words) {
    this.#step = step;
    this.#nextKey = nextKey;
  }

  /** Numbers from [low, high) in a shape, for each sample. */
  uniform(shape: Shape, low = 0, high = 1): Tensor {
    return randomUniform(shape, this.#nextKey(), this.#step, low, high);
  }

  /** Numbers from [0, 1) that all samples of the batch share. */
  sharedUniform(shape: Shape): Tensor {
    const key = this.#nextKey();
    return apply(randomOp, [this.#step, constantTensor(0), cellNumbers(shape)], { key, shape });
  }

  normal(shape: Shape, mean: number, deviation: number): Tensor {
    return randomNormal(shape, this.#nextKey(), this.#step, mean, deviation);
  }
}

// ---- GaussianNoise ------------------------------------------------------------------------------------------------

/** The layer that `gaussianNoise` makes: Keras' `GaussianNoise`. Its arguments are properties. */
export class GaussianNoise extends RandomLayer {
  readonly stddev: number;

  constructor(stddev: number, options: RandomOptions = {}) {
    super(options, randomNames);
    this.stddev = checkRate(this.where, "stddev", stddev);
  }

  override get className(): string {
    return "GaussianNoise";
  }

  protected override disturb(x: Tensor, draw: Draw): Tensor {
    return this.stddev === 0 ? x : add(x, draw.normal(x.shape, 0, this.stddev));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), stddev: this.stddev, seed: this.seed ?? null };
  }

  static fromConfig(config: Config): GaussianNoise {
    const { stddev, ...options } = readConfig("GaussianNoise", config, ["stddev", ...randomNames]);
    return new GaussianNoise(stddev as number, options);
  }
}

/**
 * Adds normal noise of mean 0 while training: `gaussianNoise(0.1)`.
 *
 * @param stddev - its standard deviation, from 0 to 1.
 */
export const gaussianNoise = (stddev: number, options?: RandomOptions): GaussianNoise =>
  new GaussianNoise(stddev, options);

// ---- GaussianDropout ----------------------------------------------------------------------------------------------

/** The layer that `gaussianDropout` makes: Keras' `GaussianDropout`. Its arguments are properties. */
export class GaussianDropout extends RandomLayer {
  readonly rate: number;

  constructor(rate: number, options: RandomOptions = {}) {
    super(options, randomNames);
    this.rate = checkRate(this.where, "rate", rate, true);
  }

  override get className(): string {
    return "GaussianDropout";
  }

  protected override disturb(x: Tensor, draw: Draw): Tensor {
    const { rate } = this;
    return rate === 0 ? x : multiply(x, draw.normal(x.shape, 1, Math.sqrt(rate / (1 - rate))));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed ?? null };
  }

  static fromConfig(config: Config): GaussianDropout {
    const { rate, ...options } = readConfig("GaussianDropout", config, ["rate", ...randomNames]);
    return new GaussianDropout(rate as number, options);
  }
}

/**
 * Multiplies by normal noise of mean 1 while training, of the spread that dropout has: `gaussianDropout(0.5)`.
 *
 * @param rate - the noise has the standard deviation √(rate / (1 − rate)).
 */
export const gaussianDropout = (rate: number, options?: RandomOptions): GaussianDropout =>
  new GaussianDropout(rate, options);
