/** Functions of pictures, one or a batch of them: `ops.image`. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkChoice, type DataFormat } from "../layers/options.ts";
import { type Interpolation, interpolations, resizeMatrix } from "../layers/resize.ts";
import { checkFormat, checkSizes } from "../layers/spatial.ts";
import * as own from "../ops/index.ts";
import { rankOf } from "./axes.ts";
import { unary } from "./define.ts";
import { part } from "./places.ts";
import { conv, depthwiseConv } from "./windows.ts";

interface FormatOption {
  /** Default "channels_last". */
  readonly dataFormat?: DataFormat | null;
}

const { add, divide, equal, multiply, subtract, where: choose } = own;

/** Where the axes of a picture lie among those of the tensor itself. */
function axesOf(name: string, x: Tensor, dataFormat: DataFormat | null | undefined) {
  const where = `ops.image.${name}`;
  if (rankOf(x) !== 3 && rankOf(x) !== 4) {
    throw shapeError({
      where,
      got: showShape(x.shape, x.perSample),
      expected: "a picture of three axes, or a batch of them",
      fix: "Add the axis of the channels with expandDims.",
    });
  }
  const first = x.shape.length - 3;
  if (first < 0)
    throw shapeError({
      where,
      got: showShape(x.shape, true),
      expected: "height, width and channels besides the batch",
      fix: "Add the axis of the channels with expandDims.",
    });
  const isFirst = checkFormat(where, dataFormat ?? undefined) === "channels_first";
  return {
    where,
    height: first + (isFirst ? 1 : 0),
    width: first + (isFirst ? 2 : 1),
    channels: first + (isFirst ? 0 : 2),
  };
}

interface ResizeOptions extends FormatOption {
  /** Default "bilinear". */
  readonly interpolation?: Interpolation;
  /** Lets every cell count where pictures become smaller. Default false. */
  readonly antialias?: boolean;
}

/** Pictures of another size, `[height, width]`. */
export const resize = unary(
  "image.resize",
  (
    images: Tensor,
    size: number | readonly number[],
    { interpolation = "bilinear", antialias = false, dataFormat }: ResizeOptions = {},
  ) => {
    const { where, height, width } = axesOf("resize", images, dataFormat);
    checkChoice(where, "interpolation", interpolation, interpolations);
    const sizes = checkSizes(where, "size", size, 2);
    return [height, width].reduce<Tensor>(
      (x, axis, i) =>
        own.contractAxis(x, axis, sizes[i], resizeMatrix(interpolation, x.shape[axis], sizes[i], antialias)),
      images,
    );
  },
  ["interpolation", "antialias", "dataFormat"],
  1,
);

/** One channel of red, green and blue: 0.2989·r + 0.587·g + 0.114·b. Grey pictures stay. */
export const rgbToGrayscale = unary(
  "image.rgbToGrayscale",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { channels } = axesOf("rgbToGrayscale", images, dataFormat);
    if (images.shape[channels] === 1) return images;
    needColours("rgbToGrayscale", images, channels);
    return own.contractAxis(images, channels, 1, Float32Array.of(0.2989, 0.587, 0.114));
  },
  ["dataFormat"],
);

function needColours(name: string, x: Tensor, channels: number): void {
  if (x.shape[channels] === 3) return;
  throw shapeError({
    where: `ops.image.${name}`,
    got: `${x.shape[channels]} channels`,
    expected: "3: red, green and blue, or hue, saturation and value",
    fix: "Check dataFormat.",
  });
}

/** Hue, saturation and value, each from 0 to 1, of red, green and blue from 0 to 1. */
export const rgbToHsv = unary(
  "image.rgbToHsv",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { channels } = axesOf("rgbToHsv", images, dataFormat);
    needColours("rgbToHsv", images, channels);
    const [r, g, b] = [0, 1, 2].map((i) => part(images, channels, i, 1));
    const value = own.maximum(own.maximum(r, g), b);
    const range = subtract(value, own.minimum(own.minimum(r, g), b));
    const saturation = choose(own.greater(value, 0), divide(range, choose(own.greater(value, 0), value, 1)), 0);
    const sixth = divide(1 / 6, choose(own.greater(range, 0), range, 1));
    const ofRed = multiply(sixth, subtract(g, b));
    const ofGreen = add(multiply(sixth, subtract(b, r)), 1 / 3);
    const ofBlue = add(multiply(sixth, subtract(r, g)), 2 / 3);
    const turn = choose(equal(r, value), ofRed, choose(equal(g, value), ofGreen, ofBlue));
    const hue = choose(own.greater(range, 0), choose(own.greater(0, turn), add(turn, 1), turn), 0);
    return own.concatenate([hue, saturation, value], channels);
  },
  ["dataFormat"],
);

/** Red, green and blue of hue, saturation and value, each from 0 to 1. */
export const hsvToRgb = unary(
  "image.hsvToRgb",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { channels } = axesOf("hsvToRgb", images, dataFormat);
    needColours("hsvToRgb", images, channels);
    const [hue, saturation, value] = [0, 1, 2].map((i) => part(images, channels, i, 1));
    const six = multiply(hue, 6);
    const limited = (x: Tensor): Tensor => own.minimum(own.maximum(x, 0), 1);
    const shares = [
      subtract(own.absolute(subtract(six, 3)), 1),
      subtract(2, own.absolute(subtract(six, 2))),
      subtract(2, own.absolute(subtract(six, 4))),
    ].map(limited);
    const grey = subtract(1, saturation);
    return own.concatenate(
      shares.map((share) => multiply(add(grey, multiply(saturation, share)), value)),
      channels,
    );
  },
  ["dataFormat"],
);

// ---- borders ------------------------------------------------------------------------------------------------------

interface Border {
  readonly before: number;
  readonly after: number;
}

/** Two of: cells before, cells after, the size of the result; the third follows. */
function border(
  where: string,
  axis: string,
  size: number,
  given: { readonly before?: number | null; readonly after?: number | null; readonly target?: number | null },
  sign: 1 | -1,
): Border {
  const total = given.target === undefined || given.target === null ? undefined : (given.target - size) * sign;
  const before =
    given.before ??
    (total === undefined || given.after === undefined || given.after === null ? undefined : total - given.after);
  const after = given.after ?? (total === undefined || before === undefined ? undefined : total - before);
  const fits = total === undefined || before === undefined || after === undefined || before + after === total;
  if (
    before === undefined ||
    after === undefined ||
    before < 0 ||
    after < 0 ||
    !fits ||
    (sign < 0 && before + after >= size)
  ) {
    throw argumentError({
      where,
      argument: `the ${axis}`,
      value: [given.before ?? null, given.after ?? null, given.target ?? null],
      expected: `two of three (cells before, cells after, the size that it has then), at least 0, for ${size} cells`,
    });
  }
  return { before, after };
}

interface CropOptions extends FormatOption {
  readonly topCropping?: number | null;
  readonly leftCropping?: number | null;
  readonly bottomCropping?: number | null;
  readonly rightCropping?: number | null;
  readonly targetHeight?: number | null;
  readonly targetWidth?: number | null;
}

/** Pictures without some rows and columns at their edges: for each axis two of before, after and target. */
export const cropImages = unary(
  "image.cropImages",
  (images: Tensor, o: CropOptions = {}) => {
    const { where, height, width } = axesOf("cropImages", images, o.dataFormat);
    const rows = border(
      where,
      "height",
      images.shape[height],
      { before: o.topCropping, after: o.bottomCropping, target: o.targetHeight },
      -1,
    );
    const columns = border(
      where,
      "width",
      images.shape[width],
      { before: o.leftCropping, after: o.rightCropping, target: o.targetWidth },
      -1,
    );
    const cut = (x: Tensor, axis: number, { before, after }: Border): Tensor =>
      part(x, axis, before, x.shape[axis] - before - after);
    return cut(cut(images, height, rows), width, columns);
  },
  ["topCropping", "leftCropping", "bottomCropping", "rightCropping", "targetHeight", "targetWidth", "dataFormat"],
);

interface PadOptions extends FormatOption {
  readonly topPadding?: number | null;
  readonly leftPadding?: number | null;
  readonly bottomPadding?: number | null;
  readonly rightPadding?: number | null;
  readonly targetHeight?: number | null;
  readonly targetWidth?: number | null;
}

/** Pictures with rows and columns of 0 around: for each axis two of before, after and target. */
export const padImages = unary(
  "image.padImages",
  (images: Tensor, o: PadOptions = {}) => {
    const { where, height, width } = axesOf("padImages", images, o.dataFormat);
    const rows = border(
      where,
      "height",
      images.shape[height],
      { before: o.topPadding, after: o.bottomPadding, target: o.targetHeight },
      1,
    );
    const columns = border(
      where,
      "width",
      images.shape[width],
      { before: o.leftPadding, after: o.rightPadding, target: o.targetWidth },
      1,
    );
    const at = (rowCells: number, columnCells: number): number[] =>
      images.shape.map((_, i) => (i === height ? rowCells : i === width ? columnCells : 0));
    return own.pad(images, at(rows.before, columns.before), at(rows.after, columns.after));
  },
  ["topPadding", "leftPadding", "bottomPadding", "rightPadding", "targetHeight", "targetWidth", "dataFormat"],
);

// ---- windows ------------------------------------------------------------------------------------------------------

/** `f` of a batch, for one picture too. */
function asBatch(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  if (x.perSample || x.shape.length === 4) return f(x);
  const y = f(own.reshape(x, [1, ...x.shape]));
  return own.reshape(y, y.shape.slice(1));
}

interface PatchOptions extends FormatOption {
  /** Cells from one patch to the next; the size of a patch unless given. */
  readonly strides?: number | readonly number[] | null;
  /** Default 1. */
  readonly dilationRate?: number | readonly number[];
  /** Default "valid". */
  readonly padding?: "valid" | "same";
}

/** Every window of a picture as the channels of one cell: row by row, the channels of a cell side by side. */
export const extractPatches = unary(
  "image.extractPatches",
  (images: Tensor, size: number | readonly number[], options: PatchOptions = {}) => {
    const { where, channels } = axesOf("extractPatches", images, options.dataFormat);
    const taps = checkSizes(where, "size", size, 2);
    const c = images.shape[channels];
    const n = taps[0] * taps[1] * c;
    const data = Float32Array.from({ length: n * n }, (_, i) => (i % n === Math.floor(i / n) ? 1 : 0));
    const kernel = own.constantTensor({ data, shape: [...taps, c, n] });
    return asBatch(images, (x) => conv(x, kernel, { ...options, strides: options.strides ?? taps }));
  },
  ["strides", "dilationRate", "padding", "dataFormat"],
  1,
);

interface BlurOptions extends FormatOption {
  /** Default [3, 3]. */
  readonly kernelSize?: readonly [number, number];
  /** Default [1, 1]. */
  readonly sigma?: readonly [number, number];
}

/** Pictures under a bell of `sigma`. The borders count as 0. As in Keras, `kernelSize[0]` belongs to `sigma[0]`. */
export const gaussianBlur = unary(
  "image.gaussianBlur",
  (images: Tensor, { kernelSize = [3, 3], sigma = [1, 1], dataFormat }: BlurOptions = {}) => {
    const { where, channels } = axesOf("gaussianBlur", images, dataFormat);
    const sizes = checkSizes(where, "kernelSize", kernelSize, 2);
    const bell = (size: number, width: number): number[] => {
      const row = Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - (size - 1) / 2) / width) ** 2));
      const total = row.reduce((a, b) => a + b, 0);
      return row.map((x) => x / total);
    };
    const [first, second] = sizes.map((size, i) => bell(size, sigma[i]));
    const c = images.shape[channels];
    // The rows of Keras' kernel are those of the second size, read under the shape of both.
    const product = second.flatMap((a) => first.map((b) => a * b));
    const kernel = own.constantTensor({
      data: Float32Array.from(product.flatMap((x) => Array<number>(c).fill(x))),
      shape: [...sizes, c, 1],
    });
    return asBatch(images, (x) => depthwiseConv(x, kernel, { padding: "same", dataFormat }));
  },
  ["kernelSize", "sigma", "dataFormat"],
);
