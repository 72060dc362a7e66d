/** Checking what a caller gave to a layer: every refusal names the layer, the argument, the value and the way out. */

import { argumentError, describe, unknownName } from "../core/errors.ts";

/**
 * Where the channels stand: behind the spatial axes, [height, width, channels], or before them, [channels, height,
 * width].
 */
export type DataFormat = "channels_last" | "channels_first";

/** No options given. */
export type None = Record<never, never>;

/**
 * Options of the literal type `Given`, with no keys but those of `Allowed`. (A generic parameter alone would let other
 * keys pass; `Allowed` itself is what gives functions among the options the types of their parameters.)
 */
export type Only<Given, Allowed> = Given &
  Allowed & { readonly [K in keyof Given]: K extends keyof Allowed ? unknown : never };

/** What option `Key` is when it was left out or is `undefined`: `Default`. */
export type Given<Options, Key, Default> = Key extends keyof Options
  ? [Options[Key]] extends [undefined]
    ? Default
    : undefined extends Options[Key]
      ? Exclude<Options[Key], undefined> | Default
      : Options[Key]
  : Default;

/** `Conv2D` as Keras names a first layer of that class: `conv2d`; `MaxPooling2D`: `max_pooling2d`. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** `max_pooling2d` as an identifier of TypeScript: `maxPooling2d`. */
export const camelCase = (name: string): string => name.replace(/_+([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** What a class is called in messages, once for each: every call of a model begins with it. */
const kinds = new Map<string, string>();

function kindOf(className: string): string {
  if (className.endsWith("LU")) return className.charAt(0).toLowerCase() + className.slice(1);
  return className === "InputLayer" ? "input" : camelCase(snakeCase(className));
}

/** How a layer stands in a message: `conv2d "encoder"`. `ReLU` and its kin keep Keras' capitals: `reLU`. */
export const whereOf = (className: string, name: string | undefined): string => {
  const kind = kinds.get(className) ?? kindOf(className);
  kinds.set(className, kind);
  return name === undefined ? kind : `${kind} ${JSON.stringify(name)}`;
};

/** What an option could be, for those that a message shows. */
const examples: Readonly<Record<string, string>> = {
  epochs: "epochs: 3",
  optimizer: 'optimizer: "adam"',
  activation: 'activation: "relu"',
  padding: 'padding: "same"',
  interpolation: 'interpolation: "bilinear"',
  learningRate: "learningRate: 0.01",
  monitor: 'monitor: "val_loss"',
  reduction: 'reduction: "sum"',
  batchSize: "batchSize: 64",
  compile: "compile: false",
  axis: "axis: -1",
  seed: "seed: 1",
  name: 'name: "first"',
};

/** An option of a function, with the value that was given where that would suit. */
function exampleFor(given: unknown, choices: readonly string[]): string {
  if ((given === "same" || given === "valid") && choices.includes("padding")) return `padding: "${given}"`;
  if (typeof given === "string" && choices.includes("activation")) return `activation: ${describe(given)}`;
  if (typeof given === "number" && choices.includes("learningRate")) return `learningRate: ${given}`;
  if (typeof given === "number" && choices.includes("epochs")) return `epochs: ${given}`;
  const key = Object.keys(examples).find((name) => choices.includes(name));
  return key === undefined ? `${choices[0]}: …` : examples[key];
}

export function checkOptions(where: string, options: unknown, choices: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw argumentError({
      where,
      argument: "options",
      value: options,
      expected: `an object such as { ${exampleFor(options, choices)} }`,
    });
  }
  for (const name of Object.keys(options)) {
    if (!choices.includes(name)) throw unknownName({ where, what: "option", name, choices });
  }
}

export function checkChoice<T extends string>(
  where: string,
  argument: string,
  value: unknown,
  choices: readonly T[],
): T {
  if (typeof value !== "string") {
    throw argumentError({
      where,
      argument,
      value,
      expected: `one of ${choices.map((c) => JSON.stringify(c)).join(", ")}`,
    });
  }
  const found = choices.find((c) => c === value.toLowerCase());
  if (found === undefined) throw unknownName({ where, what: argument, name: value, choices });
  return found;
}

export function checkBoolean(where: string, argument: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw argumentError({ where, argument, value, expected: "true or false" });
  return value;
}

/** A whole number ≥ 1. */
export function checkCount(where: string, argument: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1) {
    const fix = "Give it a number such as 8.";
    throw argumentError({ where, argument, value, expected: "a whole number of at least 1", fix });
  }
  return value as number;
}

/** A number of at least `least`. */
export function checkNumber(where: string, argument: string, value: unknown, least = Number.NEGATIVE_INFINITY): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < least) {
    const expected = least === Number.NEGATIVE_INFINITY ? "a number" : `a number of at least ${least}`;
    const fix =
      least === Number.NEGATIVE_INFINITY ? "Give it a number such as 0.5." : "Leave it out, or make it larger.";
    throw argumentError({ where, argument, value, expected, fix });
  }
  return value;
}

/**
 * The position among a sample's axes of an axis that counts the batch as 0, or from the end.
 *
 * @param rank - the number of a sample's axes.
 */
/** What to do about `{ axis: -1 }` where an axis stands in a row; nothing about other values. */
export function axisByPlace(axis: unknown): string | undefined {
  if (typeof axis !== "object" || axis === null) return undefined;
  const { axis: one, axes = one } = axis as { readonly axis?: unknown; readonly axes?: unknown };
  if (axes === undefined) return undefined;
  return `It has its place among the arguments and no name: give ${describe(axes)} itself.`;
}

export function checkAxis(where: string, argument: string, axis: unknown, rank: number): number {
  const at = Number.isInteger(axis) ? ((axis as number) < 0 ? (axis as number) + rank : (axis as number) - 1) : -1;
  if (at < 0 || at >= rank) {
    throw argumentError({
      where,
      argument,
      value: axis,
      expected:
        rank === 0 ? "an input with axes" : `an axis from 1 to ${rank}, or from ${-rank} to -1 (0 is the batch)`,
      fix: "The last axis is -1.",
    });
  }
  return at;
}

export function checkName(where: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value === "" || value.includes("/")) {
    throw argumentError({ where, argument: "name", value, expected: `a text without "/"` });
  }
  return value;
}

// ---- Keras' configs -----------------------------------------------------------------------------------------------

/** The plain values that describe a layer in a file, under Keras' keys. */
export type Config = Readonly<Record<string, unknown>>;

/** An object as Keras writes it: where its class lives, and its config. */
export interface Serialized {
  readonly module: string;
  readonly class_name: string;
  /** The arguments of a class; the name of a function. */
  readonly config: Config | string;
  readonly registered_name: string | null;
}

export const dtypePolicy: Serialized = {
  module: "keras",
  class_name: "DTypePolicy",
  config: { name: "float32" },
  registered_name: null,
};

export const isRecord = (value: unknown): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Picks what a config holds of our arguments; a key with another name may hold only nothing (null or false), since
 * anything else would change what the layer computes.
 *
 * @param known - names of arguments, in camelCase.
 * @throws RhytonError `argument` naming layer and key.
 */
export function readConfig(className: string, config: Config, known: readonly string[]): Record<string, unknown> {
  const where = whereOf(className, typeof config.name === "string" ? config.name : undefined);
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const argument = camelCase(key);
    if (key === "dtype") checkDType(where, value);
    else if (known.includes(argument)) result[argument] = value ?? undefined;
    else if (value !== null && value !== false) {
      throw argumentError({
        where,
        argument: key,
        value: JSON.stringify(value),
        expected: "null: Rhyton has nothing for it yet",
        fix: `Save the model without ${key}.`,
      });
    }
  }
  return result;
}

function checkDType(where: string, value: unknown): void {
  const name = isRecord(value) && isRecord(value.config) ? value.config.name : value;
  if (name !== "float32" && name !== null && name !== undefined) {
    const fix =
      "Rhyton computes in float32. In Keras: for layer in model._flatten_layers(include_self=False): " +
      'layer.dtype_policy = "float32"; then save the model again.';
    throw argumentError({ where, argument: "dtype", value: name, expected: `"float32"`, fix });
  }
}
