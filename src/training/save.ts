/** A model as a `.keras` file: config, weights, the optimizer's state, and what only we need to go on. */
import type { Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";
import { VERSION } from "../core/version.ts";
import { modelObject } from "../saving/config-write.ts";
import { writingKeras } from "../saving/container.ts";
import type { H5Group } from "../saving/hdf5.ts";
import type { JsonObject } from "../saving/json.ts";
import { weightsTree } from "../saving/weights.ts";
import { compileConfig } from "./compile-config.ts";
import type { Model } from "./model.ts";
import { optimizerGroup } from "./optimizer-file.ts";

/** The content of `config.json`. */
export function* configOf(model: Model): Pieces<JsonObject> {
  const { compiled } = model;
  const compile = compiled === undefined ? {} : compileConfig(compiled);
  yield;
  return { ...(yield* modelObject(model)), compile_config: compile };
}

/** The parts of the file. Weights and how far training has come are those before the first piece, whatever happens then. */
export function* writingModel(model: Model): Pieces<Parts> {
  const { compiled, epochs, seed } = model;
  const own = { rhyton_version: VERSION, seed, epochs };
  const rhyton = compiled === undefined ? own : { ...own, training: model.trainingState() as unknown as JsonObject };
  const optimizer: [string, H5Group][] = compiled === undefined ? [] : [["optimizer", optimizerGroup(compiled)]];
  const weights = weightsTree(model, optimizer);
  return yield* writingKeras({ config: yield* configOf(model), weights, rhyton });
}
