import type { Tensor, Variable } from "../../graph/tensor.ts";
import { add, divide, multiply, squareRoot, subtract } from "../../ops/index.ts";
import { wholePower } from "../maths.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import { makeSlot } from "../optimizer-slots.ts";
import { type BetaOptions, betaKeys, correction, readBetas, towards } from "./adam.ts";

const f = Math.fround;

/**
 * Nadam: Adam with Nesterov's look ahead. With uₜ = β₁(1 − ½·0.96ᵗ) and Π their product so far,
 * m̂ = uₜ₊₁·m/(1 − Π·uₜ₊₁) + (1 − uₜ)·g/(1 − Π); v̂ = v/(1 − β₂ᵗ); w −= lr·m̂/(√v̂ + ε).
 */
export class Nadam extends Optimizer {
  readonly className = "Nadam";
  protected readonly ownScalars = ["learningRate", "next", "nextCorrection", "now", "nowCorrection", "vCorrection"];
  readonly slotGroups = [["momentum", "velocity"]];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The product, which follows from the number of updates; a variable because Keras' files have it. */
  readonly #product: Variable = makeSlot("u_product", [], 1);
  /** The product after `count` updates: steps ask for one after the other. */
  #known = { count: 0, product: 1 };

  constructor(options: BetaOptions = {}) {
    super("nadam", 0.001, options, betaKeys);
    ({ beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon } = readBetas("nadam", options));
  }

  override get variables(): readonly Variable[] {
    if (super.variables.length === 0) return [];
    const updates = Math.floor(this.iterations / (this.gradientAccumulationSteps ?? 1));
    this.#product.assign(Float32Array.of(this.#productAfter(updates)));
    return [...super.variables, this.#product];
  }

  /** 1 − ½·0.96ᵗ. */
  #share(t: number): number {
    return f(1 - f(0.5 * f(wholePower(f(0.96), t))));
  }

  #productAfter(updates: number): number {
    let { count, product } = this.#known.count <= updates ? this.#known : { count: 0, product: 1 };
    // Soon 0, and then for ever.
    while (count < updates && product > 0) product = f(f(product * f(this.beta1)) * this.#share(++count));
    this.#known = { count: updates, product };
    return product;
  }

  protected ownScalarsAt(updates: number, rate: number): number[] {
    const t = updates + 1;
    const [now, next] = [t, t + 1].map((k) => f(f(this.beta1) * this.#share(k)));
    const product = this.#productAfter(t);
    return [rate, next, f(1 - f(product * next)), f(1 - now), f(1 - product), correction(this.beta2, updates)];
  }

  protected update({ weight, gradient, slots }: Moving, scalars: readonly Tensor[]): Updated {
    const [rate, next, nextCorrection, now, nowCorrection, vCorrection] = scalars;
    // Keras rounds β before it is taken from 1, here alone.
    const m = towards(slots[0], gradient, f(1 - f(this.beta1)));
    const v = towards(slots[1], multiply(gradient, gradient), f(1 - f(this.beta2)));
    const ahead = add(divide(multiply(m, next), nextCorrection), divide(multiply(gradient, now), nowCorrection));
    const step = divide(multiply(ahead, rate), add(squareRoot(divide(v, vCorrection)), this.epsilon));
    return { value: subtract(weight, step), slots: [m, v] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { beta_1: this.beta1, beta_2: this.beta2, epsilon: this.epsilon };
  }
}

/** Nadam: Adam that looks ahead. */
export const nadam = (options: BetaOptions = {}): Nadam => new Nadam(options);
