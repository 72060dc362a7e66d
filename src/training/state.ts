/**
 * How far a training has come, as plain values for JSON. Together with the weights and the optimizer's variables it is
 * all that is needed to go on to the same bits: shuffling follows from seed and epoch, noise from seed and iteration.
 */
import { dataError, formatError } from "../core/errors.ts";
import type { CallbackList, CallbackState, Logs } from "./callbacks.ts";
import type { Place } from "./feed.ts";
import type { Optimizer } from "./optimizer.ts";

/** A place in a training. */
export interface Position {
  /** Whole epochs done. */
  readonly epoch: number;
  /** Batches done of the next one. */
  readonly batch: number;
  /** Where in the data that epoch begins; unknown before anything was done. */
  readonly place?: Place;
  /** What its batches add up to, and the running values that follow. */
  readonly totals: readonly number[];
  /** Values of that epoch so far. */
  readonly logs: Logs;
}

/** Where a training begins. */
export const beginning: Position = { epoch: 0, batch: 0, totals: [], logs: {} };

/** How far a training has come, as plain values; what `trainingState` gives. */
export interface TrainingState extends Position {
  /** Of this form. */
  readonly version: 1;
  /** Of the model. */
  readonly seed: number;
  /** Steps of the optimizer, over all calls of `fit`. */
  readonly iterations: number;
  /** Null when a schedule or a function gives it. */
  readonly learningRate: number | null;
  /** What callbacks have come to. */
  readonly callbacks: readonly CallbackState[];
}

/** Keeps how far the trainings of one model have come. */
export class Journal {
  #position: Position = beginning;
  #callbacks: CallbackList | undefined;
  /** What callbacks had come to, until some take it over. */
  #restored: readonly CallbackState[] | undefined;
  /** A state that the next training may go on from. */
  #pending: TrainingState | undefined;

  get position(): Position {
    return this.#position;
  }

  /** Before a training: a state that was restored counts only when its epoch is asked for. */
  expect(initialEpoch: number | undefined): void {
    if (this.#pending?.epoch !== initialEpoch) this.#pending = undefined;
  }

  begin(initialEpoch: number, callbacks: CallbackList): void {
    this.#position = { ...beginning, epoch: initialEpoch };
    this.#callbacks = callbacks;
    this.#restored = undefined;
  }

  /** Where the training begins, once its callbacks have begun: one of them may have restored a state. */
  start(): Position {
    if (this.#pending !== undefined) {
      this.#position = this.#pending;
      this.#callbacks?.setStates(this.#pending.callbacks);
      this.#pending = undefined;
      this.#restored = undefined;
    }
    return this.#position;
  }

  reach(position: Position): void {
    this.#position = position;
  }

  state(seed: number, optimizer: Optimizer): TrainingState {
    const { learningRate: rate } = optimizer;
    return {
      version: 1,
      ...{ epoch: this.#position.epoch, batch: this.#position.batch },
      ...(this.#position.place === undefined ? {} : { place: this.#position.place }),
      ...{ totals: this.#position.totals, logs: this.#position.logs },
      seed,
      iterations: optimizer.iterations,
      learningRate: typeof rate === "number" ? rate : null,
      callbacks: this.#restored ?? this.#callbacks?.states() ?? [],
    };
  }

  restore(state: TrainingState, optimizer: Optimizer): void {
    this.#pending = state;
    this.#position = state;
    this.#restored = state.callbacks;
    optimizer.iterations = state.iterations;
    if (state.learningRate !== null) optimizer.learningRate = state.learningRate;
  }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is wrong with a state, if anything. */
function faultOf(state: Readonly<Record<string, unknown>>): string | undefined {
  const { version, totals, logs, learningRate: rate, callbacks, place } = state;
  if (version !== 1) return `version is ${String(version)}, expected 1`;
  const whole = ["epoch", "batch", "seed", "iterations"].find((key) => !isWhole(state[key]));
  if (whole !== undefined) return `${whole} is ${String(state[whole])}, expected a whole number`;
  if (!Array.isArray(totals) || !totals.every((n) => typeof n === "number")) return "totals is not a list of numbers";
  if (!isRecord(logs)) return "logs is not an object";
  if (place !== undefined && !(isRecord(place) && isWhole(place.epoch) && isWhole(place.done))) {
    return "place is not a place in the data";
  }
  if (rate !== null && !(typeof rate === "number" && rate >= 0)) return "learningRate is neither null nor a number ≥ 0";
  const isList = Array.isArray(callbacks) && callbacks.every((c) => typeof c?.className === "string");
  return isList ? undefined : "callbacks is not a list of states";
}

/**
 * What a file says, checked.
 *
 * @param seed - of the model.
 * @throws RhytonError `file-format` when it is no state of a training, `data` when it is that of a model with another seed.
 */
export function readTrainingState(where: string, given: unknown, seed: number): TrainingState {
  const problem = isRecord(given) ? faultOf(given) : "there is no state of a training";
  if (problem !== undefined) {
    throw formatError({ where, problem, fix: "The state is damaged: train from the beginning." });
  }
  const state = given as TrainingState;
  if (state.seed === seed) return state;
  throw dataError({
    where,
    got: `the state of a model with the seed ${state.seed}`,
    expected: `${seed}, the seed of this one`,
    fix: `Make the model with { seed: ${state.seed} } to go on to the same numbers.`,
  });
}
