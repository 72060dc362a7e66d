/** Which layers of a file neither Rhyton nor the caller has: told by their names, all at once. */
import { type RhytonError, unsupportedFile } from "../core/errors.ts";
import { layerRegistry } from "../layers/registry.ts";
import { brief, isBuiltIn } from "./config-parts.ts";
import { FUNCTIONAL, SEQUENTIAL } from "./config-write.ts";
import type { CustomObjects } from "./custom.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import { isOp } from "./ops-read.ts";

export const isLambda = (object: JsonObject): boolean => object.class_name === "Lambda" && isBuiltIn(object);

/** A layer of a class that neither Rhyton nor the caller has. */
interface Missing {
  readonly object: JsonObject;
  readonly where: string;
}

export function missingLayers(missing: readonly Missing[]): RhytonError {
  const kinds = [...new Map(missing.map((item) => [`${item.object.module}.${item.object.class_name}`, item])).values()];
  const nameOf = ({ object }: Missing): string => String(object.class_name);
  const [keras, own] = [
    kinds.filter(({ object }) => isBuiltIn(object)),
    kinds.filter(({ object }) => !isBuiltIn(object)),
  ];
  const problems = [];
  if (keras.length > 0) {
    problems.push(`Rhyton has no layer${keras.length === 1 ? "" : "s"} ${keras.map(nameOf).join(", ")} yet`);
  }
  for (const item of own) {
    const { module, registered_name: registered } = item.object;
    const whose =
      typeof module === "string" ? ` (${brief(registered ?? nameOf(item))} of the Python module ${brief(module)})` : "";
    const which = kinds.length === 1 ? "it" : nameOf(item);
    problems.push(`${which} is of a class of one's own${whose}, which is not in the file`);
  }
  const names = kinds.map(nameOf).join(", ");
  const asClass = `Write ${kinds.length === 1 ? "it as a layer" : "them as layers"} here and give ${kinds.length === 1 ? "it" : "them"}: loadModel(file, { customObjects: { ${names} } }).`;
  return unsupportedFile({
    where: kinds.length === 1 ? missing[0].where : "config.json",
    problem: problems.join("; "),
    fix:
      keras.length === 0 ? asClass : `docs/coverage.md lists what there is and what stands in for the rest. ${asClass}`,
  });
}

/** Refuses all layers that there are not at once, before anything else of the file is judged. */
export function checkLayers(object: JsonObject, above: string, custom: CustomObjects): void {
  const missing: Missing[] = [];
  const look = (model: JsonObject, at: string): void => {
    const layers = isJsonObject(model.config) && model.config.layers;
    for (const item of Array.isArray(layers) ? (layers as readonly Json[]) : []) {
      if (!isJsonObject(item) || typeof item.class_name !== "string" || isOp(item)) continue;
      if (isLambda(item) || custom.find(item) !== undefined) continue;
      const name = isJsonObject(item.config) ? item.config.name : undefined;
      const where = `${at}: ${item.class_name} ${typeof name === "string" ? JSON.stringify(name) : ""}`.trimEnd();
      if (isBuiltIn(item) && (item.class_name === FUNCTIONAL || item.class_name === SEQUENTIAL)) look(item, where);
      else if (!isBuiltIn(item) || !layerRegistry.has(item.class_name)) missing.push({ object: item, where });
    }
  };
  look(object, above);
  if (missing.length > 0) throw missingLayers(missing);
}
