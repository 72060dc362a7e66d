/**
 * Single layers: a convolution or dense layer by itself, and its two gradients. A measure's `layer` says which:
 * `{ face, pixels, channels, filters, kernel, stride, groups }`, pixels 0 for a dense layer. The three faces meet the
 * same numbers: input `x[j, c]`, kernel `w[k, c, f]` and output `y[i, f]`, with cells j = i·stride + k − before, padded so
 * that every stride-th pixel has an output.
 *
 * What is timed is the layer for a batch and the sum over all that it answers: one number, which is checked against the
 * same sum in float64, in the order that takes fewest multiplications.
 */
import { randomNumbers } from "./material.mjs";
import { size } from "./networks.mjs";

/** Operations of a timed step, about. */
const WORK = 2e8;

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
  return { name: `${job} ${nameOf(layer)} ${layer.face}`, kind: "layer", layer, batch, operations, bytes };
}

export function nameOf({ pixels, channels, filters, kernel = 1, stride = 1, groups = 1 }) {
  if (pixels === 0) return `dense ${channels}→${filters}`;
  const depth = groups > 1 ? `depthwise ${channels}` : `${channels}→${filters}`;
  return `${kernel}×${kernel}${stride > 1 ? `/${stride}` : ""} ${depth} at ${pixels}²`;
}

/** All faces of a layer for so many samples that a step takes a few milliseconds: an even number, for two threads. */
function allFaces(job, layer) {
  const { operations } = measureOf(job, layer, 1);
  const batch = Math.min(1024, 2 * Math.max(1, Math.round(WORK / operations / 2)));
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
  const fill = (count) => Float32Array.from({ length: count }, random);
  return { x: fill(batch * size(x)), y: fill(batch * size(y)), w: fill(size(w)) };
}

/** The sum over all cells of a face, in float64. */
export function sumOf(layer, batch, { x, y, w }) {
  const { kernel = 1, stride = 1, groups = 1, channels, filters, face } = layer;
  const { before, outputs } = shapesOf(layer);
  const [inside, outside] = [channels / groups, filters / groups];
  const across = Math.max(1, outputs);
  const pixels = Math.max(1, layer.pixels);
  let total = 0;
  const sum = (data, at, count, step = 1) => {
    let s = 0;
    for (let i = 0; i < count; i++) s += data[at + i * step];
    return s;
  };
  for (let g = 0; g < groups; g++) {
    // Sums over the channels or filters of this group, so that what is left to multiply are single numbers.
    for (let n = 0; n < batch; n++)
      for (let k = 0; k < kernel; k++)
        for (let l = 0; l < kernel; l++) {
          const tap = (k * kernel + l) * inside;
          const [xs, ys] = [new Float64Array(inside), new Float64Array(outside)];
          for (let i = 0; i < across; i++)
            for (let j = 0; j < across; j++) {
              const [r, c] = [i * stride + k - before, j * stride + l - before];
              if (r < 0 || c < 0 || r >= pixels || c >= pixels) continue;
              const fromX = ((n * pixels + r) * pixels + c) * channels + g * inside;
              const fromY = ((n * across + i) * across + j) * filters + g * outside;
              if (face === "kernel") total += sum(x, fromX, inside) * sum(y, fromY, outside);
              if (face === "forward") for (let a = 0; a < inside; a++) xs[a] += x[fromX + a];
              if (face === "input") for (let f = 0; f < outside; f++) ys[f] += y[fromY + f];
            }
          if (face === "forward")
            for (let a = 0; a < inside; a++) total += xs[a] * sum(w, (tap + a) * filters + g * outside, outside);
          if (face === "input")
            for (let f = 0; f < outside; f++) total += ys[f] * sum(w, tap * filters + g * outside + f, inside, filters);
        }
  }
  return total;
}
