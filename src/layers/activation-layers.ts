/** Activations that take arguments or have weights, as layers. Their defaults are not always those of the functions. */
import { argumentError } from "../core/errors.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { greater, minimum, multiply, negative, relu, where as select, subtract } from "../ops/index.ts";
import { clip, elu, exponentialMinus1, relu6, softmax as softmaxOf } from "./activations.ts";
import { type Initializer, type InitializerLike, initializerConfig, initializerOf } from "./initializers.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkAxis, checkNumber, checkOptions, readConfig } from "./options.ts";
import type { LayerRecord } from "./record.ts";
import type { Same } from "./rule.ts";
import { type WeightRuleOptions, WeightRules, weightRuleNames } from "./weight-rules.ts";

// ---- ReLU ---------------------------------------------------------------------------------------------------------

/** Options of `reLU`. */
export interface ReLUOptions extends LayerOptions {
  /** The largest value of the result. Default null: none. */
  readonly maxValue?: number | null;
  /** The slope below the threshold. Default 0. */
  readonly negativeSlope?: number;
  /** The value above which the input passes. Default 0. */
  readonly threshold?: number;
}

const reluNames = [
  "maxValue",
  "negativeSlope",
  "threshold",
  ...layerOptions,
] as const satisfies readonly (keyof ReLUOptions)[];

/** The layer that `reLU` makes: Keras' `ReLU`. Its arguments are properties. */
export class ReLU extends Layer<Same> {
  readonly maxValue: number | null;
  readonly negativeSlope: number;
  readonly threshold: number;

  constructor(options: ReLUOptions = {}) {
    super(options);
    const { where } = this;
    checkOptions(where, options, reluNames);
    const { maxValue = null, negativeSlope = 0, threshold = 0 } = options;
    this.maxValue = maxValue === null ? null : checkNumber(where, "maxValue", maxValue, 0);
    this.negativeSlope = checkNumber(where, "negativeSlope", negativeSlope, 0);
    this.threshold = checkNumber(where, "threshold", threshold, 0);
  }

  override get className(): string {
    return "ReLU";
  }

  /** At the kinks each form has the gradient that its form in Keras has. */
  call(x: Tensor): Tensor {
    const { maxValue, negativeSlope, threshold } = this;
    if (negativeSlope !== 0 && maxValue === null && threshold === 0) return leaky(x, negativeSlope);
    const y = this.#positive(x);
    return negativeSlope === 0 ? y : subtract(y, multiply(negativeSlope, relu(subtract(threshold, x))));
  }

  #positive(x: Tensor): Tensor {
    const { maxValue, threshold } = this;
    if (threshold === 0 && maxValue === 6) return relu6(x);
    const y = threshold === 0 ? relu(x) : select(greater(x, threshold), x, 0);
    return maxValue === null ? y : clip(y, 0, maxValue);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      max_value: this.maxValue,
      negative_slope: this.negativeSlope,
      threshold: this.threshold,
    };
  }

  static fromConfig(config: Config): ReLU {
    return new ReLU(readConfig("ReLU", config, reluNames));
  }
}

/**
 * max(x, 0), with a ceiling, a slope below and another threshold on request: `reLU({ maxValue: 6 })`.
 *
 * Above the threshold min(x, maxValue), below negativeSlope·(x − threshold).
 */
export const reLU = (options?: ReLUOptions): ReLU => new ReLU(options);

// ---- LeakyReLU ----------------------------------------------------------------------------------------------------

/** Options of `leakyReLU`. */
export interface LeakyReLUOptions extends LayerOptions {
  /** The slope below 0. Default 0.3 (that of the activation `"leaky_relu"` is 0.2). */
  readonly negativeSlope?: number;
}

const leakyNames = ["negativeSlope", ...layerOptions] as const satisfies readonly (keyof LeakyReLUOptions)[];

const leaky = (x: Tensor, slope: number): Tensor => select(greater(x, 0), x, multiply(slope, x));

/** The layer that `leakyReLU` makes: Keras' `LeakyReLU`. Its arguments are properties. */
export class LeakyReLU extends Layer<Same> {
  readonly negativeSlope: number;

  constructor(options: LeakyReLUOptions = {}) {
    super(options);
    checkOptions(this.where, options, leakyNames);
    const { negativeSlope = 0.3 } = options;
    this.negativeSlope = checkNumber(this.where, "negativeSlope", negativeSlope, 0);
  }

  override get className(): string {
    return "LeakyReLU";
  }

  call(x: Tensor): Tensor {
    return leaky(x, this.negativeSlope);
  }

  override getConfig(): Config {
    return { ...super.getConfig(), negative_slope: this.negativeSlope };
  }

  /** Early files call the slope `alpha`. */
  static fromConfig(config: Config): LeakyReLU {
    const { alpha, ...options } = readConfig("LeakyReLU", config, ["alpha", ...leakyNames]);
    return new LeakyReLU(alpha === undefined ? options : { ...options, negativeSlope: alpha as number });
  }
}

/** x above 0, negativeSlope·x below. */
export const leakyReLU = (options?: LeakyReLUOptions): LeakyReLU => new LeakyReLU(options);

// ---- PReLU --------------------------------------------------------------------------------------------------------

/** Options of `pReLU`. */
export interface PReLUOptions extends LayerOptions, WeightRuleOptions<"alpha"> {
  /** What the slopes begin with. Default `"zeros"`. */
  readonly alphaInitializer?: InitializerLike;
  /** Axes along which the slope is the same, counted from 1: [1, 2] for one slope a channel of pictures. */
  readonly sharedAxes?: number | readonly number[] | null;
}

const preluNames = [
  "alphaInitializer",
  ...weightRuleNames("alpha"),
  "sharedAxes",
  ...layerOptions,
] as const satisfies readonly (keyof PReLUOptions)[];

/** The layer that `pReLU` makes: Keras' `PReLU`. Its arguments are properties. */
export class PReLU extends Layer<Same> {
  readonly alphaInitializer: Initializer;
  readonly weightRules: WeightRules;
  readonly sharedAxes: readonly number[] | null;
  /** The slopes below 0, of the shape of the input with 1 for shared axes, once built. */
  alpha: Variable | undefined;

  constructor(options: PReLUOptions = {}) {
    super(options);
    const { where } = this;
    checkOptions(where, options, preluNames);
    this.alphaInitializer = initializerOf(where, "alphaInitializer", options.alphaInitializer ?? "zeros");
    this.weightRules = new WeightRules(where, ["alpha"], options);
    const axes = options.sharedAxes ?? null;
    const list: readonly number[] | null = typeof axes === "number" ? [axes] : axes;
    if (list !== null && !(Array.isArray(list) && list.every((axis) => Number.isInteger(axis) && axis >= 1))) {
      throw argumentError({
        where,
        argument: "sharedAxes",
        value: axes,
        expected: "axes from 1 on, e.g. [1, 2] (0 is the batch)",
      });
    }
    this.sharedAxes = list === null ? null : [...list];
  }

  override get className(): string {
    return "PReLU";
  }

  #shared(rank: number): number[] {
    return (this.sharedAxes ?? []).map((axis) => checkAxis(this.where, "sharedAxes", axis, rank));
  }

  protected override build(shape: Shape): void {
    const shared = this.#shared(shape.length);
    const sizes = shape.map((n, i) => (shared.includes(i) ? 1 : n));
    this.alpha = this.addWeight("alpha", sizes, this.alphaInitializer, this.weightRules.of("alpha"));
  }

  /** Shared axes may have any size. */
  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    const shared = this.#shared(built.length);
    return built.length === now.length && built.every((n, i) => shared.includes(i) || n === now[i]);
  }

  call(x: Tensor): Tensor {
    return subtract(relu(x), multiply(this.read(this.alpha), relu(negative(x))));
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      alpha_initializer: initializerConfig(this.alphaInitializer),
      ...this.weightRules.regularizerConfig(),
      ...this.weightRules.constraintConfig(),
      shared_axes: this.sharedAxes,
    };
  }

  static fromConfig(config: Config): PReLU {
    return new PReLU(readConfig("PReLU", config, preluNames));
  }
}

/** x above 0, α·x below, where the slopes α are learned: `pReLU({ sharedAxes: [1, 2] })`. */
export const pReLU = (options?: PReLUOptions): PReLU => new PReLU(options);

// ---- ELU ----------------------------------------------------------------------------------------------------------

/** Options of `eLU`. */
export interface ELUOptions extends LayerOptions {
  /** Minus the limit far below 0. Default 1. */
  readonly alpha?: number;
}

const eluNames = ["alpha", ...layerOptions] as const satisfies readonly (keyof ELUOptions)[];

/** The layer that `eLU` makes: Keras' `ELU`. Its arguments are properties. */
export class ELU extends Layer<Same> {
  readonly alpha: number;

  constructor(options: ELUOptions = {}) {
    super(options);
    checkOptions(this.where, options, eluNames);
    this.alpha = checkNumber(this.where, "alpha", options.alpha ?? 1);
  }

  override get className(): string {
    return "ELU";
  }

  /** With an α of its own the lower branch has the gradient at 0, in Keras too. */
  call(x: Tensor): Tensor {
    const { alpha } = this;
    if (alpha === 1) return elu(x, 1);
    const below = multiply(alpha, exponentialMinus1(minimum(x, 0)));
    return select(greater(x, 0), x, below);
  }

  override getConfig(): Config {
    const { name, ...rest } = super.getConfig();
    return { name, alpha: this.alpha, ...rest };
  }

  static fromConfig(config: Config): ELU {
    return new ELU(readConfig("ELU", config, eluNames));
  }
}

/** x above 0, α·(eˣ − 1) below. */
export const eLU = (options?: ELUOptions): ELU => new ELU(options);

// ---- Softmax ------------------------------------------------------------------------------------------------------

/** Options of `softmax`. */
export interface SoftmaxOptions extends LayerOptions {
  /** The axis or axes over which the result sums to 1; 0 is the batch. Default −1, the last. */
  readonly axis?: number | readonly number[];
}

const softmaxNames = ["axis", ...layerOptions] as const satisfies readonly (keyof SoftmaxOptions)[];

/** The layer that `softmax` makes: Keras' `Softmax`. Its arguments are properties. */
export class Softmax extends Layer<Same> {
  readonly axis: number | readonly number[];

  constructor(options: SoftmaxOptions = {}) {
    super(options);
    checkOptions(this.where, options, softmaxNames);
    const axis = options.axis ?? -1;
    const list: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
    if (list.length === 0 || !list.every((a) => Number.isInteger(a) && a !== 0)) {
      throw argumentError({
        where: this.where,
        argument: "axis",
        value: axis,
        expected: "an axis other than 0, the batch, or a list of them",
      });
    }
    this.axis = axis;
  }

  override get className(): string {
    return "Softmax";
  }

  call(x: Tensor): Tensor {
    const list = typeof this.axis === "number" ? [this.axis] : this.axis;
    return softmaxOf(
      x,
      list.map((axis) => checkAxis(this.where, "axis", axis, x.shape.length)),
    );
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }

  static fromConfig(config: Config): Softmax {
    return new Softmax(readConfig("Softmax", config, softmaxNames));
  }
}

/** eˣ, divided by its sum over an axis. */
export const softmax = (options?: SoftmaxOptions): Softmax => new Softmax(options);

/** Layers without weights that Keras also takes as the activation of another layer, by their names in files. */
export const activationLayers: ReadonlyMap<string, LayerRecord> = new Map<string, LayerRecord>([
  ["ELU", ELU],
  ["LeakyReLU", LeakyReLU],
  ["ReLU", ReLU],
  ["Softmax", Softmax],
]);
