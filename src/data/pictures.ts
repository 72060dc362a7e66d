/**
 * Drawing what an autoencoder does: originals, their codes and their reconstructions on one sheet.
 */
import { type NdArray, showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { encodeGray, enlarge, type GrayImage, grid } from "./png.ts";

const PICTURE_SIZE = 56; // pixels that a picture should be about, on the sheet
const BACKGROUND = 48; // dark, and yet apart from black pictures
const MAX_COLUMNS = 256;

/** What `reconstructionSheet` draws. */
export interface ReconstructionSheet {
  /** Pictures, `[n, height, width, 1]`: values in [0, 1]; bytes without a `scale` are gray levels from 0 to 255. */
  readonly originals: NdArray;
  /** Their codes: `[n, height, width, channels]`, or `[n, channels]`. Drawn between the two, when given. */
  readonly codes?: NdArray;
  /** What became of the pictures; shaped and valued like `originals`. */
  readonly reconstructions: NdArray;
}

/**
 * A grayscale PNG with a column for each sample: the original on top, its code, and the reconstruction at the bottom.
 *
 * A code's channels are little pictures in a grid, black for the least value of all codes and white for the greatest.
 * Everything is enlarged by whole factors. Twenty samples make a sheet of about 1200 pixels.
 *
 * @throws RhytonError `shape` when the arrays do not match, `argument` when there are no samples or more than 256.
 * @example
 * await writeFile("sheet.png", reconstructionSheet({ originals: test.images, reconstructions }));
 */
export function reconstructionSheet({ originals, codes, reconstructions }: ReconstructionSheet): Uint8Array {
  const [n, height, width, channels] = originals.shape;
  if (originals.shape.length !== 4 || channels !== 1 || height < 1 || width < 1) {
    throw wrongShape("originals", originals, "[n, height, width, 1]", "Give grayscale pictures with a channel axis.");
  }
  if (n < 1 || n > MAX_COLUMNS) {
    const expected = `1 to ${MAX_COLUMNS} samples`;
    throw argumentError({
      where: "reconstructionSheet",
      argument: "n",
      value: n,
      expected,
      fix: "Draw a few of them.",
    });
  }
  if (
    originals.shape.some((size, axis) => size !== reconstructions.shape[axis]) ||
    reconstructions.shape.length !== 4
  ) {
    const expected = `${showShape(originals.shape)}, like the originals`;
    throw wrongShape("reconstructions", reconstructions, expected, "Give one for each original.");
  }
  const factor = Math.max(1, Math.round(PICTURE_SIZE / Math.max(height, width)));
  const images = [
    ...pictures(originals, factor),
    ...(codes === undefined ? [] : codePictures(codes, n, Math.max(height, width) * factor)),
    ...pictures(reconstructions, factor),
  ];
  const sheet = grid(images, { columns: n, gap: 4, rowGap: 8, margin: 8, background: BACKGROUND });
  return encodeGray(sheet.pixels, sheet.width, sheet.height);
}

const wrongShape = (what: string, array: NdArray, expected: string, fix: string) =>
  shapeError({ where: `reconstructionSheet, ${what}`, got: showShape(array.shape), expected, fix });

/** Each sample of `[n, height, width, 1]` as a picture. */
function pictures(array: NdArray, factor: number): GrayImage[] {
  const [n, height, width] = array.shape;
  const bytes = array.data instanceof Uint8Array && array.scale === undefined;
  const scale = bytes ? 1 : (array.scale ?? 1) * 255;
  const pixels = Uint8ClampedArray.from(array.data, (value) => value * scale); // rounds and clamps; NaN is black
  const size = height * width;
  return Array.from({ length: n }, (_, i) =>
    enlarge({ pixels: new Uint8Array(pixels.subarray(i * size, (i + 1) * size)), width, height }, factor),
  );
}

/** Each of the `n` codes as a grid of its channels, about `target` pixels wide. */
function codePictures(codes: NdArray, n: number, target: number): GrayImage[] {
  const [samples, ...rest] = codes.shape;
  const [height, width, channels] = rest.length === 1 ? [1, 1, rest[0]] : rest;
  if ((rest.length !== 1 && rest.length !== 3) || samples !== n || sizeOf(rest) < 1) {
    const expected = `(${n}, height, width, channels) or (${n}, channels)`;
    throw wrongShape("codes", codes, expected, "Give one code for each original.");
  }
  const { data } = codes;
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const toGray = greatest > least ? 255 / (greatest - least) : 0;

  const columns = columnsFor(channels);
  const gap = height * width === 1 ? 1 : 2; // single values need less to be told apart than little pictures
  const factor = Math.max(1, Math.floor((target - (columns - 1) * gap) / (columns * width)));
  return Array.from({ length: n }, (_, sample) => {
    const cells = Array.from({ length: channels }, (_, channel) => {
      const pixels = new Uint8ClampedArray(height * width);
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = (data[(sample * pixels.length + i) * channels + channel] - least) * toGray;
      }
      return enlarge({ pixels: new Uint8Array(pixels), width, height }, factor);
    });
    return grid(cells, { columns, gap, background: BACKGROUND });
  });
}

/** Columns for a grid of `count` cells: upright and full when it stays near square (8 is 2 × 4), else with holes. */
function columnsFor(count: number): number {
  const root = Math.floor(Math.sqrt(count));
  for (let columns = root; columns * columns * 2 >= count; columns--) if (count % columns === 0) return columns;
  return Math.ceil(Math.sqrt(count));
}
