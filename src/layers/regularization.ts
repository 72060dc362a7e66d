/** Layers against overfitting: cells that are dropped while training, and outputs that cost something. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, fill, greaterEqual, multiply, where as select } from "../ops/index.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { checkRate, type Draw, RandomLayer, type RandomOptions, randomNames } from "./noise.ts";
import { type Config, checkNumber, checkOptions, type DataFormat, readConfig, whereOf } from "./options.ts";
import { l1l2 } from "./regularizers.ts";
import type { Same } from "./rule.ts";
import { checkFormat, checkSpatial, type Rank } from "./spatial.ts";

/** One entry for each axis of a batch: a size, 1 where the cells along it share their fate, null for the input's own. */
export type NoiseShape = readonly (number | null)[];

/** Options of `dropout` and `alphaDropout`. */
export interface DropoutOptions extends RandomOptions {
  /** For a batch of shape [null, 8, 8, 3], [null, 1, 1, 3] drops whole channels. Default null: every cell for itself. */
  readonly noiseShape?: NoiseShape | null;
}

const dropoutNames = ["noiseShape", ...randomNames] as const satisfies readonly (keyof DropoutOptions)[];

/** A dropout whose fates may be shared along axes. */
abstract class NoisyDropout extends RandomLayer {
  readonly rate: number;
  readonly noiseShape: NoiseShape | null;

  constructor(rate: number, options: DropoutOptions, known: readonly string[], below1 = false) {
    super(options, known);
    this.rate = checkRate(this.where, "rate", rate, below1);
    const shape: unknown = options.noiseShape ?? null;
    const isSize = (n: unknown): boolean => n === null || (Number.isInteger(n) && (n as number) >= 1);
    if (shape !== null && !(Array.isArray(shape) && shape.every(isSize))) {
      throw argumentError({
        where: this.where,
        argument: "noiseShape",
        value: shape,
        expected: "null, or for each axis a whole number of at least 1 or null, e.g. [null, 1, 1, null]",
      });
    }
    this.noiseShape = shape === null ? null : [...(shape as NoiseShape)];
  }

  /** Which sizes the noise has for inputs of a shape. */
  protected noiseFor(_: Tensor): NoiseShape | null {
    return this.noiseShape;
  }

  /** 1 for the cells that stay, 0 for those that are dropped; broadcasts to the shape of `x`. */
  protected kept(x: Tensor, draw: Draw): Tensor {
    const shape = this.noiseFor(x);
    if (shape === null) return greaterEqual(draw.uniform(x.shape), this.rate);
    const [batch, ...sizes] = shape;
    const fits = sizes.length === x.shape.length && sizes.every((n, i) => n === null || n === 1 || n === x.shape[i]);
    if (!fits || (batch !== null && batch !== 1)) {
      throw shapeError({
        where: this.where,
        got: `noise of shape [${shape.map(String).join(", ")}] for an input of shape ${showShape(x.shape, true)}`,
        expected: "for each axis 1, null or the input's size; 1 or null for the batch",
        fix: "Change noiseShape.",
      });
    }
    const own = sizes.map((n, i) => n ?? x.shape[i]);
    return greaterEqual(batch === 1 ? draw.sharedUniform(own) : draw.uniform(own), this.rate);
  }
}

// ---- Dropout ------------------------------------------------------------------------------------------------------

abstract class DroppingLayer extends NoisyDropout {
  protected override disturb(x: Tensor, draw: Draw): Tensor {
    if (this.rate === 0) return x;
    if (this.rate === 1) return multiply(x, 0);
    return select(this.kept(x, draw), multiply(x, 1 / (1 - this.rate)), 0);
  }
}

/** The layer that `dropout` makes: Keras' `Dropout`. Its arguments are properties. */
export class Dropout extends DroppingLayer {
  constructor(rate: number, options: DropoutOptions = {}) {
    super(rate, options, dropoutNames);
  }

  override get className(): string {
    return "Dropout";
  }

  override getConfig(): Config {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed ?? null, noise_shape: this.noiseShape };
  }

  static fromConfig(config: Config): Dropout {
    const { rate, ...options } = readConfig("Dropout", config, ["rate", ...dropoutNames]);
    return new Dropout(rate as number, options);
  }
}

/**
 * Sets cells to 0 at random while training, and makes the others larger so that the sum stays: `dropout(0.5)`.
 *
 * @param rate - how many, as a fraction.
 */
export const dropout = (rate: number, options?: DropoutOptions): Dropout => new Dropout(rate, options);

// ---- SpatialDropout -----------------------------------------------------------------------------------------------

/** Options of `spatialDropout2d` and `spatialDropout3d`. */
export interface SpatialDropoutOptions extends RandomOptions {
  /** Order of the axes: `"channels_last"` (default) is [height, width, channels]. */
  readonly dataFormat?: DataFormat | null;
}

const spatialNames = ["dataFormat", ...randomNames] as const satisfies readonly (keyof SpatialDropoutOptions)[];

abstract class SpatialDropout extends DroppingLayer {
  readonly rank: Rank;
  readonly dataFormat: DataFormat;

  constructor(rank: Rank, rate: number, options: SpatialDropoutOptions) {
    super(rate, options, rank === 1 ? randomNames : spatialNames);
    this.rank = rank;
    this.dataFormat = checkFormat(this.where, options.dataFormat);
  }

  protected override noiseFor(): NoiseShape {
    const ones = Array<number>(this.rank).fill(1);
    return this.dataFormat === "channels_first" ? [null, null, ...ones] : [null, ...ones, null];
  }

  protected override build(shape: readonly number[]): void {
    checkSpatial(this.where, shape, this.rank, this.dataFormat);
  }

  /** Keras takes no more than this, and not `trainable`. */
  override getConfig(): Config {
    const config = { rate: this.rate, seed: this.seed ?? null, name: this.name, dtype: "float32" };
    return this.rank === 1 ? config : { ...config, data_format: this.dataFormat };
  }
}

/** The layer that `spatialDropout1d` makes: Keras' `SpatialDropout1D`. Its arguments are properties. */
export class SpatialDropout1D extends SpatialDropout {
  constructor(rate: number, options: RandomOptions = {}) {
    super(1, rate, options);
  }

  override get className(): string {
    return "SpatialDropout1D";
  }

  static fromConfig(config: Config): SpatialDropout1D {
    const { rate, ...options } = readConfig("SpatialDropout1D", config, ["rate", ...randomNames]);
    return new SpatialDropout1D(rate as number, options);
  }
}

/** The layer that `spatialDropout2d` makes: Keras' `SpatialDropout2D`. Its arguments are properties. */
export class SpatialDropout2D extends SpatialDropout {
  constructor(rate: number, options: SpatialDropoutOptions = {}) {
    super(2, rate, options);
  }

  override get className(): string {
    return "SpatialDropout2D";
  }

  static fromConfig(config: Config): SpatialDropout2D {
    const { rate, ...options } = readConfig("SpatialDropout2D", config, ["rate", ...spatialNames]);
    return new SpatialDropout2D(rate as number, options);
  }
}

/** The layer that `spatialDropout3d` makes: Keras' `SpatialDropout3D`. Its arguments are properties. */
export class SpatialDropout3D extends SpatialDropout {
  constructor(rate: number, options: SpatialDropoutOptions = {}) {
    super(3, rate, options);
  }

  override get className(): string {
    return "SpatialDropout3D";
  }

  static fromConfig(config: Config): SpatialDropout3D {
    const { rate, ...options } = readConfig("SpatialDropout3D", config, ["rate", ...spatialNames]);
    return new SpatialDropout3D(rate as number, options);
  }
}

/** Dropout of whole channels of a signal: `spatialDropout1d(0.5)`. */
export const spatialDropout1d = (rate: number, options?: RandomOptions): SpatialDropout1D =>
  new SpatialDropout1D(rate, options);

/** Dropout of whole channels of a picture: `spatialDropout2d(0.5)`. */
export const spatialDropout2d = (rate: number, options?: SpatialDropoutOptions): SpatialDropout2D =>
  new SpatialDropout2D(rate, options);

/** Dropout of whole channels of a volume: `spatialDropout3d(0.5)`. */
export const spatialDropout3d = (rate: number, options?: SpatialDropoutOptions): SpatialDropout3D =>
  new SpatialDropout3D(rate, options);

// ---- AlphaDropout -------------------------------------------------------------------------------------------------

/** What `selu` gives far below 0. */
const floor = -1.6732632423543772 * 1.0507009873554805;

/** The layer that `alphaDropout` makes: Keras' `AlphaDropout`. Its arguments are properties. */
export class AlphaDropout extends NoisyDropout {
  constructor(rate: number, options: DropoutOptions = {}) {
    super(rate, options, dropoutNames, true);
  }

  override get className(): string {
    return "AlphaDropout";
  }

  protected override disturb(x: Tensor, draw: Draw): Tensor {
    const { rate } = this;
    if (rate === 0) return x;
    const a = ((1 - rate) * (1 + rate * floor ** 2)) ** -0.5;
    const kept = select(this.kept(x, draw), x, fill(floor, x.shape));
    return add(multiply(kept, a), -a * floor * rate);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed ?? null, noise_shape: this.noiseShape };
  }

  static fromConfig(config: Config): AlphaDropout {
    const { rate, ...options } = readConfig("AlphaDropout", config, ["rate", ...dropoutNames]);
    return new AlphaDropout(rate as number, options);
  }
}

/**
 * Dropout for networks of `selu`: cells fall to its lowest value, and mean and variance stay: `alphaDropout(0.1)`.
 *
 * @param rate - how many fall, as a fraction.
 */
export const alphaDropout = (rate: number, options?: DropoutOptions): AlphaDropout => new AlphaDropout(rate, options);

// ---- ActivityRegularization ---------------------------------------------------------------------------------------

/** Options of `activityRegularization`. */
export interface ActivityRegularizationOptions extends Omit<LayerOptions, "activityRegularizer"> {
  /** What Σ|x| of a sample counts in the loss. Default 0. */
  readonly l1?: number;
  /** What Σx² of a sample counts in the loss. Default 0. */
  readonly l2?: number;
}

const activityNames = ["l1", "l2", "name", "trainable"] as const;

/** The input, and l1·Σ|x| + l2·Σx² in the loss, as a mean over the samples: when training, and in `evaluate`. */
export class ActivityRegularization extends Layer<Same> {
  readonly l1: number;
  readonly l2: number;

  constructor(options: ActivityRegularizationOptions = {}) {
    const where = whereOf("ActivityRegularization", options?.name);
    checkOptions(where, options, activityNames);
    const { l1 = 0, l2 = 0, ...rest } = options;
    checkNumber(where, "l1", l1, 0);
    checkNumber(where, "l2", l2, 0);
    super({ ...rest, activityRegularizer: l1l2({ l1, l2 }) });
    this.l1 = l1;
    this.l2 = l2;
  }

  override get className(): string {
    return "ActivityRegularization";
  }

  call(x: Tensor): Tensor {
    return x;
  }

  override getConfig(): Config {
    const { activity_regularizer: _, ...base } = super.getConfig();
    return { ...base, l1: this.l1, l2: this.l2 };
  }

  static fromConfig(config: Config): ActivityRegularization {
    return new ActivityRegularization(readConfig("ActivityRegularization", config, activityNames));
  }
}

/** Passes the input on and adds its size to the loss, for codes with few large cells: `activityRegularization({ l1: 1e-5 })`. */
export const activityRegularization = (options?: ActivityRegularizationOptions): ActivityRegularization =>
  new ActivityRegularization(options);
