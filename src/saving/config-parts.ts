/** Picking values out of a config that nobody vouches for: every refusal names file, layer and key. */
import { describe, formatError, prefixed, RhytonError, unsafeFile, unsupportedFile } from "../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

const SAVE_AGAIN = "The file is damaged or was not written by Keras; save the model again.";

/** A config that makes no sense. */
export const malformed = (where: string, problem: string): RhytonError =>
  formatError({ where, problem, fix: SAVE_AGAIN });

/** A value as it stands in messages, not at full length. */
export function brief(value: Json | undefined): string {
  if (value === undefined) return "missing";
  const text = describe(isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function objectAt(where: string, object: JsonObject, key: string): JsonObject {
  const value = object[key];
  if (isJsonObject(value)) return value;
  throw malformed(where, `${key} is ${brief(value)}, expected an object`);
}

export function listAt(where: string, object: JsonObject, key: string): readonly Json[] {
  const value = object[key];
  if (Array.isArray(value)) return value as readonly Json[];
  throw malformed(where, `${key} is ${brief(value)}, expected a list`);
}

export function textAt(where: string, object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value === "string" && value !== "") return value;
  throw malformed(where, `${key} is ${brief(value)}, expected a text`);
}

/** A whole number from 0 on. */
export function indexOf(where: string, what: string, value: Json | undefined): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw malformed(where, `${what} is ${brief(value)}, expected a whole number`);
}

/** Whether a module is one of Keras itself. Files of early versions have none. */
const isKeras = (module: Json | undefined): boolean =>
  module === undefined || module === null || (typeof module === "string" && /^keras(\.|$)/.test(module));

/** Whether an object is of a class of Keras itself, and not of somebody else's with the same name. */
export function isBuiltIn(object: JsonObject): boolean {
  const { registered_name: registered, class_name: name } = object;
  return isKeras(object.module) && (registered === undefined || registered === null || registered === name);
}

/** Refuses Python code among the arguments of a layer, a loss, … */
export function refuseCode(where: string, config: JsonObject): void {
  for (const [key, value] of Object.entries(config)) {
    if (!isJsonObject(value)) continue;
    const { class_name: name } = value;
    // Activations that are lambdas stand there without their class.
    if (name === "__lambda__" || (name === undefined && key.endsWith("activation") && Array.isArray(value.value))) {
      throw unsafeFile({
        where,
        problem: `${key} is a lambda, Python code inside the file`,
        fix: "Code from files is never run. Replace it by a named function and save the model again.",
      });
    }
    if (typeof name !== "string") continue;
    if (name === "function") {
      throw unsupportedFile({
        where,
        problem: `${key} is the function ${brief(value.config)}, which is not in the file`,
        fix:
          "Code from files is never run. Write the function here and give it by its name: " +
          "loadModel(file, { customObjects: { … } }).",
      });
    }
    if (key === "activation") {
      const fix = `Put the layer ${brief(name)} behind instead, and save the model again.`;
      throw unsupportedFile({ where, problem: `activation is an object of class ${brief(name)}`, fix });
    }
  }
}

/** Refuses sizes with which shapes would not be whole numbers any more. */
export function checkSizes(where: string, config: JsonObject): void {
  const isHuge = (value: Json): boolean =>
    Array.isArray(value) ? value.some(isHuge) : Math.abs(Number(value)) > 2 ** 31;
  for (const [key, value] of Object.entries(config)) {
    if (typeof value !== "string" && !isJsonObject(value) && isHuge(value)) {
      throw malformed(where, `${key} is ${brief(value)}, more than any size`);
    }
  }
}

/** Runs work on a file: whatever goes wrong is told with the file's name. */
export function within<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RhytonError) {
      if (error.message.startsWith(file)) throw error;
      throw prefixed(file, error, { file });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw malformed(file, `its contents make no sense (${reason})`);
  }
}
