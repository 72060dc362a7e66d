/** What every optimizer takes. */
import { argumentError } from "../core/errors.ts";
import type { Schedule } from "./schedule.ts";

/** The learning rate: a number, a schedule, or a function of the iteration, counted from 0. */
export type LearningRate = number | Schedule | ((iteration: number) => number);

/** What every optimizer takes. At most one of the three ways to clip. */
export interface OptimizerOptions {
  /** A number, a schedule, or a function of the iteration. Each optimizer has its default. */
  readonly learningRate?: LearningRate;
  /** The name in files. Default: after the class. */
  readonly name?: string;
  /** Before each step every weight loses this share of itself, times the learning rate. */
  readonly weightDecay?: number;
  /** The largest norm of the gradient of one weight. */
  readonly clipnorm?: number;
  /** The largest norm of all gradients together. */
  readonly globalClipnorm?: number;
  /** The largest size of each number of a gradient. */
  readonly clipvalue?: number;
  /** Keeps a moving average of each weight, which takes the weight's place when `fit` ends. Default false. */
  readonly useEma?: boolean;
  /** How much of the average is kept at each step, in [0, 1]. Default 0.99. */
  readonly emaMomentum?: number;
  /** The average takes the weight's place after every so many steps, too. */
  readonly emaOverwriteFrequency?: number;
  /** The loss is multiplied by it before the gradient is taken, and the gradient divided by it. */
  readonly lossScaleFactor?: number;
  /** Weights change only after every so many steps (at least 2), by the mean of their gradients. */
  readonly gradientAccumulationSteps?: number;
}

/** Their names. */
export const optimizerOptions = [
  "learningRate",
  "name",
  "weightDecay",
  "clipnorm",
  "globalClipnorm",
  "clipvalue",
  "useEma",
  "emaMomentum",
  "emaOverwriteFrequency",
  "lossScaleFactor",
  "gradientAccumulationSteps",
] as const satisfies readonly (keyof OptimizerOptions)[];

/** A learning rate for which the maths is defined. */
export function checkRate(where: string, value: number): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    const fix = "Usual values lie between 0.0001 and 0.1.";
    throw argumentError({ where, argument: "learningRate", value, expected: "a finite number ≥ 0", fix });
  }
  return value;
}
