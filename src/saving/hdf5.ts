/**
 * HDF5 files as plain trees, and back. Weights of Keras models are such files.
 *
 * Reading and writing are our own: the HDF5 library, compiled to WebAssembly, is 4 MB, can be made to loop for ever by a
 * damaged file, and writes the time into each file. Tests hold both against that library and against h5py.
 */
import { formatError } from "../core/errors.ts";
import type { Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";
import { readTree } from "./hdf5-read.ts";
import { writingTree } from "./hdf5-write.ts";

/** The numbers of a dataset, row-major. */
export type H5Data = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** What numbers are stored as in a file. `bool` is h5py's enumeration. */
export type H5Dtype =
  | "bfloat16"
  | "float16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool";

/** The value of an attribute: one value, or a list in row-major order. */
export type H5Value = string | number | bigint | boolean | readonly string[] | H5Data;

export type H5Attributes = ReadonlyMap<string, H5Value>;

/**
 * An array in a file. `shape` is `[]` for a scalar, which has one element.
 *
 * `dtype` tells what the file stores. `data` is wider where JavaScript has no such array: `float16` and `bfloat16` are
 * read as Float32Array; `int8`, `int16`, `uint16` as Int32Array; `uint32` and `uint64` as BigInt64Array; `bool` as
 * Uint8Array. Writing stores the type of `data`.
 */
export interface H5Dataset {
  readonly kind: "dataset";
  readonly data: H5Data;
  readonly shape: readonly number[];
  readonly dtype: H5Dtype;
  readonly attributes: H5Attributes;
}

/** A folder of a file. Children come in the order of the file, which is mostly that of text: "0", "1", "10", "2". */
export interface H5Group {
  readonly kind: "group";
  readonly children: ReadonlyMap<string, H5Node>;
  readonly attributes: H5Attributes;
}

export type H5Node = H5Group | H5Dataset;

/** What a file may ask for at most. */
export interface H5Limits {
  /** Groups inside groups. */
  readonly depth: number;
  /** Groups and datasets together, and attributes likewise. */
  readonly objects: number;
  /** Bytes of all arrays together, unpacked. */
  readonly bytes: number;
}

export const H5_LIMITS: H5Limits = { depth: 64, objects: 200_000, bytes: 4 * 2 ** 30 };

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether `bytes` begin as an HDF5 file does. */
export const isHdf5 = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/**
 * The tree of an HDF5 file. `name` stands in error messages for the file. Arrays are copies: `bytes` may be reused.
 *
 * Attributes that are neither numbers nor text are left out.
 *
 * @throws RhytonError `file-format` when the bytes are no HDF5 file, are damaged, or hold a type that is not numeric;
 *   `file-refused` for links, data in other files, and sizes beyond `limits` or beyond what the file can hold.
 */
export function readHdf5(bytes: Uint8Array, name = "HDF5 file", limits: Partial<H5Limits> = {}): H5Group {
  if (!isHdf5(bytes)) {
    throw formatError({
      where: name,
      problem: bytes.length === 0 ? "the file is empty" : "this is not an HDF5 file",
      fix: "Give the weights as written by Keras's save_weights or save.",
    });
  }
  // Not a Buffer of Node, whose slices are no copies.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readTree(plain, name, { ...H5_LIMITS, ...limits });
}

/**
 * An HDF5 file with the groups, datasets and attributes of `tree`. The same tree gives the same bytes. Datasets are parts
 * of it as they are, and must stay so until it is written.
 *
 * Numbers in attributes become int64 when whole and float64 otherwise.
 *
 * @throws RhytonError `argument` for an impossible name, a shape that does not fit its data, or an attribute above 64 KB.
 */
export const writingHdf5 = (tree: H5Group): Pieces<Parts> => writingTree(tree);

/** A group from its children and attributes. */
export function h5Group(
  children: Iterable<readonly [string, H5Node]> = [],
  attributes: Iterable<readonly [string, H5Value]> = [],
): H5Group {
  return { kind: "group", children: new Map(children), attributes: new Map(attributes) };
}

/** A dataset from numbers and their shape. */
export function h5Dataset(
  data: H5Data,
  shape: readonly number[] = [data.length],
  attributes: Iterable<readonly [string, H5Value]> = [],
): H5Dataset {
  return { kind: "dataset", data, shape, dtype: dtypeOf(data), attributes: new Map(attributes) };
}

/** The group or dataset at `path` below `group` ("layers/dense/vars/0"), or nothing. */
export function h5Get(group: H5Group, path: string): H5Node | undefined {
  let node: H5Node | undefined = group;
  for (const part of path.split("/").filter((p) => p !== "")) {
    node = node?.kind === "group" ? node.children.get(part) : undefined;
  }
  return node;
}

function dtypeOf(data: H5Data): H5Dtype {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  return "uint8";
}
