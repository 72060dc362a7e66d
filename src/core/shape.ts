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

// ---- in words -----------------------------------------------------------------------------------------------------

/**
 * What lies beyond the ends of an axis.
 *
 * - `zeros`: padding that is read as 0.
 * - `ignored`: padding that never wins a maximum.
 * - `not counted`: padding that a mean does not divide by.
 * - `cut off`: cells that are made and not kept (transposed convolution), or given and not used (cropping).
 * - `nothing`: no window reaches there.
 */
export type Beyond = "zeros" | "ignored" | "not counted" | "cut off" | "nothing";

/** What a layer does along one axis: the sizes, and how they follow, with the numbers put in. */
export interface AxisRule {
  /** Cells of the input. */
  readonly input: number;
  /** Cells of the output. */
  readonly output: number;
  /** How the output follows: `⌈n / s⌉ = ⌈7 / 2⌉ = 4`. */
  readonly formula: string;
  /** Cells ahead of the axis that are padded or cut off. */
  readonly before: number;
  /** Cells behind the axis that are padded or cut off. */
  readonly after: number;
  /** What a window reads there. */
  readonly beyond: Beyond;
  /** How `before` and `after` follow; undefined where they are given or 0. */
  readonly beyondFormula?: string;
}

/** The letter of the extent in a formula, and what it stands for where the kernel is dilated. */
const extentWords = (kernel: number, dilation: number) =>
  dilation === 1
    ? { e: "k", where: "" }
    : { e: "e", where: `, with e = (k − 1)·d + 1 = (${kernel} − 1)·${dilation} + 1 = ${extentOf(kernel, dilation)}` };

/** `placeWindow` in words. */
export function windowRule(axis: WindowAxis, padded: Beyond): AxisRule {
  const { size: n, kernel, stride: s, dilation, padding } = axis;
  const { output: o, before, after } = placeWindow(axis);
  const extent = extentOf(kernel, dilation);
  const { e, where } = extentWords(kernel, dilation);
  if (padding === "valid") {
    const formula = `⌊(n − ${e}) / s⌋ + 1 = ⌊(${n} − ${extent}) / ${s}⌋ + 1 = ${o}${where}`;
    return { input: n, output: o, formula, before, after, beyond: "nothing" };
  }
  const total = before + after;
  const beyondFormula =
    padding === "causal"
      ? `${e} − 1 = ${extent} − 1 = ${total}, all before${where}`
      : `max((o − 1)·s + ${e} − n, 0) = max((${o} − 1)·${s} + ${extent} − ${n}, 0) = ${total}${where}; ` +
        `⌊${total} / 2⌋ = ${before} before, the other ${after} after`;
  return {
    input: n,
    output: o,
    formula: `⌈n / s⌉ = ⌈${n} / ${s}⌉ = ${o}`,
    before,
    after,
    beyond: padded,
    beyondFormula,
  };
}

/** `placeTransposed` in words. */
export function transposedRule(axis: TransposedAxis): AxisRule {
  const { size: n, kernel, stride: s, dilation, padding, outputPadding: p } = axis;
  const { output: o, before } = placeTransposed(axis);
  const extent = extentOf(kernel, dilation);
  const { e, where } = extentWords(kernel, dilation);
  const [letters, numbers] =
    padding === "valid"
      ? p === undefined
        ? [`(n − 1)·s + max(${e}, s)`, `(${n} − 1)·${s} + max(${extent}, ${s})`]
        : [`(n − 1)·s + ${e} + p`, `(${n} − 1)·${s} + ${extent} + ${p}`]
      : p === undefined
        ? ["n·s", `${n}·${s}`]
        : [`(n − 1)·s + ${e} mod 2 + p`, `(${n} − 1)·${s} + ${extent % 2} + ${p}`];
  const covered = (n - 1) * s + extent;
  return {
    input: n,
    output: o,
    formula: `${letters} = ${numbers} = ${o}${where}`,
    before,
    after: Math.max(covered - before - o, 0),
    beyond: "cut off",
    beyondFormula:
      `the windows cover (n − 1)·s + ${e} = (${n} − 1)·${s} + ${extent} = ${covered}${where}; ` +
      `⌊max(${covered} − ${o}, 0) / 2⌋ = ${before} are cut off before`,
  };
}

const unpadded = { before: 0, after: 0, beyond: "nothing" } as const;

/** `adaptiveWindows` in words. */
export const adaptiveRule = (n: number, output: number): AxisRule => ({
  input: n,
  output,
  formula: `o = ${output}, as asked for; cell i joins the cells from ⌊i·${n} / ${output}⌋ to ⌈(i + 1)·${n} / ${output}⌉ − 1`,
  ...unpadded,
});

/** Pooling over a whole axis, in words. */
export const globalRule = (n: number): AxisRule => ({
  input: n,
  output: 1,
  formula: `1: one window of all ${n}`,
  ...unpadded,
});

/** `output` cells that are each of `n` cells `factor` times. */
export const enlargedRule = (n: number, factor: number, output: number): AxisRule => ({
  input: n,
  output,
  formula: `n·f = ${n}·${factor} = ${output}`,
  ...unpadded,
});

/** `output` cells: `n`, and zeros at both ends. */
export const paddedRule = (n: number, [before, after]: readonly [number, number], output: number): AxisRule => ({
  input: n,
  output,
  formula: `n + before + after = ${n} + ${before} + ${after} = ${output}`,
  before,
  after,
  beyond: "zeros",
});

/** `output` cells: what is left of `n` without some at both ends. */
export const croppedRule = (n: number, [before, after]: readonly [number, number], output: number): AxisRule => ({
  input: n,
  output,
  formula: `n − before − after = ${n} − ${before} − ${after} = ${output}`,
  before,
  after,
  beyond: "cut off",
});
