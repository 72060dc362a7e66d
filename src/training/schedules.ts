/**
 * Learning rates that change with the iteration, as Keras 3 computes them: in float32, evaluated at the number of steps
 * done before the step. A function `(iteration) => rate` of your own does as well.
 */
import { argumentError, unknownName } from "../core/errors.ts";
import { camelCase, checkBoolean, checkOptions, whereOf } from "../layers/options.ts";
import { cosineOfPi, logarithm, power } from "./maths.ts";
import { numberIn, wholeNumber } from "./options.ts";
import type { Schedule } from "./schedule.ts";

export type { Schedule } from "./schedule.ts";

const f = Math.fround;

const rateOf = (where: string, argument: string, value: unknown): number =>
  numberIn(where, argument, value as number, 0, Number.POSITIVE_INFINITY);

const stepsOf = (where: string, argument: string, value: unknown): number => {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw argumentError({ where, argument, value, expected: "a number of steps above 0" });
};

export interface DecayOptions {
  /** Goes down once every `decaySteps` instead of every step. Default false. */
  readonly staircase?: boolean;
  /** The name in files. */
  readonly name?: string;
}

function decay(
  className: string,
  rates: readonly [initialLearningRate: number, decaySteps: number, decayRate: number],
  options: DecayOptions,
  rule: (initial: number, decayRate: number, p: number) => number,
): Schedule {
  const where = whereOf(className, undefined);
  checkOptions(where, options, ["staircase", "name"]);
  const initial = rateOf(where, "initialLearningRate", rates[0]);
  const steps = stepsOf(where, "decaySteps", rates[1]);
  const decayRate = rateOf(where, "decayRate", rates[2]);
  const staircase = checkBoolean(where, "staircase", options.staircase ?? false);
  const config = {
    initial_learning_rate: initial,
    decay_steps: steps,
    decay_rate: decayRate,
    staircase,
    name: options.name ?? className,
  };
  return {
    className,
    config,
    at: (iteration) => {
      const p = f(f(iteration) / f(steps));
      return rule(f(initial), f(decayRate), staircase ? Math.floor(p) : p);
    },
  };
}

/** initial · rate^(i / steps). */
export const exponentialDecay = (
  initialLearningRate: number,
  decaySteps: number,
  decayRate: number,
  options: DecayOptions = {},
): Schedule =>
  decay("ExponentialDecay", [initialLearningRate, decaySteps, decayRate], options, (initial, rate, p) =>
    f(initial * f(power(rate, p))),
  );

/** initial / (1 + rate · i / steps). */
export const inverseTimeDecay = (
  initialLearningRate: number,
  decaySteps: number,
  decayRate: number,
  options: DecayOptions = {},
): Schedule =>
  decay("InverseTimeDecay", [initialLearningRate, decaySteps, decayRate], options, (initial, rate, p) =>
    f(initial / f(1 + f(rate * p))),
  );

/**
 * `values[0]` up to and including iteration `boundaries[0]`, then `values[1]` up to `boundaries[1]`, and so on.
 *
 * @param boundaries - growing; one fewer than `values`.
 */
export function piecewiseConstantDecay(
  boundaries: readonly number[],
  values: readonly number[],
  options: {
    /** The name in files. */
    readonly name?: string;
  } = {},
): Schedule {
  const where = "piecewiseConstantDecay";
  checkOptions(where, options, ["name"]);
  if (!Array.isArray(values) || values.length === 0) {
    throw argumentError({ where, argument: "values", value: values, expected: "a list of learning rates" });
  }
  for (const value of values) rateOf(where, "values", value);
  const grows = Array.isArray(boundaries) && boundaries.every((b, i) => i === 0 || b > boundaries[i - 1]);
  if (!grows || boundaries.length !== values.length - 1) {
    const expected = `${values.length - 1} growing numbers, one fewer than values`;
    throw argumentError({ where, argument: "boundaries", value: boundaries, expected });
  }
  return {
    className: "PiecewiseConstantDecay",
    config: { boundaries: [...boundaries], values: [...values], name: options.name ?? "PiecewiseConstant" },
    at: (iteration) => {
      const place = boundaries.findIndex((boundary) => iteration <= boundary);
      return f(values[place < 0 ? values.length - 1 : place]);
    },
  };
}

/** (initial − end)·(1 − i / steps)^power + end, and `end` after `decaySteps`. */
export function polynomialDecay(
  initialLearningRate: number,
  decaySteps: number,
  options: {
    /** Default 0.0001. */
    readonly endLearningRate?: number;
    /** Default 1: a straight line. */
    readonly power?: number;
    /** Begins again, with ever longer `decaySteps`, instead of staying at the end. Default false. */
    readonly cycle?: boolean;
    /** The name in files. */
    readonly name?: string;
  } = {},
): Schedule {
  const where = "polynomialDecay";
  checkOptions(where, options, ["endLearningRate", "power", "cycle", "name"]);
  const initial = rateOf(where, "initialLearningRate", initialLearningRate);
  const steps = stepsOf(where, "decaySteps", decaySteps);
  const end = rateOf(where, "endLearningRate", options.endLearningRate ?? 0.0001);
  const exponent = rateOf(where, "power", options.power ?? 1);
  const cycle = checkBoolean(where, "cycle", options.cycle ?? false);
  return {
    className: "PolynomialDecay",
    config: {
      initial_learning_rate: initial,
      decay_steps: steps,
      end_learning_rate: end,
      power: exponent,
      cycle,
      name: options.name ?? "PolynomialDecay",
    },
    at: (iteration) => {
      const whole = f(steps);
      const rounds = cycle && iteration > 0 ? Math.ceil(f(f(iteration) / whole)) : 1;
      const length = f(whole * rounds);
      const p = f((cycle ? f(iteration) : Math.min(f(iteration), whole)) / length);
      return f(f(f(f(initial) - f(end)) * f(power(f(1 - p), f(exponent)))) + f(end));
    },
  };
}

/**
 * Half a cosine from the initial rate down to `alpha` times it, over `decaySteps`. With `warmupTarget`, first a straight
 * line from the initial rate to the target over `warmupSteps`; the cosine then begins at the target.
 */
export function cosineDecay(
  initialLearningRate: number,
  decaySteps: number,
  options: {
    /** The share of the rate that is left at the end. Default 0. */
    readonly alpha?: number;
    /** The rate after the warm-up, where the cosine begins. Default: no warm-up. */
    readonly warmupTarget?: number;
    /** Default 0. */
    readonly warmupSteps?: number;
    /** The name in files. */
    readonly name?: string;
  } = {},
): Schedule {
  const where = "cosineDecay";
  checkOptions(where, options, ["alpha", "warmupTarget", "warmupSteps", "name"]);
  const initial = rateOf(where, "initialLearningRate", initialLearningRate);
  const steps = stepsOf(where, "decaySteps", decaySteps);
  const alpha = rateOf(where, "alpha", options.alpha ?? 0);
  const target = options.warmupTarget ?? undefined;
  if (target !== undefined) rateOf(where, "warmupTarget", target);
  const warmup = wholeNumber(where, "warmupSteps", options.warmupSteps ?? 0, 0);
  const fall = (from: number, step: number): number => {
    const wave = f(0.5 * f(1 + f(cosineOfPi(f(step / f(steps))))));
    return f(from * f(f(f(1 - alpha) * wave) + f(alpha)));
  };
  return {
    className: "CosineDecay",
    config: {
      initial_learning_rate: initial,
      decay_steps: steps,
      alpha,
      name: options.name ?? "CosineDecay",
      warmup_target: target ?? null,
      warmup_steps: warmup,
    },
    at: (iteration) => {
      const i = f(iteration);
      if (target === undefined) return fall(f(initial), Math.min(i, f(steps)));
      const step = Math.min(i, f(f(steps) + warmup));
      if (step >= warmup) return fall(f(target), f(step - warmup));
      return f(f(f(f(target) - f(initial)) * f(step / warmup)) + f(initial));
    },
  };
}

/** Cosines one after the other: each `tMul` times as long as the one before, and `mMul` times as high. */
export function cosineDecayRestarts(
  initialLearningRate: number,
  firstDecaySteps: number,
  options: {
    /** Default 2. */
    readonly tMul?: number;
    /** Default 1. */
    readonly mMul?: number;
    /** The share of the rate that is left at the end of each. Default 0. */
    readonly alpha?: number;
    /** The name in files. */
    readonly name?: string;
  } = {},
): Schedule {
  const where = "cosineDecayRestarts";
  checkOptions(where, options, ["tMul", "mMul", "alpha", "name"]);
  const initial = rateOf(where, "initialLearningRate", initialLearningRate);
  const first = stepsOf(where, "firstDecaySteps", firstDecaySteps);
  const tMul = stepsOf(where, "tMul", options.tMul ?? 2);
  const mMul = rateOf(where, "mMul", options.mMul ?? 1);
  const alpha = rateOf(where, "alpha", options.alpha ?? 0);
  /** How many restarts came before, and the part of the present cosine that is over. */
  const place = (done: number): [number, number] => {
    const t = f(tMul);
    if (t === 1) return [Math.floor(done), f(done - Math.floor(done))];
    const restarts = Math.floor(f(f(logarithm(f(1 - f(done * f(1 - t))))) / f(logarithm(t))));
    const length = f(power(t, restarts));
    const before = f(f(1 - length) / f(1 - t));
    return [restarts, f(f(done - before) / length)];
  };
  return {
    className: "CosineDecayRestarts",
    config: {
      initial_learning_rate: initial,
      first_decay_steps: first,
      t_mul: tMul,
      m_mul: mMul,
      alpha,
      name: options.name ?? "SGDRDecay",
    },
    at: (iteration) => {
      const [restarts, part] = place(f(f(iteration) / f(first)));
      const height = f(0.5 * f(power(f(mMul), restarts)));
      const wave = f(height * f(1 + f(cosineOfPi(part))));
      return f(f(initial) * f(f(f(1 - f(alpha)) * wave) + f(alpha)));
    },
  };
}

// ---- in files -----------------------------------------------------------------------------------------------------

type Keys = Readonly<Record<string, unknown>>;
type FromKeys = (c: Keys, rest: object) => Schedule;

/** Configs come from files: their values are checked by the functions above and need no types here. */
const classes: Readonly<Record<string, { readonly positional: readonly string[]; readonly make: FromKeys }>> = {
  ExponentialDecay: {
    positional: ["initialLearningRate", "decaySteps", "decayRate"],
    make: (c, rest) =>
      exponentialDecay(c.initialLearningRate as number, c.decaySteps as number, c.decayRate as number, rest),
  },
  InverseTimeDecay: {
    positional: ["initialLearningRate", "decaySteps", "decayRate"],
    make: (c, rest) =>
      inverseTimeDecay(c.initialLearningRate as number, c.decaySteps as number, c.decayRate as number, rest),
  },
  PiecewiseConstantDecay: {
    positional: ["boundaries", "values"],
    make: (c, rest) => piecewiseConstantDecay(c.boundaries as number[], c.values as number[], rest),
  },
  PolynomialDecay: {
    positional: ["initialLearningRate", "decaySteps"],
    make: (c, rest) => polynomialDecay(c.initialLearningRate as number, c.decaySteps as number, rest),
  },
  CosineDecay: {
    positional: ["initialLearningRate", "decaySteps"],
    make: (c, rest) => cosineDecay(c.initialLearningRate as number, c.decaySteps as number, rest),
  },
  CosineDecayRestarts: {
    positional: ["initialLearningRate", "firstDecaySteps"],
    make: (c, rest) => cosineDecayRestarts(c.initialLearningRate as number, c.firstDecaySteps as number, rest),
  },
};

/** The schedule that a file names. @throws RhytonError `unknown-name` when there is none of that class. */
export function scheduleFromConfig(where: string, className: string, config: Keys): Schedule {
  if (!Object.hasOwn(classes, className)) {
    throw unknownName({ where, what: "learning rate schedule", name: className, choices: Object.keys(classes) });
  }
  const { positional, make } = classes[className];
  const entries = Object.entries(config).map(([key, value]) => [camelCase(key), value ?? undefined] as const);
  const rest = entries.filter(([key]) => !positional.includes(key));
  return make(Object.fromEntries(entries), Object.fromEntries(rest));
}
