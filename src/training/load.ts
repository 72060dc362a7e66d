/** Models from `.keras` files: those of Keras 3 and our own. */
import { sizeOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Layer, LayerOptions } from "../layers/layer.ts";
import { Network } from "../layers/network.ts";
import { type Config, checkBoolean, checkOptions } from "../layers/options.ts";
import type { LayerRecord } from "../layers/registry.ts";
import { readFile } from "../saving/atomic.ts";
import { malformed, within } from "../saving/config-parts.ts";
import { readModel } from "../saving/config-read.ts";
import { type KerasFile, readKeras } from "../saving/container.ts";
import { type H5Group, type H5Node, h5Get } from "../saving/hdf5.ts";
import { assignAll, placesOf, readVars, readWeights, type Value } from "../saving/weights.ts";
import type { CompileOptions } from "./compile.ts";
import { readCompileConfig } from "./compile-config.ts";
import { Sequential } from "./make-model.ts";
import { Model } from "./model.ts";
import type { Optimizer } from "./optimizer.ts";
import { isSchedule } from "./schedules.ts";

/** A layer of your own, as files name it: its class, or what makes it from a config. */
export type LayerClass = LayerRecord | (new (options: LayerOptions) => Layer);

export interface LoadOptions extends Pick<CompileOptions, "device" | "threads" | "wide"> {
  /** Whether to compile the model as the file says, with the optimizer as it was. Default true. */
  readonly compile?: boolean;
  /** Layers of your own by the names of their classes: `{ layers: { Double } }`. */
  readonly layers?: Readonly<Record<string, LayerClass>>;
}

/**
 * The model in a `.keras` file, with its weights; and, where it was compiled, with loss, metrics and optimizer, so that
 * training goes on with the same numbers: `fit(x, y, { epochs: 20, initialEpoch: model.epochs })`.
 *
 * @param source - a path (in Node), or the bytes of the file.
 * @throws RhytonError `file` when it cannot be read, `file-format` when it is damaged or no such file, `file-refused` when
 *   it asks for what no loader should do, `file-unsupported` when it needs what Rhyton has not yet.
 */
export async function loadModel(source: string | Uint8Array | ArrayBuffer, options: LoadOptions = {}): Promise<Model> {
  checkOptions("loadModel", options, ["compile", "layers", "device", "threads", "wide"]);
  const compile = checkBoolean("loadModel", "compile", options.compile ?? true);
  const layers = new Map(Object.entries(options.layers ?? {}).map(([name, given]) => [name, recordOf(name, given)]));
  const file = typeof source === "string" ? source : "model.keras";
  const content = readKeras(typeof source === "string" ? await readFile(source) : bytesOf(source), file);
  const { device, threads, wide } = options;
  return within(file, () => modelFrom(content, layers, compile ? { device, threads, wide } : undefined));
}

function bytesOf(source: unknown): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  const value = Object.prototype.toString.call(source);
  throw argumentError({ where: "loadModel", argument: "source", value, expected: "a path, or the bytes of a file" });
}

function recordOf(name: string, given: LayerClass): LayerRecord {
  if ("fromConfig" in given) return given;
  if (typeof given !== "function") {
    const expected = "a class of layers";
    throw argumentError({ where: "loadModel", argument: `layers.${name}`, value: typeof given, expected });
  }
  return {
    fromConfig: ({ name: own, trainable }: Config) => new given({ name: own, trainable } as LayerOptions),
  };
}

type Where = Pick<CompileOptions, "device" | "threads" | "wide">;

/** @param compile - where the model is to run; nothing when it is not to be compiled. */
function modelFrom(content: KerasFile, layers: ReadonlyMap<string, LayerRecord>, compile: Where | undefined): Model {
  if (/^[12]\./.test(content.kerasVersion)) {
    const fix = "load it in Keras 3 and save it again";
    throw malformed("metadata.json", `it was saved by Keras ${content.kerasVersion}, whose files are others: ${fix}`);
  }
  const seed = wholeOr(content.rhyton?.seed, 0);
  const { model, orders, outputNames } = readModel<Model>(content.config, {
    layers,
    numbers: countNumbers(content.weights),
    makers: {
      functional: (inputs, outputs, name) => new Model(new Network(inputs, outputs), { name, seed }),
      sequential: (start: Tensor | undefined, row, name) => new Sequential(start, row, { name, seed }),
    },
  });
  // Everything is read and checked before anything is given to the model.
  const outputs = outputNames ?? (model.isBuilt ? model.network.outputNames : ["output"]);
  const options = compile && readCompileConfig("config.json", content.config.compile_config, outputs);
  const values = model.isBuilt ? readWeights(content.weights, model, orders) : [];
  assignAll(values);
  model.epochs = wholeOr(content.rhyton?.epochs, 0);
  if (options !== undefined) {
    model.compile({ ...options, ...compile });
    const training = content.rhyton?.training;
    if (training !== undefined) model.restoreTrainingState(training, "rhyton.json: training");
    restore(model, orderedWeights(model, orders), h5Get(content.weights, "optimizer/vars"));
  }
  return model;
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

/** The weights that train, in the order of the file, which is that of the optimizer's slots. */
const orderedWeights = (model: Model, orders: Parameters<typeof placesOf>[1]) =>
  placesOf(model, orders)
    .flatMap(({ layer }) => layer.ownWeights)
    .filter((weight) => weight.trainable);

/** Gives the optimizer its state: steps done, learning rate, slots. Keras writes no slots before the first step. */
function restore(model: Model, weights: ReturnType<typeof orderedWeights>, vars: H5Node | undefined): void {
  if (vars?.kind !== "group" || vars.children.size === 0) return;
  const { optimizer } = model;
  const where = "model.weights.h5: optimizer/vars";
  const isScheduled = isSchedule(optimizer.learningRate);
  const first = isScheduled ? ["0"] : ["0", "1"];
  const [iteration, rate] = first.map((name) => scalar(where, name, vars.children.get(name)));
  if (!Number.isSafeInteger(iteration) || iteration < 0) throw malformed(where, `0, the steps done, is ${iteration}`);
  let values: readonly Value[] = [];
  if (vars.children.size > first.length || !optimizer.keepsSlots) {
    optimizer.build(weights);
    values = readSlots(where, vars, optimizer, first);
  }
  assignAll(values);
  optimizer.iterations = iteration;
  if (!isScheduled) optimizer.learningRate = rate;
}

/** @param first - the names of what comes before the slots. */
function readSlots(where: string, vars: H5Group, { variables }: Optimizer, first: readonly string[]): readonly Value[] {
  const slots = [...vars.children]
    .filter(([name]) => !first.includes(name))
    .map(([name, node]) => [/^[1-9]\d*$/.test(name) ? String(Number(name) - first.length) : name, node] as const);
  const at = `${where} after the first ${first.length === 1 ? "one" : "two"}`;
  return readVars(at, { ...vars, children: new Map(slots) }, variables);
}

function scalar(where: string, name: string, node: H5Node | undefined): number {
  if (node?.kind === "dataset" && node.data.length === 1) return Number(node.data[0]);
  throw malformed(where, `${name} is no single number`);
}
