/**
 * Where the steps of an epoch come from: arrays that are there, or batches that arrive one after the other. Both give
 * the same pieces of work, each for one run of a program.
 */
import { argumentError, dataError } from "../core/errors.ts";
import type { Work } from "../device/device.ts";
import type { Samples } from "./samples.ts";

/** Some steps over some samples. */
export interface Piece {
  readonly samples: Samples;
  /** For the device, with the data that `samples` holds. */
  readonly work: Pick<Work, "order" | "count" | "batchSize" | "firstStep" | "steps">;
  /** Steps and samples of this piece. */
  readonly steps: number;
  readonly places: number;
}

/** How an epoch is gone through. */
export interface Walk {
  /** How many steps may run at once when so many are done. Default: all that there are. */
  readonly atOnce?: (done: number) => number;
  /** Steps of the epoch that were done before. Default 0. */
  readonly from?: number;
}

/** A place in the data: the epoch in which the pass began, and steps of the pass that are done. */
export interface Place {
  readonly epoch: number;
  readonly done: number;
}

export interface Feed {
  /** Steps of an epoch, where that is known. */
  readonly steps: number | undefined;
  /** The work of an epoch, in order. */
  pieces(epoch: number, walk?: Walk): AsyncGenerator<Piece, void>;
  /** Whether there is a step to do in the epoch that comes next. */
  hasMore(): Promise<boolean>;
  /** Where an epoch begins, and going there. */
  placeOf(epoch: number): Place;
  seek(place: Place): Promise<void>;
  /** Ends what is open. */
  close(): Promise<void>;
}

/** Says once that there was less data than asked for. */
export const warnShort = (where: string, got: number, wanted: number): void =>
  console.warn(`${where}: the data ended after ${got} of ${wanted} steps; the epoch ends there.`);

/** Samples in memory. With fewer `steps` than they make, an epoch goes on where the one before it stopped. */
export class ArrayFeed implements Feed {
  readonly steps: number;
  readonly #where: string;
  readonly #samples: Samples;
  readonly #batchSize: number;
  readonly #order: ((epoch: number) => Promise<Uint32Array>) | undefined;
  readonly #wanted: number;
  /** Steps of the current pass that are done, the epoch in which it began, and its order. */
  #done = 0;
  #began = 0;
  #current: Uint32Array | undefined;

  /** @param order - which sample stands where, for a pass that begins in an epoch. */
  constructor(
    where: string,
    samples: Samples,
    batchSize: number,
    options: { readonly steps?: number; readonly order?: (epoch: number) => Promise<Uint32Array> } = {},
  ) {
    this.#where = where;
    this.#samples = samples;
    this.#batchSize = batchSize;
    this.#order = options.order;
    this.#wanted = options.steps ?? this.#all;
    this.steps = this.#wanted;
  }

  get #all(): number {
    return Math.ceil(this.#samples.count / this.#batchSize);
  }

  placeOf(epoch: number): Place {
    return { epoch: this.#done === 0 ? epoch : this.#began, done: this.#done };
  }

  async seek({ epoch, done }: Place): Promise<void> {
    await this.#begin(epoch);
    this.#done = Math.min(done, this.#all);
  }

  async #begin(epoch: number): Promise<void> {
    this.#began = epoch;
    this.#current = await this.#order?.(epoch);
  }

  async hasMore(): Promise<boolean> {
    return true;
  }

  async *pieces(epoch: number, { atOnce, from = 0 }: Walk = {}): AsyncGenerator<Piece, void> {
    if (this.#done === 0) await this.#begin(epoch);
    const first = this.#done;
    const wanted = this.#wanted - from;
    const steps = Math.min(wanted, this.#all - first);
    for (let done = 0; done < steps; ) {
      const size = Math.min(steps - done, atOnce?.(from + done) ?? steps);
      this.#done = first + done + size;
      yield this.#piece(first + done, size);
      done += size;
    }
    if (steps < wanted) warnShort(this.#where, from + steps, this.#wanted);
    if (this.#done >= this.#all) this.#done = 0;
  }

  #piece(firstStep: number, steps: number): Piece {
    const [batchSize, { count }] = [this.#batchSize, this.#samples];
    const places = Math.min(count, (firstStep + steps) * batchSize) - firstStep * batchSize;
    return {
      samples: this.#samples,
      work: { order: this.#current, count, batchSize, firstStep, steps },
      steps,
      places,
    };
  }

  async close(): Promise<void> {}
}

/** Anything that gives batches one after the other, or a function that begins anew. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | (() => Iterable<T> | AsyncIterable<T>);

const isIterable = (given: unknown): given is Iterable<unknown> | AsyncIterable<unknown> =>
  typeof given === "object" && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given);

/** Whether the first cell of nested lists is a number: plain numbers, which are no batches. */
const holdsNumbers = (given: readonly unknown[]): boolean =>
  Array.isArray(given[0]) ? holdsNumbers(given[0]) : typeof given[0] === "number";

/** Whether data is given batch by batch; a list of arrays is not (it is one array for each input). */
export function isSource(given: unknown): given is Source<unknown> {
  if (typeof given === "function") return true;
  if (Array.isArray(given)) return Array.isArray(given[0]) && !holdsNumbers(given[0]);
  return isIterable(given) && !ArrayBuffer.isView(given);
}

type Batches = Iterator<unknown> | AsyncIterator<unknown>;

/** Batches that arrive one after the other, each one step. */
export class BatchFeed implements Feed {
  readonly #where: string;
  readonly #source: Source<unknown>;
  readonly #wanted: number | undefined;
  readonly #read: (batch: unknown, number: number) => Promise<Samples>;
  #batches: Batches | undefined;
  #peeked: Samples | undefined;
  /** Batches taken of the current pass, and how many a whole pass had. */
  #taken = 0;
  #seen: number | undefined;

  /** @param read - checks a batch. */
  constructor(
    where: string,
    source: Source<unknown>,
    read: (batch: unknown, number: number) => Promise<Samples>,
    steps?: number,
  ) {
    this.#where = where;
    this.#source = source;
    this.#read = read;
    this.#wanted = steps;
  }

  get steps(): number | undefined {
    return this.#wanted ?? this.#seen;
  }

  /** Whether it can be gone through only once: a generator that has begun, say. */
  get isOnce(): boolean {
    if (typeof this.#source === "function") return false;
    return (this.#open() as unknown) === this.#source;
  }

  /** The first batch, checked, before anything is trained. It stays the first. */
  async peek(): Promise<Samples> {
    this.#peeked = await this.#next();
    if (this.#peeked !== undefined) return this.#peeked;
    throw dataError({
      where: this.#where,
      got: "no batch",
      expected: "at least one",
      fix: "A generator that was used up gives nothing again: give a function that makes a new one.",
    });
  }

  placeOf(epoch: number): Place {
    return { epoch, done: this.#wanted === undefined ? 0 : this.#taken - (this.#peeked === undefined ? 0 : 1) };
  }

  async seek({ done }: Place): Promise<void> {
    for (let batch = 0; batch < done; batch++) {
      const samples = this.#peeked ?? (await this.#next());
      this.#peeked = undefined;
      if (samples === undefined) break;
    }
  }

  async hasMore(): Promise<boolean> {
    if (this.#peeked !== undefined) return true;
    // Without a number of steps every epoch is a pass of its own.
    if (this.#wanted === undefined) await this.close();
    // A pass that ended exactly with the epoch before is followed by another, if there is another.
    this.#peeked = (await this.#next()) ?? (await this.#next());
    return this.#peeked !== undefined;
  }

  async *pieces(_epoch: number, { from = 0 }: Walk = {}): AsyncGenerator<Piece, void> {
    // Without a number of steps every epoch is a pass of its own.
    if (this.#wanted === undefined && this.#peeked === undefined && from === 0) await this.close();
    let done = from;
    for (; this.#wanted === undefined || done < this.#wanted; done++) {
      let samples = this.#peeked ?? (await this.#next());
      // A pass that ended exactly with the epoch before is followed by another.
      if (samples === undefined && done === 0) samples = await this.peek();
      this.#peeked = undefined;
      if (samples === undefined) break;
      const { count } = samples;
      yield { samples, work: { count, batchSize: count }, steps: 1, places: count };
    }
    if (this.#wanted !== undefined && done < this.#wanted) warnShort(this.#where, done, this.#wanted);
  }

  async close(): Promise<void> {
    const batches = this.#batches;
    this.#batches = undefined;
    this.#taken = 0;
    await batches?.return?.();
  }

  #open(): Batches {
    const iterable = typeof this.#source === "function" ? this.#source() : this.#source;
    if (!isIterable(iterable)) {
      const expected = "batches one after the other, from an iterable or a generator";
      throw argumentError({ where: this.#where, argument: "x", value: iterable, expected });
    }
    return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  }

  /** The next batch; nothing at the end of a pass. */
  async #next(): Promise<Samples | undefined> {
    this.#batches ??= this.#open();
    const { done, value } = await this.#batches.next();
    if (!done) return this.#read(value, this.#taken++);
    this.#seen = this.#taken;
    this.#batches = undefined;
    this.#taken = 0;
    return undefined;
  }
}
