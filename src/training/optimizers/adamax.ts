import type { Tensor } from "../../graph/tensor.ts";
import { absolute, add, divide, maximum, multiply, subtract } from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import { type BetaOptions, betaKeys, correction, readBetas, towards } from "./adam.ts";

/** Adamax: m is the mean of g, u ← max(β₂u, |g|); w −= lr·m/((1 − β₁ᵗ)(u + ε)). */
export class Adamax extends Optimizer {
  readonly className = "Adamax";
  protected readonly ownScalars = ["learningRate", "correction"];
  readonly slotGroups = [["momentum", "norm"]];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(options: BetaOptions = {}) {
    super("adamax", 0.001, options, betaKeys);
    ({ beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon } = readBetas("adamax", options));
  }

  protected ownScalarsAt(updates: number, rate: number): number[] {
    return [rate, correction(this.beta1, updates)];
  }

  protected update({ weight, gradient, slots }: Moving, [rate, corrected]: readonly Tensor[]): Updated {
    const [momentum, norm] = slots;
    const m = towards(momentum, gradient, 1 - this.beta1);
    const u = maximum(multiply(norm, this.beta2), absolute(gradient));
    const step = divide(multiply(m, rate), multiply(add(u, this.epsilon), corrected));
    return { value: subtract(weight, step), slots: [m, u] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { beta_1: this.beta1, beta_2: this.beta2, epsilon: this.epsilon };
  }
}

/** Adamax: Adam with the largest gradient in place of the mean squared one. */
export const adamax = (options: BetaOptions = {}): Adamax => new Adamax(options);
