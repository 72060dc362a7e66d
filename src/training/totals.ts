/** Totals of several runs of a step: of an epoch that is not one run. */
import type { Logs } from "./callbacks.ts";
import { type Report, reportedValues } from "./metric.ts";

/** What several runs add up to. */
export class Totals {
  #reports: readonly Report[] = [];
  #sums: Float64Array = new Float64Array();

  /** The values, with what a run has added up so far. */
  with(reports: readonly Report[], sums: Float64Array): Logs {
    return reportedValues(reports, this.#sums.length === 0 ? sums : sums.map((v, i) => v + this.#sums[i]));
  }

  add(reports: readonly Report[], sums: Float64Array): void {
    this.#sums = this.#sums.length === 0 ? sums : sums.map((v, i) => v + this.#sums[i]);
    this.#reports = reports;
  }

  get values(): Logs {
    return reportedValues(this.#reports, this.#sums);
  }

  get sums(): readonly number[] {
    return [...this.#sums];
  }

  /** Goes on from sums of before. */
  restore(sums: readonly number[]): void {
    this.#sums = Float64Array.from(sums);
  }
}
