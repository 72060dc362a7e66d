import type { Tensor } from "../../graph/tensor.ts";
import { add, where as choose, divide, greater, multiply, squareRoot, subtract, sum } from "../../ops/index.ts";
import { allAxes } from "../align.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import { type BetaOptions, betaKeys, correction, readBetas, towards } from "./adam.ts";

const norm = (x: Tensor): Tensor => squareRoot(sum(multiply(x, x), allAxes(x)));

/** LAMB: Adam's direction, as long as the weight itself: w −= lr·u·‖w‖/‖u‖ with u = m̂/(√v̂ + ε). */
export class Lamb extends Optimizer {
  readonly className = "Lamb";
  protected readonly ownScalars = ["learningRate", "mCorrection", "vCorrection"];
  readonly slotGroups = [["momentum", "velocity"]];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(options: BetaOptions = {}) {
    super("lamb", 0.001, options, betaKeys);
    ({ beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon } = readBetas("lamb", options));
  }

  protected ownScalarsAt(updates: number, rate: number): number[] {
    return [rate, correction(this.beta1, updates), correction(this.beta2, updates)];
  }

  protected update({ weight, gradient, slots }: Moving, scalars: readonly Tensor[]): Updated {
    const [rate, mCorrection, vCorrection] = scalars;
    const m = towards(slots[0], gradient, 1 - this.beta1);
    const v = towards(slots[1], multiply(gradient, gradient), 1 - this.beta2);
    const u = divide(divide(m, mCorrection), add(squareRoot(divide(v, vCorrection)), this.epsilon));
    const [weightNorm, stepNorm] = [norm(weight), norm(u)];
    const ratio = choose(greater(weightNorm, 0), choose(greater(stepNorm, 0), divide(weightNorm, stepNorm), 1), 1);
    return { value: subtract(weight, multiply(u, multiply(ratio, rate))), slots: [m, v] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { beta_1: this.beta1, beta_2: this.beta2, epsilon: this.epsilon };
  }
}

/** LAMB, for very large batches. */
export const lamb = (options: BetaOptions = {}): Lamb => new Lamb(options);
