import type { Tensor } from "../../graph/tensor.ts";
import { add, divide, multiply, squareRoot, subtract } from "../../ops/index.ts";
import { type Moving, Optimizer, type Updated } from "../optimizer.ts";
import type { OptimizerOptions } from "../optimizer-options.ts";
import { numberIn } from "../options.ts";

/** `learningRate` is 0.001 unless given. */
export interface AdagradOptions extends OptimizerOptions {
  /** Default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** Added inside the root. Default 1e-7. */
  readonly epsilon?: number;
}

/** Adagrad: a += g²; w −= lr·g/√(a + ε). Steps become ever smaller. */
export class Adagrad extends Optimizer {
  readonly className = "Adagrad";
  protected readonly ownScalars = ["learningRate"];
  readonly slotGroups = [["accumulator"]];
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;

  constructor(options: AdagradOptions = {}) {
    super("adagrad", 0.001, options, ["initialAccumulatorValue", "epsilon"]);
    const positive = (key: "initialAccumulatorValue" | "epsilon", otherwise: number): number =>
      numberIn("adagrad", key, options[key] ?? otherwise, 0, Number.POSITIVE_INFINITY);
    this.initialAccumulatorValue = positive("initialAccumulatorValue", 0.1);
    this.epsilon = positive("epsilon", 1e-7);
  }

  protected override firstValue(slot: string): number {
    return slot === "accumulator" ? this.initialAccumulatorValue : 0;
  }

  protected ownScalarsAt(_updates: number, rate: number): number[] {
    return [rate];
  }

  protected update({ weight, gradient, slots: [accumulator] }: Moving, [rate]: readonly Tensor[]): Updated {
    const a = add(accumulator, multiply(gradient, gradient));
    const step = divide(multiply(gradient, rate), squareRoot(add(a, this.epsilon)));
    return { value: subtract(weight, step), slots: [a] };
  }

  protected ownConfig(): Record<string, unknown> {
    return { initial_accumulator_value: this.initialAccumulatorValue, epsilon: this.epsilon };
  }
}

/** Adagrad: small steps for weights that often have large gradients. */
export const adagrad = (options: AdagradOptions = {}): Adagrad => new Adagrad(options);
