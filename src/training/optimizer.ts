/**
 * What all optimizers share: the learning rate, clipping, weight decay, gradient accumulation, moving averages of the
 * weights, and constraints.
 *
 * The rule itself is ops (`update`), so it is compiled into the training step. What depends on the iteration alone, such
 * as a learning rate or a bias correction, is a few numbers a step (`scalarsAt`), rounded to float32 where Keras rounds.
 *
 * The order within a step is Keras': undo the loss scale, accumulate, clip, decay, the rule, the moving average, the
 * constraint.
 */
import { sizeOf } from "../core/array.ts";
import { argumentError, internalError } from "../core/errors.ts";
import type { Pieces } from "../core/pieces.ts";
import type { Update } from "../graph/graph.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import { checkBoolean, checkName, checkOptions } from "../layers/options.ts";
import {
  add,
  where as choose,
  divide,
  maximum,
  minimum,
  multiply,
  squareRoot,
  stepScalar,
  subtract,
  sum,
  variableTensor,
} from "../ops/index.ts";
import { allAxes } from "./align.ts";
import { checkRate, type LearningRate, type OptimizerOptions, optimizerOptions } from "./optimizer-options.ts";
import { Slots, type WeightSlots } from "./optimizer-slots.ts";
import { numberIn, wholeNumber } from "./options.ts";
import { isSchedule, scheduleConfig } from "./schedule.ts";

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

/** What one step does, as a graph. */
export interface StepGraph {
  /** One shared scalar for each of `scalarNames`. */
  readonly scalars: readonly Tensor[];
  readonly updates: readonly Update[];
}

const sumOfSquares = (x: Tensor): Tensor => sum(multiply(x, x), allAxes(x));

/**
 * What every optimizer is: options, one slot or more for each weight, and a rule that turns gradients into new values.
 */
export abstract class Optimizer {
  /** The name of its class in Keras. */
  abstract readonly className: string;
  /** The name in files. */
  readonly name: string;
  /** Steps done so far, over all calls of `fit`. */
  iterations = 0;
  readonly weightDecay: number | undefined;
  readonly clipnorm: number | undefined;
  readonly globalClipnorm: number | undefined;
  readonly clipvalue: number | undefined;
  readonly useEma: boolean;
  readonly emaMomentum: number;
  readonly emaOverwriteFrequency: number | undefined;
  readonly lossScaleFactor: number | undefined;
  readonly gradientAccumulationSteps: number | undefined;
  #learningRate: LearningRate = 0;
  readonly #undecayed: { readonly weights: Set<Variable>; readonly names: RegExp[] } = {
    weights: new Set(),
    names: [],
  };
  #slots: Slots | undefined;

  /** @param own - the names of the options that this optimizer has besides. */
  constructor(name: string, learningRate: number, options: OptimizerOptions, own: readonly string[]) {
    checkOptions(name, options, [...optimizerOptions, ...own]);
    this.name = checkName(name, options.name) ?? name;
    this.#learningRate = this.#checkLearningRate(options.learningRate ?? learningRate);
    const positive = (key: "weightDecay" | "clipnorm" | "globalClipnorm" | "clipvalue" | "lossScaleFactor") => {
      const value = options[key] ?? undefined;
      return value === undefined ? undefined : numberIn(name, key, value, 0, Number.POSITIVE_INFINITY);
    };
    const steps = (key: "emaOverwriteFrequency" | "gradientAccumulationSteps", least: number) => {
      const value = options[key] ?? undefined;
      return value === undefined ? undefined : wholeNumber(name, key, value, least);
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
    this.useEma = checkBoolean(name, "useEma", options.useEma ?? false);
    this.emaMomentum = numberIn(name, "emaMomentum", options.emaMomentum ?? 0.99, 0, 1, true);
    this.emaOverwriteFrequency = steps("emaOverwriteFrequency", 1);
    this.lossScaleFactor = positive("lossScaleFactor");
    this.gradientAccumulationSteps = steps("gradientAccumulationSteps", 2);
  }

  // ---- to be written by optimizers --------------------------------------------------------------------------------

  /** What is kept for each weight: names in groups; within a group the slots of one weight lie side by side. */
  abstract readonly slotGroups: readonly (readonly string[])[];

  /** With what a slot begins. */
  protected firstValue(_slot: string): number {
    return 0;
  }

  /** How many numbers the rule needs for each step. */
  protected abstract readonly ownScalars: readonly string[];

  /**
   * These numbers.
   *
   * @param updates - how often the weights were changed before.
   * @param rate - the learning rate, in float32.
   */
  protected abstract ownScalarsAt(updates: number, rate: number): number[];

  /** The rule, in ops, with one shared scalar for each of `ownScalars`. */
  protected abstract update(moving: Moving, scalars: readonly Tensor[]): Updated;

  /** The arguments of this optimizer alone, in Keras' keys. */
  protected abstract ownConfig(): Record<string, unknown>;

  // ---- learning rate ----------------------------------------------------------------------------------------------

  /** May be changed at any time; the next epoch (or batch, where batches run one by one) uses it. */
  get learningRate(): LearningRate {
    return this.#learningRate;
  }

  set learningRate(value: LearningRate) {
    if (isSchedule(this.#learningRate) && typeof value === "number") {
      throw argumentError({
        where: `optimizer "${this.name}"`,
        argument: "learningRate",
        value,
        expected: `nothing: it follows the schedule ${this.#learningRate.className}`,
        fix: "Make the optimizer with a number for its learning rate to change that by hand or by callbacks.",
      });
    }
    this.#learningRate = this.#checkLearningRate(value);
  }

  #checkLearningRate(value: LearningRate): LearningRate {
    if (typeof value === "function" || isSchedule(value)) return value;
    return checkRate(`optimizer "${this.name}"`, value);
  }

  /** The learning rate of an iteration, in float32. */
  rateAt(iteration: number): number {
    const rate = this.#learningRate;
    if (typeof rate === "number") return Math.fround(rate);
    const value = typeof rate === "function" ? rate(iteration) : rate.at(iteration);
    return Math.fround(checkRate(`optimizer "${this.name}" at iteration ${iteration}`, value));
  }

  // ---- a step -----------------------------------------------------------------------------------------------------

  /** Names the weights that do not decay: such as have one of the names (part of it, or a pattern), and single ones. */
  excludeFromWeightDecay(which: {
    readonly names?: readonly (string | RegExp)[];
    readonly weights?: readonly Variable[];
  }): void {
    checkOptions(`optimizer "${this.name}" excludeFromWeightDecay`, which, ["names", "weights"]);
    for (const weight of which.weights ?? []) this.#undecayed.weights.add(weight);
    this.#undecayed.names.push(...(which.names ?? []).map((name) => new RegExp(name)));
  }

  #decays(weight: Variable): boolean {
    const { weights, names } = this.#undecayed;
    return !weights.has(weight) && !names.some((name) => name.test(weight.name));
  }

  /** The names of what `scalarsAt` gives. */
  get scalarNames(): readonly string[] {
    return [
      ...this.ownScalars,
      ...(this.weightDecay === undefined ? [] : ["decay"]),
      ...(this.useEma ? ["emaMomentum"] : []),
      ...(this.useEma && this.emaOverwriteFrequency !== undefined ? ["emaOverwrites"] : []),
      ...(this.gradientAccumulationSteps === undefined ? [] : ["isUpdate"]),
    ];
  }

  /** The numbers that a step needs for one iteration, counted from 0. */
  scalarsAt(iteration: number): number[] {
    const every = this.gradientAccumulationSteps ?? 1;
    const updates = Math.floor(iteration / every);
    const rate = this.rateAt(iteration);
    const others: Readonly<Record<string, () => number>> = {
      decay: () => Math.fround(Math.fround(this.weightDecay ?? 0) * rate),
      emaMomentum: () => (updates === 0 ? 0 : Math.fround(this.emaMomentum)),
      emaOverwrites: () => Number((updates + 1) % (this.emaOverwriteFrequency ?? 1) === 0),
      isUpdate: () => Number((iteration + 1) % every === 0),
    };
    const names = this.scalarNames.slice(this.ownScalars.length);
    return [...this.ownScalarsAt(updates, rate), ...names.map((name) => others[name]())];
  }

  /**
   * All weights and slots after a step; in pieces, a weight each.
   *
   * @param gradients - of the weights that the loss depends on; the others stay as they are.
   */
  *step(gradients: ReadonlyMap<Variable, Tensor>): Pieces<StepGraph> {
    const { scalarNames } = this;
    const scalars = scalarNames.map((name) => stepScalar(name));
    const scalar = (name: string): Tensor => scalars[scalarNames.indexOf(name)];
    const trained = [...gradients.keys()];
    const summed = trained.map((weight) => this.#accumulate(weight, gradients.get(weight) as Tensor));
    const clipped = this.#clip(summed.map(({ mean }) => mean));
    const updates: Update[] = [];
    for (const weight of this.#slots?.weights ?? []) {
      yield;
      const now = variableTensor(weight);
      const i = trained.indexOf(weight);
      const moved = i < 0 ? { value: now, slots: [] } : this.#move(weight, clipped[i], summed[i].sum, scalars, scalar);
      const averaged = this.#average(weight, moved.value, scalar);
      const value = i < 0 ? averaged.value : (weight.constraint?.call(averaged.value) ?? averaged.value);
      const own = value === now ? [] : [{ variable: weight, value }];
      updates.push(...own, ...moved.slots, ...averaged.slots);
    }
    return { scalars, updates };
  }

  /** Decay and the rule, where this is a step that changes the weights. */
  #move(
    weight: Variable,
    gradient: Tensor,
    sum: Tensor,
    scalars: readonly Tensor[],
    scalar: (name: string) => Tensor,
  ): { readonly value: Tensor; readonly slots: readonly Update[] } {
    const { accumulator, own } = this.slotsOf(weight);
    const now = variableTensor(weight);
    const decays = this.weightDecay !== undefined && this.#decays(weight);
    const before = decays ? subtract(now, multiply(now, scalar("decay"))) : now;
    const slots = own.map((slot) => variableTensor(slot));
    const after = this.update({ weight: before, gradient, slots }, scalars);
    const settle = (next: Tensor, last: Tensor): Tensor =>
      accumulator === undefined ? next : choose(scalar("isUpdate"), next, last);
    const updates = own.map((variable, k) => ({ variable, value: settle(after.slots[k], slots[k]) }));
    const sums = accumulator && { variable: accumulator, value: choose(scalar("isUpdate"), 0, sum) };
    return { value: settle(after.value, now), slots: sums === undefined ? updates : [...updates, sums] };
  }

  /** The moving average with this value, which takes its place where this is a step for that. */
  #average(
    weight: Variable,
    value: Tensor,
    scalar: (name: string) => Tensor,
  ): { readonly value: Tensor; readonly slots: readonly Update[] } {
    const { average } = this.slotsOf(weight);
    if (average === undefined) return { value, slots: [] };
    const keep = scalar("emaMomentum");
    const next = add(multiply(variableTensor(average), keep), multiply(value, subtract(1, keep)));
    const overwrites = this.emaOverwriteFrequency !== undefined;
    return {
      value: overwrites ? choose(scalar("emaOverwrites"), next, value) : value,
      slots: [{ variable: average, value: next }],
    };
  }

  /** The sum of a gradient and those before it, and the mean that the rule takes. */
  #accumulate(weight: Variable, scaled: Tensor): { readonly sum: Tensor; readonly mean: Tensor } {
    const gradient = this.lossScaleFactor === undefined ? scaled : divide(scaled, this.lossScaleFactor);
    const { accumulator } = this.slotsOf(weight);
    if (accumulator === undefined) return { sum: gradient, mean: gradient };
    const sum = add(gradient, variableTensor(accumulator));
    return { sum, mean: divide(sum, this.gradientAccumulationSteps as number) };
  }

  #clip(gradients: readonly Tensor[]): readonly Tensor[] {
    const { clipnorm, globalClipnorm, clipvalue } = this;
    if (clipvalue) return gradients.map((g) => minimum(maximum(g, -clipvalue), clipvalue));
    if (clipnorm) {
      return gradients.map((g) => divide(multiply(g, clipnorm), maximum(squareRoot(sumOfSquares(g)), clipnorm)));
    }
    if (!globalClipnorm || gradients.length === 0) return gradients;
    const norm = squareRoot(gradients.map(sumOfSquares).reduce((a, b) => add(a, b)));
    const scale = multiply(minimum(divide(1, norm), 1 / globalClipnorm), globalClipnorm);
    return gradients.map((g) => multiply(g, scale));
  }

  // ---- in files ---------------------------------------------------------------------------------------------------

  /** The arguments in Keras' keys. A learning rate that is a function stands with its present value. */
  get config(): Readonly<Record<string, unknown>> {
    const rate = this.#learningRate;
    return {
      name: this.name,
      learning_rate: isSchedule(rate) ? scheduleConfig(rate) : this.rateAt(this.iterations),
      weight_decay: this.weightDecay ?? null,
      clipnorm: this.clipnorm ?? null,
      global_clipnorm: this.globalClipnorm ?? null,
      clipvalue: this.clipvalue ?? null,
      use_ema: this.useEma,
      ema_momentum: this.emaMomentum,
      ema_overwrite_frequency: this.emaOverwriteFrequency ?? null,
      loss_scale_factor: this.lossScaleFactor ?? null,
      gradient_accumulation_steps: this.gradientAccumulationSteps ?? null,
      ...this.ownConfig(),
    };
  }

  // ---- slots ------------------------------------------------------------------------------------------------------

  /** What is kept for all weights, in Keras' order (without iteration and learning rate); empty before `build`. */
  get variables(): readonly Variable[] {
    return this.#slots?.variables ?? [];
  }

  /** The numbers it keeps, with the step counter and the learning rate (if that is a number); 0 before `build`. */
  countParams(): number {
    if (this.#slots === undefined) return 0;
    const own = typeof this.#learningRate === "number" ? 2 : 1;
    return this.variables.reduce((n, { shape }) => n + sizeOf(shape), own);
  }

  /** Makes the slots for these weights, once; an optimizer keeps to the weights it began with. */
  build(weights: readonly Variable[]): void {
    if (this.#slots?.isFor(weights)) return;
    if (this.#slots !== undefined) {
      throw argumentError({
        where: `optimizer "${this.name}"`,
        argument: "weights",
        value: `another set of ${weights.length}`,
        expected: `the ${this.#slots.weights.length} it began with`,
        fix: "Give each model an optimizer of its own, and a new one after changing `trainable`.",
      });
    }
    this.#slots = new Slots(weights, {
      hasAverage: this.useEma,
      hasAccumulator: this.gradientAccumulationSteps !== undefined,
      groups: this.slotGroups,
      firstValue: (slot) => this.firstValue(slot),
    });
  }

  /** Does work after which the optimizer has the slots that it had before: none, where it had none. */
  withoutBuilding<T>(work: () => T): T {
    const slots = this.#slots;
    try {
      return work();
    } finally {
      this.#slots = slots;
    }
  }

  /** Whether it keeps anything for each weight. */
  get keepsSlots(): boolean {
    return this.useEma || this.gradientAccumulationSteps !== undefined || this.slotGroups.length > 0;
  }

  /** What it keeps for one weight. */
  slotsOf(weight: Variable): WeightSlots {
    if (this.#slots === undefined) throw internalError({ where: this.name, problem: "step ran before build" });
    return this.#slots.of(weight);
  }

  // ---- moving averages --------------------------------------------------------------------------------------------

  #averagesAreIn = false;

  /** Whether the weights have the values of their moving averages for now, and these those of the weights. */
  get averagesAreIn(): boolean {
    return this.#averagesAreIn;
  }

  /** Exchanges weights and moving averages, unless `into` says how they are already; nothing without `useEma`. */
  swapAverages(into: boolean): void {
    if (!this.useEma || this.iterations === 0 || into === this.#averagesAreIn) return;
    this.#averagesAreIn = into;
    this.#slots?.swapAverages();
  }

  /** Gives every weight the value of its moving average, as `fit` does at its end; nothing without `useEma`. */
  finalize(): void {
    if (!this.useEma || this.iterations === 0) return;
    this.swapAverages(true);
    this.#averagesAreIn = false;
    this.#slots?.takeWeights();
  }
}
