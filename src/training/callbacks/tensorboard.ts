import { argumentError, RhytonError } from "../../core/errors.ts";
import { nodeModule } from "../../core/node.ts";
import { inTurns, type Pieces } from "../../core/pieces.ts";
import type { Variable } from "../../graph/tensor.ts";
import type { Layer } from "../../layers/layer.ts";
import { checkBoolean, checkOptions } from "../../layers/options.ts";
import { modelObject } from "../../saving/config-write.ts";
import type { Callback, Logs } from "../callbacks.ts";
import { attempt, fileSystem, makeFolderOf } from "../files.ts";
import type { Model } from "../model.ts";
import { wholeNumber } from "../options.ts";
import { countingHistogram, record, type Summary, summaryEvent, versionEvent } from "../tensorboard-events.ts";

/** Options of `TensorBoard`. */
export interface TensorBoardOptions {
  /** Histograms of all weights after every so many epochs. Default 0: none. */
  readonly histogramFreq?: number;
  /** The layers and how they are connected, for the page of graphs. Default true. */
  readonly writeGraph?: boolean;
  /** Also writes how many steps there are a second. Default false. */
  readonly writeStepsPerSecond?: boolean;
  /** "epoch" (the default), "batch", or after every so many batches: how often losses and metrics are written. */
  readonly updateFreq?: "epoch" | "batch" | number;
}

const now = (): number => Date.now() / 1000;
let filesMade = 0;

/** One event file, made when the first event is written. */
class EventFile {
  readonly #folder: string;
  #path: string | undefined;
  #waiting: Uint8Array[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  write(step: number, summary: Summary): void {
    this.#waiting.push(record(summaryEvent(now(), step, summary)));
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const files = await fileSystem(this.#folder);
    const records = this.#waiting;
    this.#waiting = [];
    if (this.#path === undefined) {
      const { hostname }: typeof import("node:os") = await nodeModule("node:os");
      const name = [Math.floor(now()), hostname(), process.pid, filesMade++].join(".");
      this.#path = `${this.#folder}/events.out.tfevents.${name}.v2`;
      await makeFolderOf(this.#path);
      records.unshift(record(versionEvent(now())));
    }
    const path = this.#path;
    await attempt(path, async () => {
      for (const bytes of records) await files.appendFile(path, bytes);
    });
  }
}

/** All weights by where they lie: `dense/kernel`, or `encoder/dense/kernel` in a model inside. */
function weightPaths(layers: readonly Layer[], before = ""): Map<Variable, string> {
  const paths = new Map<Variable, string>();
  for (const layer of layers) {
    const path = `${before}${layer.name}`;
    const inner = "layers" in layer ? (layer.layers as readonly Layer[]) : layer.parts;
    const found = weightPaths(inner, `${path}/`);
    for (const weight of layer.weights) if (!found.has(weight)) found.set(weight, `${path}/${weight.name}`);
    for (const [weight, name] of found) if (!paths.has(weight)) paths.set(weight, name);
  }
  return paths;
}

/** Writes what TensorBoard shows: `tensorboard --logdir logs`. */
export class TensorBoard implements Callback {
  readonly onTrainBatchBegin?: NonNullable<Callback["onTrainBatchBegin"]>;
  readonly onTrainBatchEnd?: NonNullable<Callback["onTrainBatchEnd"]>;
  readonly everyBatches: number | undefined;
  readonly #folder: string;
  readonly #histogramFreq: number;
  readonly #writesGraph: boolean;
  readonly #writesSpeed: boolean;
  #train: EventFile;
  #validation: EventFile;
  /** Batches of training so far. */
  #batches = 0;
  #batchBegan = 0;
  #epochBegan = 0;
  #iterationsBefore = 0;

  /** @param folder - gets `train` and `validation`. Use another one for every training. */
  constructor(folder = "logs", options: TensorBoardOptions = {}) {
    const where = "TensorBoard";
    checkOptions(where, options, ["histogramFreq", "writeGraph", "writeStepsPerSecond", "updateFreq"]);
    if (typeof folder !== "string" || folder === "") {
      throw argumentError({ where, argument: "folder", value: folder, expected: "the path of a folder" });
    }
    this.#folder = folder.replace(/[/\\]+$/, "");
    this.#histogramFreq = wholeNumber(where, "histogramFreq", options.histogramFreq ?? 0, 0);
    this.#writesGraph = checkBoolean(where, "writeGraph", options.writeGraph ?? true);
    this.#writesSpeed = checkBoolean(where, "writeStepsPerSecond", options.writeStepsPerSecond ?? false);
    this.#train = new EventFile(`${this.#folder}/train`);
    this.#validation = new EventFile(`${this.#folder}/validation`);
    const { updateFreq = "epoch" } = options;
    if (updateFreq === "epoch") return;
    this.everyBatches = updateFreq === "batch" ? 1 : wholeNumber(where, "updateFreq", updateFreq);
    this.onTrainBatchBegin = () => {
      this.#batchBegan = performance.now();
    };
    this.onTrainBatchEnd = (_, logs) => this.#writeBatch(logs);
  }

  async onTrainBegin(_: Logs, model: Model): Promise<void> {
    this.#train = new EventFile(`${this.#folder}/train`);
    this.#validation = new EventFile(`${this.#folder}/validation`);
    this.#batches = 0;
    if (this.#writesGraph) await this.#writeGraph(model);
  }

  async #writeGraph(model: Model): Promise<void> {
    try {
      this.#train.write(0, { tag: "keras", model: JSON.stringify(await inTurns(modelObject(model))) });
    } catch (error) {
      // A model that no file can hold trains all the same.
      if (!(error instanceof RhytonError)) throw error;
      console.warn(`TensorBoard: no graph is written. ${error.message}`);
    }
  }

  #writeBatch(logs: Logs): void {
    const batches = this.everyBatches ?? 1;
    this.#batches += batches;
    const write = (name: string, scalar: number): void =>
      this.#train.write(this.#batches, { tag: `batch_${name}`, scalar });
    if (this.#writesSpeed) write("steps_per_second", (1000 * batches) / (performance.now() - this.#batchBegan));
    for (const [name, value] of Object.entries(logs)) write(name, value);
  }

  onEpochBegin(_: number, __: Logs, { optimizer }: Model): void {
    this.#epochBegan = performance.now();
    this.#iterationsBefore = optimizer.iterations;
  }

  async onEpochEnd(epoch: number, logs: Logs, model: Model): Promise<void> {
    const { optimizer } = model;
    const write = (file: EventFile, name: string, scalar: number): void =>
      file.write(epoch, { tag: `epoch_${name}`, scalar });
    const own: Logs = { ...logs, learning_rate: optimizer.rateAt(optimizer.iterations) };
    if (this.#writesSpeed) {
      const seconds = (performance.now() - this.#epochBegan) / 1000;
      own.steps_per_second = (optimizer.iterations - this.#iterationsBefore) / seconds;
    }
    for (const [name, value] of Object.entries(own)) {
      if (name.startsWith("val_")) write(this.#validation, name.slice("val_".length), value);
      else write(this.#train, name, value);
    }
    if (this.#histogramFreq > 0 && epoch % this.#histogramFreq === 0) {
      await inTurns(this.#writeHistograms(epoch, model));
    }
    await this.#flush();
  }

  *#writeHistograms(epoch: number, model: Model): Pieces<void> {
    for (const [weight, path] of weightPaths(model.layers)) {
      const histogram = yield* countingHistogram(weight.value ?? new Float32Array());
      this.#train.write(epoch, { tag: `${path}/histogram`, histogram });
    }
  }

  async onTestEnd(logs: Logs, { optimizer }: Model): Promise<void> {
    for (const [name, scalar] of Object.entries(logs)) {
      this.#validation.write(optimizer.iterations, { tag: `evaluation_${name}_vs_iterations`, scalar });
    }
    await this.#validation.flush();
  }

  onTrainEnd(): Promise<void> {
    return this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#train.flush();
    await this.#validation.flush();
  }

  getState(): { readonly batches: number } {
    return { batches: this.#batches };
  }

  setState({ batches }: { readonly batches: number }): void {
    this.#batches = batches;
  }
}
