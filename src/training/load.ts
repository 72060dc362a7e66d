/** Models from `.keras` files: those of Keras 3 and our own. */
import { sizeOf } from "../core/array.ts";
import { argumentError, describe } from "../core/errors.ts";
import type { Constraint, Initializer, Regularizer, Shape, Tensor } from "../graph/tensor.ts";
import { Layer, type LayerOptions } from "../layers/layer.ts";
import { Network } from "../layers/network.ts";
import { type Config, camelCase, checkBoolean, checkOptions } from "../layers/options.ts";
import type { LayerRecord } from "../layers/record.ts";
import type { Shapes } from "../layers/rule.ts";
import { readFile } from "../saving/atomic.ts";
import { malformed, within } from "../saving/config-parts.ts";
import { readModel } from "../saving/config-read.ts";
import { type KerasFile, readKeras } from "../saving/container.ts";
import { CustomObjects } from "../saving/custom.ts";
import { type H5Group, type H5Node, h5Get } from "../saving/hdf5.ts";
import { assignAll, type Orders, readWeights, weightsAlone } from "../saving/weights.ts";
import type { CompileOptions } from "./compile.ts";
import { readCompileConfig } from "./compile-config.ts";
import type { Loss, LossFunction } from "./losses.ts";
import { Sequential } from "./make-model.ts";
import type { Metric } from "./metrics.ts";
import { Model } from "./model.ts";
import type { Answers } from "./model-types.ts";
import { restoreOptimizer } from "./optimizer-file.ts";

/** A layer of your own, as files name it: its class, or what makes it from a config. */
export type LayerClass = LayerRecord | (new (options: LayerOptions) => Layer);

/** What stands for a name in a file. */
export type CustomObject =
  | LayerClass
  | Loss
  | Metric
  | LossFunction
  | ((x: Tensor) => Tensor)
  | Initializer
  | Regularizer
  | Constraint;

/** Options of `loadModel`. */
export interface LoadOptions extends Pick<CompileOptions, "device" | "threads" | "wide"> {
  /** Whether to compile the model as the file says, with the optimizer as it was. Default true. */
  readonly compile?: boolean;
  /**
   * What files name that is your own, by the name of the class or function (or as Keras registers it, `"Package>Name"`):
   * layers, losses and metrics, and functions that are activations, initializers, regularizers or constraints.
   * `{ customObjects: { Double, wing } }`.
   */
  readonly customObjects?: Readonly<Record<string, CustomObject>>;
}

/**
 * The model in a `.keras` file, with its weights; and, where it was compiled, with loss, metrics and optimizer, so that
 * training goes on with the same numbers: `fit(x, y, { epochs: 20, initialEpoch: model.epochs })`.
 *
 * The compiler cannot see into the file. It takes the model to have one output; say otherwise by the shapes of inputs and
 * outputs: `loadModel<[28, 28, 1], [10]>(file)`, or `loadModel<Shapes, [Shape, Shape]>(file)` where there are two outputs.
 *
 * @param source - a path (in Node), or the bytes of the file.
 * @throws RhytonError `file` when it cannot be read, `file-format` when it is damaged or no such file, `file-refused` when
 *   it asks for what no loader should do, `file-unsupported` when it needs what Rhyton has not yet.
 */
export async function loadModel<I extends Shapes = Shapes, O extends Answers = Shape>(
  source: string | Uint8Array | ArrayBuffer,
  options: LoadOptions = {},
): Promise<Model<I, O>> {
  checkOptions("loadModel", options, ["compile", "customObjects", "device", "threads", "wide"]);
  const compile = checkBoolean("loadModel", "compile", options.compile ?? true);
  const custom = new CustomObjects(Object.entries(options.customObjects ?? {}));
  const file = typeof source === "string" ? source : "model.keras";
  const content = readKeras(typeof source === "string" ? await readFile(source) : bytesOf(source), file);
  const { device, threads, wide } = options;
  const model = within(file, () => modelFrom(content, custom, compile ? { device, threads, wide } : undefined));
  await model.compiled?.load();
  return model as unknown as Model<I, O>;
}

function bytesOf(source: unknown): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw argumentError({
    where: "loadModel",
    argument: "source",
    value: source,
    expected: "a path, or the bytes of a file",
  });
}

/** What the caller gave for a layer, as a record. */
function recordOf(name: string, given: unknown): LayerRecord {
  if (typeof given === "function" || (typeof given === "object" && given !== null)) {
    if ("fromConfig" in given && typeof given.fromConfig === "function") return given as LayerRecord;
    if (typeof given === "function" && given.prototype instanceof Layer) {
      return { fromConfig: (config) => fromOptions(given as new (options: LayerOptions) => Layer, config) };
    }
  }
  const expected = "a class of layers, since the file has a layer of that name";
  throw argumentError({ where: "loadModel", argument: `customObjects.${name}`, value: given, expected });
}

/** A layer whose class has no `fromConfig`: its constructor gets the config as options, with names as here. */
function fromOptions(given: new (options: LayerOptions) => Layer, config: Config): Layer {
  const options = Object.entries(config).filter(([key, value]) => key !== "dtype" && value !== null);
  const layer = new given(Object.fromEntries(options.map(([key, value]) => [camelCase(key), value])));
  const made: Config = layer.getConfig();
  // Objects are made of, as a rule, and not kept as they are.
  const isPlain = (value: unknown): boolean => typeof value !== "object" && typeof value !== "function";
  const differs = (key: string, value: unknown): boolean =>
    (isPlain(value) || Array.isArray(value)) && JSON.stringify(made[key]) !== JSON.stringify(value);
  const lost = options.find(([key, value]) => key !== "name" && differs(key, value))?.[0];
  if (lost === undefined) return layer;
  throw argumentError({
    where: `${given.name} made from its config`,
    argument: lost,
    value: made[lost],
    expected: `${describe(config[lost])}, as in the file`,
    fix: `Write static fromConfig(config) in ${given.name}, or a constructor that takes one object with these names.`,
  });
}

type Where = Pick<CompileOptions, "device" | "threads" | "wide">;

/** @param compile - where the model is to run; nothing when it is not to be compiled. */
function modelFrom(content: KerasFile, custom: CustomObjects, compile: Where | undefined): Model {
  if (/^[12]\./.test(content.kerasVersion)) {
    const fix = "load it in Keras 3 and save it again";
    throw malformed("metadata.json", `it was saved by Keras ${content.kerasVersion}, whose files are others: ${fix}`);
  }
  const seed = wholeOr(content.rhyton?.seed, 0);
  const { model, orders, outputNames } = readModel<Model>(content.config, {
    custom,
    recordOf,
    numbers: countNumbers(content.weights),
    makers: {
      functional: (inputs, outputs, name, keys) => new Model(new Network(inputs, outputs, keys), { name, seed }),
      sequential: (start: Tensor | undefined, row, name) => new Sequential(start, row, { name, seed }),
    },
  });
  // Everything is read and checked before anything is given to the model.
  const outputs = outputNames ?? (model.isBuilt ? model.network.outputNames : ["output"]);
  const options = compile && readCompileConfig("config.json", content.config.compile_config, outputs, custom);
  const values = model.isBuilt ? readWeights(content.weights, model, orders) : [];
  assignAll(values);
  model.epochs = wholeOr(content.rhyton?.epochs, 0);
  if (options !== undefined) {
    model.compile({ ...options, ...compile });
    restoreTraining(model, content, orders);
  }
  return model;
}

function restoreTraining(model: Model, { rhyton, weights }: KerasFile, orders: Orders): void {
  if (rhyton?.training !== undefined) model.restoreTrainingState(rhyton.training, "rhyton.json: training");
  restoreOptimizer(model, orders, h5Get(weights, "optimizer/vars"));
}

/**
 * Takes up the training in a `.keras` file in a model that is there, compiled and built as the one that was saved: for
 * models with layers and losses that the file names and does not hold.
 *
 * @throws RhytonError `file-format` when the file is of another model, `data` when of one with another seed.
 */
export async function takeUp(model: Model, path: string): Promise<void> {
  const content = readKeras(await readFile(path), path);
  within(path, () => {
    const orders: Orders = new Map();
    assignAll(readWeights(content.weights, model, orders, weightsAlone));
    model.epochs = wholeOr(content.rhyton?.epochs, 0);
    restoreTraining(model, content, orders);
  });
}

const wholeOr = (value: unknown, other: number): number =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : other;

/** How many numbers all arrays hold together. */
function countNumbers(group: H5Group): number {
  const count = (node: H5Node): number =>
    node.kind === "dataset"
      ? sizeOf(node.shape)
      : [...node.children.values()].reduce((n, child) => n + count(child), 0);
  return count(group);
}
