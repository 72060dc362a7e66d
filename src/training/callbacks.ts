/**
 * Callbacks: your own code at fixed moments of training. A callback is any object with some of the hooks; each may be
 * asynchronous, and training waits for it.
 */
import { argumentError, nearest, unknownName } from "../core/errors.ts";
import { camelCase, checkOptions } from "../layers/options.ts";
import { CsvFile } from "./csv.ts";
import type { Model } from "./model.ts";

export { BackupAndRestore, type BackupAndRestoreOptions } from "./callbacks/backup-and-restore.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./callbacks/early-stopping.ts";
export {
  LearningRateScheduler,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
} from "./callbacks/learning-rate.ts";
export { ModelCheckpoint, type ModelCheckpointOptions } from "./callbacks/model-checkpoint.ts";
export { SwapEMAWeights } from "./callbacks/swap-ema-weights.ts";
export { TensorBoard, type TensorBoardOptions } from "./callbacks/tensorboard.ts";

/** Running or final values by name: `loss`, the metrics, and with validation `val_loss` and so on. */
export type Logs = Record<string, number>;

/** What a training is about to do. `steps` is undefined while nobody knows how many an epoch has. */
export interface TrainingParams {
  /** As `fit` was given it. */
  readonly verbose: number;
  /** The epoch to end at. */
  readonly epochs: number;
  /** Steps of an epoch. */
  readonly steps: number | undefined;
}

type Answer = void | Promise<void>;

/**
 * The hooks. Epochs and batches count from 0. In `onEpochEnd` a callback may add values to `logs`; `model.stopTraining =
 * true` ends training after the current batch. Those for tests run in `evaluate` and in the validation of `fit`.
 *
 * A hook for batches makes every step a round trip to the calling thread, which is slower; without one a whole epoch runs
 * at once. `everyBatches` is the way between.
 */
export interface Callback {
  /** Before the first epoch. */
  onTrainBegin?(logs: Logs, model: Model): Answer;
  /** After the last epoch, also when training was ended. */
  onTrainEnd?(logs: Logs, model: Model): Answer;
  /** Before an epoch. */
  onEpochBegin?(epoch: number, logs: Logs, model: Model): Answer;
  /** After an epoch and its validation. */
  onEpochEnd?(epoch: number, logs: Logs, model: Model): Answer;
  /** Before a batch of training. */
  onBatchBegin?(batch: number, logs: Logs, model: Model): Answer;
  /** After a batch of training. */
  onBatchEnd?(batch: number, logs: Logs, model: Model): Answer;
  /** The same as `onBatchBegin`. */
  onTrainBatchBegin?(batch: number, logs: Logs, model: Model): Answer;
  /** The same as `onBatchEnd`. */
  onTrainBatchEnd?(batch: number, logs: Logs, model: Model): Answer;
  /** Before `evaluate` or a validation. */
  onTestBegin?(logs: Logs, model: Model): Answer;
  /** After `evaluate` or a validation. */
  onTestEnd?(logs: Logs, model: Model): Answer;
  /** Before a batch of these. */
  onTestBatchBegin?(batch: number, logs: Logs, model: Model): Answer;
  /** After a batch of these. */
  onTestBatchEnd?(batch: number, logs: Logs, model: Model): Answer;
  /** Before `predict`. */
  onPredictBegin?(logs: Logs, model: Model): Answer;
  /** After `predict`. */
  onPredictEnd?(logs: Logs, model: Model): Answer;
  /** Before a batch of `predict`. */
  onPredictBatchBegin?(batch: number, logs: Logs, model: Model): Answer;
  /** After a batch of `predict`. */
  onPredictBatchEnd?(batch: number, logs: Logs, model: Model): Answer;

  /** Told before `onTrainBegin`. */
  setParams?(params: TrainingParams): void;
  /**
   * The hooks for batches of training run for every so many batches only, counted over the epochs: Begin before the first,
   * End after the last of them. Default 1.
   */
  readonly everyBatches?: number | undefined;
  /**
   * Loss or gradient became NaN or infinite in this batch, and the weights are those before it. Having this hook ends
   * training there, quietly; without it `fit` throws.
   */
  onDiverged?(batch: number, logs: Logs, model: Model): Answer;
  /** Runs after the other callbacks at each end: for one that saves what they have come to. */
  readonly runsLast?: boolean;
  /** What it has come to, for a file: plain values. Training that goes on from there gives it to `setState`. */
  getState?(): unknown;
  /** Runs after `onTrainBegin`. */
  setState?(state: unknown): void;
}

const trainBatchHooks = ["onBatchBegin", "onBatchEnd", "onTrainBatchBegin", "onTrainBatchEnd"] as const;
const hooks = [
  "onTrainBegin",
  "onTrainEnd",
  "onEpochBegin",
  "onEpochEnd",
  ...trainBatchHooks,
  "onTestBegin",
  "onTestEnd",
  "onTestBatchBegin",
  "onTestBatchEnd",
  "onPredictBegin",
  "onPredictEnd",
  "onPredictBatchBegin",
  "onPredictBatchEnd",
  "onDiverged",
] as const satisfies readonly (keyof Callback)[];

/** What happened, epoch by epoch. `fit` answers one. */
export class History implements Callback {
  /** For every name its value after each epoch. */
  readonly history = {} as { loss: number[] } & Record<string, number[]>;
  /** The epochs, counted from 0. */
  readonly epoch: number[] = [];
  /** What the training was about to do. */
  readonly params: TrainingParams;

  constructor(params: TrainingParams) {
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

/** A callback from single hooks. A plain object does as well. */
export const LambdaCallback = class {
  constructor(given: Callback) {
    checkOptions("LambdaCallback", given, [...hooks, "setParams", "everyBatches"]);
    Object.assign(this, given);
  }
} as new (
  given: Callback,
) => Callback;

/** Ends training when the loss becomes NaN or infinite, with the weights as they were before. */
export class TerminateOnNaN implements Callback {
  readonly onDiverged?: NonNullable<Callback["onDiverged"]>;

  constructor(
    options: {
      /** Throws instead, as `fit` does without this callback, and no `onTrainEnd` runs. Default false. */
      readonly raiseError?: boolean;
    } = {},
  ) {
    checkOptions("TerminateOnNaN", options, ["raiseError"]);
    if (options.raiseError) return;
    this.onDiverged = (batch) => {
      console.warn(`Batch ${batch}: invalid loss, terminating training.`);
    };
  }

  /** Needs a hook to be a callback. */
  onTrainBegin(): void {}
}

/** Writes one line an epoch to a file, under a header: `epoch`, then the names in order. */
export class CSVLogger implements Callback {
  readonly #file: CsvFile;
  #columns: readonly string[] | undefined;

  /** @param options - `separator` between columns (","); `append` to a file that is there (false). */
  constructor(
    path: string,
    options: {
      /** What stands between columns. Default a comma. */
      readonly separator?: string;
      /** Whether to go on in a file that is there. Default false. */
      readonly append?: boolean;
    } = {},
  ) {
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

/** The state of a callback, and the name of its class to find it again. */
export interface CallbackState {
  readonly className: string;
  readonly state: unknown;
}

/** Throws when a method's name is nearly that of a hook: it would never be called. */
function checkHooks(where: string, callback: unknown): void {
  if (typeof callback !== "object") return;
  for (let own = callback; own && own !== Object.prototype; own = Object.getPrototypeOf(own)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
      if (typeof value !== "function" || !/^on[A-Z_]/.test(name) || hooks.some((hook) => hook === name)) continue;
      const asHere = camelCase(name);
      if (hooks.some((hook) => hook === asHere) || nearest(asHere.replace(/Start$/, "Begin"), hooks) !== undefined) {
        const near = nearest(asHere.replace(/Start$/, "Begin"), hooks) ?? asHere;
        throw unknownName({ where: `${where}: callbacks`, what: "hook", name, choices: hooks, near });
      }
    }
  }
}

/** Runs the hooks of several callbacks, in order. */
export class CallbackList {
  readonly #callbacks: readonly Callback[];
  readonly #model: Model;

  constructor(callbacks: readonly Callback[], model: Model, where = "fit") {
    for (const callback of callbacks) {
      checkHooks(where, callback);
      if (typeof callback !== "object" || callback === null || !hooks.some((hook) => hook in callback)) {
        const expected = `objects with some of the hooks ${hooks.join(", ")}`;
        throw argumentError({ where, argument: "callbacks", value: callback, expected });
      }
    }
    const last = callbacks.filter((c) => c.runsLast);
    this.#callbacks = [...callbacks.filter((c) => !c.runsLast), ...last];
    this.#model = model;
  }

  // ---- which batches it wants to hear of --------------------------------------------------------------------------

  /** Whether any callback wants to hear of batches of training. */
  get wantsBatches(): boolean {
    return this.#intervals().length > 0;
  }

  get wantsTestBatches(): boolean {
    return this.#callbacks.some((c) => c.onTestBatchBegin ?? c.onTestBatchEnd);
  }

  get wantsPredictBatches(): boolean {
    return this.#callbacks.some((c) => c.onPredictBatchBegin ?? c.onPredictBatchEnd);
  }

  #intervals(): number[] {
    return this.#callbacks.filter((c) => trainBatchHooks.some((hook) => c[hook] !== undefined)).map(intervalOf);
  }

  /**
   * How many batches may run before a hook must.
   *
   * @param done - batches done since the very first epoch.
   */
  batchesAtOnce(done: number): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#intervals().map((every) => every - (done % every)));
  }

  // ---- hooks ------------------------------------------------------------------------------------------------------

  setParams(params: TrainingParams): void {
    for (const c of this.#callbacks) c.setParams?.(params);
  }

  async train(moment: "Begin" | "End", logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onTrain${moment}`]?.(logs, this.#model);
  }

  async epoch(moment: "Begin" | "End", epoch: number, logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onEpoch${moment}`]?.(epoch, logs, this.#model);
  }

  /** @param done - batches done since the very first epoch; without it every callback hears of the batch. */
  async batch(moment: "Begin" | "End", batch: number, logs: Logs, done?: number): Promise<void> {
    for (const c of this.#callbacks) {
      if (done !== undefined && done % intervalOf(c) !== 0) continue;
      await c[`onBatch${moment}`]?.(batch, logs, this.#model);
      await c[`onTrainBatch${moment}`]?.(batch, logs, this.#model);
    }
  }

  async test(moment: "Begin" | "End", logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onTest${moment}`]?.(logs, this.#model);
  }

  async testBatch(moment: "Begin" | "End", batch: number, logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onTestBatch${moment}`]?.(batch, logs, this.#model);
  }

  async predict(moment: "Begin" | "End", logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onPredict${moment}`]?.(logs, this.#model);
  }

  async predictBatch(moment: "Begin" | "End", batch: number, logs: Logs): Promise<void> {
    for (const c of this.#callbacks) await c[`onPredictBatch${moment}`]?.(batch, logs, this.#model);
  }

  /** Whether a callback took it on that loss or gradient is not finite. */
  async diverged(batch: number, logs: Logs): Promise<boolean> {
    const asked = this.#callbacks.filter((c) => c.onDiverged !== undefined);
    for (const c of asked) await c.onDiverged?.(batch, logs, this.#model);
    return asked.length > 0;
  }

  // ---- what they have come to -------------------------------------------------------------------------------------

  states(): CallbackState[] {
    return this.#callbacks
      .filter((c) => c.getState !== undefined)
      .map((c) => ({ className: c.constructor.name, state: c.getState?.() ?? null }));
  }

  /** Gives each state to the next callback of its class; what has none is left out. */
  setStates(states: readonly CallbackState[]): void {
    const free = this.#callbacks.filter((c) => c.setState !== undefined);
    for (const { className, state } of states) {
      const place = free.findIndex((c) => c.constructor.name === className);
      if (place >= 0) free.splice(place, 1)[0].setState?.(state);
    }
  }
}

const intervalOf = ({ everyBatches = 1 }: Callback): number => Math.max(1, Math.floor(everyBatches));
