/**
 * The variables of a model in `model.weights.h5`. Every layer has a group whose path follows from classes and the order of
 * layers, never from names: `layers/conv2d_1/vars/0`, in a model inside `layers/functional/layers/dense/vars/0`.
 */
import { sameShape, showShape } from "../core/array.ts";
import { formatError } from "../core/errors.ts";
import type { Variable } from "../graph/tensor.ts";
import { Layer } from "../layers/layer.ts";
import { snakeCase } from "../layers/options.ts";
import { isModel } from "./config-write.ts";
import { type H5Dataset, type H5Group, type H5Node, h5Dataset, h5Get, h5Group } from "./hdf5.ts";

/** Where a layer's own weights are. */
export interface Place {
  readonly path: string;
  readonly layer: Layer;
  /** The name that the layer has in the model that holds it. */
  readonly name: string;
}

/** The layers of a model in the order of its file, where that is known. */
export type Orders = ReadonlyMap<Layer, readonly Layer[]>;

/** `root` and all layers inside, each at the place where it is met first. */
export function placesOf(root: Layer, orders: Orders = new Map()): readonly Place[] {
  const places: Place[] = [];
  const seen = new Set<Layer>();
  const visit = (layer: Layer, path: string, name: string): void => {
    if (seen.has(layer)) return;
    seen.add(layer);
    places.push({ path, layer, name });
    const nameOf = (part: Layer): string => (isModel(layer) && layer.isBuilt ? layer.network.nameOf(part) : part.name);
    for (const [key, value] of attributes(layer, orders)) {
      const below = path === "" ? key : `${path}/${key}`;
      if (value instanceof Layer) visit(value, below, nameOf(value));
      else for (const [own, part] of numbered(value)) visit(part, `${below}/${own}`, nameOf(part));
    }
  };
  visit(root, "", root.name);
  return places;
}

/** The properties that hold layers, as Python sorts them. */
function attributes(layer: Layer, orders: Orders): readonly [string, Layer | readonly Layer[]][] {
  if (isModel(layer)) return [["layers", orders.get(layer) ?? layer.layers]];
  const found: [string, Layer | readonly Layer[]][] = [];
  for (const [key, value] of Object.entries(layer)) {
    const layers = Array.isArray(value) ? value.filter((item) => item instanceof Layer) : [];
    if (value instanceof Layer) found.push([key, value]);
    else if (layers.length > 0) found.push([key, layers]);
  }
  const isLast = (key: string): number => Number(key.startsWith("_"));
  return found.sort(([a], [b]) => isLast(a) - isLast(b) || (a < b ? -1 : 1));
}

/** Names after classes. The numbers run over all layers, also those that are stored elsewhere. */
function numbered(layers: readonly Layer[]): readonly [string, Layer][] {
  const used = new Map<string, number>();
  return layers.map((layer) => {
    const base = snakeCase(layer.className);
    const count = used.get(base) ?? 0;
    used.set(base, count + 1);
    return [count === 0 ? base : `${base}_${count}`, layer];
  });
}

// ---- writing ------------------------------------------------------------------------------------------------------

/** A group of numbered arrays, as Keras keeps the variables of one object. */
export const varsGroup = (name: string, arrays: readonly H5Dataset[]): H5Group =>
  h5Group([["vars", h5Group(numberedArrays(arrays), [["name", name]])]]);

const numberedArrays = (arrays: readonly H5Dataset[]) => arrays.map((array, i): [string, H5Node] => [String(i), array]);

export const datasetOf = (variable: Variable): H5Dataset =>
  h5Dataset(variable.value ?? new Float32Array(), variable.shape);

/**
 * The tree of `model.weights.h5`, with `more` beside the layers. The values are not copied: they stay as they are, whatever
 * the variables are given later.
 */
export function weightsTree(root: Layer, more: Iterable<readonly [string, H5Group]> = []): H5Group {
  const groups = new Map<string, Map<string, H5Node>>([["", new Map(more)]]);
  const groupAt = (path: string): Map<string, H5Node> => {
    const known = groups.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf("/");
    const children = new Map<string, H5Node>();
    groups.set(path, children);
    groupAt(path.slice(0, Math.max(cut, 0))).set(path.slice(cut + 1), { ...h5Group(), children });
    return children;
  };
  for (const { path, layer, name } of placesOf(root)) {
    const arrays = layer.ownWeights.map(datasetOf);
    for (const [key, node] of varsGroup(name, arrays).children) groupAt(path).set(key, node);
  }
  return { ...h5Group(), children: groupAt("") };
}

// ---- reading ------------------------------------------------------------------------------------------------------

/** A variable and the value that it is to have. */
export type Value = readonly [variable: Variable, value: Float32Array];

/** Where a tree of weights comes from, for messages, and what to do when it does not fit the model. */
export interface Origin {
  /** Before the path of a weight. */
  readonly prefix: string;
  readonly fix: string;
}

/** The weights inside a `.keras` file. */
export const insideKeras: Origin = {
  prefix: "model.weights.h5: ",
  fix: "The config and the weights do not belong together; save the model again.",
};

/** A file of weights alone, which is given to a model that is there. */
export const weightsAlone: Origin = {
  prefix: "",
  fix: "These are the weights of another model: give a file that was saved from a model with the same layers.",
};

/**
 * The values of all weights, every one checked against the shape that its layer was built with. Nothing is assigned.
 *
 * @throws RhytonError `file-format` naming layer, path and both shapes.
 */
export function readWeights(weights: H5Group, root: Layer, orders: Orders, origin = insideKeras): readonly Value[] {
  return placesOf(root, orders).flatMap(({ path, layer, name }) => {
    const variables = layer.ownWeights;
    const place = path === "" ? "vars" : `${path}/vars`;
    const at = `${origin.prefix}${place}, of layer "${name}" (${layer.className})`;
    return readVars(at, h5Get(weights, place), variables, origin.fix);
  });
}

/** The values of some variables from the group that holds them, numbered. `at` names the group in messages. */
export function readVars(
  at: string,
  vars: H5Node | undefined,
  variables: readonly Variable[],
  fix = insideKeras.fix,
): readonly Value[] {
  const arrays = vars?.kind === "group" ? vars.children : new Map<string, H5Node>();
  if (arrays.size !== variables.length) {
    const shapes = variables.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(", ");
    throw formatError({
      where: at,
      problem:
        `${vars === undefined ? "the group is missing" : `there are ${arrays.size} arrays`}, ` +
        `expected ${variables.length}${shapes === "" ? "" : `: ${shapes}`}`,
      fix,
    });
  }
  return variables.map((variable, i): Value => {
    const array = arrays.get(String(i));
    const got = array?.kind === "dataset" ? showShape(array.shape) : array === undefined ? "nothing" : "a group";
    if (array?.kind !== "dataset" || !sameShape(array.shape, variable.shape)) {
      throw formatError({
        where: `${at}: ${i}`,
        problem: `got ${got}, expected ${variable.name} of shape ${showShape(variable.shape)}`,
        fix,
      });
    }
    return [variable, floats(array)];
  });
}

const floats = ({ data }: H5Dataset): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);

export const assignAll = (values: readonly Value[]): void =>
  values.forEach(([variable, value]) => {
    variable.assign(value);
  });
