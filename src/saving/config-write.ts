/**
 * Models as Keras writes them into `config.json`: objects of module, class, config. Keys that only newer versions of
 * Keras know are left out, so that older ones read our files too.
 */
import { argumentError, networkError } from "../core/errors.ts";
import type { Pieces } from "../core/pieces.ts";
import { type OpenShape, type OpenTensor, Tensor, Variable } from "../graph/tensor.ts";
import { Lambda } from "../layers/lambda.ts";
import { Layer } from "../layers/layer.ts";
import { layerNames } from "../layers/names.ts";
import type { Network } from "../layers/network.ts";
import type { NetworkNode, Operation } from "../layers/network-nodes.ts";
import { type Config, dtypePolicy, snakeCase } from "../layers/options.ts";
import type { Json, JsonObject } from "./json.ts";
import { type OpNode, opNode } from "./ops-write.ts";

/** What a file needs to know of a model; `Model` in src/training has it. */
export type ModelLayer = Layer & {
  /** Whether there is a network yet. */
  readonly isBuilt: boolean;
  readonly network: Network;
  readonly layers: readonly Layer[];
  /** The keys under which Keras answers the outputs, in their order; none where it answers a list. */
  readonly outputKeys: readonly string[] | undefined;
};

/** Classes of models: a graph of layers, and layers in a row. */
export const FUNCTIONAL = "Functional";
export const SEQUENTIAL = "Sequential";

export const isModel = (layer: Layer): layer is ModelLayer =>
  (layer.className === FUNCTIONAL || layer.className === SEQUENTIAL) && "isBuilt" in layer;

/**
 * A model as an object of `config.json`, without how it was compiled.
 *
 * @throws RhytonError `network` for an op between layers that Keras has not; `argument` for a function of one's own as activation.
 */
export const modelObject = (model: ModelLayer): Pieces<JsonObject> => new Writer(model).object(model, model.name);

/** The config alone: what `getConfig` of a model answers. */
export const modelConfig = (model: ModelLayer): Pieces<Config> => new Writer(model).config(model, model.name);

const withBatch = (shape: OpenShape): Json => [null, ...shape];

class Writer {
  /** Numbers for layers with weights that several models of the file hold: Keras shares what has the same number. */
  readonly #ids = new Map<Layer, number>();

  constructor(root: ModelLayer) {
    const holders = new Map<Layer, number>();
    const count = (layer: Layer): void => {
      const before = holders.get(layer) ?? 0;
      holders.set(layer, before + 1);
      if (before === 0 && isModel(layer)) layer.layers.forEach(count);
      if (before === 1 && layer.weights.length > 0) this.#ids.set(layer, this.#ids.size + 1);
    };
    count(root);
  }

  *object(layer: Layer, name: string): Pieces<JsonObject> {
    const id = this.#ids.get(layer);
    const config = yield* this.config(layer, name);
    yield;
    return {
      ...classOf(layer),
      config,
      registered_name: registeredName(layer),
      ...this.#built(layer),
      ...(id === undefined ? {} : { shared_object_id: id }),
    };
  }

  *config(layer: Layer, name: string): Pieces<JsonObject> {
    if (!isModel(layer)) {
      checkOwnConfig(layer);
      return asJson(layer.where, { ...layer.getConfig(), name });
    }
    return yield* layer.className === SEQUENTIAL ? this.#sequential(layer, name) : this.#functional(layer, name);
  }

  /** What Keras builds the layer from; where it is missing, the first call does that. */
  #built(layer: Layer): JsonObject {
    if (isModel(layer)) {
      const shape = layer.className === SEQUENTIAL && layer.isBuilt ? withBatch(layer.network.inputs[0].shape) : null;
      return layer.isBuilt ? { build_config: { input_shape: shape } } : {};
    }
    const shapes = layer.builtShapes;
    if (shapes?.length !== 1 || layer.ownWeights.length === 0) return {};
    return { build_config: { input_shape: withBatch(shapes[0]) } };
  }

  // ---- layers in a row --------------------------------------------------------------------------------------------

  *#sequential(model: ModelLayer, name: string): Pieces<JsonObject> {
    const { layers } = model;
    const twice = layers.findIndex((layer, i) => layers.indexOf(layer) < i);
    if (twice >= 0) {
      throw networkError({
        where: model.where,
        problem: `${layers[twice].where} stands in it twice, which Keras does not allow`,
        fix: "Make it with model(inputs, outputs).",
      });
    }
    const names = model.isBuilt ? layers.map((layer) => model.network.nameOf(layer)) : uniqueNames(layers);
    const objects: JsonObject[] = [];
    for (const [i, layer] of layers.entries()) objects.push(yield* this.object(layer, names[i]));
    const head = { name, trainable: model.trainable, dtype: asJson(model.where, dtypePolicy) };
    if (!model.isBuilt) return { ...head, layers: objects };
    const { inputs, layers: all, inputNames } = model.network;
    const start = all.find((layer) => model.network.nameOf(layer) === inputNames[0]);
    const first = start === undefined ? [] : [yield* this.object(start, inputNames[0])];
    return { ...head, layers: [...first, ...objects], build_input_shape: withBatch(inputs[0].shape) };
  }

  // ---- graphs of layers -------------------------------------------------------------------------------------------

  *#functional(model: ModelLayer, name: string): Pieces<JsonObject> {
    const { network, outputKeys } = model;
    const runs = new Map<Operation, NetworkNode[]>();
    for (const node of network.nodes) runs.set(node.operation, [...(runs.get(node.operation) ?? []), node]);
    const layers: JsonObject[] = [];
    for (const operation of network.operations) {
      if (operation instanceof Tensor) {
        layers.push(...opObjects(model, operation));
        yield;
        continue;
      }
      const nodes = [...(runs.get(operation) ?? [])].sort((a, b) => a.index - b.index);
      const own = network.nameOf(operation);
      const object = yield* this.object(operation, own);
      const inbounds = nodes.filter(({ inputs }) => inputs.length > 0).map((node) => inbound(network, node));
      layers.push({ ...object, name: own, inbound_nodes: inbounds });
    }
    const ends = (tensors: readonly OpenTensor[]): Json => {
      const list = tensors.map((t) => endOf(network, t));
      return list.length === 1 ? list[0] : list;
    };
    return {
      name,
      trainable: model.trainable,
      layers,
      input_layers: ends(network.inputs),
      output_layers: outputKeys
        ? Object.fromEntries(network.outputs.map((t, i): [string, Json] => [outputKeys[i], endOf(network, t)]))
        : ends(network.outputs),
    };
  }
}

/** One call of a layer: its arguments. */
function inbound(network: Network, { inputs, listed }: NetworkNode): JsonObject {
  const tensors = inputs.map((t) => referenceTo(network, t));
  return { args: listed ? [tensors] : tensors, kwargs: {} };
}

/** A tensor as an argument. */
function referenceTo(network: Network, t: OpenTensor): JsonObject {
  const { name, node, output } = network.historyOf(t)!;
  const config = { shape: withBatch(t.shape), dtype: "float32", keras_history: [name, node, output] };
  return { class_name: "__keras_tensor__", config };
}

/** An op between layers: one node, or two where numbers are made of true and false. */
function opObjects(model: ModelLayer, y: OpenTensor): JsonObject[] {
  const { network } = model;
  const name = network.nameOf(y);
  const known = (x: OpenTensor): Json | undefined =>
    network.historyOf(x) === undefined ? undefined : referenceTo(network, x);
  const object = (own: string, { module, className, config, args }: OpNode): JsonObject => ({
    module,
    class_name: className,
    config: { name: own, ...config },
    registered_name: className,
    name: own,
    inbound_nodes: [{ args: [...args], kwargs: {} }],
  });
  const node = opNode(model.where, y as Tensor, known);
  if (node.isBoolean !== true) return [object(name, node)];
  const test = `${name}_is_true`;
  const config = { shape: withBatch(y.shape), dtype: "bool", keras_history: [test, 0, 0] };
  const args = [{ class_name: "__keras_tensor__", config }];
  const cast = { module: "keras.src.ops.core", className: "Cast", config: { dtype: "float32" }, args };
  return [object(test, node), object(name, cast)];
}

/** An input or output of a model. Keras counts the runs of a model inside from 1 here, and from 0 everywhere else. */
function endOf(network: Network, tensor: OpenTensor): Json {
  const { name, node, output } = network.historyOf(tensor)!;
  const isGraph = network.layers.some((l) => l.className === FUNCTIONAL && network.nameOf(l) === name);
  return [name, isGraph ? node + 1 : node, output];
}

/** What every layer has of its own. */
const baseFields: ReadonlySet<string> = new Set(["calls", "givenName", "modelName", "activityRegularizer"]);

/** Throws for a layer of the caller's own that would come back from the file as another. */
function checkOwnConfig(layer: Layer): void {
  // One of ours that stands for several of Keras' layers takes their names.
  if (layerNames.has(layer.className) && layer.constructor.name !== layer.className) return;
  if (layer.getConfig !== Layer.prototype.getConfig) return;
  const fields = Object.entries(layer).filter(([key, value]) => !baseFields.has(key) && !isMadeAgain(value));
  if (fields.length === 0 && takesOptionsAlone(layer.constructor)) return;
  throw networkError({
    where: layer.constructor.name,
    problem:
      "write getConfig() that gives back the constructor's arguments, so that the file can make the layer again" +
      (fields.length === 0 ? "" : ` (it has ${fields.map(([key]) => key).join(", ")} of its own)`),
    fix: "For example: override getConfig() { return { ...super.getConfig(), n: this.n }; }",
  });
}

/** Weights and parts: the class makes them again, and their values are in the file. */
const isMadeAgain = (value: unknown): boolean =>
  value === undefined ||
  value instanceof Variable ||
  value instanceof Layer ||
  (Array.isArray(value) && value.every(isMadeAgain));

/** Whether the constructors of a class, as far as it has any, take nothing but the options of every layer. */
function takesOptionsAlone(made: unknown): boolean {
  for (let own = made; typeof own === "function" && own !== Layer; own = Object.getPrototypeOf(own)) {
    const text = Function.prototype.toString.call(own);
    const parameters = /(?<![.\w$"'`])constructor\s*\(([^)]*)\)/.exec(text)?.[1].trim() ?? "";
    if (parameters === "") continue;
    const name = /^(?:\.\.\.)?([\w$]+)(?:\s*=\s*\{\s*\})?$/.exec(parameters)?.[1];
    if (name === undefined || !new RegExp(`super\\(\\s*(\\.\\.\\.)?${name.replaceAll("$", "\\$")}\\s*\\)`).test(text)) {
      return false;
    }
  }
  return true;
}

function classOf(layer: Layer): { module: string | null; class_name: string } {
  const { className } = layer;
  if (className === FUNCTIONAL) return { module: "keras.src.models.functional", class_name: FUNCTIONAL };
  if (className === SEQUENTIAL) return { module: "keras", class_name: SEQUENTIAL };
  return { module: isOfKeras(layer) ? "keras.layers" : null, class_name: className };
}

/** A Lambda from a file is Keras' own, too; a caller's class of that name is not. */
const isOfKeras = (layer: Layer): boolean => layerNames.has(layer.className) || layer instanceof Lambda;

function registeredName(layer: Layer): string | null {
  const { className } = layer;
  if (className === FUNCTIONAL) return FUNCTIONAL;
  return className === SEQUENTIAL || isOfKeras(layer) ? null : `Custom>${className}`;
}

/** Names as a model gives them, for layers that no model has named yet. */
function uniqueNames(layers: readonly Layer[]): readonly string[] {
  const taken = new Set(layers.flatMap(({ givenName }) => givenName ?? []));
  return layers.map((layer) => {
    if (layer.givenName !== undefined) return layer.givenName;
    const base = snakeCase(layer.className);
    let name = base;
    for (let k = 1; taken.has(name); k++) name = `${base}_${k}`;
    taken.add(name);
    return name;
  });
}

/** A config as JSON. @throws RhytonError `argument` for what JSON cannot hold. */
function asJson(where: string, value: object): JsonObject {
  const convert = (v: unknown, key: string): Json => {
    if (v === null || typeof v === "boolean" || typeof v === "number" || typeof v === "string") return v;
    if (Array.isArray(v)) return v.map((item) => convert(item, key));
    if (typeof v === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(v))) return fields(v);
    const expected = "a number, text, boolean, null, or lists and objects of these";
    throw argumentError({ where: `${where} getConfig`, argument: key, value: v, expected });
  };
  const fields = (v: object): JsonObject =>
    Object.fromEntries(
      Object.entries(v)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, convert(item, key)]),
    );
  return fields(value);
}
