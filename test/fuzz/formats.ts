/** The formats that are fuzzed: their files in the corpus, how they are read, and what must hold whatever is read. */
import { readdirSync, readFileSync } from "node:fs";
import { atOnce } from "../../src/core/pieces.ts";
import { readIdx } from "../../src/data/idx.ts";
import { readNpy } from "../../src/data/npy.ts";
import { decodePicture } from "../../src/data/png.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { readHdf5 } from "../../src/saving/hdf5.ts";
import { readingSafetensors } from "../../src/saving/safetensors.ts";
import { loadModel } from "../../src/training/load.ts";
import { model } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { takeWeights } from "../../src/training/weights-file.ts";
import { withMembers } from "../saving/edit.ts";
import { type Kind, kinds } from "../support/saved-models.ts";
import { modelFileOf } from "../support/written.ts";
import { type Inside, insideNpy, insidePng, insideSafetensors, insideZip } from "./inside.ts";

export interface Format {
  /** How names of its files end. */
  readonly ending: string;
  /** Of a hundred cases, about so many. */
  readonly share: number;
  /** Reads the bytes, in every way in which they may be read. */
  read(bytes: Uint8Array): unknown;
  readonly inside?: Inside;
}

/** The model that files of weights in the corpus are of: `dense/kernel` of (3, 2) and `dense/bias`. */
function smallModel(): Model {
  const x = input([3]);
  const made = model(x, dense(2, { name: "dense" })(x));
  made.compile({ optimizer: "adam", loss: "mse", device: "interp" });
  return made;
}

/** Weights are taken whole or not at all. */
function take(bytes: Uint8Array): void {
  const small = smallModel();
  const before = small.getWeights().map(({ data }) => data.slice());
  try {
    takeWeights(small, bytes, "weights");
  } catch (error) {
    const after = small.getWeights();
    const same = before.every((data, i) => data.every((value, k) => Object.is(value, after[i].data[k])));
    if (!same) throw new Error(`some weights were changed before the error: ${error}`);
    throw error;
  }
}

export const formats: readonly Format[] = [
  {
    ending: ".keras",
    share: 35,
    async read(bytes) {
      const loaded = await loadModel(bytes);
      await loadModel(await loaded.toBytes());
    },
    inside: insideZip,
  },
  {
    ending: ".weights.h5",
    share: 25,
    read(bytes) {
      readHdf5(bytes);
      take(bytes);
    },
  },
  { ending: ".npy", share: 8, read: readNpy, inside: insideNpy },
  { ending: ".npz", share: 8, read: take, inside: insideZip },
  {
    ending: ".safetensors",
    share: 10,
    read(bytes) {
      atOnce(readingSafetensors(bytes));
      take(bytes);
    },
    inside: insideSafetensors,
  },
  { ending: ".png", share: 10, read: (bytes) => decodePicture(bytes, "a PNG"), inside: insidePng },
  { ending: ".idx", share: 4, read: (bytes) => readIdx(bytes) },
];

/** The format of a file, by its name. */
export const formatOf = (name: string): Format | undefined => formats.find(({ ending }) => name.endsWith(ending));

/** A model with every layer and argument that files hold, as bytes that are always the same. */
function bytesOf({ make }: Kind): Uint8Array {
  const { model: made, compile } = make();
  if (compile !== undefined) made.compile({ ...compile, device: "interp" });
  return withMembers(modelFileOf(made), { "metadata.json": '{"keras_version": "3.15.1"}' });
}

/** The files of a folder by their format, and models of every kind. */
export function readCorpus(folder: string): ReadonlyMap<Format, readonly Uint8Array[]> {
  const names = readdirSync(folder).sort();
  return new Map(
    formats.map((format) => {
      const files = names.filter((name) => formatOf(name) === format).map((name) => readFileSync(`${folder}/${name}`));
      const made = format.ending === ".keras" ? kinds.map(bytesOf) : [];
      return [format, [...files.map((bytes) => new Uint8Array(bytes)), ...made]];
    }),
  );
}
