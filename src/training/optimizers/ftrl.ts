import type { Tensor } from "../../graph/tensor.ts";
import {
  add,
  divide,
  exponential,
  logarithm,
  maximum,
  minimum,
  multiply,
  squareRoot,
  subtract,
} from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** `learningRate` is 0.001 unless given. */
export interface FtrlOptions extends OptimizerOptions {
  /** At most 0. Default −0.5. */
  readonly learningRatePower?: number;
  /** Default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** Default 0. */
  readonly l1RegularizationStrength?: number;
  /** Default 0. */
  readonly l2RegularizationStrength?: number;
  /** Default 0. */
  readonly l2ShrinkageRegularizationStrength?: number;
  /** Default 0. */
  readonly beta?: number;
}

const keys = [
  "initialAccumulatorValue",
  "l1RegularizationStrength",
  "l2RegularizationStrength",
  "l2ShrinkageRegularizationStrength",
] as const satisfies readonly (keyof FtrlOptions)[];

/**
 * Follow the regularised leader: n' = n + g²; z += g + 2sw − (n'^p − n^p)/lr·w; w = (clip(z, ±l₁) − z)/(n'^p/lr + 2l₂'),
 * with p = −learningRatePower and l₂' = l₂ + β/2lr. A weight follows from the slots alone: its first value is lost.
 */
export class Ftrl extends Optimizer {
  readonly className = "Ftrl";
  protected readonly ownScalars = ["learningRate", "l2"];
  readonly slotGroups = [["accumulator", "linear"]];
  readonly learningRatePower: number;
  readonly initialAccumulatorValue: number;
  readonly l1: number;
  readonly l2: number;
  readonly shrinkage: number;
  readonly beta: number;

  constructor(options: FtrlOptions = {}) {
    super("ftrl", 0.001, options, [...keys, "learningRatePower", "beta"]);
    const positive = (key: (typeof keys)[number], otherwise: number): number =>
      numberIn("ftrl", key, options[key] ?? otherwise, 0, Number.POSITIVE_INFINITY);
    this.learningRatePower = numberIn("ftrl", "learningRatePower", options.learningRatePower ?? -0.5, -1e6, 0, true);
    this.initialAccumulatorValue = positive("initialAccumulatorValue", 0.1);
    this.l1 = positive("l1RegularizationStrength", 0);
    this.l2 = positive("l2RegularizationStrength", 0);
    this.shrinkage = positive("l2ShrinkageRegularizationStrength", 0);
    this.beta = numberIn("ftrl", "beta", options.beta ?? 0, 0, Number.POSITIVE_INFINITY);
  }

  protected override firstValue(slot: string): number {
    return slot === "accumulator" ? this.initialAccumulatorValue : 0;
  }

  protected ownScalarsAt(_updates: number, rate: number): number[] {
    const f = Math.fround;
    return [rate, f(2 * f(this.l2 + f(this.beta / f(2 * rate))))];
  }

  #power(x: Tensor): Tensor {
    const p = -this.learningRatePower;
    return p === 0.5 ? squareRoot(x) : exponential(multiply(logarithm(x), p));
  }

  protected update({ weight, gradient, slots }: Moving, [rate, twoL2]: readonly Tensor[]): Updated {
    const [accumulator, linear] = slots;
    const g = this.shrinkage === 0 ? gradient : add(gradient, multiply(weight, 2 * this.shrinkage));
    const n = add(accumulator, multiply(gradient, gradient));
    const grown = divide(subtract(this.#power(n), this.#power(accumulator)), rate);
    const z = add(linear, subtract(g, multiply(grown, weight)));
    const clipped = minimum(maximum(z, -this.l1), this.l1);
    return { value: divide(subtract(clipped, z), add(divide(this.#power(n), rate), twoL2)), slots: [n, z] };
  }

  protected ownConfig(): Record<string, unknown> {
    return {
      learning_rate_power: this.learningRatePower,
      initial_accumulator_value: this.initialAccumulatorValue,
      l1_regularization_strength: this.l1,
      l2_regularization_strength: this.l2,
      l2_shrinkage_regularization_strength: this.shrinkage,
      beta: this.beta,
    };
  }
}

/** FTRL, for large sparse linear models. */
export const ftrl = (options: FtrlOptions = {}): Ftrl => new Ftrl(options);
