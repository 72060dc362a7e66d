/** A model's files: what `save`, `saveWeights` and `loadWeights` load when they are first called. */
import { argumentError } from "../core/errors.ts";
import { readFile, writeFileAtomic } from "../saving/atomic.ts";
import type { Model } from "./model.ts";
import { kerasBytes } from "./save.ts";
import { formatOf, weightsBytes } from "./weights-file.ts";

export { modelConfig } from "../saving/config-write.ts";
export { kerasBytes } from "./save.ts";
export { takeWeights, weightsBytes } from "./weights-file.ts";

/** Writes the whole model. */
export async function saveModel(where: string, model: Model, path: string): Promise<void> {
  if (typeof path !== "string" || !path.endsWith(".keras")) {
    throw argumentError({ where, argument: "path", value: path, expected: 'a path that ends in ".keras"' });
  }
  await writeFileAtomic(path, kerasBytes(model));
}

/** Writes the weights alone. */
export const saveWeights = async (where: string, model: Model, path: string): Promise<void> =>
  writeFileAtomic(path, weightsBytes(where, model, formatOf(where, path)));

/** The bytes that a path, or the caller, has. */
export async function readSource(where: string, source: unknown): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (typeof source === "string") return readFile(source);
  throw argumentError({ where, argument: "source", value: source, expected: "a path, or the bytes of a file" });
}
