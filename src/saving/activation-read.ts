/** Layers that stand in a config as the activation of another layer, such as `activation=LeakyReLU()`. */
import { prefixed, runOwn } from "../core/errors.ts";
import { activationLayers } from "../layers/activation-layers.ts";
import { type ActivationOfLayer, activationOf } from "../layers/activations.ts";
import { checkSizes, isBuiltIn, objectAt } from "./config-parts.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** The config with layers that stand as activations, such as `activation=LeakyReLU()`, made into activations. */
export function withActivations(
  where: string,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const made = (value: unknown): unknown => {
    if (!isJsonObject(value as Json)) return value;
    const object = value as JsonObject;
    const record = isBuiltIn(object) ? activationLayers.get(String(object.class_name)) : undefined;
    if (record === undefined) return value;
    const inner = objectAt(where, object, "config");
    checkSizes(where, inner);
    return named(`${where}: activation`, () =>
      activationOf(where, record.fromConfig(inner) as unknown as ActivationOfLayer),
    );
  };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, key.endsWith("activation") ? made(value) : value]),
  );
}

/**
 * Runs work on one layer; errors say which.
 *
 * @param own - the class, where it is one that the caller gave: what it throws is not the fault of the file.
 */
export function named<T>(where: string, work: () => T, own?: string): T {
  const what = `the constructor or fromConfig of ${own}`;
  // What is wrapped has its place already.
  return own === undefined ? placing(where, work) : runOwn(where, what, () => placing(where, work));
}

function placing<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw prefixed(where, error);
  }
}
