/** Callbacks that change the learning rate between epochs. */
import { argumentError } from "../../core/errors.ts";
import { checkOptions } from "../../layers/options.ts";
import type { Callback, Logs } from "../callbacks.ts";
import type { Model } from "../model.ts";
import { numberIn, wholeNumber } from "../options.ts";
import { say } from "../progress.ts";
import { Monitor, type MonitorOptions, monitorKeys } from "./monitor.ts";

/** The learning rate of the next step, in float32. */
const rateNow = ({ optimizer }: Model): number => optimizer.rateAt(optimizer.iterations);

/** Asks a function for the learning rate of every epoch. */
export class LearningRateScheduler implements Callback {
  readonly #schedule: (epoch: number, learningRate: number) => number;
  readonly #verbose: boolean;

  /**
   * @param schedule - gets the epoch, counted from 0, and the present rate; gives the new one.
   * @param options - `verbose`: 1 says what it does.
   */
  constructor(
    schedule: (epoch: number, learningRate: number) => number,
    options: {
      /** 1 says what it does. Default 0. */
      readonly verbose?: 0 | 1;
    } = {},
  ) {
    checkOptions("LearningRateScheduler", options, ["verbose"]);
    if (typeof schedule !== "function") {
      const expected = "a function (epoch, learningRate) => number";
      throw argumentError({ where: "LearningRateScheduler", argument: "schedule", value: schedule, expected });
    }
    this.#schedule = schedule;
    this.#verbose = options.verbose === 1;
  }

  onEpochBegin(epoch: number, _: Logs, model: Model): void {
    const rate = this.#schedule(epoch, rateNow(model));
    if (typeof rate !== "number") {
      const expected = "a number";
      throw argumentError({
        where: `LearningRateScheduler in epoch ${epoch + 1}`,
        argument: "what schedule gave",
        value: rate,
        expected,
      });
    }
    model.optimizer.learningRate = rate;
    if (this.#verbose) say(`\nEpoch ${epoch + 1}: LearningRateScheduler setting learning rate to ${rate}.`);
  }

  onEpochEnd(_: number, logs: Logs, model: Model): void {
    logs.learning_rate = rateNow(model);
  }
}

/** Options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied by, below 1. Default 0.1. */
  readonly factor?: number;
  /** Epochs without a better value after which the learning rate goes down. Default 10. */
  readonly patience?: number;
  /** 1 says what it does. Default 0. */
  readonly verbose?: 0 | 1;
  /** Epochs after a reduction in which nothing is counted. Default 0. */
  readonly cooldown?: number;
  /** The learning rate goes no lower. Default 0. */
  readonly minLr?: number;
}

interface State {
  readonly best: number | null;
  readonly wait: number;
  readonly cooldown: number;
}

/** Lowers the learning rate when a value has not become better for a while; `minDelta` is 0.0001 unless given. */
export class ReduceLROnPlateau implements Callback {
  readonly #monitor: Monitor;
  readonly #factor: number;
  readonly #patience: number;
  readonly #cooldown: number;
  readonly #least: number;
  readonly #verbose: boolean;
  #wait = 0;
  /** Epochs of rest that are left. */
  #rest = 0;

  constructor(options: ReduceLROnPlateauOptions = {}) {
    const where = "ReduceLROnPlateau";
    checkOptions(where, options, [...monitorKeys, "factor", "patience", "verbose", "cooldown", "minLr"]);
    this.#monitor = new Monitor(where, options, 1e-4);
    this.#factor = numberIn(where, "factor", options.factor ?? 0.1, 0, 1);
    this.#patience = wholeNumber(where, "patience", options.patience ?? 10, 0);
    this.#cooldown = wholeNumber(where, "cooldown", options.cooldown ?? 0, 0);
    this.#least = numberIn(where, "minLr", options.minLr ?? 0, 0, Number.POSITIVE_INFINITY);
    this.#verbose = options.verbose === 1;
  }

  onTrainBegin(): void {
    this.#monitor.reset();
    this.#wait = 0;
    this.#rest = 0;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Model): void {
    logs.learning_rate = rateNow(model);
    const value = this.#monitor.valueIn(logs);
    if (value === undefined) return;
    if (this.#rest > 0) {
      this.#rest--;
      this.#wait = 0;
    }
    if (this.#monitor.improves(value, model)) this.#wait = 0;
    else if (this.#rest === 0 && ++this.#wait >= this.#patience) this.#reduce(epoch, model);
  }

  #reduce(epoch: number, model: Model): void {
    const old = rateNow(model);
    if (old <= Math.fround(this.#least)) return;
    const rate = Math.max(old * this.#factor, this.#least);
    model.optimizer.learningRate = rate;
    if (this.#verbose) say(`\nEpoch ${epoch + 1}: ReduceLROnPlateau reducing learning rate to ${rate}.`);
    this.#rest = this.#cooldown;
    this.#wait = 0;
  }

  getState(): State {
    return { best: this.#monitor.best ?? null, wait: this.#wait, cooldown: this.#rest };
  }

  setState(state: State): void {
    this.#monitor.best = state.best ?? undefined;
    this.#wait = state.wait;
    this.#rest = state.cooldown;
  }
}
