import type { NdArray } from "../../core/array.ts";
import { decodeArrays, encodeArrays } from "../../core/base64.ts";
import { checkBoolean, checkOptions } from "../../layers/options.ts";
import type { Callback, Logs } from "../callbacks.ts";
import type { Model } from "../model.ts";
import { numberIn, wholeNumber } from "../options.ts";
import { say } from "../progress.ts";
import { giveValues, valuesOf } from "../weights.ts";
import { Monitor, type MonitorOptions, monitorKeys } from "./monitor.ts";

/** Options of `EarlyStopping`. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without a better value after which training ends. Default 0: the first of them. */
  readonly patience?: number;
  /** 1 says what it does. Default 0. */
  readonly verbose?: 0 | 1;
  /** A value that must be beaten, too. */
  readonly baseline?: number;
  /** Gives the weights of the best epoch back when training ends, whatever ended it. Default false. */
  readonly restoreBestWeights?: boolean;
  /** The first epoch that counts, from 0. Default 0. */
  readonly startFromEpoch?: number;
}

interface State {
  readonly best: number | null;
  readonly bestEpoch: number;
  readonly wait: number;
  readonly bestWeights: unknown;
}

/** Ends training when a value has not become better for a while. */
export class EarlyStopping implements Callback {
  readonly #monitor: Monitor;
  readonly #patience: number;
  readonly #verbose: boolean;
  readonly #baseline: number | undefined;
  readonly #restores: boolean;
  readonly #start: number;
  #wait = 0;
  #bestWeights: NdArray<Float32Array>[] | undefined;
  /** The epoch with the best value, counted from 0. */
  bestEpoch = 0;
  /** The epoch after which training was ended, counted from 0; 0 when it was not. */
  stoppedEpoch = 0;

  constructor(options: EarlyStoppingOptions = {}) {
    const where = "EarlyStopping";
    const own = ["patience", "verbose", "baseline", "restoreBestWeights", "startFromEpoch"];
    checkOptions(where, options, [...monitorKeys, ...own]);
    this.#monitor = new Monitor(where, options);
    this.#patience = wholeNumber(where, "patience", options.patience ?? 0, 0);
    this.#verbose = options.verbose === 1;
    const baseline = options.baseline ?? undefined;
    this.#baseline = baseline && numberIn(where, "baseline", baseline, -Infinity, Infinity);
    this.#restores = checkBoolean(where, "restoreBestWeights", options.restoreBestWeights ?? false);
    this.#start = wholeNumber(where, "startFromEpoch", options.startFromEpoch ?? 0, 0);
  }

  /** The best value so far. */
  get best(): number | undefined {
    return this.#monitor.best;
  }

  onTrainBegin(): void {
    this.#monitor.reset();
    this.#wait = 0;
    this.#bestWeights = undefined;
    this.bestEpoch = 0;
    this.stoppedEpoch = 0;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Model): void {
    const value = this.#monitor.valueIn(logs);
    if (value === undefined || epoch < this.#start) return;
    if (this.#restores && this.#bestWeights === undefined) this.#remember(epoch, model);
    this.#wait++;
    if (this.#monitor.improves(value, model)) {
      this.#remember(epoch, model);
      const beatsBaseline = this.#baseline === undefined || this.#monitor.isBetter(value, this.#baseline, model);
      if (beatsBaseline) this.#wait = 0;
      return;
    }
    if (this.#wait < this.#patience || epoch === 0) return;
    this.stoppedEpoch = epoch;
    model.stopTraining = true;
  }

  #remember(epoch: number, model: Model): void {
    this.bestEpoch = epoch;
    if (this.#restores) this.#bestWeights = valuesOf(model.weights);
  }

  onTrainEnd(_: Logs, model: Model): void {
    if (this.#verbose && this.stoppedEpoch > 0) say(`Epoch ${this.stoppedEpoch + 1}: early stopping`);
    if (this.#bestWeights === undefined) return;
    if (this.#verbose) {
      say(`Restoring model weights from the end of the best epoch: ${this.bestEpoch + 1}.`);
    }
    giveValues("EarlyStopping", model.weights, this.#bestWeights);
  }

  getState(): State {
    const bestWeights = this.#bestWeights && encodeArrays(this.#bestWeights);
    return {
      best: this.best ?? null,
      bestEpoch: this.bestEpoch,
      wait: this.#wait,
      bestWeights: bestWeights ?? null,
    };
  }

  setState(state: State): void {
    this.#monitor.best = state.best ?? undefined;
    this.bestEpoch = state.bestEpoch;
    this.#wait = state.wait;
    this.#bestWeights = state.bestWeights === null ? undefined : decodeArrays(state.bestWeights);
  }
}
