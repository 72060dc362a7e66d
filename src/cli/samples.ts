/** What `--data` names: the digits that Rhyton has, or samples and targets in NumPy files. */
import { Option } from "commander";
import { type Dataset, digits, mnist, type Samples } from "../data/datasets.ts";
import { type Model, type NdArray, readNpy } from "../index.ts";
import { readFile } from "../saving/atomic.ts";
import { guess } from "./guess.ts";
import { UsageError } from "./program.ts";

export const datasets = { digits, mnist } satisfies Readonly<Record<string, () => Promise<Dataset>>>;

/** `--data`. Beside the names paths may be given, so the names are only what the completion of shells offers. */
export function dataOption(description: string, standard?: string): Option {
  const names = Object.keys(datasets);
  const option = new Option("--data <set>", description).default(standard);
  option.argChoices = names;
  return option.argParser((text) => text);
}

export const unknownData = (name: string): UsageError =>
  new UsageError(`option '--data <set>' argument '${name}' is invalid`, guess(name, Object.keys(datasets)));

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

/** Samples to train on, and to judge by where there are others for that. */
export async function openSamples(data: string, model: Model): Promise<{ train: Pairs; test: Pairs | undefined }> {
  if (Object.hasOwn(datasets, data)) {
    const { train, test } = await datasets[data as keyof typeof datasets]();
    return { train: pairsFor(model, train), test: pairsFor(model, test) };
  }
  const files = data.split(",");
  if (files.length !== 2 || !files.every((file) => file.endsWith(".npy"))) {
    if (files.length === 1 && !data.endsWith(".npy")) throw unknownData(data);
    throw new UsageError(`--data is ${JSON.stringify(data)}.`, "Give digits, mnist, or two files: x.npy,y.npy.");
  }
  const [x, y] = await Promise.all(files.map(async (file) => readNpy(await readFile(file), file)));
  return { train: { x, y }, test: undefined };
}

/** Digits for a model: pictures for one that answers pictures, their numbers for one that answers a choice of ten. */
function pairsFor(model: Model, { images, labels }: Samples): Pairs {
  const own = images.shape.slice(1);
  const pixels = sizeOf(own);
  // A size that the model leaves open is that of the digits; another number of axes has no such size.
  const sized = (shape: OpenShape) => shape.map((n, i) => n ?? (shape.length === own.length ? own[i] : Number.NaN));
  const shapesOf = (ends: readonly { readonly shape: OpenShape }[]) => ends.map(({ shape }) => sized(shape));
  const [input, ...others] = model.isBuilt ? shapesOf(model.network.inputs) : [own];
  const [output, ...more] = model.isBuilt ? shapesOf(model.network.outputs) : [];
  if (others.length + more.length > 0 || sizeOf(input) !== pixels) {
    const text = (shape: OpenShape): string => `(${shape.map((n) => n ?? "None").join(", ")})`;
    const shapes = model.network.inputs.map(({ shape }) => text(shape)).join(" and ");
    throw new UsageError(
      `the digits have the shape (28, 28, 1), and the model takes ${shapes}.`,
      "Give samples of that shape: --data x.npy,y.npy.",
    );
  }
  const x = { ...images, shape: [images.shape[0], ...input] };
  if (output !== undefined && sizeOf(output) === pixels) {
    return { x, y: String(input) === String(output) ? x : { ...x, shape: [x.shape[0], ...output] } };
  }
  return { x, y: labels };
}
