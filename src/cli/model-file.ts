/** Models that a command is given: from a `.keras` file, or made by a module of one's own. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fileError } from "../core/errors.ts";
import { type LoadOptions, loadModel, type Model } from "../index.ts";
import { readFile } from "../saving/atomic.ts";

/** What the function in a module is given. */
export interface ModelRequest {
  readonly seed: number;
}

/**
 * The model that a path stands for. The default export of a module is a model, or a function that makes one, which is
 * called with `{ seed }`.
 *
 * @param options - for a file; a module compiles its model as it means to.
 * @throws RhytonError `file` when it cannot be read or run, or exports no model.
 */
export async function openModel(path: string, request: ModelRequest, options: LoadOptions = {}): Promise<Model> {
  if (!isModule(path)) return loadModel(path, options);
  await readFile(path); // says it when there is none
  const types = (process.features as { readonly typescript?: unknown }).typescript;
  if (/\.m?ts$/.test(path) && (types === undefined || types === false)) {
    throw fileError({
      where: path,
      problem: `Node ${process.versions.node} does not run TypeScript`,
      fix: "Use Node 22.18 or newer, or compile it to .mjs first (npx tsc).",
    });
  }
  const failed = (problem: string) =>
    fileError({ where: path, problem, fix: "Its default export is a model, or a function ({ seed }) => model." });
  let made: unknown;
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(resolve(path)).href);
    // A model can be called, too.
    const isMaker = typeof module.default === "function" && !isModel(module.default);
    made = isMaker ? await (module.default as (request: ModelRequest) => unknown)(request) : module.default;
  } catch (error) {
    throw failed(`it fails (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isModel(made)) throw failed("it exports no model");
  return made;
}

/** Whether a path is that of a module, by how it ends. */
export const isModule = (path: string): boolean => /\.(mjs|js|ts|mts)$/.test(path);

/** Whether it is a model, also one of another copy of Rhyton. */
const isModel = (value: unknown): value is Model =>
  typeof value === "function" && "compile" in value && "fit" in value && "toBytes" in value;
