import { type NdArray, sameShape } from "../../core/array.ts";
import { argumentError, dataError } from "../../core/errors.ts";
import { inTurns } from "../../core/pieces.ts";
import type { Variable } from "../../graph/tensor.ts";
import { checkBoolean, checkOptions } from "../../layers/options.ts";
import { writeFileAtomic } from "../../saving/atomic.ts";
import { type JsonObject, jsonTexts, parseJson } from "../../saving/json.ts";
import { readingSafetensors, writingSafetensors } from "../../saving/safetensors.ts";
import type { Callback, Logs } from "../callbacks.ts";
import { attempt, fileSystem, makeFolderOf, readIfThere } from "../files.ts";
import type { Model } from "../model.ts";
import { wholeNumber } from "../options.ts";

/** Options of `BackupAndRestore`. */
export interface BackupAndRestoreOptions {
  /** "epoch" (the default), or after every so many batches, counted over the epochs. */
  readonly saveFreq?: "epoch" | number;
  /** Keeps the backup before the last one, too. Default false. */
  readonly doubleCheckpoint?: boolean;
  /** Deletes the backup when training ends by itself. Default true. */
  readonly deleteCheckpoint?: boolean;
}

/** The values of the model and of its optimizer that a backup holds, by name. */
const variablesOf = (model: Model): ReadonlyMap<string, Variable> =>
  new Map([
    ...model.weights.map((w, i) => [`weights/${i}/${w.name}`, w] as const),
    ...model.optimizer.variables.map((v, i) => [`optimizer/${i}/${v.name}`, v] as const),
  ]);

/**
 * Saves the training now and then, and goes on from there when `fit` is called again after an interruption: the same
 * weights come out, bit for bit, as without it. Give `fit` the same data, options and callbacks as before.
 */
export class BackupAndRestore implements Callback {
  readonly onTrainBatchEnd?: NonNullable<Callback["onTrainBatchEnd"]>;
  readonly everyBatches: number | undefined;
  readonly runsLast = true;
  /** The file of the backup. */
  readonly path: string;
  readonly #keepsTwo: boolean;
  readonly #deletes: boolean;

  /** @param folder - for the backup of this training alone. */
  constructor(folder: string, options: BackupAndRestoreOptions = {}) {
    const where = "BackupAndRestore";
    checkOptions(where, options, ["saveFreq", "doubleCheckpoint", "deleteCheckpoint"]);
    if (typeof folder !== "string" || folder === "") {
      throw argumentError({ where, argument: "folder", value: folder, expected: "the path of a folder" });
    }
    this.path = `${folder.replace(/[/\\]+$/, "")}/latest.safetensors`;
    this.#keepsTwo = checkBoolean(where, "doubleCheckpoint", options.doubleCheckpoint ?? false);
    this.#deletes = checkBoolean(where, "deleteCheckpoint", options.deleteCheckpoint ?? true);
    const { saveFreq = "epoch" } = options;
    if (saveFreq === "epoch") return;
    this.everyBatches = wholeNumber(where, "saveFreq", saveFreq);
    this.onTrainBatchEnd = (_batch, _logs, model) => this.#save(model);
  }

  get #previous(): string {
    return `${this.path}.bkp`;
  }

  async onTrainBegin(_: Logs, model: Model): Promise<void> {
    const latest = await readIfThere(this.path);
    if (latest === undefined) return;
    try {
      await this.#restore(this.path, latest, model);
    } catch (error) {
      const previous = await readIfThere(this.#previous);
      if (previous === undefined) throw error;
      await this.#restore(this.#previous, previous, model);
    }
  }

  onEpochEnd(_: number, __: Logs, model: Model): Promise<void> | undefined {
    return this.everyBatches === undefined ? this.#save(model) : undefined;
  }

  async onTrainEnd(): Promise<void> {
    if (!this.#deletes) return;
    const files = await fileSystem(this.path);
    await attempt(this.path, async () => {
      await files.rm(this.path, { force: true });
      await files.rm(this.#previous, { force: true });
    });
  }

  async #save(model: Model): Promise<void> {
    const { optimizer } = model;
    const state = model.trainingState();
    // Averages that take the weights' place between epochs are no part of the training.
    const { averagesAreIn } = optimizer;
    optimizer.swapAverages(false);
    const entries = [...variablesOf(model)].map(([name, { shape, value }]) => {
      return [name, { shape, data: value as Float32Array }] as const;
    });
    optimizer.swapAverages(averagesAreIn);
    const rhyton = jsonTexts(state as unknown as JsonObject);
    const parts = await inTurns(writingSafetensors(new Map(entries), { rhyton }));
    await makeFolderOf(this.path);
    if (this.#keepsTwo) {
      const files = await fileSystem(this.path);
      await files.copyFile(this.path, this.#previous).catch(() => undefined);
    }
    await writeFileAtomic(this.path, parts);
  }

  async #restore(path: string, bytes: Uint8Array, model: Model): Promise<void> {
    const fix = "Delete the file to train from the beginning.";
    const { arrays, metadata } = await inTurns(readingSafetensors(bytes, path, fix));
    model.optimizer.build(model.trainableWeights);
    const variables = variablesOf(model);
    const wrong = [...new Set([...variables.keys(), ...arrays.keys()])].find((name) => {
      const [variable, array] = [variables.get(name), arrays.get(name)];
      return variable === undefined || array === undefined || !sameShape(variable.shape, array.shape);
    });
    if (wrong !== undefined) {
      throw dataError({
        where: path,
        got: `${arrays.has(wrong) ? "a backup with" : "a backup without"} ${JSON.stringify(wrong)}`,
        expected: "the weights and the optimizer's variables of this model",
        fix: "Train the model that the backup is of, or delete the backup.",
      });
    }
    model.restoreTrainingState(parseJson(metadata.rhyton ?? "null", `${path}: rhyton`), path);
    for (const [name, variable] of variables) variable.assign((arrays.get(name) as NdArray<Float32Array>).data);
  }
}
