/** How layers, and ops that stand between them, are named in a network: as Keras does. */
import { networkError } from "../core/errors.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Layer } from "./layer.ts";
import type { Operation } from "./network-nodes.ts";
import { snakeCase } from "./options.ts";

/** Classes of Keras for ops that stand between layers. */
const classNames: Readonly<Record<string, string>> = {
  neg: "Negative",
  abs: "Absolute",
  sqrt: "Sqrt",
  sub: "Subtract",
  mul: "Multiply",
  div: "Divide",
  max: "Maximum",
  min: "Minimum",
  gt: "Greater",
  ge: "GreaterEqual",
  eq: "Equal",
  reduceMax: "Max",
  slice: "GetItem",
};

/** Keras' name of the class of a layer or op. */
export const classNameOf = (operation: Operation): string =>
  operation instanceof Tensor
    ? (classNames[operation.op.name] ?? operation.op.name.charAt(0).toUpperCase() + operation.op.name.slice(1))
    : operation.className;

/** Names: those that were given, then those from earlier models as far as free, then class names with numbers. */
export function nameAll(operations: readonly Operation[]): ReadonlyMap<Operation, string> {
  const names = new Map<Operation, string>();
  const owners = new Map<string, Operation>();
  const take = (operation: Operation, name: string): void => {
    names.set(operation, name);
    owners.set(name, operation);
  };
  const layers = operations.filter((op): op is Layer => !(op instanceof Tensor));
  for (const layer of layers) {
    if (layer.givenName === undefined) continue;
    if (owners.has(layer.givenName)) {
      throw networkError({
        problem: `two layers are named "${layer.givenName}"`,
        fix: "Give each layer a name of its own, or leave the names out.",
      });
    }
    take(layer, layer.givenName);
  }
  for (const layer of layers) {
    if (!names.has(layer) && layer.modelName !== undefined && !owners.has(layer.modelName))
      take(layer, layer.modelName);
  }
  for (const operation of operations) {
    if (names.has(operation)) continue;
    const base = snakeCase(classNameOf(operation));
    let name = base;
    for (let k = 1; owners.has(name); k++) name = `${base}_${k}`;
    take(operation, name);
  }
  return names;
}
