import type { Tensor } from "../../graph/tensor.ts";
import { add, multiply, sign, subtract } from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** `learningRate` is 0.001 unless given; a third to a tenth of what suits Adam is usual. */
export interface LionOptions extends OptimizerOptions {
  /** How much the momentum counts beside the gradient for the direction, in (0, 1]. Default 0.9. */
  readonly beta1?: number;
  /** How much of the momentum is kept, in [0, 1]. Default 0.99. */
  readonly beta2?: number;
}

/** Lion: w −= lr·sign(β₁m + (1 − β₁)g); m ← β₂m + (1 − β₂)g. */
export class Lion extends Optimizer {
  readonly className = "Lion";
  protected readonly ownScalars = ["learningRate"];
  readonly slotGroups = [["momentum"]];
  readonly beta1: number;
  readonly beta2: number;

  constructor(options: LionOptions = {}) {
    super("lion", 0.001, options, ["beta1", "beta2"]);
    this.beta1 = numberIn("lion", "beta1", options.beta1 ?? 0.9, Number.MIN_VALUE, 1, true);
    this.beta2 = numberIn("lion", "beta2", options.beta2 ?? 0.99, 0, 1, true);
  }

  protected ownScalarsAt(_updates: number, rate: number): number[] {
    return [rate];
  }

  protected update({ weight, gradient, slots: [momentum] }: Moving, [rate]: readonly Tensor[]): Updated {
    const f = Math.fround;
    const blend = (beta: number): Tensor => add(multiply(momentum, beta), multiply(gradient, f(1 - f(beta))));
    return { value: subtract(weight, multiply(sign(blend(this.beta1)), rate)), slots: [blend(this.beta2)] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { beta_1: this.beta1, beta_2: this.beta2 };
  }
}

/** Lion: steps of one size, in the direction of the momentum. */
export const lion = (options: LionOptions = {}): Lion => new Lion(options);
