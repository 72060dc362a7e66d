/** The folder that a training leaves behind. */
import { access, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError, type RhytonError } from "../core/errors.ts";

/** What is written, in this order. */
const autoencoderRunNames = {
  history: "history.csv",
  model: "autoencoder.keras",
  picture: "reconstructions.png",
  settings: "settings.json",
} as const;

/** What a training of another model leaves. */
export const modelRunNames = { history: "history.csv", model: "model.keras" } as const;

/** The paths of the files. */
export type RunFolder<Names extends object = typeof autoencoderRunNames> = { readonly [K in keyof Names]: string };

type Names = Readonly<Record<string, string>>;

const pathsIn = <N extends Names>(folder: string, names: N): RunFolder<N> =>
  Object.fromEntries(Object.entries(names).map(([key, name]) => [key, join(folder, name)])) as RunFolder<N>;

/**
 * Makes the folder `path`; without one, a new folder in `runs`, named after the time.
 *
 * @throws RhytonError `file` when it holds files of a run already.
 */
export function makeRunFolder(path: string | undefined, now: Date): Promise<RunFolder>;
export function makeRunFolder<N extends Names>(path: string | undefined, now: Date, names: N): Promise<RunFolder<N>>;
export async function makeRunFolder(path: string | undefined, now: Date, names: Names = autoencoderRunNames) {
  if (path === undefined) return pathsIn(await makeNewFolder(join("runs", timeStamp(now))), names);
  const paths = pathsIn(path, names);
  for (const file of Object.values(paths) as string[]) {
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    ) {
      throw failure(path, `it already holds ${basename(file)}`, "Choose another folder with --out.");
    }
  }
  await mkdir(path, { recursive: true }).catch((error: Error) => Promise.reject(cannotMake(path, error)));
  return paths;
}

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
