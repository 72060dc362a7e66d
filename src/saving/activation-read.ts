/** Layers that stand in a config as the activation of another layer, such as `activation=LeakyReLU()`. */
import { prefixed, runOwn } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { activationLayers } from "../layers/activation-layers.ts";
import type { Activation } from "../layers/activations.ts";
import type { Layer } from "../layers/layer.ts";
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
    const layer = named(`${where}: activation`, () => record.fromConfig(inner)) as ActivationOfLayer;
    const config = {
      module: "keras.layers",
      class_name: layer.className,
      config: layer.getConfig(),
      registered_name: null,
    };
    return { name: undefined, apply: (x: Tensor) => layer.call(x), config } satisfies Activation;
  };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, key.endsWith("activation") ? made(value) : value]),
  );
}

type ActivationOfLayer = Layer & { call(x: Tensor): Tensor };

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
