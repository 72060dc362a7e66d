/**
 * Callbacks: your own code at fixed moments of training. A callback is any object with some of the hooks; each may be
 * asynchronous, and training waits for it.
 */
import { argumentError } from "../core/errors.ts";
import { checkOptions } from "../layers/options.ts";
import { CsvFile } from "./csv.ts";
import type { Model } from "./model.ts";

/** Running or final values by name: `loss`, the metrics, and with validation `val_loss` and so on. */
export type Logs = Record<string, number>;

type Answer = void | Promise<void>;

/**
 * The hooks. Epochs and batches count from 0. In `onEpochEnd` a callback may add values to `logs`; `model.stopTraining =
 * true` ends training after the current batch.
 *
 * A hook for batches makes every step a round trip to the calling thread, which is slower; without one a whole epoch runs
 * at once.
 */
export interface Callback {
  onTrainBegin?(logs: Logs, model: Model): Answer;
  onTrainEnd?(logs: Logs, model: Model): Answer;
  onEpochBegin?(epoch: number, logs: Logs, model: Model): Answer;
  onEpochEnd?(epoch: number, logs: Logs, model: Model): Answer;
  onBatchBegin?(batch: number, logs: Logs, model: Model): Answer;
  onBatchEnd?(batch: number, logs: Logs, model: Model): Answer;
  /** The same as `onBatchBegin`. */
  onTrainBatchBegin?(batch: number, logs: Logs, model: Model): Answer;
  /** The same as `onBatchEnd`. */
  onTrainBatchEnd?(batch: number, logs: Logs, model: Model): Answer;
}

const hooks = [
  "onTrainBegin",
  "onTrainEnd",
  "onEpochBegin",
  "onEpochEnd",
  "onBatchBegin",
  "onBatchEnd",
  "onTrainBatchBegin",
  "onTrainBatchEnd",
] as const satisfies readonly (keyof Callback)[];

/** What happened, epoch by epoch. `fit` answers one. */
export class History implements Callback {
  /** For every name its value after each epoch. */
  readonly history: Record<string, number[]> = {};
  /** The epochs, counted from 0. */
  readonly epoch: number[] = [];
  readonly params: { readonly verbose: number; readonly epochs: number; readonly steps: number };

  constructor(params: { readonly verbose: number; readonly epochs: number; readonly steps: number }) {
    this.params = params;
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}

/** Writes one line an epoch to a file, under a header: `epoch`, then the names in order. */
export class CSVLogger implements Callback {
  readonly #file: CsvFile;
  #columns: readonly string[] | undefined;

  /** @param options - `separator` between columns (","); `append` to a file that is there (false). */
  constructor(path: string, options: { readonly separator?: string; readonly append?: boolean } = {}) {
    checkOptions("CSVLogger", options, ["separator", "append"]);
    this.#file = new CsvFile(path, options.separator ?? ",", options.append ?? false);
  }

  onTrainBegin(): Promise<void> {
    this.#columns = undefined;
    return this.#file.open();
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    this.#columns ??= csvColumns(logs);
    await this.#file.row(["epoch", ...this.#columns], { epoch: String(epoch), ...showRow(logs) });
  }
}

/** The names in order; when there is no validation in the first epoch, room is left for it. */
function csvColumns(logs: Logs): string[] {
  const names = Object.keys(logs).sort();
  return names.some((name) => name.startsWith("val_")) ? names : [...names, ...names.map((name) => `val_${name}`)];
}

const showRow = (logs: Logs): Record<string, string> =>
  Object.fromEntries(Object.entries(logs).map(([name, value]) => [name, showNumber(value)]));

/** A number as Python writes it: `1.0`, `1e-05`, `nan`. */
function showNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential().replace(/e-(\d)$/, "e-0$1");
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** Runs the hooks of several callbacks, in order. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];
  readonly #model: Model;
  /** Whether any callback wants to hear of every batch. */
  readonly wantsBatches: boolean;

  constructor(callbacks: readonly Callback[], model: Model) {
    for (const callback of callbacks) {
      if (typeof callback !== "object" || callback === null || !hooks.some((hook) => hook in callback)) {
        const expected = `objects with some of the hooks ${hooks.join(", ")}`;
        throw argumentError({ where: "fit", argument: "callbacks", value: callback, expected });
      }
    }
    this.#callbacks = callbacks;
    this.#model = model;
    this.wantsBatches = hooks.some((hook) => hook.includes("Batch") && callbacks.some((c) => c[hook] !== undefined));
  }

  async train(moment: "Begin" | "End", logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onTrain${moment}`]?.(logs, this.#model);
  }

  async epoch(moment: "Begin" | "End", epoch: number, logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onEpoch${moment}`]?.(epoch, logs, this.#model);
  }

  async batch(moment: "Begin" | "End", batch: number, logs: Logs): Promise<void> {
    for (const c of this.#callbacks) {
      await c[`onBatch${moment}`]?.(batch, logs, this.#model);
      await c[`onTrainBatch${moment}`]?.(batch, logs, this.#model);
    }
  }
}
