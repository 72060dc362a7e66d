import { argumentError } from "../../core/errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { checkBoolean } from "../../layers/options.ts";
import { add, divide, maximum, multiply, squareRoot, subtract } from "../../ops/index.ts";
import { wholePower } from "../maths.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** Options of Adam and its kin. `learningRate` is 0.001 unless given. */
export interface BetaOptions extends OptimizerOptions {
  /** How much of the mean gradient is kept, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean squared gradient is kept, in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Added to the root. Default 1e-7. */
  readonly epsilon?: number;
}

/** Options of `adam` and `adamw`. */
export interface AdamOptions extends BetaOptions {
  /** Divides by the largest mean squared gradient so far. Default false. */
  readonly amsgrad?: boolean;
}

export const betaKeys = ["beta1", "beta2", "epsilon"] as const satisfies readonly (keyof BetaOptions)[];

/** These options, checked. */
export const readBetas = (where: string, options: BetaOptions) => ({
  beta1: numberIn(where, "beta1", options.beta1 ?? 0.9, 0, 1),
  beta2: numberIn(where, "beta2", options.beta2 ?? 0.999, 0, 1),
  epsilon: numberIn(where, "epsilon", options.epsilon ?? 1e-7, 0, Number.POSITIVE_INFINITY),
});

/** 1 − β to the power of the number of the update, counted from 1, in float32. */
export function correction(beta: number, updates: number): number {
  const f = Math.fround;
  return f(1 - f(wholePower(f(beta), updates + 1)));
}

/** Moves a running mean by this share towards `next`. */
export const towards = (mean: Tensor, next: Tensor, share: number): Tensor =>
  add(mean, multiply(subtract(next, mean), share));

/** Adam: m, v are means of g and g²; w −= α·m/(√v + ε) with α = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ). */
export class Adam extends Optimizer {
  readonly className: string = "Adam";
  protected readonly ownScalars = ["alpha"];
  readonly slotGroups: readonly (readonly string[])[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  constructor(options: AdamOptions = {}, name = "adam") {
    super(name, 0.001, options, [...betaKeys, "amsgrad"]);
    ({ beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon } = readBetas(name, options));
    this.amsgrad = checkBoolean(name, "amsgrad", options.amsgrad ?? false);
    this.slotGroups = this.amsgrad ? [["momentum", "velocity"], ["velocity_hat"]] : [["momentum", "velocity"]];
  }

  protected ownScalarsAt(updates: number, rate: number): number[] {
    const f = Math.fround;
    const root = f(Math.sqrt(correction(this.beta2, updates)));
    return [f(f(rate * root) / correction(this.beta1, updates))];
  }

  protected update({ weight, gradient, slots }: Moving, [alpha]: readonly Tensor[]): Updated {
    const [momentum, velocity, largest] = slots;
    const m = towards(momentum, gradient, 1 - this.beta1);
    const v = towards(velocity, multiply(gradient, gradient), 1 - this.beta2);
    const bound = largest === undefined ? v : maximum(largest, v);
    const step = divide(multiply(m, alpha), add(squareRoot(bound), this.epsilon));
    return { value: subtract(weight, step), slots: largest === undefined ? [m, v] : [m, v, bound] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { beta_1: this.beta1, beta_2: this.beta2, epsilon: this.epsilon, amsgrad: this.amsgrad };
  }
}

/** Adam with weight decay: 0.004 unless given. */
export class AdamW extends Adam {
  override readonly className = "AdamW";

  constructor(options: AdamOptions = {}) {
    if (options.weightDecay === null) {
      throw argumentError({ where: "adamw", argument: "weightDecay", value: null, expected: "a finite number ≥ 0" });
    }
    super({ ...options, weightDecay: options.weightDecay ?? 0.004 }, "adamw");
  }
}

/** Adam, the usual first choice. */
export const adam = (options: AdamOptions = {}): Adam => new Adam(options);

/** Adam with weight decay. */
export const adamw = (options: AdamOptions = {}): AdamW => new AdamW(options);
