/**
 * What all optimizers share: the learning rate, the slots of each weight, clipping and weight decay.
 *
 * The rule itself is ops (`update`), so it is compiled into the training step. What depends on the iteration alone, such
 * as a learning rate or a bias correction, is a few numbers a step (`scalarsAt`), rounded to float32 where Keras rounds.
 */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import { type Tensor, Variable } from "../graph/tensor.ts";
import { checkOptions } from "../layers/options.ts";
import { add, divide, maximum, minimum, multiply, squareRoot, subtract, sum } from "../ops/index.ts";
import { allAxes } from "./align.ts";
import { numberIn } from "./options.ts";

/** The learning rate of every iteration, counted from 0. */
export type LearningRate = number | ((iteration: number) => number);

/** What every optimizer takes. At most one of the three ways to clip. */
export interface OptimizerOptions {
  readonly learningRate?: LearningRate;
  readonly name?: string;
  /** Before each step every weight loses this share of itself, times the learning rate. */
  readonly weightDecay?: number;
  /** The largest norm of the gradient of one weight. */
  readonly clipnorm?: number;
  /** The largest norm of all gradients together. */
  readonly globalClipnorm?: number;
  /** The largest size of each number of a gradient. */
  readonly clipvalue?: number;
}

const sharedKeys = ["learningRate", "name", "weightDecay", "clipnorm", "globalClipnorm", "clipvalue"];

/** A weight and its slots after a step. */
export interface Updated {
  readonly value: Tensor;
  readonly slots: readonly Tensor[];
}

/** A weight in a step: its value, its gradient and its slots before. */
export interface Moving {
  readonly weight: Tensor;
  readonly gradient: Tensor;
  /** Group after group. */
  readonly slots: readonly Tensor[];
}

const zeros = { className: "Zeros", config: {}, fill: (values: Float32Array) => void values.fill(0) };

/** A learning rate for which the maths is defined. */
function checkRate(where: string, value: number): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    const fix = "Usual values lie between 0.0001 and 0.1.";
    throw argumentError({ where, argument: "learningRate", value, expected: "a finite number ≥ 0", fix });
  }
  return value;
}

const sumOfSquares = (x: Tensor): Tensor => sum(multiply(x, x), allAxes(x));

export abstract class Optimizer {
  abstract readonly className: string;
  readonly name: string;
  /** Steps done so far, over all calls of `fit`. */
  iterations = 0;
  readonly weightDecay: number | undefined;
  readonly clipnorm: number | undefined;
  readonly globalClipnorm: number | undefined;
  readonly clipvalue: number | undefined;
  #learningRate: LearningRate = 0;
  #slots = new Map<Variable, readonly Variable[]>();
  #variables: readonly Variable[] = [];
  #isBuilt = false;

  /** @param own - the names of the options that this optimizer has besides. */
  constructor(name: string, learningRate: number, options: OptimizerOptions, own: readonly string[]) {
    checkOptions(name, options, [...sharedKeys, ...own]);
    this.name = options.name ?? name;
    this.learningRate = options.learningRate ?? learningRate;
    const positive = (key: "weightDecay" | "clipnorm" | "globalClipnorm" | "clipvalue"): number | undefined => {
      const value = options[key] ?? undefined;
      return value === undefined ? undefined : numberIn(name, key, value, 0, Number.POSITIVE_INFINITY);
    };
    this.weightDecay = positive("weightDecay");
    this.clipnorm = positive("clipnorm");
    this.globalClipnorm = positive("globalClipnorm");
    this.clipvalue = positive("clipvalue");
    const clips = [this.clipnorm, this.globalClipnorm, this.clipvalue].filter((value) => value !== undefined);
    if (clips.length > 1) {
      const expected = "at most one of clipnorm, globalClipnorm and clipvalue";
      throw argumentError({ where: name, argument: "clipping", value: `given in ${clips.length} ways`, expected });
    }
  }

  // ---- to be written by optimizers --------------------------------------------------------------------------------

  /** What is kept for each weight: names in groups; within a group the slots of one weight lie side by side. */
  abstract readonly slotGroups: readonly (readonly string[])[];

  /** How many numbers the rule needs for each step. */
  protected abstract readonly ownScalars: readonly string[];

  /** These numbers for one iteration, counted from 0. */
  protected abstract ownScalarsAt(iteration: number): number[];

  /** The rule, in ops, with one shared scalar for each of `ownScalars`. */
  protected abstract update(moving: Moving, scalars: readonly Tensor[]): Updated;

  /** The arguments of this optimizer alone, in Keras' keys. */
  protected abstract ownConfig(): Record<string, unknown>;

  // ---- what all optimizers have -----------------------------------------------------------------------------------

  /** May be changed at any time; the next epoch (or batch, where batches run one by one) uses it. */
  get learningRate(): LearningRate {
    return this.#learningRate;
  }

  set learningRate(value: LearningRate) {
    this.#learningRate = typeof value === "function" ? value : checkRate(`optimizer "${this.name}"`, value);
  }

  /** The learning rate of an iteration, in float32. */
  rateAt(iteration: number): number {
    const rate = this.#learningRate;
    if (typeof rate === "number") return Math.fround(rate);
    return Math.fround(checkRate(`optimizer "${this.name}" at iteration ${iteration}`, rate(iteration)));
  }

  /** The names of what `scalarsAt` gives. */
  get scalarNames(): readonly string[] {
    return this.weightDecay === undefined ? this.ownScalars : [...this.ownScalars, "decay"];
  }

  /** The numbers that `step` needs for one iteration, counted from 0. */
  scalarsAt(iteration: number): number[] {
    const own = this.ownScalarsAt(iteration);
    return this.weightDecay === undefined ? own : [...own, Math.fround(this.weightDecay * this.rateAt(iteration))];
  }

  /** All weights after a step: clip, decay, then the rule. `scalars` has one shared scalar for each of `scalarNames`. */
  step(all: readonly Moving[], scalars: readonly Tensor[]): Updated[] {
    const clipped = this.#clip(all.map(({ gradient }) => gradient));
    const decay = this.weightDecay === undefined ? undefined : scalars[scalars.length - 1];
    return all.map(({ weight, slots }, i) => {
      const decayed = decay === undefined ? weight : subtract(weight, multiply(weight, decay));
      return this.update({ weight: decayed, gradient: clipped[i], slots }, scalars);
    });
  }

  #clip(gradients: readonly Tensor[]): readonly Tensor[] {
    const { clipnorm, globalClipnorm, clipvalue } = this;
    if (clipvalue !== undefined) return gradients.map((g) => minimum(maximum(g, -clipvalue), clipvalue));
    if (clipnorm !== undefined) {
      return gradients.map((g) => divide(multiply(g, clipnorm), maximum(squareRoot(sumOfSquares(g)), clipnorm)));
    }
    if (globalClipnorm === undefined) return gradients;
    const norm = squareRoot(gradients.map(sumOfSquares).reduce((a, b) => add(a, b)));
    const scale = multiply(minimum(divide(1, norm), 1 / globalClipnorm), globalClipnorm);
    return gradients.map((g) => multiply(g, scale));
  }

  /** The arguments in Keras' keys. A learning rate that is a function stands with its present value. */
  get config(): Readonly<Record<string, unknown>> {
    return {
      name: this.name,
      learning_rate: this.rateAt(this.iterations),
      weight_decay: this.weightDecay ?? null,
      clipnorm: this.clipnorm ?? null,
      global_clipnorm: this.globalClipnorm ?? null,
      clipvalue: this.clipvalue ?? null,
      use_ema: false,
      ema_momentum: 0.99,
      ema_overwrite_frequency: null,
      loss_scale_factor: null,
      gradient_accumulation_steps: null,
      ...this.ownConfig(),
    };
  }

  /** The slots of all weights, in Keras' order (without iteration and learning rate); empty before `build`. */
  get variables(): readonly Variable[] {
    return this.#variables;
  }

  /** The numbers it keeps, with the step counter and the learning rate (if that is a number); 0 before `build`. */
  countParams(): number {
    if (!this.#isBuilt) return 0;
    const own = typeof this.#learningRate === "number" ? 2 : 1;
    return this.#variables.reduce((n, { shape }) => n + sizeOf(shape), own);
  }

  /** Makes the slots for these weights, once; an optimizer keeps to the weights it began with. */
  build(weights: readonly Variable[]): void {
    if (this.#isBuilt) {
      if (weights.length === this.#slots.size && weights.every((w) => this.#slots.has(w))) return;
      throw argumentError({
        where: `optimizer "${this.name}"`,
        argument: "weights",
        value: `another set of ${weights.length}`,
        expected: `the ${this.#slots.size} it began with`,
        fix: "Give each model an optimizer of its own, and a new one after changing `trainable`.",
      });
    }
    const order: Variable[] = [];
    const slots = new Map<Variable, Variable[]>(weights.map((w) => [w, []]));
    for (const group of this.slotGroups) {
      for (const weight of weights) {
        for (const slot of group) {
          const variable = new Variable(`${weight.name.replaceAll("/", "_")}_${slot}`, weight.shape, zeros, false);
          variable.assign(new Float32Array(sizeOf(weight.shape)));
          slots.get(weight)?.push(variable);
          order.push(variable);
        }
      }
    }
    this.#isBuilt = true;
    this.#slots = slots;
    this.#variables = order;
  }

  /** The slots of one weight, group after group. */
  slotsOf(weight: Variable): readonly Variable[] {
    return this.#slots.get(weight) ?? [];
  }
}
