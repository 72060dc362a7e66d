/**
 * Winograd's convolution F(2×2, 3×3): four results of a 3 × 3 kernel with 16 multiplications instead of 36. Tiles of
 * 4 × 4 cells, kernels and results go through small constant matrices of additions; between them lie 16 products of
 * matrices over the channels.
 *
 *   y = Aᵀ [ (G w Gᵀ) · (Bᵀ x B) ] A        (Lavin and Gray, arXiv 1509.09308)
 *
 * It pays where there are channels enough to make the additions small: forward, on the way back to the input, and for
 * the gradient of the kernel, which shares the transformed picture with the way forward. It runs after the gradient, so that nobody differentiates through it.
 */
import { type Change, withInputs } from "../graph/graph.ts";
import { apply } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";
import { convolveInputOp, convolveKernelOp, convolveOp, type Relation } from "../ops/convolution.ts";
import { multiply } from "../ops/elementwise.ts";
import { reshape, slice, transpose } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { expandTiles, foldTiles } from "../ops/tiles.ts";

/** Bᵀ: what each of the 16 products needs of a tile. */
const input = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
/** G: the same for the kernel. */
const kernel = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
/** A: how the products make the two results of an axis. */
const output = [
  [1, 0],
  [1, 1],
  [1, -1],
  [0, -1],
];

/**
 * Channels and filters from which on the multiplications saved outweigh the additions: twice as many where the tiles of
 * picture and result do not fit the caches, so that they take their time on the way to memory and back.
 */
const FEWEST = 16;
const CACHED_CELLS = 1 << 21;

export const winograd: Change = (t, inputs) => faster(withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes)));

function faster(t: Tensor): Tensor {
  const [a, b] = t.inputs;
  const relation = t.attributes as unknown as Relation;
  /** @param shape - of a result, or its slope. */
  const fits = (w: Tensor, [height, width]: readonly number[]): boolean => {
    const { strides, dilation, groups } = relation;
    const plain = [...strides, ...dilation, groups].every((n) => n === 1);
    const square = w.shape.length === 4 && w.shape[0] === 3 && w.shape[1] === 3;
    if (!plain || !square || w.perSample || !a.perSample) return false;
    const [channels, filters] = w.shape.slice(2);
    // Four numbers for each cell and channel.
    const tiles = 4 * height * width * (channels + filters);
    return Math.min(channels, filters) >= (tiles < CACHED_CELLS ? FEWEST : 2 * FEWEST);
  };
  if (t.op === convolveOp && fits(b, t.shape)) return convolution(a, b, relation.before, t.shape);
  if (t.op === convolveInputOp && fits(b, t.shape)) {
    // The way back to the input is a convolution with the kernel turned around, from filters to channels.
    const turned = slice(b, { start: [2, 2, 0, 0], step: [-1, -1, 1, 1], size: b.shape });
    const ahead = relation.before.map((n) => 2 - n);
    return convolution(a, transpose(turned, [0, 1, 3, 2]), ahead, t.shape);
  }
  if (t.op === convolveKernelOp && fits(t, b.shape) && b.perSample)
    return kernelGradient(a, b, relation.before, t.shape);
  return t;
}

const expandPicture = (x: Tensor, before: readonly number[], tiles: readonly number[]): Tensor =>
  expandTiles(x, { matrix: input, stride: 2, before, tiles });

/** `x`: `[h, w, channels]`, `w`: `[3, 3, channels, filters]` → `shape`. */
function convolution(x: Tensor, w: Tensor, before: readonly number[], shape: readonly number[]): Tensor {
  const [channels, filters] = w.shape.slice(2);
  const tiles = shape.slice(0, 2).map((n) => Math.ceil(n / 2));
  const pictures = expandPicture(x, before, tiles);
  const kernels = expandTiles(w, { matrix: kernel, stride: 3, before: [0, 0], tiles: [1, 1] });
  // [16, tiles, channels] · [16, channels, filters]
  const products = sum(
    multiply(reshape(pictures, [16, ...tiles, channels, 1]), reshape(kernels, [16, 1, 1, channels, filters])),
    [3],
  );
  return foldTiles(products, { matrix: output, stride: 2, before: [0, 0], cells: shape.slice(0, 2) });
}

/** The gradient of the kernel, of shape `[3, 3, channels, filters]`: the same three matrices with their roles exchanged. */
function kernelGradient(x: Tensor, dy: Tensor, before: readonly number[], shape: readonly number[]): Tensor {
  const [channels, filters] = shape.slice(2);
  const tiles = dy.shape.slice(0, 2).map((n) => Math.ceil(n / 2));
  const pictures = expandPicture(x, before, tiles);
  const slopes = expandTiles(dy, { matrix: output, stride: 2, before: [0, 0], tiles });
  // [16, channels, tiles] · [16, tiles, filters], of all samples
  const products = sum(
    multiply(reshape(pictures, [16, ...tiles, channels, 1]), reshape(slopes, [16, ...tiles, 1, filters])),
    [1, 2],
    { overSamples: true },
  );
  return foldTiles(reshape(products, [16, 1, 1, channels, filters]), {
    matrix: kernel,
    stride: 3,
    before: [0, 0],
    cells: [3, 3],
  });
}
