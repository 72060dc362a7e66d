/** The state of an optimizer in files, as Keras keeps it: the variables in order, numbered. */
import type { Variable } from "../graph/tensor.ts";
import type { Layer } from "../layers/layer.ts";
import { malformed } from "../saving/config-parts.ts";
import { isModel } from "../saving/config-write.ts";
import { type H5Group, type H5Node, h5Dataset } from "../saving/hdf5.ts";
import { assignAll, datasetOf, type Orders, readVars, type Value, varsGroup } from "../saving/weights.ts";
import type { Model } from "./model.ts";
import type { Optimizer } from "./optimizer.ts";
import { isSchedule } from "./schedule.ts";

/** Steps done, learning rate (unless a schedule gives it), then the slots of all weights. */
export const optimizerGroup = ({ optimizer }: { readonly optimizer: Optimizer }): H5Group =>
  varsGroup(optimizer.name, [
    h5Dataset(BigInt64Array.of(BigInt(optimizer.iterations)), []),
    ...(isSchedule(optimizer.learningRate)
      ? []
      : [h5Dataset(Float32Array.of(optimizer.rateAt(optimizer.iterations)), [])]),
    ...optimizer.variables.map(datasetOf),
  ]);

/**
 * The weights that train, in the order of the optimizer's slots: layers in the order of the file, and the parts of a layer
 * as it lists them, whatever the names under which the file keeps their weights.
 */
function orderedWeights(model: Model, orders: Orders): readonly Variable[] {
  const weightsOf = (layer: Layer): readonly Variable[] => [
    ...layer.ownWeights,
    ...(isModel(layer) ? (orders.get(layer) ?? layer.layers) : layer.parts).flatMap(weightsOf),
  ];
  return [...new Set(weightsOf(model))].filter((weight) => weight.trainable);
}

/** Gives the optimizer its state: steps done, learning rate, slots. Keras writes no slots before the first step. */
export function restoreOptimizer(model: Model, orders: Orders, vars: H5Node | undefined): void {
  if (vars?.kind !== "group" || vars.children.size === 0) return;
  const { optimizer } = model;
  const where = "model.weights.h5: optimizer/vars";
  const isScheduled = isSchedule(optimizer.learningRate);
  const first = isScheduled ? ["0"] : ["0", "1"];
  const [iteration, rate] = first.map((name) => scalar(where, name, vars.children.get(name)));
  if (!Number.isSafeInteger(iteration) || iteration < 0) throw malformed(where, `0, the steps done, is ${iteration}`);
  const isBare = vars.children.size <= first.length && optimizer.keepsSlots;
  if (isBare && iteration > 0) throw malformed(where, `${iteration} steps are done, and there is nothing of them`);
  let values: readonly Value[] = [];
  if (!isBare) {
    optimizer.build(orderedWeights(model, orders));
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
