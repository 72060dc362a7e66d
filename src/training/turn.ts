/**
 * Whose turn it is: a model does one thing at a time, so that no run reads weights that another is changing; and what is
 * saved is of one moment, also where models share weights.
 */
import { busyError } from "../core/errors.ts";
import type { Variable } from "../graph/tensor.ts";

/** Whose training holds a weight, of whatever model. */
const holders = new WeakMap<Variable, Turn>();

/** What must see one moment of a weight, of whatever model: under way or waiting. */
const readings = new WeakMap<Variable, Set<{ readonly what: string }>>();

/** Whose trainings hold any of the weights. */
const holdersOf = (weights: readonly Variable[]): ReadonlySet<Turn> =>
  new Set(weights.flatMap((w) => holders.get(w) ?? []));

export class Turn {
  /** The training under way, by name. */
  private training: string | undefined;
  private isPaused = false;
  /** Predictions and evaluations under way, by name, and the end of their queue. */
  readonly #reading: string[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * Runs work that changes weights, alone.
   *
   * @param what - a name for messages: `functional "autoencoder" fit`.
   * @throws RhytonError `busy` when anything runs on this model, or one of the weights is trained or saved.
   */
  async train<T>(what: string, weights: readonly Variable[], work: () => Promise<T>): Promise<T> {
    const held = weights.map((w) => holders.get(w)?.training ?? [...(readings.get(w) ?? [])][0]?.what);
    const running = this.training ?? this.#reading[0] ?? held.find(Boolean);
    if (running !== undefined) throw busyError({ where: what, running });
    this.training = what;
    for (const w of weights) holders.set(w, this);
    try {
      return await work();
    } finally {
      this.training = undefined;
      for (const w of weights) holders.delete(w);
    }
  }

  /**
   * Runs work that changes nothing, after what was asked before.
   *
   * @param weights - what must be of one moment.
   * @throws RhytonError `busy` while a training runs, of this model or on one of the weights, except in its pauses.
   */
  async read<T>(what: string, work: () => Promise<T>, weights: readonly Variable[] = []): Promise<T> {
    this.check(what, weights);
    this.#reading.push(what);
    const reading = { what };
    for (const w of weights) readings.set(w, (readings.get(w) ?? new Set()).add(reading));
    const mine = this.#queue.then(work);
    const end = mine.then(
      () => {},
      () => {},
    );
    this.#queue = end;
    // A training of these weights, of another model, is in a pause now, and goes on when this is done.
    for (const other of holdersOf(weights)) if (other !== this) other.#queue = Promise.all([other.#queue, end]);
    try {
      return await mine;
    } finally {
      this.#reading.splice(this.#reading.indexOf(what), 1);
      for (const w of weights) readings.get(w)?.delete(reading);
    }
  }

  /**
   * Runs callbacks between two runs of a training, a prediction or an evaluation. What they ask of the model has a queue
   * of its own, ahead of what waits, and is waited for.
   */
  async pause(work: () => Promise<void>): Promise<void> {
    const [waiting, paused] = [this.#queue, this.isPaused];
    this.#queue = Promise.resolve();
    this.isPaused = true;
    try {
      await work();
    } finally {
      this.isPaused = paused;
      await this.#queue;
      this.#queue = waiting;
    }
  }

  /** Throws while a training runs, of this model or on one of the weights, except in its pauses. */
  check(what: string, weights: readonly Variable[] = []): void {
    for (const { training: running, isPaused } of [this, ...holdersOf(weights)]) {
      if (running !== undefined && !isPaused) throw busyError({ where: what, running });
    }
  }
}
