/** What a training keeps while it runs, so that one whose process is killed can be gone on with, too. */
import type { Callback, Logs, Model } from "../index.ts";
import { readFile, writeFileAtomic } from "../saving/atomic.ts";
import { isThere, type RunFolder } from "./run-folder.ts";

/** Keeps the settings and the model as they are before the first epoch, and the model after each. */
export class Keeping implements Callback {
  /** The losses of an epoch are written before its model, so that none are missing from what is gone on with. */
  readonly runsLast = true;
  readonly #files: RunFolder;
  readonly #settings: string;

  /** @param settings - the text of the file. */
  constructor(files: RunFolder, settings: string) {
    this.#files = files;
    this.#settings = settings;
  }

  async onTrainBegin(_: Logs, model: Model): Promise<void> {
    await writeFileAtomic(this.#files.settings, this.#settings);
    // What is gone on with is there already, perhaps in the middle of an epoch.
    if (!(await isThere(this.#files.model))) await model.save(this.#files.model);
  }

  onEpochEnd(_: number, __: Logs, model: Model): Promise<void> {
    return model.save(this.#files.model);
  }
}

/** Takes the losses of epochs from a history that the model has not got to: its process was killed before it was kept. */
export async function cutHistory(path: string, epochs: number): Promise<void> {
  if (!(await isThere(path))) return;
  const [header, ...rows] = new TextDecoder().decode(await readFile(path)).split("\r\n");
  const kept = rows.filter((row) => row !== "" && Number.parseInt(row, 10) < epochs);
  const text = kept.length === 0 ? "" : [header, ...kept, ""].join("\r\n");
  await writeFileAtomic(path, text);
}
