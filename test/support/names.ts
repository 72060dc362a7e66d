/** The table of names in docs/guide.md, from the code. */
import * as rhyton from "../../src/index.ts";
import { activations } from "../../src/layers/activations.ts";
import { constraintOf } from "../../src/layers/constraints.ts";
import { initializerOf } from "../../src/layers/initializers.ts";
import { whereOf } from "../../src/layers/options.ts";
import { layerRegistry } from "../../src/layers/registry.ts";
import { regularizerOf } from "../../src/layers/regularizers.ts";
import { resolveLoss } from "../../src/training/loss-names.ts";
import { resolveMetric } from "../../src/training/metric-names.ts";
import { optimizerClasses } from "../../src/training/optimizers.ts";

/** The names that a resolver lists when it is asked for one that there is not. */
function known(resolve: (name: never) => unknown): readonly string[] {
  try {
    resolve("?" as never);
  } catch (error) {
    if (error instanceof rhyton.RhytonError) return error.details.choices as readonly string[];
  }
  throw new Error("every name is taken");
}

const isExported = (name: string): boolean => Object.hasOwn(rhyton, name);
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
const quoted = (names: readonly string[]): string => code(names.map((name) => JSON.stringify(name)));

/** The functions that make layers. */
export const layerNames = (): string[] =>
  [...layerRegistry.keys()]
    .map((name) => whereOf(name, undefined))
    .filter(isExported)
    .sort();

export function namesTable(): string {
  const callbacks = Object.keys(rhyton).filter((name) => /^[A-Z]/.test(name));
  const rows: readonly (readonly [string, string])[] = [
    ["layers", code(layerNames())],
    ["activations", quoted([...activations.keys()])],
    ["losses", quoted(known((name) => resolveLoss(name, "")))],
    ["metrics", quoted(known((name) => resolveMetric(name, "")))],
    ["optimizers", code(optimizerClasses.map((name) => name.toLowerCase()).filter(isExported))],
    ["learning rates", code(Object.keys(rhyton).filter((name) => /Decay/.test(name)))],
    ["initializers", quoted(known((name) => initializerOf("", "", name)))],
    ["regularizers", quoted(known((name) => regularizerOf("", "", name)))],
    ["constraints", quoted(known((name) => constraintOf("", "", name)))],
    ["callbacks", code(callbacks.filter((name) => !["Layer", "RhytonError", "VERSION"].includes(name)))],
    ["`ops`", code(Object.keys(rhyton.ops))],
  ];
  return ["| | |", "|---|---|", ...rows.map(([what, names]) => `| ${what} | ${names} |`)].join("\n");
}
