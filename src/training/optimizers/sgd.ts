import type { Tensor } from "../../graph/tensor.ts";
import { checkBoolean } from "../../layers/options.ts";
import { add, multiply, subtract } from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** `learningRate` is 0.01 unless given. */
export interface SgdOptions extends OptimizerOptions {
  /** In [0, 1]; 0 (the default) is plain descent. */
  readonly momentum?: number;
  /** Looks ahead along the momentum. Default false. */
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent: w −= lr·g; with momentum m ← μm − lr·g, w += m, or w += μm − lr·g with nesterov. */
export class SGD extends Optimizer {
  readonly className = "SGD";
  protected readonly ownScalars = ["learningRate"];
  readonly slotGroups: readonly (readonly string[])[];
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SgdOptions = {}) {
    super("sgd", 0.01, options, ["momentum", "nesterov"]);
    this.momentum = numberIn("sgd", "momentum", options.momentum ?? 0, 0, 1, true);
    this.nesterov = checkBoolean("sgd", "nesterov", options.nesterov ?? false);
    this.slotGroups = this.momentum === 0 ? [] : [["momentum"]];
  }

  protected ownScalarsAt(_updates: number, rate: number): number[] {
    return [rate];
  }

  protected update({ weight, gradient, slots: [momentum] }: Moving, [rate]: readonly Tensor[]): Updated {
    const step = multiply(gradient, rate);
    if (momentum === undefined) return { value: subtract(weight, step), slots: [] };
    const m = subtract(multiply(momentum, this.momentum), step);
    const move = this.nesterov ? subtract(multiply(m, this.momentum), step) : m;
    return { value: add(weight, move), slots: [m] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { momentum: this.momentum, nesterov: this.nesterov };
  }
}

/** Stochastic gradient descent, with momentum if wanted. */
export const sgd = (options: SgdOptions = {}): SGD => new SGD(options);
