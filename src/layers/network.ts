/**
 * A Network is what lies between given input and output tensors: calls of layers, and ops between them, in Keras' order.
 * Layers may be shared with other networks, and any tensor in the middle of one may be an end of another.
 */
import { showShape, sizeOf } from "../core/array.ts";
import { networkError, outOfMemory, shapeError } from "../core/errors.ts";
import { agree } from "../core/open-shape.ts";
import { deriveSeed, purposes } from "../core/random.ts";
import { type OpenTensor, Tensor, type Variable } from "../graph/tensor.ts";
import { variableOp } from "../ops/leaf.ts";
import type { CallContext, Layer } from "./layer.ts";
import { nameAll } from "./network-names.ts";
import { cutNetwork, type NetworkNode, type Operation, rerun } from "./network-nodes.ts";

/** Where a tensor comes from, in Keras' terms: the name of the operation, which run of it, which of its outputs. */
export interface History {
  readonly name: string;
  readonly node: number;
  readonly output: number;
}

export class Network {
  readonly inputs: readonly OpenTensor[];
  readonly outputs: readonly OpenTensor[];
  /** Every node, inputs before users. */
  readonly nodes: readonly NetworkNode[];
  /** Layers and ops, farthest from the outputs first. */
  readonly operations: readonly Operation[];
  /** The layers among them, `InputLayer`s included. */
  readonly layers: readonly Layer[];

  /** The keys of the outputs, in their order, where they have any. */
  readonly outputKeys: readonly string[] | undefined;

  readonly #names: ReadonlyMap<Operation, string>;
  readonly #histories = new Map<OpenTensor, History>();
  /** The variables that ops between layers read. */
  readonly #looseWeights: readonly Variable[];

  /**
   * @throws RhytonError `network` when an output needs a tensor that does not follow from the inputs, when it follows
   *   from none of them, or when two layers were given one name.
   */
  constructor(inputs: readonly OpenTensor[], outputs: readonly OpenTensor[], outputKeys?: readonly string[]) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.outputKeys = outputKeys;
    const { nodes, operations } = cutNetwork(inputs, outputs);
    this.nodes = nodes;
    this.operations = operations;
    this.layers = operations.filter((op): op is Layer => !(op instanceof Tensor));
    this.#names = nameAll(this.operations);
    for (const layer of this.layers) if (layer.givenName === undefined) layer.modelName ??= this.nameOf(layer);
    for (const node of this.nodes) {
      const name = this.nameOf(node.operation);
      node.outputs.forEach((t, output) => {
        const isOtherEnd = node.inputs.length > 0 && inputs.includes(t);
        if (!isOtherEnd) this.#histories.set(t, { name, node: node.index, output });
      });
    }
    this.#looseWeights = this.operations
      .flatMap((op) => (op instanceof Tensor ? op.inputs : []))
      .filter((t) => t.op === (variableOp as object))
      .map((t) => t.attributes.variable as Variable);
    this.#checkReach();
  }

  /** The name of a layer or op in this network. A shared layer may have another name in another network. */
  nameOf(operation: Operation): string {
    const name = this.#names.get(operation);
    if (name === undefined) throw networkError({ problem: "a layer of another network was asked for", fix: "" });
    return name;
  }

  /** Where a tensor comes from. Undefined for tensors outside the network. */
  historyOf(tensor: OpenTensor): History | undefined {
    return this.#histories.get(tensor);
  }

  /** The names of the layers that give the inputs. */
  get inputNames(): readonly string[] {
    return this.inputs.map((t) => this.#histories.get(t)!.name);
  }

  /** The keys of the outputs, or the names of the layers that give them. */
  get outputNames(): readonly string[] {
    return this.outputKeys ?? this.outputs.map((t) => this.#histories.get(t)!.name);
  }

  /** Every weight once, in the order of the layers. */
  get weights(): readonly Variable[] {
    return [...new Set([...this.layers.flatMap((layer) => layer.weights), ...this.#looseWeights])];
  }

  get trainableWeights(): readonly Variable[] {
    return this.weights.filter((w) => w.trainable);
  }

  get nonTrainableWeights(): readonly Variable[] {
    return this.weights.filter((w) => !w.trainable);
  }

  /** The layer of that name. @throws RhytonError `network` with the names that there are. */
  getLayer(name: string): Layer {
    const layer = this.layers.find((l) => this.nameOf(l) === name);
    if (layer) return layer;
    const known = this.layers.map((l) => this.nameOf(l)).join(", ");
    throw networkError({ problem: `there is no layer "${name}"`, fix: `The layers are ${known}.` });
  }

  /** Draws every weight that has no value yet, each from the seed and its position among the weights. */
  initialise(seed: number): void {
    this.weights.forEach((variable, position) => {
      if (variable.value !== undefined) return;
      const values = this.#roomFor(variable);
      variable.initializer.fill(values, variable.shape, deriveSeed(seed, purposes.weights, position));
      variable.assign(values);
    });
  }

  /** @throws RhytonError `out-of-memory` */
  #roomFor(variable: Variable): Float32Array<ArrayBuffer> {
    const { name, shape } = variable;
    try {
      return new Float32Array(sizeOf(shape));
    } catch (error) {
      const owner = this.layers.find((layer) => layer.weights.includes(variable));
      const where = `${owner?.where ?? "model"}: weight ${JSON.stringify(name)} of shape ${showShape(shape)}`;
      const reason = error instanceof Error ? error.message : String(error);
      throw outOfMemory({ where, bytes: 4 * sizeOf(shape), reason, fix: "Make the layer or its input smaller." });
    }
  }

  /**
   * The outputs for other inputs: every layer's `call` runs again, and every op between layers is rebuilt.
   *
   * @param inputs - one tensor for each input of the network, of the same shape.
   */
  trace(inputs: readonly Tensor[], context: CallContext): Tensor[] {
    const now = this.traceAll(inputs, context);
    return this.outputs.map((t) => now.get(t)!);
  }

  /** As `trace`: what stands in the place of every tensor of the network. */
  traceAll(inputs: readonly Tensor[], context: CallContext): ReadonlyMap<OpenTensor, Tensor> {
    return this.#rerun(inputs, (layer, x, outputs) => {
      const result = layer.trace(x as Tensor | readonly Tensor[], context);
      checkResult(layer, result instanceof Tensor ? [result] : result, outputs);
      return result;
    }) as ReadonlyMap<OpenTensor, Tensor>;
  }

  /**
   * The outputs for inputs of other shapes, of which sizes may be open: known by their shapes alone.
   *
   * @param inputs - one tensor for each input of the network; sizes that are known on both sides must be equal.
   */
  answer(inputs: readonly OpenTensor[]): OpenTensor[] {
    const now = this.#rerun(inputs, (layer, x) => layer.answer(x));
    return this.outputs.map((t) => now.get(t)!);
  }

  #rerun(inputs: readonly OpenTensor[], run: Parameters<typeof rerun>[2]): ReadonlyMap<OpenTensor, OpenTensor> {
    this.#checkInputs(inputs);
    return rerun(this.nodes, new Map(this.inputs.map((t, i) => [t, inputs[i]])), run);
  }

  #checkInputs(inputs: readonly OpenTensor[]): void {
    const show = (list: readonly OpenTensor[]): string => list.map((t) => showShape(t.shape, true)).join(", ");
    if (inputs.length === this.inputs.length && inputs.every((t, i) => agree(t.shape, this.inputs[i].shape))) return;
    throw shapeError({
      where: "model",
      got: `${inputs.length === 1 ? "an input" : `${inputs.length} inputs`} of shape ${show(inputs)}`,
      expected: `${show(this.inputs)} for ${this.inputNames.map((name) => JSON.stringify(name)).join(", ")}`,
      fix: "Feed these shapes in this order.",
    });
  }

  /** Every output must follow from an input, or training it would be training nothing. */
  #checkReach(): void {
    const reached = new Set<OpenTensor>(this.inputs);
    for (const node of this.nodes) {
      if (node.inputs.some((t) => reached.has(t))) for (const t of node.outputs) reached.add(t);
    }
    this.outputs.forEach((t, i) => {
      if (reached.has(t)) return;
      throw networkError({
        problem: `output ${i}, given by "${this.outputNames[i]}", does not depend on any input of the model`,
        fix: "Give the tensors from which it was made as inputs.",
      });
    });
  }
}

/** Layers behind this one were built for what it gave when the model was made. */
function checkResult(layer: Layer, results: readonly OpenTensor[], outputs: readonly OpenTensor[]): void {
  const wrong = outputs.findIndex((t, i) => !agree(t.shape, results[i].shape));
  if (wrong < 0) return;
  throw shapeError({
    where: layer.where,
    got: `an output of shape ${showShape(results[wrong].shape, true)} from its call`,
    expected: `${showShape(outputs[wrong].shape, true)}, as it was when the model was made`,
    fix: "What call does to the shape must be the same at every size.",
  });
}
