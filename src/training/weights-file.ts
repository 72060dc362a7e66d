/**
 * Files of weights alone: `.weights.h5` as Keras writes them, with the state of the optimizer; `.npz` and `.safetensors`
 * with one array for each weight, under names such as `conv2d/kernel`.
 */
import { type NdArray, sameShape, showShape } from "../core/array.ts";
import { argumentError, formatError, nearest, notBuilt, RhytonError } from "../core/errors.ts";
import type { Parts } from "../core/parts.ts";
import { atOnce, type Pieces } from "../core/pieces.ts";
import type { Variable } from "../graph/tensor.ts";
import type { Layer } from "../layers/layer.ts";
import { checkChoice } from "../layers/options.ts";
import { within } from "../saving/config-parts.ts";
import { isModel } from "../saving/config-write.ts";
import { h5Get, isHdf5, readHdf5, writingHdf5 } from "../saving/hdf5.ts";
import { readNpz, writingNpz } from "../saving/npz.ts";
import { readingSafetensors, writingSafetensors } from "../saving/safetensors.ts";
import { assignAll, readWeights, type Value, weightsAlone, weightsTree } from "../saving/weights.ts";
import { isZip } from "../saving/zip.ts";
import type { Model } from "./model.ts";
import { optimizerGroup, restoreOptimizer } from "./optimizer-file.ts";

/** The kinds of files of weights. */
const weightFormats = ["h5", "npz", "safetensors"] as const;
/** A kind of file of weights: Keras' HDF5, NumPy's archive, or safetensors. */
export type WeightFormat = (typeof weightFormats)[number];

/** What a path says about the kind of file. */
export function formatOf(where: string, path: unknown): WeightFormat {
  const text = typeof path === "string" ? path : "";
  if (text.endsWith(".weights.h5")) return "h5";
  const found = weightFormats.find((format) => format !== "h5" && text.endsWith(`.${format}`));
  if (found !== undefined) return found;
  const expected = 'a path that ends in ".weights.h5", ".npz" or ".safetensors"';
  const fix = text.endsWith(".keras") ? "For the whole model use save." : undefined;
  throw argumentError({ where, argument: "path", value: path, expected, ...(fix === undefined ? {} : { fix }) });
}

/**
 * Every weight once, by the names of models, layers and parts that lead to it: `encoder/conv2d/kernel`. The order is that
 * of `weights`.
 */
export function weightNames(model: Model): ReadonlyMap<string, Variable> {
  const names = new Map<Variable, string>();
  const taken = new Set<string>();
  const visit = (layer: Layer, prefix: string): void => {
    for (const variable of layer.ownWeights) {
      if (names.has(variable)) continue;
      const base = `${prefix}${variable.name}`;
      let name = base;
      for (let k = 1; taken.has(name); k++) name = `${base}_${k}`;
      taken.add(name);
      names.set(variable, name);
    }
    const inner = isModel(layer);
    const parts = inner ? layer.network.layers : layer.parts;
    for (const part of parts) visit(part, `${prefix}${inner ? layer.network.nameOf(part) : part.name}/`);
  };
  visit(model as unknown as Layer, "");
  return new Map(model.weights.map((variable) => [names.get(variable) ?? variable.name, variable]));
}

/**
 * A file of weights, as they are before the first piece, whatever happens then.
 *
 * @throws RhytonError `not-built` while there are no weights.
 */
export function* writingWeights(where: string, model: Model, format: WeightFormat): Pieces<Parts> {
  checkChoice(where, "format", format, weightFormats);
  if (!model.isBuilt) throw notBuilt({ where });
  if (format === "h5") {
    const { compiled } = model;
    return yield* writingHdf5(
      weightsTree(model, compiled === undefined ? [] : [["optimizer", optimizerGroup(compiled)]]),
    );
  }
  const arrays = new Map(
    [...weightNames(model)].map(([name, { value = new Float32Array(), shape }]) => [name, { data: value, shape }]),
  );
  return format === "npz" ? yield* writingNpz(arrays) : yield* writingSafetensors(arrays, { format: "rhyton" });
}

/**
 * Gives a model the weights of a file, whose kind shows in its first bytes; nothing changes when one does not fit. From
 * HDF5 a compiled model also takes the state of the optimizer, if it is of one with the same variables.
 *
 * @throws RhytonError `file-format` naming the weight and both shapes when one does not fit or is missing.
 */
export function takeWeights(model: Model, bytes: Uint8Array, file: string): void {
  if (!isHdf5(bytes)) {
    assignAll(readArrays(model, bytes, file));
    return;
  }
  const tree = readHdf5(bytes, file);
  const orders = new Map();
  assignAll(within(file, () => readWeights(tree, model, orders, weightsAlone)));
  const vars = h5Get(tree, "optimizer/vars");
  if (model.compiled === undefined || vars === undefined) return;
  try {
    restoreOptimizer(model, orders, vars);
  } catch (error) {
    // The state of another optimizer, which is none of this one's business.
    if (!(error instanceof RhytonError)) throw error;
  }
}

function readArrays(model: Model, bytes: Uint8Array, file: string): readonly Value[] {
  const arrays = isZip(bytes)
    ? new Map(Object.entries(readNpz(bytes, file)))
    : atOnce(readingSafetensors(bytes, file)).arrays;
  const wanted = weightNames(model);
  const isNumbered = arrays.size > 0 && [...arrays.keys()].every((name) => /^arr_\d+$/.test(name));
  const found = isNumbered ? new Map([...wanted.keys()].map((name, i) => [name, arrays.get(`arr_${i}`)])) : arrays;
  const { fix } = weightsAlone;
  if (arrays.size !== wanted.size) {
    const missing = [...wanted.keys()].filter((name) => found.get(name) === undefined);
    const extra = [...arrays.keys()].filter((name) => !isNumbered && !wanted.has(name));
    const show = (what: string, names: readonly string[]): string =>
      names.length === 0 ? "" : `; ${what} ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
    const problem = `it has ${arrays.size} arrays, expected ${wanted.size}`;
    throw formatError({
      where: file,
      problem: `${problem}${show("it lacks", missing)}${show("there is no weight for", extra)}`,
      fix,
    });
  }
  return [...wanted].map(([name, variable]): Value => {
    const array = found.get(name);
    if (array !== undefined && sameShape(array.shape, variable.shape)) return [variable, floats(array)];
    const near = array === undefined ? nearest(name, [...arrays.keys()]) : undefined;
    const got = array === undefined ? `nothing${near === undefined ? "" : ` (but ${near})`}` : showShape(array.shape);
    const problem = `got ${got}, expected ${showShape(variable.shape)}`;
    throw formatError({ where: `${file}: ${name}`, problem, fix });
  });
}

const floats = ({ data }: NdArray): Float32Array => (data instanceof Float32Array ? data : Float32Array.from(data));
