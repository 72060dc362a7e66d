/** Arrays as plain values that may stand in JSON: shapes, and float32 as base64. */
import { bytesOf, type NdArray } from "./array.ts";

/** A multiple of 3 bytes, so that the texts join. */
const CHUNK = 0x6000;

/** An array whose numbers become text when somebody reads `f32`. Until then they are not copied. */
export class EncodedArray {
  readonly shape: readonly number[];
  declare readonly f32: string;
  readonly #data: Float32Array;

  constructor({ data, shape }: NdArray<Float32Array>) {
    this.shape = [...shape];
    this.#data = data;
    // An own property: a structured clone and a copy by spreading take it over as text.
    Object.defineProperty(this, "f32", { enumerable: true, get: () => [...this.texts()].join("") });
  }

  get data(): Float32Array {
    return this.#data;
  }

  /** The text of the numbers, bit by bit. */
  *texts(): Generator<string, void> {
    const bytes = bytesOf(this.#data);
    for (let at = 0; at < bytes.length; at += CHUNK) yield btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  }
}

/** @param arrays - whose numbers stay as they are. */
export const encodeArrays = (arrays: readonly NdArray<Float32Array>[]): EncodedArray[] =>
  arrays.map((array) => new EncodedArray(array));

export const decodeArrays = (encoded: unknown): NdArray<Float32Array>[] =>
  (encoded as readonly (EncodedArray | { readonly shape: readonly number[]; readonly f32: string })[]).map((array) => {
    const { shape } = array;
    if (array instanceof EncodedArray) return { data: array.data, shape };
    const bytes = Uint8Array.from(atob(array.f32), (character) => character.charCodeAt(0));
    return { data: new Float32Array(bytes.buffer), shape };
  });
