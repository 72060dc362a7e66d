/** What `--data` names: the digits that Rhyton has, a folder of pictures, or samples and targets in NumPy files. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Option } from "commander";
import { nearest } from "../core/errors.ts";
import { type Dataset, digits, mnist, pictures } from "../data/datasets.ts";
import { type Model, type NdArray, readNpy } from "../index.ts";
import { readFile } from "../saving/atomic.ts";
import { UsageError } from "./program.ts";

const datasets = { digits, mnist } satisfies Readonly<Record<string, () => Promise<Dataset>>>;

/** `--data`. Beside the names paths may be given, so the names are only what the completion of shells offers first. */
export function dataOption(description: string, standard?: string): Option {
  const names = Object.keys(datasets);
  const option = new Option("--data <set>", description).default(standard);
  option.argChoices = names;
  return option.argParser((text) => text);
}

/** @param files - what is said of .npy files. */
function unknownData(name: string, files: string): UsageError {
  const names = Object.keys(datasets);
  const near = nearest(name, names);
  return new UsageError(
    `option '--data <set>' argument '${name}' is invalid`,
    `${near === undefined ? "" : `Did you mean ${near}? `}Known: ${names.join(", ")}, a folder of PNG files, or ${files}.`,
  );
}

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** Pictures, and what they show where that is known. */
interface Shown {
  readonly images: NdArray;
  readonly labels?: NdArray;
}

interface Divided<T> {
  /** To train on. */
  readonly train: T;
  /** To judge by, where there are others for that. */
  readonly test: T | undefined;
  /** What names the same data from any folder. */
  readonly source: string;
}

async function findPictures(data: string): Promise<Divided<Shown> | undefined> {
  if (Object.hasOwn(datasets, data)) {
    return { ...(await datasets[data as keyof typeof datasets]()), source: data };
  }
  if (await isFolder(data)) return { train: await pictures(data), test: undefined, source: resolve(data) };
  return undefined;
}

/** Pictures for a model that is still to be made, which will answer them. */
export async function openPictures(data: string): Promise<Divided<Pairs>> {
  const found = await findPictures(data);
  if (found === undefined) throw unknownData(data, "x.npy,y.npy with --model");
  const pairs = ({ images }: Shown): Pairs => ({ x: images, y: images });
  return { ...found, train: pairs(found.train), test: found.test && pairs(found.test) };
}

/** What a model is fed, and what it is to answer. */
export interface Pairs {
  readonly x: NdArray;
  readonly y: NdArray;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

type OpenShape = readonly (number | null)[];

/** The first `n` samples, without copying. */
export function firstOf(array: NdArray, n: number): NdArray {
  const [samples, ...rest] = array.shape;
  return { ...array, data: array.data.subarray(0, (array.data.length / samples) * n), shape: [n, ...rest] };
}

/** Samples for a model that is there. */
export async function openSamples(data: string, model: Model): Promise<Divided<Pairs>> {
  const found = await findPictures(data);
  if (found !== undefined) {
    return { ...found, train: pairsFor(model, found.train), test: found.test && pairsFor(model, found.test) };
  }
  const files = data.split(",");
  if (files.length !== 2 || !files.every((file) => file.endsWith(".npy"))) throw unknownData(data, "x.npy,y.npy");
  if (model.isBuilt && model.network.inputs.length + model.network.outputs.length > 2) {
    const { inputs, outputs } = model.network;
    throw new UsageError(
      `--data gives one input and one output, and the model has ${inputs.length} and ${outputs.length}.`,
      "Train and evaluate it in a program: model.fit([a, b], y), with readNpy or readNpz for the files.",
    );
  }
  const [x, y] = await Promise.all(files.map(async (file) => readNpy(await readFile(file), file)));
  return { train: { x, y }, test: undefined, source: files.map((file) => resolve(file)).join(",") };
}

const text = (shape: OpenShape): string => `(${shape.map((n) => n ?? "None").join(", ")})`;

/** Pictures for a model: themselves for one that answers pictures, what they show for one that answers a choice. */
function pairsFor(model: Model, { images, labels }: Shown): Pairs {
  const own = images.shape.slice(1);
  const pixels = sizeOf(own);
  // A size that the model leaves open is that of the pictures; another number of axes has no such size.
  const sized = (shape: OpenShape) => shape.map((n, i) => n ?? (shape.length === own.length ? own[i] : Number.NaN));
  const shapesOf = (ends: readonly { readonly shape: OpenShape }[]) => ends.map(({ shape }) => sized(shape));
  // A row of layers that does not know its input yet takes the pictures as they are.
  if (!model.isBuilt) model.prepare([own]);
  const [input, ...others] = shapesOf(model.network.inputs);
  const [output, ...more] = shapesOf(model.network.outputs);
  if (others.length + more.length > 0 || sizeOf(input) !== pixels) {
    const shapes = model.network.inputs.map(({ shape }) => text(shape)).join(" and ");
    throw new UsageError(
      `the pictures have the shape ${text(own)}, and the model takes ${shapes}.`,
      "Give samples of that shape: --data x.npy,y.npy.",
    );
  }
  const x = { ...images, shape: [images.shape[0], ...input] };
  if (sizeOf(output) === pixels) {
    return { x, y: String(input) === String(output) ? x : { ...x, shape: [x.shape[0], ...output] } };
  }
  if (labels !== undefined) return { x, y: labels };
  throw new UsageError(
    "nothing says what the pictures of a folder show, and the model does not answer pictures.",
    "Give samples and targets: --data x.npy,y.npy.",
  );
}
