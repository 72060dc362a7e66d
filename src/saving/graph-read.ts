/**
 * The graph of a functional model from its config: calls of layers are made in an order in which their inputs exist.
 * Layers may be called several times, and calls may refer to layers that come later in the file.
 */
import { unsupportedFile } from "../core/errors.ts";
import type { OpenTensor, Tensor } from "../graph/tensor.ts";
import { InputLayer } from "../layers/input.ts";
import type { Layer } from "../layers/layer.ts";
import { brief, indexOf, listAt, malformed, objectAt } from "./config-parts.ts";
import { FUNCTIONAL } from "./config-write.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import type { Argument } from "./ops-call.ts";
import { OpEntry } from "./ops-read.ts";

/** A layer of the file, or an op between layers, under the name that references use. */
export interface Entry {
  readonly name: string;
  readonly made: Layer | OpEntry;
  readonly object: JsonObject;
}

export interface GraphActions {
  enter(layer: InputLayer, where: string): OpenTensor;
  call(layer: Layer, inputs: readonly OpenTensor[], listed: boolean, where: string): readonly OpenTensor[];
  /** Runs an op; errors say where. */
  op(where: string, work: () => readonly OpenTensor[]): readonly OpenTensor[];
}

/** One output of one call. */
interface Reference {
  readonly name: string;
  readonly node: number;
  readonly output: number;
  /** What Keras computes it in. */
  readonly dtype?: Json;
}

interface Call {
  readonly entry: Entry;
  readonly where: string;
  readonly inputs: readonly Reference[];
  /** Makes the outputs from the tensors that the inputs refer to. */
  readonly run: (inputs: readonly OpenTensor[]) => readonly OpenTensor[];
  /** Calls that wait for this one. */
  readonly users: Call[];
  /** How many calls this one waits for. */
  waiting: number;
  outputs: readonly OpenTensor[] | undefined;
}

/** Makes all calls; answers the tensors that the config names as inputs and outputs. */
export function runGraph(where: string, config: JsonObject, entries: readonly Entry[], actions: GraphActions) {
  const calls = new Map(entries.map((entry) => [entry.name, callsOf(where, entry, actions)]));
  const target = (at: string, { name, node }: Reference): Call => {
    const of = calls.get(name);
    if (of === undefined) throw malformed(at, `it refers to the layer ${JSON.stringify(name)}, which is not there`);
    const call = of[node];
    if (call !== undefined) return call;
    throw malformed(at, `it refers to call ${node} of ${JSON.stringify(name)}, which is called ${of.length} times`);
  };
  const used = new Set<Call>();
  const tensor = (at: string, reference: Reference): OpenTensor => {
    const call = target(at, reference);
    used.add(call);
    if (call.entry.made instanceof OpEntry && /^u?int(8|16)$/.test(String(reference.dtype))) {
      throw unsupportedFile({
        where: call.where,
        problem: `Keras computes it in ${String(reference.dtype)}, which wraps around, and Rhyton in float32`,
        fix: 'Cast to "float32" before it in Keras, and save the model again.',
      });
    }
    const { outputs = [] } = call;
    const found = outputs[reference.output];
    if (found !== undefined) return found;
    const { name, output } = reference;
    throw malformed(at, `it refers to output ${output} of ${JSON.stringify(name)}, which has ${outputs.length}`);
  };

  const all = [...calls.values()].flat();
  const wait = (call: Call, before: Call): void => {
    if (before.outputs !== undefined) return;
    before.users.push(call);
    call.waiting++;
  };
  for (const of of calls.values()) {
    of.forEach((call, i) => {
      if (i > 0) wait(call, of[i - 1]);
      for (const reference of call.inputs) wait(call, target(call.where, reference));
    });
  }
  const ready = all.filter((call) => call.waiting === 0 && call.outputs === undefined);
  for (const call of ready) {
    const inputs = call.inputs.map((reference) => tensor(call.where, reference));
    call.outputs = call.run(inputs);
    for (const user of call.users) if (--user.waiting === 0) ready.push(user);
  }
  const stuck = all.filter((call) => call.outputs === undefined).map(({ entry }) => JSON.stringify(entry.name));
  if (stuck.length > 0) {
    const names = [...new Set(stuck)];
    const shown = names.length > 5 ? `${names.slice(0, 5).join(", ")}, …` : names.join(", ");
    throw malformed(where, `its layers ${shown} wait for each other in a circle`);
  }

  const ends = (key: string): OpenTensor[] =>
    referencesIn(where, key, config[key]).map((end) => {
      const made = entries.find(({ name }) => name === end.name)?.made;
      // Keras counts the runs of a model inside from 1 here; the run before the first is the last.
      const node = made?.className === FUNCTIONAL ? end.node - 1 : end.node;
      return tensor(`${where}: ${key}`, { ...end, node: node < 0 ? (calls.get(end.name)?.length ?? 0) - 1 : node });
    });
  const outputNames = referencesIn(where, "output_layers", config.output_layers).map(({ name }) => name);
  const outputKeys = keysOf(config.output_layers);
  const found = { inputs: ends("input_layers"), outputs: ends("output_layers"), outputNames, outputKeys };
  for (const of of calls.values()) checkUse(of, used);
  return found;
}

/** Keras saves only calls that something uses; but two of its releases say of every call that it is the first. */
function checkUse(callsOfLayer: readonly Call[], used: ReadonlySet<Call>): void {
  const idle = callsOfLayer.find((call) => !used.has(call));
  if (idle === undefined || callsOfLayer.length === 1) return;
  throw unsupportedFile({
    where: idle.where,
    problem: "nothing uses its result: Keras 3.2 writes files in which it is lost which call of a layer is meant",
    fix: "Make the model in Keras 3.3 or later, give it the weights (load_weights) and save it again.",
  });
}

function callsOf(where: string, entry: Entry, actions: GraphActions): readonly Call[] {
  const { made, name, object } = entry;
  const at = `${where}: ${made.className} ${JSON.stringify(name)}`;
  const nodes = listAt(at, object, "inbound_nodes");
  if (made instanceof InputLayer) {
    const outputs = [actions.enter(made, at)];
    return [{ entry, where: at, inputs: [], run: () => outputs, users: [], waiting: 0, outputs }];
  }
  return nodes.map((node, i) => {
    const where = nodes.length === 1 ? at : `${at} call ${i}`;
    const call = { entry, where, users: [], waiting: 0, outputs: undefined };
    if (made instanceof OpEntry) return { ...call, ...opArguments(where, node, made, actions) };
    const { inputs, listed } = argumentsOf(where, node, made);
    return { ...call, inputs, run: (tensors) => actions.call(made, tensors, listed, where) };
  });
}

/** What an op is called with: tensors of the model among other values, in lists, too. */
function opArguments(where: string, node: Json, made: OpEntry, actions: GraphActions) {
  if (!isJsonObject(node)) throw malformed(where, `a call is ${brief(node)}, expected an object`);
  const inputs: Reference[] = [];
  const isTensor = (value: Json): boolean => isJsonObject(value) && value.class_name === "__keras_tensor__";
  const find = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(find);
    else if (isTensor(value)) inputs.push(referenceOf(where, value));
  };
  const kwargs = objectAt(where, node, "kwargs");
  // Arguments that were given by name: the tensors first, as in `ops.add(x1=a, x2=b)`.
  const named = Object.entries(kwargs).filter(([key]) => /^(xs?|x[1-3]|condition)$/.test(key));
  const args = [...listAt(where, node, "args"), ...named.map(([, value]) => value)];
  args.forEach(find);
  if (inputs.length === 0) throw malformed(where, "it is called without a tensor of the model");
  const rest = Object.fromEntries(Object.entries(kwargs).filter(([key]) => !named.some(([name]) => name === key)));
  const run = (tensors: readonly OpenTensor[]): readonly OpenTensor[] => {
    let next = 0;
    const fill = (value: Json): Argument => {
      if (Array.isArray(value)) return value.map(fill);
      return isTensor(value) ? (tensors[next++] as Tensor) : value;
    };
    return actions.op(where, () => made.call(where, args.map(fill), rest));
  };
  return { inputs, run };
}

/** No mask, not training; for several inputs, a list of that. */
const isNothing = (value: Json): boolean =>
  value === null || value === false || (Array.isArray(value) && value.every(isNothing));

/**
 * Layers that Keras calls with `training: true` unless told otherwise, and notes so. It means nothing: `fit`, `evaluate`
 * and `predict` tell every layer what they do.
 */
const trainsByDefault = /^(Random|Resizing$|CenterCrop$)/;

/** What a layer is called with: one tensor, or a list of tensors. */
function argumentsOf(
  where: string,
  node: Json,
  { className }: Layer,
): { readonly inputs: readonly Reference[]; readonly listed: boolean } {
  if (!isJsonObject(node)) {
    const fix = "Load the model in Keras 3 and save it again.";
    if (!Array.isArray(node)) throw malformed(where, `a call is ${brief(node)}, expected an object`);
    throw unsupportedFile({ where, problem: "its calls are written as Keras 2 does", fix });
  }
  for (const [key, value] of Object.entries(objectAt(where, node, "kwargs"))) {
    if (isNothing(value) || (key === "training" && trainsByDefault.test(className))) continue;
    const problem = `it is called with ${key} = ${brief(value)}, which Rhyton has nothing for yet`;
    throw unsupportedFile({ where, problem, fix: `Save the model without ${key}.` });
  }
  const args = listAt(where, node, "args");
  const given = args.filter((value, i) => i === 0 || value !== null);
  if (given.length !== 1) {
    const problem = `it is called with ${given.length} arguments, and Rhyton's layers take one tensor or one list`;
    throw unsupportedFile({ where, problem, fix: "Save the model without this layer." });
  }
  const [x] = given;
  if (!Array.isArray(x)) return { inputs: [referenceOf(where, x)], listed: false };
  if (x.length === 0) throw malformed(where, "it is called with an empty list");
  return { inputs: x.map((item: Json) => referenceOf(where, item)), listed: true };
}

/** A tensor among the arguments of a call. */
function referenceOf(where: string, value: Json): Reference {
  if (!isJsonObject(value) || value.class_name !== "__keras_tensor__") {
    throw unsupportedFile({
      where,
      problem: `it is called with ${brief(value)}, which is no tensor of the model`,
      fix: "Save the model without constants among the inputs of layers.",
    });
  }
  const { keras_history: history, dtype } = objectAt(where, value, "config");
  return { ...tripleOf(where, history), dtype };
}

function tripleOf(where: string, value: Json | undefined): Reference {
  if (Array.isArray(value) && value.length === 3 && typeof value[0] === "string") {
    const [name, node, output] = value as readonly Json[];
    return {
      name: name as string,
      node: indexOf(where, "the number of a call", node),
      output: indexOf(where, "the number of an output", output),
    };
  }
  throw malformed(where, `a reference is ${brief(value)}, expected [layer, call, output]`);
}

/** One reference, or several in lists, or in an object, which Keras sorts by key. */
function referencesIn(where: string, key: string, value: Json | undefined): readonly Reference[] {
  const at = `${where}: ${key}`;
  if (Array.isArray(value)) {
    if (typeof value[0] === "string") return [tripleOf(at, value)];
    return value.flatMap((item: Json) => referencesIn(where, key, item));
  }
  if (!isJsonObject(value)) throw malformed(at, `it is ${brief(value)}, expected [layer, call, output]`);
  return sortedKeys(value).flatMap((name) => referencesIn(where, key, value[name]));
}

const sortedKeys = (value: JsonObject): readonly string[] => Object.keys(value).sort((a, b) => (a < b ? -1 : 1));

/** The keys of the outputs, in their order, where the file has them in a flat object. */
function keysOf(value: Json | undefined): readonly string[] | undefined {
  if (!isJsonObject(value)) return undefined;
  const isOne = (item: Json): boolean => Array.isArray(item) && typeof item[0] === "string";
  return Object.values(value).every(isOne) ? sortedKeys(value) : undefined;
}
