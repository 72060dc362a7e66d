/** Changing what is inside a `.keras` file, for tests of the loader. */
import { RhytonError } from "../../src/core/errors.ts";
import { type H5Group, type H5Node, readHdf5 } from "../../src/saving/hdf5.ts";
import { type Json, parseJson } from "../../src/saving/json.ts";
import { readZip } from "../../src/saving/zip.ts";
import { hdf5Of, jsonOf, zipOf } from "../support/written.ts";

/** A file with some members replaced; `undefined` removes one. */
export function withMembers(bytes: Uint8Array, changes: Readonly<Record<string, Uint8Array | string | undefined>>) {
  const members = readZip(bytes);
  for (const [name, content] of Object.entries(changes)) {
    if (content === undefined) members.delete(name);
    else members.set(name, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  return zipOf([...members]);
}

type Path = readonly (string | number)[];

/** JSON with the value at `path` replaced by what `change` makes of it; `undefined` removes it. */
export function changed(value: Json, path: Path, change: (old: Json | undefined) => Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return change(value) ?? null;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, Json>;
  const next = rest.length === 0 ? change(copy[key]) : changed(copy[key] ?? {}, rest, change);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy as Json;
}

/** A file whose config.json has another value at `path` ("config.layers.1.config.units"). */
export function withConfig(bytes: Uint8Array, path: string, value: Json | undefined | ((old: Json) => Json)) {
  const config = parseJson(readZip(bytes).get("config.json") ?? "");
  const keys = path.split(".").filter((key) => key !== "");
  const made = changed(config, keys, (old) => (typeof value === "function" ? value(old ?? null) : value));
  return withMembers(bytes, { "config.json": jsonOf(made) });
}

/** A file whose weights have another node at `path` ("layers/dense/vars/0"); `undefined` removes it. */
export function withWeights(bytes: Uint8Array, path: string, node: H5Node | undefined) {
  const replace = (group: H5Group, [key, ...rest]: readonly string[]): H5Group => {
    const children = new Map(group.children);
    const old = children.get(key);
    const next = rest.length === 0 ? node : replace(old as H5Group, rest);
    if (next === undefined) children.delete(key);
    else children.set(key, next);
    return { ...group, children };
  };
  const tree = readHdf5(readZip(bytes).get("model.weights.h5") ?? new Uint8Array());
  return withMembers(bytes, { "model.weights.h5": hdf5Of(replace(tree, path.split("/"))) });
}

/** The RhytonError that work throws; any other outcome fails the test. */
export async function errorOf(work: () => Promise<unknown>): Promise<RhytonError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
