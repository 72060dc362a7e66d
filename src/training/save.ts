/** A model as the bytes of a `.keras` file: config, weights, the optimizer's state, and what only we need to go on. */
import { VERSION } from "../core/version.ts";
import { modelObject } from "../saving/config-write.ts";
import { writeKeras } from "../saving/container.ts";
import type { H5Group } from "../saving/hdf5.ts";
import type { JsonObject } from "../saving/json.ts";
import { weightsTree } from "../saving/weights.ts";
import { compileConfig } from "./compile-config.ts";
import type { Model } from "./model.ts";
import { optimizerGroup } from "./optimizer-file.ts";

/** The content of `config.json`. */
export function configOf(model: Model): JsonObject {
  const { compiled } = model;
  return { ...modelObject(model), compile_config: compiled === undefined ? {} : compileConfig(compiled) };
}

export function kerasBytes(model: Model): Uint8Array<ArrayBuffer> {
  const { compiled, epochs, seed } = model;
  const own = { rhyton_version: VERSION, seed, epochs };
  const optimizer: [string, H5Group][] = compiled === undefined ? [] : [["optimizer", optimizerGroup(compiled)]];
  return writeKeras({
    config: configOf(model),
    weights: weightsTree(model, optimizer),
    rhyton: compiled === undefined ? own : { ...own, training: model.trainingState() as unknown as JsonObject },
  });
}
