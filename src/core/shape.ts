/**
 * What a sliding window does to one axis: the only home of the padding formulas. Layers, ops, errors and explanations
 * all ask here.
 */
import { describe, shapeError } from "./errors.ts";

/** `same` keeps ⌈n/stride⌉ cells, `valid` uses only whole windows, `causal` pads before only (1-D convolution). */
export type Padding = "valid" | "same" | "causal";

/** A window sliding over one axis. */
export interface WindowAxis {
  /** Cells of the input axis. */
  readonly size: number;
  /** Cells of the window (taps of the kernel). */
  readonly kernel: number;
  readonly stride: number;
  /** Distance between neighbouring taps; 1 is dense. */
  readonly dilation: number;
  readonly padding: Padding;
}

/** Where the windows lie: `output` of them, the first starting `before` cells ahead of the axis. */
export interface WindowPlacement {
  readonly output: number;
  /** Padded cells ahead of the axis. */
  readonly before: number;
  /** Padded cells behind the axis; the odd one of `same` lies here. */
  readonly after: number;
}

/** The extent of a dilated kernel: `(kernel − 1)·dilation + 1`. */
export const extentOf = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/**
 * Output size and padding of a window on one axis, as Keras computes them:
 * `valid` ⌊(n − ke)/s⌋ + 1 without padding, `same` ⌈n/s⌉ with max((o − 1)·s + ke − n, 0) cells of padding, the odd one
 * after. `output` is ≤ 0 when a window does not fit; the caller says so in its own words.
 */
export function placeWindow(axis: WindowAxis): WindowPlacement {
  const { size, stride } = axis;
  const extent = extentOf(axis.kernel, axis.dilation);
  if (axis.padding === "valid") return { output: Math.floor((size - extent) / stride) + 1, before: 0, after: 0 };
  const output = Math.ceil(size / stride);
  if (axis.padding === "causal") return { output, before: extent - 1, after: 0 };
  const total = Math.max((output - 1) * stride + extent - size, 0);
  const before = Math.floor(total / 2);
  return { output, before, after: total - before };
}

/**
 * The placements of a window on every spatial axis.
 *
 * @throws RhytonError `shape` naming `where` and the axis when a window does not fit under `valid`.
 */
export function placeWindows(
  where: string,
  sizes: readonly number[],
  window: {
    readonly kernel: readonly number[];
    readonly strides: readonly number[];
    readonly dilation: readonly number[];
    readonly padding: Padding;
  },
): WindowPlacement[] {
  return sizes.map((size, i) => {
    const axis = {
      size,
      kernel: window.kernel[i],
      stride: window.strides[i],
      dilation: window.dilation[i],
      padding: window.padding,
    };
    const placement = placeWindow(axis);
    if (placement.output <= 0) {
      const extent = extentOf(axis.kernel, axis.dilation);
      throw shapeError({
        where,
        got: `${size} cells on spatial axis ${i} of ${describe([...sizes])}`,
        expected: `at least ${extent}, the extent of a kernel of ${axis.kernel}${axis.dilation > 1 ? ` with dilation ${axis.dilation}` : ""} under padding "${window.padding}"`,
        fix: `Use padding "same", a smaller kernel, or a larger input.`,
      });
    }
    return placement;
  });
}

/** A transposed convolution over one axis of `size` cells. */
export interface TransposedAxis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: "valid" | "same";
  /** Cells added to the smallest size that leads here; undefined takes the size that Keras takes. */
  readonly outputPadding: number | undefined;
}

/**
 * Where the cells of a transposed convolution fall: cell `i` under tap `j` goes to `i·stride + j·dilation − before` of
 * `output` cells, or nowhere. It is the gradient of the forward convolution with the same padding.
 *
 * @returns `output` ≤ 0 where nothing is left.
 */
export function placeTransposed(axis: TransposedAxis): { readonly output: number; readonly before: number } {
  const { size, stride, padding, outputPadding } = axis;
  const extent = extentOf(axis.kernel, axis.dilation);
  const spread = (size - 1) * stride;
  if (padding === "valid") {
    const output = spread + (outputPadding === undefined ? Math.max(extent, stride) : extent + outputPadding);
    return { output, before: 0 };
  }
  const output = outputPadding === undefined ? size * stride : spread + (extent % 2) + outputPadding;
  return { output, before: Math.floor(Math.max(spread + extent - output, 0) / 2) };
}

/** The cells that adaptive pooling joins for each of `output` cells: [⌊i·n/o⌋, ⌈(i + 1)·n/o⌉). They may overlap. */
export const adaptiveWindows = (size: number, output: number): { readonly start: number; readonly size: number }[] =>
  Array.from({ length: output }, (_, i) => {
    const start = Math.floor((i * size) / output);
    return { start, size: Math.ceil(((i + 1) * size) / output) - start };
  });
