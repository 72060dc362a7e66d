/** Arrays as plain values that may stand in JSON: shapes, and float32 as base64. */
import { bytesOf, type NdArray } from "./array.ts";

/** Numbers that JSON has as base64. They are not copied. */
export class Floats extends Float32Array {
  /** Their text, bit by bit. */
  *texts(): Generator<string, void> {
    const bytes = bytesOf(this);
    for (let at = 0; at < bytes.length; at += CHUNK) yield btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }

  toJSON(): string {
    return [...this.texts()].join("");
  }
}

/** A multiple of 3 bytes, so that the texts join. */
const CHUNK = 0x6000;

/** An array, or what was an array before it was JSON. */
interface EncodedArray {
  readonly shape: readonly number[];
  readonly f32: Float32Array | string;
}

/** @param arrays - whose numbers stay as they are. */
export const encodeArrays = (arrays: readonly NdArray<Float32Array>[]): EncodedArray[] =>
  arrays.map(({ data, shape }) => ({
    shape: [...shape],
    f32: new Floats(data.buffer as ArrayBuffer, data.byteOffset, data.length),
  }));

export const decodeArrays = (encoded: unknown): NdArray<Float32Array>[] =>
  (encoded as readonly EncodedArray[]).map(({ shape, f32 }) => {
    if (typeof f32 !== "string") return { data: new Float32Array(f32.buffer, f32.byteOffset, f32.length), shape };
    const bytes = Uint8Array.from(atob(f32), (character) => character.charCodeAt(0));
    return { data: new Float32Array(bytes.buffer), shape };
  });
