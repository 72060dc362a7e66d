/**
 * Models from the objects of `config.json`. Nothing in a file is trusted: only layers of our own registry are made, sizes
 * are compared with the arrays of the file before memory is taken, and every reference is followed only if it exists.
 */
import { sizeOf } from "../core/array.ts";
import { unsafeFile, unsupportedFile } from "../core/errors.ts";
import type { OpenShape, OpenTensor, Variable } from "../graph/tensor.ts";
import { InputLayer, input } from "../layers/input.ts";
import { Lambda, type LambdaFunction } from "../layers/lambda.ts";
import { Layer } from "../layers/layer.ts";
import type { LayerRecord } from "../layers/record.ts";
import { layerRegistry } from "../layers/registry.ts";
import { named, withActivations } from "./activation-read.ts";
import { brief, checkSizes, isBuiltIn, listAt, malformed, objectAt, refuseCode, textAt } from "./config-parts.ts";
import { FUNCTIONAL, isModel, type ModelLayer, SEQUENTIAL } from "./config-write.ts";
import type { CustomObjects } from "./custom.ts";
import { runGraph } from "./graph-read.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { checkLayers, isLambda, missingLayers } from "./missing-layers.ts";
import { isOp, OpEntry, opEntry } from "./ops-read.ts";
import type { Orders } from "./weights.ts";

/** How models are made; src/training knows. */
export interface ModelMakers<M extends ModelLayer> {
  /** @param outputKeys - of the outputs, in their order, where the model answers an object. */
  functional(
    inputs: readonly OpenTensor[],
    outputs: readonly OpenTensor[],
    name: string,
    outputKeys: readonly string[] | undefined,
  ): M;
  /** @param start - the input, or nothing while its shape is unknown. */
  sequential(start: OpenTensor | undefined, layers: readonly Layer[], name: string): M;
}

export interface Reading<M extends ModelLayer> {
  readonly makers: ModelMakers<M>;
  /** What the caller has besides our own layers. */
  readonly custom: CustomObjects;
  /** Makes a record of what the caller gave for a layer. */
  readonly recordOf: (name: string, given: unknown) => LayerRecord;
  /** How many numbers all arrays of the file have together. */
  readonly numbers: number;
}

/** Numbers beyond those of the file that are made room for: a small excess is told better where both shapes are known. */
const SLACK = 2 ** 20;

/** Numbers in one tensor for one sample: 1 GiB of them. */
const MOST_CELLS = 2 ** 28;

/**
 * The model that an object of `config.json` describes, with weights of zeros; the order of layers in the file, which says
 * where their weights are; and the names that the file has for the outputs, where it has any.
 */
export function readModel<M extends ModelLayer>(object: JsonObject, reading: Reading<M>) {
  const reader = new Reader(reading);
  checkLayers(object, "config.json", reading.custom);
  const model = reader.model(object, "config.json");
  return { model, orders: reader.orders as Orders, outputNames: reader.outputNames.get(model) };
}

class Reader<M extends ModelLayer> {
  readonly orders = new Map<Layer, readonly Layer[]>();
  readonly outputNames = new Map<Layer, readonly string[]>();
  readonly #reading: Reading<M>;
  /** Layers that several models share, by their numbers. */
  readonly #shared = new Map<number, Layer>();
  readonly #claimed = new Set<Variable>();
  #numbers = 0;

  constructor(reading: Reading<M>) {
    this.#reading = reading;
  }

  /** The outermost model. */
  model(object: JsonObject, where: string): M {
    const name = object.class_name;
    if (isBuiltIn(object) && (name === FUNCTIONAL || name === SEQUENTIAL || name === "Model")) {
      return name === SEQUENTIAL ? this.#sequential(object, where) : this.#functional(object, where);
    }
    throw unsupportedFile({
      where,
      problem: `it holds ${brief(name)}, a model of a class of its own`,
      fix: "Its code is Python and not in the file. Build it as a functional model and save that.",
    });
  }

  /** A layer, or a model inside. */
  layer(object: JsonObject, above: string): Layer {
    const className = textAt(above, object, "class_name");
    const config = objectAt(above, object, "config");
    const name = typeof config.name === "string" ? config.name : undefined;
    const where = `${above}: ${className} ${name === undefined ? "" : JSON.stringify(name)}`.trimEnd();
    const id = object.shared_object_id;
    const known = typeof id === "number" ? this.#shared.get(id) : undefined;
    if (known?.className === className) return known;
    const layer = this.#make(object, className, config, where);
    if (typeof id === "number") this.#shared.set(id, layer);
    return layer;
  }

  #make(object: JsonObject, className: string, config: JsonObject, where: string): Layer {
    const { custom, recordOf } = this.#reading;
    if (isLambda(object)) return this.#lambda(object, config, where);
    const given = custom.find(object);
    const own = given === undefined ? undefined : recordOf(className, given);
    if (own === undefined && isBuiltIn(object)) {
      if (className === FUNCTIONAL) return this.#functional(object, where);
      if (className === SEQUENTIAL) return this.#sequential(object, where);
    }
    const record = own ?? (isBuiltIn(object) ? layerRegistry.get(className) : undefined);
    if (record === undefined) throw missingLayers([{ object, where }]);
    const resolved = withActivations(where, custom.resolve(config));
    refuseCode(where, resolved as JsonObject);
    checkSizes(where, config);
    return named(where, () => record.fromConfig(resolved), own && className);
  }

  /** An op between layers. */
  #op(object: JsonObject, above: string): OpEntry {
    const className = textAt(above, object, "class_name");
    const where = `${above}: ${className} ${brief(object.name)}`;
    return opEntry(where, className, objectAt(where, object, "config"));
  }

  /** A Lambda with the caller's class or function in place of its Python code. */
  #lambda(object: JsonObject, config: JsonObject, where: string): Layer {
    const { custom, recordOf } = this.#reading;
    const { function: code, arguments: kwargs, mask: _, output_shape: __, ...rest } = config;
    const name = typeof config.name === "string" ? config.name : "lambda";
    const byFunction = isJsonObject(code) && code.class_name === "function" ? code : undefined;
    const own = custom.find(object) ?? custom.named(name) ?? (byFunction && custom.find(byFunction));
    if (own === undefined) {
      const called = byFunction === undefined ? name : String(byFunction.config);
      const key = /^[A-Za-z_]\w*$/.test(called) ? called : JSON.stringify(called);
      throw unsafeFile({
        where,
        problem: "a Lambda layer is Python code inside the file",
        fix:
          "Code from files is never run. Write here what it does, as a function of tensors under the name of the layer " +
          `or of its function: loadModel(file, { customObjects: { ${key}: (x) => … } }); or as a class for every ` +
          "Lambda of the file: { customObjects: { Lambda: YourLayer } }.",
      });
    }
    checkSizes(where, rest);
    const given = isJsonObject(kwargs) && Object.keys(kwargs).length > 0 ? kwargs : undefined;
    if (typeof own === "function" && !("fromConfig" in own) && !(own.prototype instanceof Layer)) {
      const trainable = config.trainable !== false;
      return new Lambda(own as LambdaFunction, given ?? {}, { name, trainable });
    }
    const record = recordOf("Lambda", own);
    return named(where, () => record.fromConfig(given ? { ...rest, arguments: given } : rest), "Lambda");
  }

  // ---- models -----------------------------------------------------------------------------------------------------

  #sequential(object: JsonObject, where: string): M {
    const config = objectAt(where, object, "config");
    const objects = listAt(where, config, "layers").map((item) => {
      if (isJsonObject(item)) return item;
      throw malformed(where, `a layer is ${brief(item)}, expected an object`);
    });
    const layers = objects.map((item) => this.layer(item, where));
    checkNames(
      where,
      layers.map((layer) => layer.name),
    );
    const shape = config.build_input_shape ?? (isJsonObject(object.build_config) && object.build_config.input_shape);
    let start: OpenTensor | undefined;
    if (layers[0] instanceof InputLayer) start = this.#enter(layers.shift() as InputLayer, where);
    else if (Array.isArray(shape)) {
      start = this.#enter(
        named(where, () => new InputLayer(shape.slice(1) as unknown as OpenShape)),
        where,
      );
    }
    if (start !== undefined) {
      // Built here first: the model itself would draw weights of any size. Its own call is to be the only one that is noted.
      let x: readonly OpenTensor[] = [start];
      for (const layer of layers) {
        x = this.call(layer, x, false, `${where}: ${layer.where}`);
        layer.calls.pop();
      }
    }
    return this.#finish(where, config, layers, (name) => this.#reading.makers.sequential(start, layers, name));
  }

  #functional(object: JsonObject, where: string): M {
    const config = objectAt(where, object, "config");
    const entries = listAt(where, config, "layers").map((item) => {
      if (!isJsonObject(item)) throw malformed(where, `a layer is ${brief(item)}, expected an object`);
      const made = isOp(item) ? this.#op(item, where) : this.layer(item, where);
      const name = typeof item.name === "string" || made instanceof OpEntry ? textAt(where, item, "name") : made.name;
      return { name, made, object: item };
    });
    checkNames(
      where,
      entries.map(({ name }) => name),
    );
    const { inputs, outputs, outputNames, outputKeys } = runGraph(where, config, entries, {
      enter: (layer, at) => this.#enter(layer, at),
      call: (layer, x, listed, at) => this.call(layer, x, listed, at),
      op: (at, work) => {
        const outputs = named(at, work);
        for (const { shape } of outputs) this.#checkCells(at, shape);
        return outputs;
      },
    });
    const layers = entries.flatMap(({ made }) => (made instanceof OpEntry ? [] : [made]));
    const make = (name: string): M => this.#reading.makers.functional(inputs, outputs, name, outputKeys);
    const model = this.#finish(where, config, layers, make);
    this.outputNames.set(model, outputKeys ?? outputNames);
    return model;
  }

  #finish(where: string, config: JsonObject, layers: readonly Layer[], make: (name: string) => M): M {
    const name = textAt(where, config, "name");
    const model = named(where, () => make(name));
    const own = new Map(model.layers.map((layer) => [nameIn(model, layer), layer]));
    this.orders.set(
      model,
      // An input gets a new layer, of the same name.
      layers.flatMap((layer) => own.get(nameIn(model, layer)) ?? []),
    );
    if (config.trainable === false) model.trainable = false;
    return model;
  }

  // ---- calls ------------------------------------------------------------------------------------------------------

  /** The symbolic input that a layer from a file stands for. */
  #enter(layer: InputLayer, where: string): OpenTensor {
    this.#checkCells(where, layer.shape);
    return input(layer.shape, { name: layer.givenName });
  }

  /** Calls a layer, and compares what its weights need with what the file has. */
  call(layer: Layer, inputs: readonly OpenTensor[], listed: boolean, where: string): readonly OpenTensor[] {
    if ("isBuilt" in layer && layer.isBuilt === false) {
      throw malformed(where, "a model inside the model does not know its input shape");
    }
    const result = named(
      where,
      () => layer.enter(listed ? inputs : inputs[0]),
      layerRegistry.has(layer.className) || isModel(layer) ? undefined : layer.className,
    );
    const outputs = Array.isArray(result) ? (result as readonly OpenTensor[]) : [result as OpenTensor];
    for (const variable of layer.weights) {
      if (this.#claimed.has(variable)) continue;
      this.#claimed.add(variable);
      const size = sizeOf(variable.shape);
      this.#numbers += size;
      if (!(this.#numbers <= this.#reading.numbers + SLACK)) {
        throw malformed(
          where,
          `its weight "${variable.name}" would have ${size} numbers, more than there are in the whole file (${this.#reading.numbers})`,
        );
      }
      // So that no model draws values only for them to be replaced.
      variable.assign(new Float32Array(size));
    }
    for (const { shape } of outputs) this.#checkCells(where, shape);
    return outputs;
  }

  #checkCells(where: string, shape: OpenShape): void {
    const cells = sizeOf(shape.map((size) => size ?? 1));
    if (cells <= MOST_CELLS) return;
    const problem = `it would have ${cells} numbers for each sample, more than ${MOST_CELLS}`;
    throw unsafeFile({ where, problem, fix: "The file is damaged or was made to do harm; do not use it." });
  }
}

const nameIn = (model: ModelLayer, layer: Layer): string =>
  model.isBuilt && model.layers.includes(layer) ? model.network.nameOf(layer) : layer.name;

function checkNames(where: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw malformed(where, `two layers are named ${JSON.stringify(name)}`);
    seen.add(name);
  }
}
