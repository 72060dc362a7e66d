/**
 * What is loaded when it is first needed: a model's files (`save`, `saveWeights`, `loadWeights`), and advice on a target of
 * another size. One module, since bundlers would split what two of them share from the rest.
 */
import { argumentError } from "../core/errors.ts";
import { joining, type Parts } from "../core/parts.ts";
import { inTurns, type Pieces } from "../core/pieces.ts";
import type { Config } from "../layers/options.ts";
import { readFile, writeFileAtomic } from "../saving/atomic.ts";
import * as configs from "../saving/config-write.ts";
import type { Model } from "./model.ts";
import { writingModel } from "./save.ts";
import { formatOf, type WeightFormat, writingWeights } from "./weights-file.ts";

export { advisedOf } from "./target-advice.ts";
export { takeWeights } from "./weights-file.ts";

export const modelConfig = (model: Model): Promise<Config> => inTurns(configs.modelConfig(model));

const bytesOf = async (pieces: Pieces<Parts>) => inTurns(joining(await inTurns(pieces)));

/** The whole model. */
export const modelBytes = (model: Model): Promise<Uint8Array<ArrayBuffer>> => bytesOf(writingModel(model));

/** The weights alone. */
export const weightsBytes = (where: string, model: Model, format: WeightFormat): Promise<Uint8Array<ArrayBuffer>> =>
  bytesOf(writingWeights(where, model, format));

/** Writes the whole model. */
export async function saveModel(where: string, model: Model, path: string): Promise<void> {
  if (typeof path !== "string" || !path.endsWith(".keras")) {
    throw argumentError({ where, argument: "path", value: path, expected: 'a path that ends in ".keras"' });
  }
  await writeFileAtomic(path, await inTurns(writingModel(model)));
}

/** Writes the weights alone. */
export const saveWeights = async (where: string, model: Model, path: string): Promise<void> =>
  writeFileAtomic(path, await inTurns(writingWeights(where, model, formatOf(where, path))));

/** The bytes that a path, or the caller, has. */
export async function readSource(where: string, source: unknown): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (typeof source === "string") return readFile(source);
  throw argumentError({ where, argument: "source", value: source, expected: "a path, or the bytes of a file" });
}
