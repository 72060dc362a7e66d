/** The folder that a training leaves behind. */
import { access, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError, type RhytonError } from "../core/errors.ts";

/** The paths of the files, in the order in which they are written. */
export interface RunFolder {
  readonly history: string;
  readonly model: string;
  /** Reconstructions, by the autoencoder. */
  readonly picture?: string;
  readonly settings: string;
}

/** @param isOwn - whether the run is of a model of one's own. */
export const filesIn = (folder: string, isOwn: boolean): RunFolder => ({
  history: join(folder, "history.csv"),
  model: join(folder, isOwn ? "model.keras" : "autoencoder.keras"),
  ...(isOwn ? {} : { picture: join(folder, "reconstructions.png") }),
  settings: join(folder, "settings.json"),
});

/**
 * Makes the folder `path`; without one, a new folder in `runs`, named after the time.
 *
 * @throws RhytonError `file` when it holds files of a run already.
 */
export async function makeRunFolder(path: string | undefined, now: Date, isOwn: boolean): Promise<RunFolder> {
  if (path === undefined) return filesIn(await makeNewFolder(join("runs", timeStamp(now))), isOwn);
  const files = filesIn(path, isOwn);
  for (const file of Object.values(files) as string[]) {
    if (await isThere(file)) {
      const fix = `Choose another folder with --out, or go on with it: --resume ${path}.`;
      throw failure(path, `it already holds ${basename(file)}`, fix);
    }
  }
  await mkdir(path, { recursive: true }).catch((error: Error) => Promise.reject(cannotMake(path, error)));
  return files;
}

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Makes a folder of that name, or where there is one, of that name and a number. */
async function makeNewFolder(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true }).catch((error: Error) => Promise.reject(cannotMake(path, error)));
  for (let attempt = 1; ; attempt++) {
    const folder = attempt === 1 ? path : `${path}-${attempt}`;
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt === 100) throw cannotMake(path, error as Error);
    }
  }
}

const failure = (folder: string, problem: string, fix: string): RhytonError =>
  fileError({ where: folder, problem, fix });

const cannotMake = (folder: string, error: Error): RhytonError =>
  failure(folder, `the folder cannot be made (${error.message})`, "Choose another with --out.");

/** Local time, to the second: `2025-01-31-14-05-09`. */
function timeStamp(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace(/[T:]/g, "-");
}
