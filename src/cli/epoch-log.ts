/** What a training leaves to be told: kept epoch by epoch, so that a stopped one can tell, too. */
import type { Callback, Logs } from "../index.ts";

/** Seconds to the millisecond. */
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** How long the parts of a run took, from the start of the process on. */
export class Clock {
  readonly started = new Date(performance.timeOrigin);
  readonly #parts: Record<string, number> = {};
  #last = 0;

  /** Ends a part, which began where the one before it ended. */
  lap(part: string): void {
    const now = Math.round(performance.now());
    this.#parts[part] = (now - this.#last) / 1000;
    this.#last = now;
  }

  /** When the last part ended. */
  get now(): Date {
    return new Date(performance.timeOrigin + this.#last);
  }

  /** `all`, and each of its parts. */
  get seconds(): Readonly<Record<string, number>> {
    return { all: this.#last / 1000, ...this.#parts };
  }
}

export class EpochLog implements Callback {
  /** Loss and validation loss after each epoch. */
  readonly logs: Logs[] = [];
  /** What each epoch took, validation included. */
  readonly seconds: number[] = [];
  #start = 0;

  onEpochBegin(): void {
    this.#start = performance.now();
  }

  onEpochEnd(_: number, logs: Logs): void {
    this.logs.push({ ...logs });
    this.seconds.push(round((performance.now() - this.#start) / 1000));
  }
}
