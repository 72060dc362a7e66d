/**
 * The optimizers, as Keras 3 computes them.
 */
import { argumentError, unknownName } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, divide, maximum, multiply, squareRoot, subtract } from "../ops/index.ts";
import { type LearningRate, type Moving, Optimizer, type OptimizerOptions, type Updated } from "./optimizer.ts";
import { numberIn } from "./options.ts";

export interface SgdOptions extends OptimizerOptions {
  /** Default 0.01. */
  readonly learningRate?: LearningRate;
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
    this.nesterov = options.nesterov ?? false;
    this.slotGroups = this.momentum === 0 ? [] : [["momentum"]];
  }

  protected ownScalarsAt(iteration: number): number[] {
    return [this.rateAt(iteration)];
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

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.001. */
  readonly learningRate?: LearningRate;
  /** How much of the mean gradient is kept, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean squared gradient is kept, in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Added to the root. Default 1e-7. */
  readonly epsilon?: number;
  /** Divides by the largest mean squared gradient so far. Default false. */
  readonly amsgrad?: boolean;
}

/** Adam: m, v are means of g and g²; w −= α·m/(√v + ε) with α = lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ). */
export class Adam extends Optimizer {
  readonly className = "Adam";
  protected readonly ownScalars = ["alpha"];
  readonly slotGroups: readonly (readonly string[])[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  constructor(options: AdamOptions = {}) {
    super("adam", 0.001, options, ["beta1", "beta2", "epsilon", "amsgrad"]);
    this.beta1 = numberIn("adam", "beta1", options.beta1 ?? 0.9, 0, 1);
    this.beta2 = numberIn("adam", "beta2", options.beta2 ?? 0.999, 0, 1);
    this.epsilon = numberIn("adam", "epsilon", options.epsilon ?? 1e-7, 0, Number.POSITIVE_INFINITY);
    this.amsgrad = options.amsgrad ?? false;
    this.slotGroups = this.amsgrad ? [["momentum", "velocity"], ["velocity_hat"]] : [["momentum", "velocity"]];
  }

  protected ownScalarsAt(iteration: number): number[] {
    const f = Math.fround;
    const power = (beta: number) => f(f(beta) ** (iteration + 1));
    const root = f(Math.sqrt(f(1 - power(this.beta2))));
    return [f(f(this.rateAt(iteration) * root) / f(1 - power(this.beta1)))];
  }

  protected update({ weight, gradient, slots }: Moving, [alpha]: readonly Tensor[]): Updated {
    const [momentum, velocity, largest] = slots;
    const m = add(momentum, multiply(subtract(gradient, momentum), 1 - this.beta1));
    const v = add(velocity, multiply(subtract(multiply(gradient, gradient), velocity), 1 - this.beta2));
    const bound = largest === undefined ? v : maximum(largest, v);
    const step = divide(multiply(m, alpha), add(squareRoot(bound), this.epsilon));
    return { value: subtract(weight, step), slots: largest === undefined ? [m, v] : [m, v, bound] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { beta_1: this.beta1, beta_2: this.beta2, epsilon: this.epsilon, amsgrad: this.amsgrad };
  }
}

/** Stochastic gradient descent, with momentum if wanted. */
export const sgd = (options: SgdOptions = {}): SGD => new SGD(options);

/** Adam, the usual first choice. */
export const adam = (options: AdamOptions = {}): Adam => new Adam(options);

const named = { adam, sgd };

/** The name of an optimizer, as Keras spells it; upper and lower case are the same. */
export type OptimizerName = keyof typeof named | "Adam" | "SGD";

/** The optimizer that a name or an object stands for. */
export function resolveOptimizer(given: OptimizerName | Optimizer, where: string): Optimizer {
  if (given instanceof Optimizer) return given;
  if (typeof given !== "string") {
    const expected = "the name of an optimizer, or one made by adam(…) or sgd(…)";
    throw argumentError({ where, argument: "optimizer", value: given, expected });
  }
  const make = Object.entries(named).find(([name]) => name === given.toLowerCase())?.[1];
  if (make === undefined) {
    throw unknownName({ where, what: "optimizer", name: given, choices: Object.keys(named) });
  }
  return make();
}
