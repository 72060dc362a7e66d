/** Files as bytes, and JSON as text, written in one piece. */
import { joining, type Parts } from "../../src/core/parts.ts";
import { atOnce, type Pieces } from "../../src/core/pieces.ts";
import { writingKeras } from "../../src/saving/container.ts";
import { type H5Group, writingHdf5 } from "../../src/saving/hdf5.ts";
import { type Json, jsonTexts } from "../../src/saving/json.ts";
import { writingZip } from "../../src/saving/zip-write.ts";
import type { Model } from "../../src/training/model.ts";
import { writingModel } from "../../src/training/save.ts";

export const written = (pieces: Pieces<Parts>): Uint8Array<ArrayBuffer> => atOnce(joining(atOnce(pieces)));

export const zipOf = (entries: Iterable<readonly [string, Uint8Array]>) =>
  written(writingZip([...entries].map(([name, bytes]) => [name, [bytes]] as const)));
export const hdf5Of = (tree: H5Group) => written(writingHdf5(tree));
export const kerasOf = (...content: Parameters<typeof writingKeras>) => written(writingKeras(...content));
export const jsonOf = (value: Json): string => [...jsonTexts(value)].join("");
export const modelFileOf = (model: Model) => written(writingModel(model));
