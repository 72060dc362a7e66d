/** Normalisation of each sample on its own, and what all normalisations share: a learned scale and shift. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Constraint, Regularizer, Shape, Tensor, Variable } from "../graph/tensor.ts";
import {
  add,
  divide,
  maximum,
  mean,
  multiply,
  reshape,
  squareRoot,
  stopGradient,
  subtract,
  sum,
} from "../ops/index.ts";
import { type ConstraintLike, constraintConfig, constraintOf } from "./constraints.ts";
import { type Initializer, type InitializerLike, initializerConfig, initializerOf, ones } from "./initializers.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkAxis, checkBoolean, checkCount, checkNumber, checkOptions, readConfig } from "./options.ts";
import { type RegularizerLike, regularizerConfig, regularizerOf } from "./regularizers.ts";
import type { Same } from "./rule.ts";

// ---- what they share ----------------------------------------------------------------------------------------------

/** Options of batch, layer and group normalization. */
export interface NormalizationOptions extends LayerOptions {
  /** Added to the variance before its root is taken. Default 0.001. */
  readonly epsilon?: number;
  /** Whether a learned shift, beta, is added. Default true. */
  readonly center?: boolean;
  /** Whether there is a learned scale, gamma. Default true. */
  readonly scale?: boolean;
  /** What the shift begins with. Default `"zeros"`. */
  readonly betaInitializer?: InitializerLike;
  /** What the scale begins with. Default `"ones"`. */
  readonly gammaInitializer?: InitializerLike;
  /** What the shift costs in the loss. Default none. */
  readonly betaRegularizer?: RegularizerLike;
  /** What the scale costs in the loss. Default none. */
  readonly gammaRegularizer?: RegularizerLike;
  /** What the shift is made to be after each step. Default none. */
  readonly betaConstraint?: ConstraintLike;
  /** What the scale is made to be after each step. Default none. */
  readonly gammaConstraint?: ConstraintLike;
}

/** The names of these options. */
export const normalizationNames = [
  "epsilon",
  "center",
  "scale",
  "betaInitializer",
  "gammaInitializer",
  "betaRegularizer",
  "gammaRegularizer",
  "betaConstraint",
  "gammaConstraint",
  ...layerOptions,
] as const satisfies readonly (keyof NormalizationOptions)[];

/** One axis, or several; 0 is the batch, negative ones count from the end. */
export type Axis = number | readonly number[];

const isAxis = (axis: unknown): axis is number => Number.isInteger(axis) && axis !== 0;

export function checkOneAxis(where: string, axis: unknown): number {
  if (isAxis(axis)) return axis;
  const expected = "an axis other than 0, the batch";
  throw argumentError({ where, argument: "axis", value: axis, expected, fix: "-1 is the last axis." });
}

/** Axes other than the batch, from one or several. */
function checkAxes(where: string, axis: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  if (list.length > 0 && list.every(isAxis)) return list;
  const expected = "an axis other than 0, the batch, or a list of them";
  throw argumentError({ where, argument: "axis", value: axis, expected, fix: "-1 is the last axis." });
}

/** `v`, whose axes are the axes `at` of `x`, such that it broadcasts over `x`. */
export function alongAxes(v: Tensor, x: Tensor, at: readonly number[]): Tensor {
  return reshape(
    v,
    x.shape.map((n, i) => (at.includes(i) ? n : 1)),
  );
}

/** 1/√(x + epsilon). */
export const inverseRoot = (x: Tensor, epsilon: number): Tensor => divide(1, squareRoot(add(x, epsilon)));

/** A normalisation with a learned scale and shift. */
export abstract class ScaledNormalization extends Layer<Same> {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  readonly betaInitializer: Initializer;
  readonly gammaInitializer: Initializer;
  readonly betaRegularizer: Regularizer | undefined;
  readonly gammaRegularizer: Regularizer | undefined;
  readonly betaConstraint: Constraint | undefined;
  readonly gammaConstraint: Constraint | undefined;
  /** The scale, once built, unless `scale` is false. */
  gamma: Variable | undefined;
  /** The shift, once built, unless `center` is false. */
  beta: Variable | undefined;

  /** @param known - the names of all options. */
  constructor(options: NormalizationOptions, known: readonly string[]) {
    super(options);
    const { where } = this;
    checkOptions(where, options, known);
    this.epsilon = checkNumber(where, "epsilon", options.epsilon ?? 1e-3, 0);
    this.center = checkBoolean(where, "center", options.center ?? true);
    this.scale = checkBoolean(where, "scale", options.scale ?? true);
    this.betaInitializer = initializerOf(where, "betaInitializer", options.betaInitializer ?? "zeros");
    this.gammaInitializer = initializerOf(where, "gammaInitializer", options.gammaInitializer ?? "ones");
    this.betaRegularizer = regularizerOf(where, "betaRegularizer", options.betaRegularizer);
    this.gammaRegularizer = regularizerOf(where, "gammaRegularizer", options.gammaRegularizer);
    this.betaConstraint = constraintOf(where, "betaConstraint", options.betaConstraint);
    this.gammaConstraint = constraintOf(where, "gammaConstraint", options.gammaConstraint);
  }

  protected buildScale(shape: Shape): void {
    if (this.scale) {
      const rules = { regularizer: this.gammaRegularizer, constraint: this.gammaConstraint };
      this.gamma = this.addWeight("gamma", shape, this.gammaInitializer, rules);
    }
    if (this.center) {
      const rules = { regularizer: this.betaRegularizer, constraint: this.betaConstraint };
      this.beta = this.addWeight("beta", shape, this.betaInitializer, rules);
    }
  }

  /** `x`·gamma + beta, where gamma and beta lie along the axes `at`. */
  protected scaled(x: Tensor, at: readonly number[]): Tensor {
    const y = this.scale ? multiply(x, alongAxes(this.read(this.gamma), x, at)) : x;
    return this.center ? add(y, alongAxes(this.read(this.beta), x, at)) : y;
  }

  protected initializersConfig(): Config {
    return {
      beta_initializer: initializerConfig(this.betaInitializer),
      gamma_initializer: initializerConfig(this.gammaInitializer),
    };
  }

  protected rulesConfig(): Config {
    const { where } = this;
    return {
      beta_regularizer: regularizerConfig(where, this.betaRegularizer),
      gamma_regularizer: regularizerConfig(where, this.gammaRegularizer),
      beta_constraint: constraintConfig(where, this.betaConstraint),
      gamma_constraint: constraintConfig(where, this.gammaConstraint),
    };
  }
}

/**
 * What is left of `x` without its mean, in two parts: `distance`, through which no gradient reaches the mean, and `zero`,
 * of the shape of the mean, which adds nothing but that gradient.
 *
 * The variance around the mean does not change with the mean, so `distance` alone serves it; and where the rest is linear,
 * the mean's gradient is added up in its own small shape. So the way back goes through all cells once.
 *
 * @param spread - gives a tensor of the mean's shape one that broadcasts over `x`.
 */
export function centred(x: Tensor, mean: Tensor, spread = (t: Tensor): Tensor => t) {
  const still = stopGradient(mean);
  return { distance: subtract(x, spread(still)), zero: subtract(still, mean) };
}

/** `x` over `axes` to mean 0 and variance 1. */
function standardized(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const { distance, zero } = centred(x, mean(x, axes, true));
  const factor = inverseRoot(mean(multiply(distance, distance), axes, true), epsilon);
  return add(multiply(distance, factor), multiply(zero, factor));
}

// ---- LayerNormalization -------------------------------------------------------------------------------------------

/** Options of `layerNormalization`. */
export interface LayerNormalizationOptions extends NormalizationOptions {
  /** The axis or axes to normalise over; gamma and beta have their shape. Default −1, the last. */
  readonly axis?: Axis;
}

const layerNames = ["axis", ...normalizationNames] as const satisfies readonly (keyof LayerNormalizationOptions)[];

/** The sizes of the axes that the weights lie along must stay. */
const suitsAt = (at: (rank: number) => readonly number[], built: Shape, now: Shape): boolean =>
  now.length === built.length && at(built.length).every((axis) => now[axis] === built[axis]);

/** The layer that `layerNormalization` makes: Keras' `LayerNormalization`. Its arguments are properties. */
export class LayerNormalization extends ScaledNormalization {
  readonly axis: readonly number[];

  constructor(options: LayerNormalizationOptions = {}) {
    super(options, layerNames);
    this.axis = checkAxes(this.where, options.axis ?? -1).toSorted((a, b) => a - b);
  }

  override get className(): string {
    return "LayerNormalization";
  }

  #at(rank: number): readonly number[] {
    return this.axis.map((axis) => checkAxis(this.where, "axis", axis, rank));
  }

  protected override build(shape: Shape): void {
    this.buildScale(this.#at(shape.length).map((axis) => shape[axis]));
  }

  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return this.ownWeights.length === 0 || suitsAt((rank) => this.#at(rank), built, now);
  }

  call(x: Tensor): Tensor {
    const at = this.#at(x.shape.length);
    return this.scaled(standardized(x, at, this.epsilon), at);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      axis: this.axis,
      epsilon: this.epsilon,
      center: this.center,
      scale: this.scale,
      rms_scaling: false,
      ...this.initializersConfig(),
      ...this.rulesConfig(),
    };
  }

  static fromConfig(config: Config): LayerNormalization {
    return new LayerNormalization(readConfig("LayerNormalization", config, layerNames));
  }
}

/** Each sample along an axis to mean 0 and variance 1, then a learned scale and shift. */
export const layerNormalization = (options?: LayerNormalizationOptions): LayerNormalization =>
  new LayerNormalization(options);

// ---- GroupNormalization -------------------------------------------------------------------------------------------

/** Options of `groupNormalization`. */
export interface GroupNormalizationOptions extends NormalizationOptions {
  /** Into how many groups the channels are split; −1 for one for each channel. Default 32. */
  readonly groups?: number;
  /** The axis of the channels. Default −1, the last. */
  readonly axis?: number;
}

const groupNames = [
  "groups",
  "axis",
  ...normalizationNames,
] as const satisfies readonly (keyof GroupNormalizationOptions)[];

/** The layer that `groupNormalization` makes: Keras' `GroupNormalization`. Its arguments are properties. */
export class GroupNormalization extends ScaledNormalization {
  readonly axis: number;
  /** As given; −1 becomes the number of channels once built. */
  groups: number;

  constructor(options: GroupNormalizationOptions = {}) {
    super(options, groupNames);
    this.groups = options.groups === -1 ? -1 : checkCount(this.where, "groups", options.groups ?? 32);
    this.axis = checkOneAxis(this.where, options.axis ?? -1);
  }

  override get className(): string {
    return "GroupNormalization";
  }

  #at(rank: number): number {
    return checkAxis(this.where, "axis", this.axis, rank);
  }

  protected override build(shape: Shape): void {
    const channels = shape[this.#at(shape.length)];
    if (this.groups === -1) this.groups = channels;
    if (channels % this.groups !== 0) {
      throw shapeError({
        where: this.where,
        got: `${channels} channels in ${showShape(shape, true)}`,
        expected: `a multiple of its ${this.groups} groups`,
        fix: "Choose groups that divide the channels.",
      });
    }
    this.buildScale([channels]);
  }

  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return suitsAt((rank) => [this.#at(rank)], built, now);
  }

  call(x: Tensor): Tensor {
    const at = this.#at(x.shape.length);
    const { groups } = this;
    const split = reshape(x, x.shape.toSpliced(at, 1, groups, x.shape[at] / groups));
    const others = split.shape.flatMap((_, i) => (i === at ? [] : [i]));
    return this.scaled(reshape(standardized(split, others, this.epsilon), x.shape), [at]);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      groups: this.groups,
      axis: this.axis,
      epsilon: this.epsilon,
      center: this.center,
      scale: this.scale,
      ...this.initializersConfig(),
      ...this.rulesConfig(),
    };
  }

  static fromConfig(config: Config): GroupNormalization {
    return new GroupNormalization(readConfig("GroupNormalization", config, groupNames));
  }
}

/** Each sample in groups of channels to mean 0 and variance 1, then a learned scale and shift: `groupNormalization({ groups: 8 })`. */
export const groupNormalization = (options?: GroupNormalizationOptions): GroupNormalization =>
  new GroupNormalization(options);

// ---- RMSNormalization ---------------------------------------------------------------------------------------------

/** Options of `rmsNormalization`. */
export interface RMSNormalizationOptions extends LayerOptions {
  /** The axis or axes to normalise over; the scale has their shape. Default −1, the last. */
  readonly axis?: Axis;
  /** Added to the mean square before its root is taken. Default 0.000001. */
  readonly epsilon?: number;
}

const rmsNames = ["axis", "epsilon", ...layerOptions] as const satisfies readonly (keyof RMSNormalizationOptions)[];

/** The layer that `rmsNormalization` makes: Keras' `RMSNormalization`. Its arguments are properties. */
export class RMSNormalization extends Layer<Same> {
  readonly axis: readonly number[];
  readonly epsilon: number;
  /** The learned scale, once built. */
  scale: Variable | undefined;

  constructor(options: RMSNormalizationOptions = {}) {
    super(options);
    checkOptions(this.where, options, rmsNames);
    this.axis = checkAxes(this.where, options.axis ?? -1).toSorted((a, b) => a - b);
    this.epsilon = checkNumber(this.where, "epsilon", options.epsilon ?? 1e-6, 0);
  }

  override get className(): string {
    return "RMSNormalization";
  }

  #at(rank: number): readonly number[] {
    return this.axis.map((axis) => checkAxis(this.where, "axis", axis, rank));
  }

  protected override build(shape: Shape): void {
    const sizes = this.#at(shape.length).map((axis) => shape[axis]);
    this.scale = this.addWeight("scale", sizes, ones());
  }

  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return suitsAt((rank) => this.#at(rank), built, now);
  }

  call(x: Tensor): Tensor {
    const at = this.#at(x.shape.length);
    const factor = inverseRoot(mean(multiply(x, x), at, true), this.epsilon);
    return multiply(multiply(x, factor), alongAxes(this.read(this.scale), x, at));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis, epsilon: this.epsilon };
  }

  static fromConfig(config: Config): RMSNormalization {
    return new RMSNormalization(readConfig("RMSNormalization", config, rmsNames));
  }
}

/** Each sample along an axis to a mean square of 1, then a learned scale. */
export const rmsNormalization = (options?: RMSNormalizationOptions): RMSNormalization => new RMSNormalization(options);

// ---- UnitNormalization --------------------------------------------------------------------------------------------

/** Options of `unitNormalization`. */
export interface UnitNormalizationOptions extends LayerOptions {
  /** The axis or axes along which the length becomes 1. Default −1, the last. */
  readonly axis?: Axis;
}

const unitNames = ["axis", ...layerOptions] as const satisfies readonly (keyof UnitNormalizationOptions)[];

/** The layer that `unitNormalization` makes: Keras' `UnitNormalization`. Its arguments are properties. */
export class UnitNormalization extends Layer<Same> {
  readonly axis: Axis;

  constructor(options: UnitNormalizationOptions = {}) {
    super(options);
    checkOptions(this.where, options, unitNames);
    const { axis = -1 } = options;
    checkAxes(this.where, axis);
    this.axis = typeof axis === "number" ? axis : [...axis];
  }

  override get className(): string {
    return "UnitNormalization";
  }

  /** A length below 10⁻¹² counts as that; so zeros stay zeros, with a gradient that is finite. */
  call(x: Tensor): Tensor {
    const list = typeof this.axis === "number" ? [this.axis] : this.axis;
    const at = list.map((axis) => checkAxis(this.where, "axis", axis, x.shape.length));
    const square = sum(multiply(x, x), at, { keepDims: true });
    return multiply(x, divide(1, squareRoot(maximum(square, 1e-24))));
  }

  override getConfig(): Config {
    return { ...super.getConfig(), axis: this.axis };
  }

  static fromConfig(config: Config): UnitNormalization {
    return new UnitNormalization(readConfig("UnitNormalization", config, unitNames));
  }
}

/** Each sample along an axis to length 1. */
export const unitNormalization = (options?: UnitNormalizationOptions): UnitNormalization =>
  new UnitNormalization(options);
