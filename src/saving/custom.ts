/** What files name that Keras has not: classes and functions of one's own, by the names under which they are registered. */
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** Objects of one's own by name. Files can only choose among them. */
export class CustomObjects {
  readonly #entries: ReadonlyMap<string, unknown>;

  constructor(entries: Iterable<readonly [string, unknown]> = []) {
    this.#entries = new Map(entries);
  }

  /** What stands for a name. */
  named(name: string): unknown {
    return this.#entries.get(name);
  }

  /**
   * What stands for an object of a config: by its registered name (`"Package>Name"`), that name without its package, or
   * the name of its class or function.
   */
  find(object: JsonObject): unknown {
    const { registered_name: registered, class_name: className, config } = object;
    const own = className === "function" ? config : className;
    const names = [registered, typeof registered === "string" ? registered.split(">").at(-1) : undefined, own];
    for (const name of names) {
      const found = typeof name === "string" ? this.#entries.get(name) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * The config of a layer with everything of one's own in its place: activations, initializers, regularizers and
   * constraints, as functions or objects.
   */
  resolve(config: JsonObject): Readonly<Record<string, unknown>> {
    const known = (key: string, value: Json): unknown => {
      if (isJsonObject(value)) return this.find(value) ?? value;
      const isRule = /(^|_)(activation|initializer|regularizer|constraint)$/.test(key);
      return typeof value === "string" && isRule ? (this.#entries.get(value) ?? value) : value;
    };
    return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, known(key, value)]));
  }
}
