/** Convolutions and pooling. The batch is the first axis; the axis of the channels is the last, or the second one. */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { type Padding, placeTransposed, placeWindows } from "../core/shape.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { poolTo } from "../layers/adaptive-pooling.ts";
import { checkChoice, type DataFormat } from "../layers/options.ts";
import {
  checkFormat,
  checkSizes,
  fromChannelsLast,
  type Rank,
  spatialSizes,
  toChannelsLast,
} from "../layers/spatial.ts";
import * as own from "../ops/index.ts";
import { rankOf } from "./axes.ts";
import { binary, ternary, unary } from "./define.ts";

interface WindowOptions {
  /** Cells from one window to the next; one number for all spatial axes, or one for each. */
  readonly strides?: number | readonly number[];
  /** "valid" (the default): whole windows only. "same": windows may stand out, so that ⌈size/stride⌉ cells come out. */
  readonly padding?: "valid" | "same";
  /** Default "channels_last". */
  readonly dataFormat?: DataFormat | null;
}

interface ConvOptions extends WindowOptions {
  /** Cells from one tap to the next; default 1. */
  readonly dilationRate?: number | readonly number[];
}

/** Options that belong to one function. */
interface Window {
  readonly where: string;
  readonly rank: Rank;
  /** Channels are last. */
  readonly x: Tensor;
  readonly format: DataFormat;
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: "valid" | "same";
  /** How many axes before the spatial ones `x` has of its own: 1 for constants, whose samples are cells. */
  readonly leading: 0 | 1;
}

function windowOf(name: string, inputs: Tensor, options: ConvOptions, strides: unknown): Window {
  const where = `ops.${name}`;
  const rank = (rankOf(inputs) - 2) as Rank;
  if (![1, 2, 3].includes(rank)) {
    throw shapeError({
      where,
      got: `inputs of shape ${showShape(inputs.shape, inputs.perSample)}`,
      expected: "the batch, one to three spatial axes, and the channels",
      fix: "Add the axes that are missing with expandDims.",
    });
  }
  const format = checkFormat(where, options.dataFormat ?? undefined);
  const leading = inputs.perSample ? 0 : 1;
  return {
    where,
    rank,
    x: channelsLast(inputs, format, leading),
    format,
    strides: checkSizes(where, "strides", strides, rank),
    dilation: checkSizes(where, "dilationRate", options.dilationRate ?? 1, rank),
    padding: checkChoice(where, "padding", options.padding ?? "valid", ["valid", "same"]),
    leading,
  };
}

function channelsLast(x: Tensor, format: DataFormat, leading: 0 | 1): Tensor {
  if (leading === 0 || format === "channels_last") return toChannelsLast(x, format);
  return own.transpose(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);
}

/** The result in the order in which the inputs came. */
function inFormat(y: Tensor, { format, leading }: Window): Tensor {
  if (leading === 0 || format === "channels_last") return fromChannelsLast(y, format);
  const last = y.shape.length - 1;
  return own.transpose(y, [0, last, ...y.shape.slice(2).map((_, i) => i + 1)]);
}

/** One number for each axis that slides: samples of a constant slide with windows of one. */
const slid = <T>(w: Window, ofSamples: T, list: readonly T[]): T[] =>
  w.leading === 1 ? [ofSamples, ...list] : [...list];

/** Where windows of `kernel` lie, as attributes of ops. */
function place(w: Window, kernel: readonly number[]) {
  const { where, strides, dilation, padding } = w;
  const sizes = spatialSizes(w.x.shape, "channels_last").slice(w.leading);
  const places = placeWindows(where, sizes, { kernel, strides, dilation, padding: padding as Padding });
  return {
    strides: slid(w, 1, strides),
    before: slid(
      w,
      0,
      places.map((one) => one.before),
    ),
    output: slid(
      w,
      w.x.shape[0],
      places.map((one) => one.output),
    ),
  };
}

/** Kernels with a tap for the axis of samples, where that slides. */
const withTap = (w: Window, kernel: Tensor): Tensor =>
  w.leading === 1 ? own.reshape(kernel, [1, ...kernel.shape]) : kernel;

function checkKernel(w: Window, kernel: Tensor, expected: string, fits: (shape: Shape) => boolean): void {
  if (!kernel.perSample && kernel.shape.length === w.rank + 2 && fits(kernel.shape)) return;
  throw shapeError({
    where: w.where,
    got: `a kernel of shape ${showShape(kernel.shape, kernel.perSample)} for ${w.x.shape[w.x.shape.length - 1]} channels`,
    expected,
    fix: "Give the kernel these axes.",
  });
}

const convolveWith = (w: Window, kernel: Tensor, groups: number): Tensor =>
  own.convolve(w.x, withTap(w, kernel), {
    ...place(w, kernel.shape.slice(0, -2)),
    dilation: slid(w, 1, w.dilation),
    groups,
  });

const convolutionKeys = ["strides", "padding", "dataFormat", "dilationRate"] as const;

/**
 * A convolution over one to three spatial axes.
 *
 * @param kernel - `[...sizes, channels, filters]`; with fewer channels than the inputs have, in as many groups as they fit in.
 */
export const conv = binary(
  "conv",
  (inputs: Tensor, kernel: Tensor, options: ConvOptions = {}) => {
    const w = windowOf("conv", inputs, options, options.strides ?? 1);
    const channels = w.x.shape[w.x.shape.length - 1];
    const perGroup = kernel.shape[kernel.shape.length - 2];
    const filters = kernel.shape[kernel.shape.length - 1];
    const groups = channels / perGroup;
    checkKernel(
      w,
      kernel,
      "[...sizes, channels, filters], or a part of the channels for groups",
      () => Number.isInteger(groups) && filters % groups === 0,
    );
    return inFormat(convolveWith(w, kernel, groups), w);
  },
  convolutionKeys,
);

/** Each channel under filters of its own. */
function channelwise(w: Window, kernel: Tensor): Tensor {
  const channels = w.x.shape[w.x.shape.length - 1];
  checkKernel(w, kernel, "[...sizes, channels, multiplier]", (shape) => shape[shape.length - 2] === channels);
  const taps = kernel.shape.slice(0, -2);
  const apart = own.reshape(kernel, [...taps, 1, channels * kernel.shape[kernel.shape.length - 1]]);
  return convolveWith(w, apart, channels);
}

/**
 * A convolution of each channel by itself.
 *
 * @param kernel - `[...sizes, channels, multiplier]`.
 */
export const depthwiseConv = binary(
  "depthwiseConv",
  (inputs: Tensor, kernel: Tensor, options: ConvOptions = {}) => {
    const w = windowOf("depthwiseConv", inputs, options, options.strides ?? 1);
    return inFormat(channelwise(w, kernel), w);
  },
  convolutionKeys,
);

/**
 * A convolution of each channel by itself, then one of all channels in each place.
 *
 * @param depthwiseKernel - `[...sizes, channels, multiplier]`.
 * @param pointwiseKernel - `[1…, channels·multiplier, filters]`.
 */
export const separableConv = ternary(
  "separableConv",
  (inputs: Tensor, depthwiseKernel: Tensor, pointwiseKernel: Tensor, options: ConvOptions = {}) => {
    const w = windowOf("separableConv", inputs, options, options.strides ?? 1);
    const y = channelwise(w, depthwiseKernel);
    const next: Window = {
      ...w,
      x: y,
      strides: w.strides.map(() => 1),
      dilation: w.dilation.map(() => 1),
      padding: "valid",
    };
    const channels = y.shape[y.shape.length - 1];
    const { length } = pointwiseKernel.shape;
    checkKernel(
      next,
      pointwiseKernel,
      `[${"1, ".repeat(w.rank)}${channels}, filters]`,
      (shape) => shape[length - 2] === channels && shape.slice(0, -2).every((n) => n === 1),
    );
    return inFormat(convolveWith(next, pointwiseKernel, 1), w);
  },
  convolutionKeys,
);

interface TransposeOptions extends ConvOptions {
  /** Cells added at one end, per spatial axis; null (the default) for size·stride under "same". */
  readonly outputPadding?: number | readonly number[] | null;
}

/**
 * The transposed convolution: from the result of `conv` back to the shape of its inputs.
 *
 * @param kernel - `[...sizes, filters, channels]`, the other way round than in `conv`.
 */
export const convTranspose = binary(
  "convTranspose",
  (inputs: Tensor, kernel: Tensor, options: TransposeOptions = {}) => {
    const w = windowOf("convTranspose", inputs, options, options.strides ?? 1);
    const channels = w.x.shape[w.x.shape.length - 1];
    checkKernel(w, kernel, "[...sizes, filters, channels]", (shape) => shape[shape.length - 1] === channels);
    const given = options.outputPadding ?? null;
    const extra = given === null ? undefined : checkSizes(w.where, "outputPadding", given, w.rank, 0);
    const sizes = spatialSizes(w.x.shape, "channels_last").slice(w.leading);
    const places = sizes.map((size, a) =>
      placeTransposed({
        size,
        kernel: kernel.shape[a],
        stride: w.strides[a],
        dilation: w.dilation[a],
        padding: w.padding,
        outputPadding: extra?.[a],
      }),
    );
    if (places.some((one) => one.output <= 0)) {
      throw argumentError({
        where: w.where,
        argument: "outputPadding",
        value: given,
        expected: "one that leaves cells",
      });
    }
    const y = own.convolveInput(w.x, withTap(w, kernel), {
      strides: slid(w, 1, w.strides),
      dilation: slid(w, 1, w.dilation),
      before: slid(
        w,
        0,
        places.map((one) => one.before),
      ),
      input: slid(
        w,
        w.x.shape[0],
        places.map((one) => one.output),
      ),
      groups: 1,
    });
    return inFormat(y, w);
  },
  [...convolutionKeys, "outputPadding"],
);

const pooled = (name: string, pool: typeof own.maxPool) =>
  unary(
    name,
    (inputs: Tensor, poolSize: number | readonly number[], options: WindowOptions = {}) => {
      const w = windowOf(name, inputs, options, options.strides ?? poolSize);
      const kernel = checkSizes(w.where, "poolSize", poolSize, w.rank);
      return inFormat(pool(w.x, { kernel: slid(w, 1, kernel), ...place(w, kernel) }), w);
    },
    ["strides", "padding", "dataFormat"],
    1,
  );
/** The largest number of every window; strides are the size of the window unless given. */
export const maxPool = pooled("maxPool", own.maxPool);
/** The mean of every window, of the cells that are there. */
export const averagePool = pooled("averagePool", own.averagePool);

interface AdaptiveOptions {
  /** Default "channels_last". */
  readonly dataFormat?: DataFormat | null;
}
const adaptivelyPooled = (name: string, kind: "Max" | "Average") =>
  unary(
    name,
    (inputs: Tensor, outputSize: number | readonly number[], options: AdaptiveOptions = {}) => {
      const w = windowOf(name, inputs, options, 1);
      const sizes = checkSizes(w.where, "outputSize", outputSize, w.rank);
      const axes = sizes.map((_, i) => w.leading + i);
      return inFormat(poolTo(kind, w.x, axes, sizes), w);
    },
    ["dataFormat"],
    1,
  );
/** The largest number of every window, the windows being such that `outputSize` cells come out. */
export const adaptiveMaxPool = adaptivelyPooled("adaptiveMaxPool", "Max");
/** The mean of every window, the windows being such that `outputSize` cells come out. */
export const adaptiveAveragePool = adaptivelyPooled("adaptiveAveragePool", "Average");
