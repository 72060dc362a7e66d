/**
 * Single layers: a convolution or dense layer by itself, and its two gradients. A measure's `layer` says which:
 * `{ face, pixels, channels, filters, kernel, stride, groups }`, pixels 0 for a dense layer. The three faces meet the
 * same numbers: input `x[j, c]`, kernel `w[k, c, f]` and output `y[i, f]`, with cells j = i·stride + k − before, padded so
 * that every stride-th pixel has an output.
 *
 * What is timed is the layer for a batch and the sum over all that it answers, step after step over the same batch: one
 * number, which is checked against the same sum in float64, in the order that takes fewest multiplications.
 */
import { randomNumbers } from "./material.mjs";
import { size } from "./networks.mjs";

/** Operations of a timed step, about, and bytes that it reads and writes at most, unless two samples need more. */
const WORK = 2e8;
const MEMORY = 2 ** 24;
/**
 * Operations of one run, about: step after step over the same batch, as a training does, so that bringing it in and waking
 * workers are a small part.
 */
const RUN = 1.5e10;

export const faces = ["forward", "input", "kernel"];

/** Shapes of a layer's tensors, and what is padded ahead. */
export function shapesOf({ pixels, channels, filters, kernel = 1, stride = 1, groups = 1 }) {
  if (pixels === 0) return { x: [channels], y: [filters], w: [channels, filters], before: 0, outputs: 0 };
  const outputs = Math.ceil(pixels / stride);
  const before = Math.max(0, (outputs - 1) * stride + kernel - pixels) >> 1;
  const [x, y] = [
    [pixels, pixels, channels],
    [outputs, outputs, filters],
  ];
  return { x, y, w: [kernel, kernel, channels / groups, filters], before, outputs };
}

/** A measure of one face of a layer, with its operations and the bytes that must be read and written once. */
function measureOf(job, layer, batch) {
  const { x, y, w, outputs } = shapesOf(layer);
  const operations = 2 * batch * Math.max(1, outputs * outputs) * size(w);
  const bytes = 4 * (batch * (size(x) + size(y)) + size(w));
  return {
    name: `${job} ${nameOf(layer)} ${layer.face}`,
    kind: "layer",
    layer,
    batch,
    steps: Math.ceil(RUN / operations),
    operations,
    bytes,
  };
}

export function nameOf({ pixels, channels, filters, kernel = 1, stride = 1, groups = 1 }) {
  if (pixels === 0) return `dense ${channels}→${filters}`;
  const depth = groups > 1 ? `depthwise ${channels}` : `${channels}→${filters}`;
  return `${kernel}×${kernel}${stride > 1 ? `/${stride}` : ""} ${depth} at ${pixels}²`;
}

/** All faces of a layer for so many samples that a step takes a few milliseconds: an even number, for two threads. */
function allFaces(job, layer) {
  const { operations, bytes } = measureOf(job, layer, 1);
  const samples = Math.min(1024, WORK / operations, MEMORY / bytes);
  const batch = 2 * Math.max(1, Math.round(samples / 2));
  return faces.map((face) => measureOf(job, { ...layer, face }, batch));
}

/** Layers of the seed, of `big` and of MobileNetV2, and dense ones. */
const characteristic = [
  { pixels: 28, channels: 1, filters: 16, kernel: 3 },
  { pixels: 14, channels: 16, filters: 8, kernel: 3 },
  { pixels: 7, channels: 8, filters: 8, kernel: 3 },
  { pixels: 28, channels: 16, filters: 1, kernel: 3 },
  { pixels: 128, channels: 3, filters: 32, kernel: 3 },
  { pixels: 64, channels: 32, filters: 64, kernel: 3 },
  { pixels: 32, channels: 64, filters: 128, kernel: 3 },
  { pixels: 16, channels: 128, filters: 128, kernel: 3 },
  { pixels: 224, channels: 3, filters: 32, kernel: 3, stride: 2 },
  { pixels: 112, channels: 96, filters: 96, kernel: 3, stride: 2, groups: 96 },
  { pixels: 56, channels: 144, filters: 144, kernel: 3, groups: 144 },
  { pixels: 56, channels: 24, filters: 144, kernel: 1 },
  { pixels: 14, channels: 384, filters: 64, kernel: 1 },
  { pixels: 0, channels: 784, filters: 128 },
  { pixels: 0, channels: 3136, filters: 512 },
];

export const layerMeasures = characteristic.flatMap((layer) => allFaces("layers", layer));

const pixels = [28, 29, 56, 63, 64, 97, 112, 127, 128, 224, 225, 256, 300, 384, 511, 512];
const channels = [
  1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 192, 255, 256,
];

/** One convolution over pictures of growing size, and one over growing numbers of channels. */
export const scalingMeasures = [
  ...pixels.map((n) => ({ pixels: n, channels: 16, filters: 16, kernel: 3 })),
  ...channels.map((n) => ({ pixels: 32, channels: n, filters: n, kernel: 3 })),
].flatMap((layer) => allFaces("scaling", layer));

/** The numbers of a layer: x and y for a batch, w. */
export function numbersFor(layer, batch) {
  const { x, y, w } = shapesOf(layer);
  const random = randomNumbers(3);
  const fill = (count) => {
    const all = new Float32Array(count);
    for (let i = 0; i < count; i++) all[i] = random();
    return all;
  };
  return { x: fill(batch * size(x)), y: fill(batch * size(y)), w: fill(size(w)) };
}

/** The sum over all cells of a face, in float64. */
export function sumOf(layer, batch, { x, y, w }) {
  const { kernel = 1, stride = 1, groups = 1, channels, filters, face } = layer;
  const { before, outputs } = shapesOf(layer);
  const [inside, outside] = [channels / groups, filters / groups];
  const [pixels, across] = [Math.max(1, layer.pixels), Math.max(1, outputs)];
  let total = 0;
  // Of what stands to be multiplied, each is added up by itself first: over the channels and filters of a group where
  // cells of pictures meet, and over the cells where they meet the kernel.
  const [xSums, ySums] = face === "kernel" ? [sums(x, inside), sums(y, outside)] : [];
  for (let k = 0; k < kernel; k++)
    for (let l = 0; l < kernel; l++) {
      const cells = new Float64Array(face === "forward" ? channels : filters);
      for (let n = 0; n < batch; n++)
        for (let i = 0; i < across; i++)
          for (let j = 0; j < across; j++) {
            const [r, c] = [i * stride + k - before, j * stride + l - before];
            if (r < 0 || c < 0 || r >= pixels || c >= pixels) continue;
            const [from, to] = [(n * pixels + r) * pixels + c, (n * across + i) * across + j];
            if (face === "forward") for (let a = 0; a < channels; a++) cells[a] += x[from * channels + a];
            else if (face === "input") for (let f = 0; f < filters; f++) cells[f] += y[to * filters + f];
            else for (let g = 0; g < groups; g++) total += xSums[from * groups + g] * ySums[to * groups + g];
          }
      if (face === "kernel") continue;
      const tap = (k * kernel + l) * inside;
      for (let a = 0; a < inside; a++)
        for (let f = 0; f < filters; f++) {
          const channel = Math.floor(f / outside) * inside + a;
          total += cells[face === "forward" ? channel : f] * w[(tap + a) * filters + f];
        }
    }
  return total;
}

/** The sums of so many neighbours. */
function sums(data, count) {
  const all = new Float64Array(data.length / count);
  for (let i = 0; i < data.length; i++) all[Math.floor(i / count)] += data[i];
  return all;
}
