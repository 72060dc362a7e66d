/** Arrays as plain values for JSON: shapes, and float32 as base64. */
import type { NdArray } from "../core/array.ts";

interface EncodedArray {
  readonly shape: readonly number[];
  readonly f32: string;
}

const CHUNK = 0x6000;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  // A multiple of 3 bytes at a time, so that the parts join.
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
  return text;
}

export const encodeArrays = (arrays: readonly NdArray<Float32Array>[]): EncodedArray[] =>
  arrays.map(({ data, shape }) => ({
    shape: [...shape],
    f32: toBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  }));

export const decodeArrays = (encoded: unknown): NdArray<Float32Array>[] =>
  (encoded as readonly EncodedArray[]).map(({ shape, f32 }) => {
    const bytes = Uint8Array.from(atob(f32), (character) => character.charCodeAt(0));
    return { data: new Float32Array(bytes.buffer), shape };
  });
