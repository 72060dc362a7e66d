/** Bytes as numbers. */
import { formatError } from "../core/errors.ts";
import { fromBrain, fromHalf } from "../core/half.ts";
import type { H5Data, H5Dtype } from "./hdf5.ts";

/** Sign, exponent and fraction of the floats: their places and sizes in bits, and the bias. */
export const FLOATS = new Map<string, H5Dtype>([
  ["15,10,5,0,10,15", "float16"],
  ["15,7,8,0,7,127", "bfloat16"],
  ["31,23,8,0,23,127", "float32"],
  ["63,52,11,0,52,1023", "float64"],
]);

const INTEGERS: readonly string[] = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];

export const isDtype = (name: string): name is H5Dtype => INTEGERS.includes(name);

/** Bytes as numbers. `bytes` must be a copy of its own; its byte order is changed in place. */
export function convert(bytes: Uint8Array, dtype: H5Dtype, bigEndian: boolean, where: string): H5Data {
  if (bigEndian) reverse(bytes, SIZES[dtype]);
  const buffer = bytes.buffer as ArrayBuffer;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "uint8":
    case "bool":
      return bytes;
    case "float16":
      return Float32Array.from(new Uint16Array(buffer), fromHalf);
    case "bfloat16":
      return Float32Array.from(new Uint16Array(buffer), fromBrain);
    case "int8":
      return Int32Array.from(new Int8Array(buffer));
    case "int16":
      return Int32Array.from(new Int16Array(buffer));
    case "uint16":
      return Int32Array.from(new Uint16Array(buffer));
    case "uint32":
      return widened(new Uint32Array(buffer));
    case "uint64": {
      const values = new BigInt64Array(buffer);
      if (values.every((value) => value >= 0n)) return values;
      throw formatError({
        where,
        problem: "it holds uint64 numbers of 2^63 and more",
        fix: "Store them as int64 or float64.",
      });
    }
    default:
      return dtype satisfies never;
  }
}

function widened(values: Uint32Array): BigInt64Array {
  const out = new BigInt64Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = BigInt(values[i]);
  return out;
}

const SIZES: Readonly<Record<H5Dtype, number>> = {
  bfloat16: 2,
  float16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

function reverse(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}
