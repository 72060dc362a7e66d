/** Watching one value over the epochs: what several callbacks have in common. */
import { argumentError, unknownName } from "../../core/errors.ts";
import type { Logs } from "../callbacks.ts";
import type { Model } from "../model.ts";
import { numberIn } from "../options.ts";

export interface MonitorOptions {
  /** The name of the value, as it stands in the history. Default "val_loss". */
  readonly monitor?: string;
  /** Whether less or more is better; "auto" (the default) knows it for the loss and for Keras' metrics. */
  readonly mode?: "auto" | "min" | "max";
  /** What is less than this much better does not count as better. */
  readonly minDelta?: number;
}

export const monitorKeys = ["monitor", "mode", "minDelta"] as const satisfies readonly (keyof MonitorOptions)[];

export class Monitor {
  readonly name: string;
  readonly minDelta: number;
  /** The best value so far. */
  best: number | undefined;
  readonly #where: string;
  readonly #mode: "auto" | "min" | "max";
  #sign: 1 | -1 | undefined;
  #warned = false;

  constructor(where: string, options: MonitorOptions, minDelta = 0) {
    this.#where = where;
    this.name = options.monitor ?? "val_loss";
    this.#mode = options.mode ?? "auto";
    if (!["auto", "min", "max"].includes(this.#mode)) {
      throw unknownName({ where, what: "mode", name: String(this.#mode), choices: ["auto", "min", "max"] });
    }
    this.minDelta = Math.abs(numberIn(where, "minDelta", options.minDelta ?? minDelta, -Infinity, Infinity));
  }

  /** Forgets what was best. */
  reset(best?: number): void {
    this.best = best;
    this.#warned = false;
  }

  /** The value; undefined, with a warning, when there is none. */
  valueIn(logs: Logs): number | undefined {
    const value = logs[this.name];
    if (value === undefined && !this.#warned) {
      this.#warned = true;
      const names = Object.keys(logs).join(", ");
      console.warn(`${this.#where}: there is no ${JSON.stringify(this.name)} to watch. Known: ${names}.`);
    }
    return value;
  }

  /** Whether `value` is better than `other` (by default than the best so far), if there is one. */
  isBetter(value: number, other: number | undefined, model: Model): boolean {
    this.#sign ??= this.#direction(model);
    return other === undefined || this.#sign * value - this.minDelta > this.#sign * other;
  }

  /** Notes `value` when it is the best so far. */
  improves(value: number, model: Model): boolean {
    if (!this.isBetter(value, this.best, model)) return false;
    this.best = value;
    return true;
  }

  /** 1 where more is better, −1 where less is. */
  #direction(model: Model): 1 | -1 {
    if (this.#mode !== "auto") return this.#mode === "max" ? 1 : -1;
    const name = this.name.replace(/^val_/, "");
    const judgements = model.compiled?.judgements ?? [];
    for (const { name: output, metrics, weightedMetrics } of judgements) {
      const metric = [...metrics, ...weightedMetrics].find((m) => [m.name, `${output}_${m.name}`].includes(name));
      if (metric?.direction !== undefined) return metric.direction === "up" ? 1 : -1;
    }
    if (name === "loss" || name.endsWith("_loss")) return -1;
    throw argumentError({
      where: this.#where,
      argument: "monitor",
      value: this.name,
      expected: "a value of which it is known whether less or more is better",
      fix: `Say it: { mode: "max" } or { mode: "min" }.`,
    });
  }
}
