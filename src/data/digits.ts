/**
 * `digits()`: the first 6000 training and the first 1000 test digits of MNIST, carried in this package.
 *
 * They lie beside this file in one grayscale picture, `digits.png` (made by `scripts/make-digits.mjs`): 100 digits of
 * 28 × 28 a row, training first, then test, so 2800 pixels wide and 1960 high; below them three more rows of pixels
 * hold the labels, one pixel a digit in the same order, padded with zeros.
 */
import { type NdArray, ndarray } from "../core/array.ts";
import { dataFormat, datasetMissing } from "../core/errors.ts";
import { inNode, nodeModule } from "../core/node.ts";
import { decodeGray } from "./png.ts";

/** Pictures and what they show. */
export interface Samples {
  /** Grayscale pictures, shape `[n, 28, 28, 1]`: bytes with `scale: 1 / 255`, 0 is the background. */
  readonly images: NdArray<Uint8Array>;
  /** The digit in each picture, 0 to 9, shape `[n]`. */
  readonly labels: NdArray<Uint8Array>;
}

/** Handwritten digits to learn from and, apart, to be tested on. */
export interface Dataset {
  /** To learn from. */
  readonly train: Samples;
  /** To be tested on. */
  readonly test: Samples;
}

export const SIDE = 28;
const PER_ROW = 100;
const WIDTH = PER_ROW * SIDE;
const TRAIN = 6000;
const TEST = 1000;
const PICTURE_ROWS = ((TRAIN + TEST) / PER_ROW) * SIDE;
const HEIGHT = PICTURE_ROWS + Math.ceil((TRAIN + TEST) / WIDTH);

/**
 * A subset of MNIST that needs no download: 6000 digits to train with and 1000 to test with. Each call gives arrays of
 * its own.
 *
 * @throws RhytonError `dataset-missing` when `digits.png` is not where the package keeps it;
 *   `data-format` when it is not the picture it should be.
 * @example
 * const { train, test } = await digits();
 * train.images.shape; // [6000, 28, 28, 1]
 */
export async function digits(): Promise<Dataset> {
  const url = new URL("./digits.png", import.meta.url);
  const { pixels, width, height } = decodeGray(await readAsset(url), url.href);
  if (width !== WIDTH || height !== HEIGHT) {
    throw dataFormat({
      where: url.href,
      got: `${width} × ${height} pixels`,
      expected: `${WIDTH} × ${HEIGHT}`,
      fix: "Install rhyton again.",
    });
  }
  return { train: cut(pixels, 0, TRAIN), test: cut(pixels, TRAIN, TEST) };
}

/** Digits `first` to `first + count` of the big picture. */
function cut(pixels: Uint8Array, first: number, count: number): Samples {
  const images = new Uint8Array(count * SIDE * SIDE);
  for (let i = 0; i < count; i++) {
    const cell = first + i;
    const corner = Math.floor(cell / PER_ROW) * SIDE * WIDTH + (cell % PER_ROW) * SIDE;
    for (let y = 0; y < SIDE; y++) {
      const from = corner + y * WIDTH;
      images.set(pixels.subarray(from, from + SIDE), (i * SIDE + y) * SIDE);
    }
  }
  const labels = pixels.slice(PICTURE_ROWS * WIDTH + first, PICTURE_ROWS * WIDTH + first + count);
  return samples(images, labels);
}

/** Pictures and labels with the shapes and the scale of a `Dataset`. */
export function samples(images: Uint8Array, labels: Uint8Array): Samples {
  const n = labels.length;
  return { images: ndarray(images, [n, SIDE, SIDE, 1], 1 / 255), labels: ndarray(labels, [n]) };
}

/** The bytes of a file of this package. */
async function readAsset(url: URL): Promise<Uint8Array> {
  const missing = (problem: string) =>
    datasetMissing({
      dataset: "digits",
      looked: [url.href],
      problem: `cannot read digits.png: ${problem}`,
      fix: "If a bundler moved the code, let it treat rhyton as external or copy digits.png beside it (with Vite: optimizeDeps.exclude).",
    });
  if (url.protocol === "file:" && inNode()) {
    const { readFile }: typeof import("node:fs/promises") = await nodeModule("node:fs/promises");
    return readFile(url).catch((error: Error) => Promise.reject(missing(error.message)));
  }
  const response = await fetch(url).catch((error: Error) => Promise.reject(missing(error.message)));
  if (!response.ok) throw missing(`HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
