/**
 * Whose turn it is: a model does one thing at a time, so that no run reads weights that another is changing.
 */
import { busyError } from "../core/errors.ts";
import type { Variable } from "../graph/tensor.ts";

/** The training that holds a weight, of whatever model. */
const holders = new WeakMap<Variable, string>();

export class Turn {
  #training: string | undefined;
  #paused = false;
  /** Predictions and evaluations under way, by name, and the end of their queue. */
  readonly #reading: string[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * Runs work that changes weights, alone.
   *
   * @param what - a name for messages: `functional "autoencoder" fit`.
   * @throws RhytonError `busy` when anything runs on this model, or a training on one of the weights.
   */
  async train<T>(what: string, weights: readonly Variable[], work: () => Promise<T>): Promise<T> {
    const running =
      this.#training ?? this.#reading[0] ?? weights.map((w) => holders.get(w)).find((by) => by !== undefined);
    if (running !== undefined) throw busyError({ where: what, running });
    this.#training = what;
    for (const w of weights) holders.set(w, what);
    try {
      return await work();
    } finally {
      this.#training = undefined;
      for (const w of weights) holders.delete(w);
    }
  }

  /**
   * Runs work that changes nothing, after what was asked before.
   *
   * @throws RhytonError `busy` while a training runs, except in its pauses.
   */
  async read<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.check(what);
    this.#reading.push(what);
    const mine = this.#queue.then(work);
    const end = mine.then(
      () => {},
      () => {},
    );
    this.#queue = end;
    try {
      return await mine;
    } finally {
      this.#reading.splice(this.#reading.indexOf(what), 1);
    }
  }

  /**
   * Runs callbacks between two runs of a training, a prediction or an evaluation. What they ask of the model has a queue
   * of its own, ahead of what waits, and is waited for.
   */
  async pause(work: () => Promise<void>): Promise<void> {
    const [waiting, paused] = [this.#queue, this.#paused];
    this.#queue = Promise.resolve();
    this.#paused = true;
    try {
      await work();
    } finally {
      this.#paused = paused;
      await this.#queue;
      this.#queue = waiting;
    }
  }

  /** Throws while a training runs, except in its pauses. */
  check(what: string): void {
    if (this.#training !== undefined && !this.#paused) throw busyError({ where: what, running: this.#training });
  }
}
