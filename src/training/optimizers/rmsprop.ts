import type { Tensor } from "../../graph/tensor.ts";
import { checkBoolean } from "../../layers/options.ts";
import { add, divide, multiply, squareRoot, subtract } from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** `learningRate` is 0.001 unless given. */
export interface RmspropOptions extends OptimizerOptions {
  /** How much of the mean squared gradient is kept, in [0, 1). Default 0.9. */
  readonly rho?: number;
  /** In [0, 1]. Default 0. */
  readonly momentum?: number;
  /** Added inside the root. Default 1e-7. */
  readonly epsilon?: number;
  /** Divides by the deviation of the gradient instead of its size. Default false. */
  readonly centered?: boolean;
}

/** RMSprop: v is the mean of g² (less the square of the mean of g, if centered); w −= lr·g/√(v + ε), with momentum. */
export class RMSprop extends Optimizer {
  readonly className = "RMSprop";
  protected readonly ownScalars = ["learningRate"];
  readonly slotGroups: readonly (readonly string[])[];
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RmspropOptions = {}) {
    super("rmsprop", 0.001, options, ["rho", "momentum", "epsilon", "centered"]);
    this.rho = numberIn("rmsprop", "rho", options.rho ?? 0.9, 0, 1);
    this.momentum = numberIn("rmsprop", "momentum", options.momentum ?? 0, 0, 1, true);
    this.epsilon = numberIn("rmsprop", "epsilon", options.epsilon ?? 1e-7, 0, Number.POSITIVE_INFINITY);
    this.centered = checkBoolean("rmsprop", "centered", options.centered ?? false);
    this.slotGroups = [
      ["velocity"],
      ...(this.momentum === 0 ? [] : [["momentum"]]),
      ...(this.centered ? [["average_gradient"]] : []),
    ];
  }

  protected ownScalarsAt(_updates: number, rate: number): number[] {
    return [rate];
  }

  protected update({ weight, gradient, slots }: Moving, [rate]: readonly Tensor[]): Updated {
    const [velocity, ...others] = slots;
    const mean = (old: Tensor, next: Tensor): Tensor => add(multiply(old, this.rho), multiply(next, 1 - this.rho));
    const v = mean(velocity, multiply(gradient, gradient));
    const average = this.centered ? mean(others[others.length - 1], gradient) : undefined;
    const spread = average === undefined ? v : subtract(v, multiply(average, average));
    const step = divide(multiply(gradient, rate), squareRoot(add(spread, this.epsilon)));
    const m = this.momentum === 0 ? undefined : add(multiply(others[0], this.momentum), step);
    const after = [v, ...(m === undefined ? [] : [m]), ...(average === undefined ? [] : [average])];
    return { value: subtract(weight, m ?? step), slots: after };
  }

  protected ownConfig(): Record<string, unknown> {
    return { rho: this.rho, momentum: this.momentum, epsilon: this.epsilon, centered: this.centered };
  }
}

/** RMSprop: steps of about the same size for every weight. What `compile` takes when nothing is said. */
export const rmsprop = (options: RmspropOptions = {}): RMSprop => new RMSprop(options);
