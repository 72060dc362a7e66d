/** What a training leaves to be told: kept epoch by epoch, so that a stopped one can tell, too. */
import type { Callback, Logs } from "../index.ts";

/** Seconds to the millisecond. */
export const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

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
