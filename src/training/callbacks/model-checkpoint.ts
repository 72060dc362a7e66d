import { argumentError, internalError, unknownName } from "../../core/errors.ts";
import { checkBoolean, checkOptions } from "../../layers/options.ts";
import type { Callback, Logs } from "../callbacks.ts";
import { makeFolderOf } from "../files.ts";
import type { Model } from "../model.ts";
import { numberIn, wholeNumber } from "../options.ts";
import { say } from "../progress.ts";
import { Monitor, type MonitorOptions, monitorKeys } from "./monitor.ts";

/** Options of `ModelCheckpoint`. */
export interface ModelCheckpointOptions extends Omit<MonitorOptions, "minDelta"> {
  /** 1 says what it does. Default 0. */
  readonly verbose?: 0 | 1;
  /** Saves only when the value that is watched is the best so far. Default false. */
  readonly saveBestOnly?: boolean;
  /** Saves weights (and the state of the optimizer) instead of the whole model. Default false. */
  readonly saveWeightsOnly?: boolean;
  /** "epoch" (the default), or after every so many batches, counted over the epochs. */
  readonly saveFreq?: "epoch" | number;
  /** What must be beaten to be the best. */
  readonly initialValueThreshold?: number;
}

/** How models are saved. */
interface Saving {
  save(path: string): Promise<void>;
  saveWeights(path: string): Promise<void>;
}

/** Saves the model while it trains. */
export class ModelCheckpoint implements Callback {
  readonly onTrainBatchEnd?: NonNullable<Callback["onTrainBatchEnd"]>;
  readonly everyBatches: number | undefined;
  readonly #path: string;
  readonly #monitor: Monitor;
  readonly #verbose: boolean;
  readonly #bestOnly: boolean;
  readonly #weightsOnly: boolean;
  #epoch = 0;

  /**
   * @param path - ends in ".keras", or in ".weights.h5" for weights only. `{epoch:02d}`, `{batch}`, `{val_loss:.2f}` and
   *   so on stand for values; epochs and batches count from 1 here.
   */
  constructor(path: string, options: ModelCheckpointOptions = {}) {
    const where = "ModelCheckpoint";
    const own = ["verbose", "saveBestOnly", "saveWeightsOnly", "saveFreq", "initialValueThreshold"];
    checkOptions(where, options, [...monitorKeys.filter((key) => key !== "minDelta"), ...own]);
    this.#monitor = new Monitor(where, options);
    const best = options.initialValueThreshold ?? undefined;
    this.#monitor.best = best && numberIn(where, "initialValueThreshold", best, -Infinity, Infinity);
    this.#verbose = options.verbose === 1;
    this.#bestOnly = checkBoolean(where, "saveBestOnly", options.saveBestOnly ?? false);
    this.#weightsOnly = checkBoolean(where, "saveWeightsOnly", options.saveWeightsOnly ?? false);
    const ending = this.#weightsOnly ? ".weights.h5" : ".keras";
    if (typeof path !== "string" || !path.endsWith(ending)) {
      const expected = `a path that ends in ${JSON.stringify(ending)}`;
      const fix = this.#weightsOnly
        ? "Leave saveWeightsOnly out for whole models, in .keras."
        : "Set saveWeightsOnly: true for weights alone, in .weights.h5.";
      throw argumentError({ where, argument: "path", value: path, expected, fix });
    }
    this.#path = path;
    const { saveFreq = "epoch" } = options;
    if (saveFreq === "epoch") return;
    this.everyBatches = wholeNumber(where, "saveFreq", saveFreq);
    this.onTrainBatchEnd = (batch, logs, model) => this.#save(batch, logs, model);
  }

  /** The best value so far. */
  get best(): number | undefined {
    return this.#monitor.best;
  }

  onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  onEpochEnd(_: number, logs: Logs, model: Model): Promise<void> | undefined {
    return this.everyBatches === undefined ? this.#save(undefined, logs, model) : undefined;
  }

  async #save(batch: number | undefined, logs: Logs, model: Model): Promise<void> {
    const counts = { epoch: this.#epoch + 1, ...(batch === undefined ? {} : { batch: batch + 1 }) };
    const path = formatPath(this.#path, { ...logs, ...counts });
    if (!this.#isWanted(path, logs, model)) return;
    await makeFolderOf(path);
    const { save, saveWeights } = model as unknown as Partial<Saving>;
    const write = this.#weightsOnly ? saveWeights : save;
    if (write === undefined) throw internalError({ where: "ModelCheckpoint", problem: "the model cannot be saved" });
    await write.call(model, path);
    if (this.#verbose) say(`\nEpoch ${this.#epoch + 1}: finished saving model to ${path}`);
  }

  #isWanted(path: string, logs: Logs, model: Model): boolean {
    const tell = (text: string): void => {
      if (this.#verbose) say(`\nEpoch ${this.#epoch + 1}: ${text}`);
    };
    const value = this.#bestOnly ? this.#monitor.valueIn(logs) : undefined;
    if (value === undefined) {
      tell(`saving model to ${path}`);
      return true;
    }
    const { best, name } = this.#monitor;
    const before = best === undefined ? "None" : best.toFixed(5);
    const isBetter = this.#monitor.improves(value, model);
    if (isBetter) tell(`${name} improved from ${before} to ${value.toFixed(5)}, saving model to ${path}`);
    else tell(`${name} did not improve from ${before}`);
    return isBetter;
  }

  getState(): { readonly best: number | null } {
    return { best: this.best ?? null };
  }

  setState(state: { readonly best: number | null }): void {
    this.#monitor.best = state.best ?? undefined;
  }
}

/** Fills in `{name}` and `{name:format}`, where the format is Python's: `02d`, `.2f`, `.3e`. */
export function formatPath(path: string, values: Readonly<Record<string, number>>): string {
  return path.replace(/\{(\w+)(?::(0?)(\d*)(?:\.(\d+))?([dfe]?))?\}/g, (_, name, zero, width, precision, type) => {
    const value = values[name as string];
    if (value === undefined) {
      const where = `ModelCheckpoint: path ${JSON.stringify(path)}`;
      throw unknownName({ where, what: "value", name, choices: Object.keys(values) });
    }
    const digits = precision === undefined ? (type === "f" || type === "e" ? 6 : undefined) : Number(precision);
    const text =
      type === "e" ? scientific(value, digits) : digits === undefined ? String(value) : value.toFixed(digits);
    return text.padStart(Number(width || 0), zero ? "0" : " ");
  });
}

/** As Python writes it, with two digits of exponent. */
const scientific = (value: number, digits: number | undefined): string =>
  value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
