/**
 * Convolutions as products of numbers that stand for whole tiles, with fewer multiplications than the direct form:
 *
 *   y = Aᵀ [ (G w Gᵀ) · (Bᵀ x B) ] A        (Lavin and Gray, arXiv 1509.09308)
 *
 * Tiles of cells, kernels and results go through small constant matrices of additions; between them lies a product of
 * matrices over the channels for each number of a tile.
 */

import { sizeOf } from "../core/array.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { multiply } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { expandTiles, foldTiles } from "../ops/tiles.ts";

type Matrix = readonly (readonly number[])[];

/** One scheme, the same along every axis: a row of each matrix for each product. */
export interface Scheme {
  /** Bᵀ: what the products need of the cells of a tile. */
  readonly input: Matrix;
  /** Cells from one tile of the input to the next. */
  readonly stride: number;
  /** G: the same for the kernel. */
  readonly kernel: Matrix;
  /** A: how the products make the results of a tile. */
  readonly output: Matrix;
}

const productsOf = ({ kernel }: Scheme, axes: number): number => kernel.length ** axes;
const resultsOf = ({ output }: Scheme): number => output[0].length;

/** Tiles that make results of this shape. */
const tilesOf = (scheme: Scheme, cells: Shape): number[] => cells.map((n) => Math.ceil(n / resultsOf(scheme)));

/**
 * Multiplications for each addition of the transforms, in multiples of what a scheme has of both, from where on fewer of
 * the former outweigh the latter. More where the tiles of picture and result do not fit the caches, so that they take their
 * time on the way to memory and back.
 */
const DENSE = 4.5;
const DENSE_IN_MEMORY = 15;
const CACHED_NUMBERS = 1 << 22;

/** Whether a scheme is faster than the direct form. Results of border tiles that nobody wants count against it. */
export function paysOff(scheme: Scheme, cells: Shape, channels: number, filters: number): boolean {
  const tiles = sizeOf(tilesOf(scheme, cells));
  const wanted = sizeOf(cells) / (tiles * resultsOf(scheme) ** cells.length);
  const inMemory = productsOf(scheme, cells.length) * tiles * (channels + filters) >= CACHED_NUMBERS;
  const density = (wanted * channels * filters) / (channels + filters);
  return density >= (inMemory ? DENSE_IN_MEMORY : DENSE);
}

/** Bᵀ x B of every tile. `x`: `[...cells, channels]` → `[products, ...tiles, channels]`. */
const expandPicture = (scheme: Scheme, x: Tensor, before: Shape, tiles: Shape): Tensor =>
  expandTiles(x, { matrix: scheme.input, stride: scheme.stride, before, tiles });

/** `x`: `[...cells, channels]`, `w`: `[...taps, channels, filters]` → `[...cells, filters]` with these cells. */
export function tileConvolution(scheme: Scheme, x: Tensor, w: Tensor, before: Shape, cells: Shape): Tensor {
  const [channels, filters] = w.shape.slice(-2);
  const tiles = tilesOf(scheme, cells);
  const products = productsOf(scheme, tiles.length);
  const ones = tiles.map(() => 1);
  const pictures = expandPicture(scheme, x, before, tiles);
  const kernels = expandTiles(w, {
    matrix: scheme.kernel,
    stride: scheme.kernel[0].length,
    before: tiles.map(() => 0),
    tiles: ones,
  });
  // [products, tiles, channels] · [products, channels, filters]
  const made = sum(
    multiply(
      reshape(pictures, [products, ...tiles, channels, 1]),
      reshape(kernels, [products, ...ones, channels, filters]),
    ),
    [tiles.length + 1],
  );
  return foldTiles(made, { matrix: scheme.output, stride: resultsOf(scheme), before: tiles.map(() => 0), cells });
}

/** The gradient of the kernel, `[...taps, channels, filters]`: the same three matrices with their roles exchanged. */
export function tileKernelGradient(scheme: Scheme, x: Tensor, dy: Tensor, before: Shape, taps: Shape): Tensor {
  const [channels] = x.shape.slice(-1);
  const [filters] = dy.shape.slice(-1);
  const tiles = tilesOf(scheme, dy.shape.slice(0, -1));
  const products = productsOf(scheme, tiles.length);
  const ones = tiles.map(() => 1);
  const none = tiles.map(() => 0);
  const pictures = expandPicture(scheme, x, before, tiles);
  const slopes = expandTiles(dy, { matrix: scheme.output, stride: resultsOf(scheme), before: none, tiles });
  // [products, channels, tiles] · [products, tiles, filters], of all samples
  const made = sum(
    multiply(reshape(pictures, [products, ...tiles, channels, 1]), reshape(slopes, [products, ...tiles, 1, filters])),
    tiles.map((_, a) => a + 1),
    { overSamples: true },
  );
  const whole = reshape(made, [products, ...ones, channels, filters]);
  return foldTiles(whole, { matrix: scheme.kernel, stride: scheme.kernel[0].length, before: none, cells: taps });
}
