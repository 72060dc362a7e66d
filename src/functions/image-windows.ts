/** Windows of pictures: patches, blur, edges, likeness. */
import { showShape } from "../core/array.ts";
import { shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkFormat, checkSizes } from "../layers/spatial.ts";
import * as own from "../ops/index.ts";
import { rankOf } from "./axes.ts";
import { binary, unary } from "./define.ts";
import { asBatch, axesOf, type FormatOption } from "./pictures.ts";
import { pad } from "./places.ts";
import { conv, depthwiseConv } from "./windows.ts";

interface PatchOptions extends FormatOption {
  /** Cells from one patch to the next; the size of a patch unless given. */
  readonly strides?: number | readonly number[] | null;
  /** Default 1. */
  readonly dilationRate?: number | readonly number[];
  /** Default "valid". */
  readonly padding?: "valid" | "same";
}

/** A kernel whose filter k is tap and channel k: every window as the channels of one cell. */
function patches(images: Tensor, taps: readonly number[], channels: number, options: PatchOptions): Tensor {
  const n = taps.reduce((a, b) => a * b, channels);
  const data = Float32Array.from({ length: n * n }, (_, i) => (i % n === Math.floor(i / n) ? 1 : 0));
  const kernel = own.constantTensor({ data, shape: [...taps, channels, n] });
  return asBatch(images, (x) => conv(x, kernel, { ...options, strides: options.strides ?? taps }), taps.length + 1);
}
const patchKeys = ["strides", "dilationRate", "padding", "dataFormat"] as const;

/** Every window of a picture as the channels of one cell: row by row, the channels of a cell side by side. */
export const extractPatches = unary(
  "image.extractPatches",
  (images: Tensor, size: number | readonly number[], options: PatchOptions = {}) => {
    const { where, channels } = axesOf("extractPatches", images, options.dataFormat);
    return patches(images, checkSizes(where, "size", size, 2), images.shape[channels], options);
  },
  patchKeys,
  1,
);
/** As `extractPatches`, of volumes: depth, height and width. */
export const extractPatches3d = unary(
  "image.extractPatches3d",
  (volumes: Tensor, size: number | readonly number[], options: PatchOptions = {}) => {
    const where = "ops.image.extractPatches3d";
    if (rankOf(volumes) !== 4 && rankOf(volumes) !== 5) {
      throw shapeError({
        where,
        got: showShape(volumes.shape, volumes.perSample),
        expected: "a volume of four axes, or a batch of them",
        fix: "Add the axis of the channels with expandDims.",
      });
    }
    const isFirst = checkFormat(where, options.dataFormat ?? undefined) === "channels_first";
    const channels = volumes.shape.at(isFirst ? -4 : -1) as number;
    return patches(volumes, checkSizes(where, "size", size, 3), channels, options);
  },
  patchKeys,
  1,
);

/** The weights of a bell of a width over `size` cells; they sum to 1. */
function bell(size: number, width: number): number[] {
  const row = Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - (size - 1) / 2) / width) ** 2));
  const total = row.reduce((a, b) => a + b, 0);
  return row.map((x) => x / total);
}

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

/** How much the pictures change downwards and to the right, by Sobel's filters, on a new last axis of 2. */
export const sobelEdges = unary(
  "image.sobelEdges",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { height, width, channels } = axesOf("sobelEdges", images, dataFormat);
    const last = images.shape.length;
    const around = (axis: number): number[] => (axis === height || axis === width ? [1, 1] : [0, 0]);
    const widths = images.shape.map((_, axis) => around(axis));
    const padded = pad(images, images.perSample ? [[0, 0], ...widths] : widths, { mode: "reflect" }) as Tensor;
    const c = images.shape[channels];
    const down = [-1, -2, -1, 0, 0, 0, 1, 2, 1];
    const taps = down.flatMap((value, i) =>
      Array.from({ length: c }, () => [value, down[(i % 3) * 3 + Math.floor(i / 3)]]),
    );
    const kernel = own.constantTensor({ data: Float32Array.from(taps.flat()), shape: [3, 3, c, 2] });
    // Channel by channel its two filters.
    const edges = asBatch(padded, (x) => depthwiseConv(x, kernel, { dataFormat }));
    const apart = own.reshape(edges, [...images.shape.slice(0, channels), c, 2, ...images.shape.slice(channels + 1)]);
    const rest = apart.shape.map((_, i) => i).filter((i) => i !== channels + 1);
    return last === channels + 1 ? apart : own.transpose(apart, [...rest, channels + 1]);
  },
  ["dataFormat"],
);

interface SsimOptions extends FormatOption {
  /** The largest value of a cell. Default 1. */
  readonly maxVal?: number;
  /** The size of the window, in cells. Default 11. */
  readonly filterSize?: number;
  /** The width of the bell in it, in cells. Default 1.5. */
  readonly filterSigma?: number;
  /** Default 0.01. */
  readonly k1?: number;
  /** Default 0.03. */
  readonly k2?: number;
}
/**
 * How alike two pictures are in brightness, contrast and structure, from −1 to 1 (Wang et al., Image quality assessment,
 * 2004): one number for each picture.
 */
export const ssim = binary(
  "image.ssim",
  (
    image1: Tensor,
    image2: Tensor,
    { maxVal = 1, filterSize = 11, filterSigma = 1.5, k1 = 0.01, k2 = 0.03, dataFormat }: SsimOptions = {},
  ) => {
    const { where, height, width, channels } = axesOf("ssim", image1, dataFormat);
    axesOf("ssim", image2, dataFormat);
    const [size] = checkSizes(where, "filterSize", filterSize, 1);
    const row = bell(size, filterSigma);
    const bells = row.flatMap((a) => row.flatMap((b) => Array<number>(image1.shape[channels]).fill(a * b)));
    const shape = [size, size, image1.shape[channels], 1];
    const kernel = own.constantTensor({ data: Float32Array.from(bells), shape });
    const mean = (x: Tensor): Tensor => asBatch(x, (y) => depthwiseConv(y, kernel, { dataFormat }));
    const { add, divide, multiply, subtract } = own;
    const [mean1, mean2] = [mean(image1), mean(image2)];
    const [square1, square2, both] = [multiply(mean1, mean1), multiply(mean2, mean2), multiply(mean1, mean2)];
    const variance1 = subtract(mean(multiply(image1, image1)), square1);
    const variance2 = subtract(mean(multiply(image2, image2)), square2);
    const covariance = subtract(mean(multiply(image1, image2)), both);
    const [c1, c2] = [(k1 * maxVal) ** 2, (k2 * maxVal) ** 2];
    const alike = multiply(add(multiply(2, both), c1), add(multiply(2, covariance), c2));
    const most = multiply(add(add(square1, square2), c1), add(add(variance1, variance2), c2));
    return own.mean(divide(alike, most), [height, width, channels]);
  },
  ["maxVal", "filterSize", "filterSigma", "k1", "k2", "dataFormat"],
);
