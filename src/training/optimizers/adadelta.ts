import type { Tensor } from "../../graph/tensor.ts";
import { add, divide, multiply, negative, squareRoot } from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** `learningRate` is 0.001 unless given; the paper has 1. */
export interface AdadeltaOptions extends OptimizerOptions {
  /** How much of the running means is kept, in [0, 1). Default 0.95. */
  readonly rho?: number;
  /** Added inside the roots. Default 1e-7. */
  readonly epsilon?: number;
}

/** Adadelta: δ = −g·√(d + ε)/√(a + ε) with running means a of g² and d of δ²; w += lr·δ. */
export class Adadelta extends Optimizer {
  readonly className = "Adadelta";
  protected readonly ownScalars = ["learningRate"];
  readonly slotGroups = [["accumulated_grad", "accumulated_delta_var"]];
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    super("adadelta", 0.001, options, ["rho", "epsilon"]);
    this.rho = numberIn("adadelta", "rho", options.rho ?? 0.95, 0, 1);
    this.epsilon = numberIn("adadelta", "epsilon", options.epsilon ?? 1e-7, 0, Number.POSITIVE_INFINITY);
  }

  protected ownScalarsAt(_updates: number, rate: number): number[] {
    return [rate];
  }

  protected update({ weight, gradient, slots: [grad, delta] }: Moving, [rate]: readonly Tensor[]): Updated {
    const mean = (old: Tensor, next: Tensor): Tensor =>
      add(multiply(old, this.rho), multiply(multiply(next, next), 1 - this.rho));
    const root = (x: Tensor): Tensor => squareRoot(add(x, this.epsilon));
    const a = mean(grad, gradient);
    const move = negative(divide(multiply(root(delta), gradient), root(a)));
    return { value: add(weight, multiply(move, rate)), slots: [a, mean(delta, move)] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { rho: this.rho, epsilon: this.epsilon };
  }
}

/** Adadelta: steps whose size follows from those before. */
export const adadelta = (options: AdadeltaOptions = {}): Adadelta => new Adadelta(options);
