/** What `explain` says against cells counted one by one, for thousands of random layers. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Shape } from "../graph/tensor.ts";
import {
  adaptiveAveragePooling1d,
  adaptiveMaxPooling2d,
  averagePooling2d,
  averagePooling3d,
  conv1d,
  conv1dTranspose,
  conv2d,
  conv2dTranspose,
  conv3d,
  cropping2d,
  dense,
  depthwiseConv2d,
  globalAveragePooling2d,
  globalMaxPooling1d,
  type Layer,
  maxPooling1d,
  maxPooling2d,
  maxPooling3d,
  separableConv2d,
  upSampling2d,
  upSampling3d,
  zeroPadding2d,
  zeroPadding3d,
} from "../index.ts";
import { explain } from "./explain.ts";
import type { AxisExplanation } from "./layer.ts";

/** The layers of all ranks, as one type. */
const axesOf = (layer: unknown, shape: Shape): readonly AxisExplanation[] =>
  explain(layer as Layer, shape, { print: () => {} }).axes;

// ---- counting -----------------------------------------------------------------------------------------------------

interface Window {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: "valid" | "same" | "causal";
}

/** The cells under every window: laid down one after the other, on the axis with padding around it. */
function counted({ size, kernel, stride, dilation, padding }: Window): number[][] {
  const taps = (start: number): number[] => Array.from({ length: kernel }, (_, k) => start + k * dilation);
  const last = (start: number): number => start + (kernel - 1) * dilation;
  const windows: number[][] = [];
  if (padding === "valid") {
    for (let start = 0; last(start) < size; start += stride) windows.push(taps(start));
    return windows;
  }
  const starts: number[] = [];
  for (let start = 0; start < size; start += stride) starts.push(start);
  // As little padding as lets the last window end where the padding ends.
  let padded = 0;
  while (last(starts[starts.length - 1]) >= size + padded) padded++;
  const before = padding === "causal" ? (kernel - 1) * dilation : Math.floor(padded / 2);
  return starts.map((start) => taps(start - before));
}

/** What is unread, shared and empty, from the windows. */
function expectCells(axis: AxisExplanation, windows: readonly (readonly number[])[]): void {
  expect(axis.windows).toEqual(windows);
  expect(axis.output).toBe(windows.length);
  const readers = Array.from({ length: axis.input }, (_, cell) => windows.filter((w) => w.includes(cell)).length);
  const cells = [...readers.keys()];
  expect(axis.unread).toEqual(cells.filter((cell) => readers[cell] === 0));
  expect(axis.shared).toEqual(cells.filter((cell) => readers[cell] > 1));
  const hasNone = (w: readonly number[]): boolean => !w.some((cell) => cells.includes(cell));
  expect(axis.empty).toEqual([...windows.keys()].filter((i) => hasNone(windows[i])));
}

/** Padding is what lies beyond the ends: as far as the windows reach. */
function expectPadding(axis: AxisExplanation, windows: readonly (readonly number[])[], of: string): void {
  const places = windows.flat();
  expect(Math.max(0, ...places.map((p) => -p))).toBeLessThanOrEqual(axis.before);
  expect(Math.max(0, ...places.map((p) => p - axis.input + 1))).toBe(axis.after);
  expect(axis.beyond).toBe(of);
}

/** The last formula before the value, worked out: `⌊(7 − 2) / 2⌋ + 1` of `… = ⌊(7 − 2) / 2⌋ + 1 = 3`. */
function worksOut(formula: string): void {
  for (const chain of formula.split(/; |, with e = /)) {
    const parts = chain.split(" = ");
    const numbers = parts.filter((part) => /^[\d\s·−+/()⌊⌋⌈⌉,]*(max|mod)?[\d\s·−+/()⌊⌋⌈⌉,modax]*$/.test(part));
    const code = numbers.map((part) =>
      part
        .replaceAll("·", "*")
        .replaceAll("−", "-")
        .replaceAll("mod", "%")
        .replaceAll("max", "Math.max")
        .replaceAll(/⌊/g, "Math.floor(")
        .replaceAll(/⌈/g, "Math.ceil(")
        .replaceAll(/[⌋⌉]/g, ")"),
    );
    const values = code.map((text) => Number(new Function(`return (${text.replace(/, all before$/, "")});`)()));
    expect(values.length, chain).toBeGreaterThan(1);
    expect(new Set(values).size, chain).toBe(1);
  }
}

// ---- layers with windows ------------------------------------------------------------------------------------------

const size = fc.integer({ min: 1, max: 9 });
const kernel = fc.integer({ min: 1, max: 4 });
const step = fc.integer({ min: 1, max: 3 });
const padding = fc.constantFrom("valid" as const, "same" as const);
const dataFormat = fc.constantFrom("channels_last" as const, "channels_first" as const);
const both = <T>(value: fc.Arbitrary<T>) => fc.tuple(value, value);
const pair = both(fc.integer({ min: 0, max: 3 }));

const shapeOf = (sizes: readonly number[], channels: number, format: string): number[] =>
  format === "channels_first" ? [channels, ...sizes] : [...sizes, channels];

/** Whether a layer of that window takes such sizes. */
const fits = (windows: readonly Window[]): boolean => windows.every((w) => counted(w).length > 0);

const both1: [number, number] = [1, 1];

/** Strides and dilation do not go together. */
const spread = fc
  .tuple(both(step), fc.boolean())
  .map(([steps, isStrided]) =>
    isStrided ? { strides: steps, dilationRate: both1 } : { strides: both1, dilationRate: steps },
  );
describe("windows, counted one by one", () => {
  test("of convolutions over pictures: strided, dilated, grouped, depthwise, separable, channels first", () => {
    const kinds = fc.constantFrom("plain", "grouped", "depthwise", "separable");
    fc.assert(
      fc.property(both(size), both(kernel), spread, padding, dataFormat, kinds, (sizes, k, way, pad, format, kind) => {
        const windows = sizes.map(
          (n, i): Window => ({
            size: n,
            kernel: k[i],
            stride: way.strides[i],
            dilation: way.dilationRate[i],
            padding: pad,
          }),
        );
        fc.pre(fits(windows));
        const options = { ...way, padding: pad, dataFormat: format };
        const layer = {
          plain: () => conv2d(3, k, options),
          grouped: () => conv2d(4, k, { ...options, groups: 2 }),
          depthwise: () => depthwiseConv2d(k, options),
          separable: () => separableConv2d(3, k, options),
        }[kind]();
        const axes = axesOf(layer, shapeOf(sizes, 4, format));
        expect(axes.map(({ name }) => name)).toEqual(["height", "width"]);
        axes.forEach((axis, i) => {
          const expected = counted(windows[i]);
          expectCells(axis, expected);
          expectPadding(axis, expected, pad === "same" ? "zeros" : "nothing");
          worksOut(axis.formula);
          if (axis.beyondFormula) worksOut(axis.beyondFormula.split(";")[0]);
        });
      }),
      { numRuns: 450 },
    );
  });

  test("of convolutions over signals, causal ones too", () => {
    const paddings = fc.constantFrom("valid" as const, "same" as const, "causal" as const);
    fc.assert(
      fc.property(size, kernel, step, paddings, fc.boolean(), (n, k, s, pad, isStrided) => {
        const [stride, dilation] = isStrided ? [s, 1] : [1, s];
        const window = { size: n, kernel: k, stride, dilation, padding: pad };
        fc.pre(fits([window]));
        const layer = conv1d(2, k, { strides: stride, dilationRate: dilation, padding: pad });
        const [axis] = axesOf(layer, [n, 3]);
        expectCells(axis, counted(window));
        worksOut(axis.formula);
      }),
      { numRuns: 450 },
    );
  });

  test("of pooling: a maximum ignores padding, a mean does not count it", () => {
    fc.assert(
      fc.property(
        both(size),
        both(kernel),
        both(step),
        padding,
        dataFormat,
        fc.boolean(),
        (n, k, s, pad, format, max) => {
          const windows = n.map(
            (cells, i): Window => ({ size: cells, kernel: k[i], stride: s[i], dilation: 1, padding: pad }),
          );
          fc.pre(fits(windows));
          const options = { strides: s, padding: pad, dataFormat: format };
          const layer = max ? maxPooling2d(k, options) : averagePooling2d(k, options);
          axesOf(layer, shapeOf(n, 2, format)).forEach((axis, i) => {
            const expected = counted(windows[i]);
            expectCells(axis, expected);
            expectPadding(axis, expected, pad === "valid" ? "nothing" : max ? "ignored" : "not counted");
            worksOut(axis.formula);
          });
        },
      ),
      { numRuns: 450 },
    );
  });

  test("of volumes", () => {
    const three = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
    );
    const kinds = fc.constantFrom("convolution", "maximum", "mean");
    fc.assert(
      fc.property(three, kernel, step, padding, kinds, (sizes, k, s, pad, kind) => {
        const windows = sizes.map((n): Window => ({ size: n, kernel: k, stride: s, dilation: 1, padding: pad }));
        fc.pre(fits(windows));
        const options = { strides: s, padding: pad };
        const layer = {
          convolution: () => conv3d(2, k, options),
          maximum: () => maxPooling3d(k, options),
          mean: () => averagePooling3d(k, options),
        }[kind]();
        const axes = axesOf(layer, [...sizes, 2]);
        expect(axes.map(({ name }) => name)).toEqual(["depth", "height", "width"]);
        axes.forEach((axis, i) => {
          expectCells(axis, counted(windows[i]));
        });
      }),
      { numRuns: 120 },
    );
  });

  test("of transposed convolutions: each cell of the output reads the cells whose window covers it", () => {
    fc.assert(
      fc.property(
        both(size),
        both(kernel),
        both(step),
        padding,
        fc.option(fc.nat(2)),
        dataFormat,
        (n, k, s, pad, out, f) => {
          // outputPadding is less than every stride, and an even window under "same" needs some.
          fc.pre(
            out === null || s.every((stride, i) => out < stride && (out > 0 || k[i] % 2 === 1 || pad === "valid")),
          );
          const layer = conv2dTranspose(2, k, { strides: s, padding: pad, outputPadding: out, dataFormat: f });
          axesOf(layer, shapeOf(n, 3, f)).forEach((axis, i) => {
            // The cells that window `i` would cover, had nothing been cut off, and how many fit.
            const covered = n[i] === 0 ? 0 : (n[i] - 1) * s[i] + k[i];
            const before = pad === "valid" ? 0 : Math.floor(Math.max(covered - axis.output, 0) / 2);
            const windows = Array.from({ length: n[i] }, (_, w) =>
              Array.from({ length: k[i] }, (_, tap) => w * s[i] + tap - before),
            );
            const readers = Array.from({ length: axis.output }, (_, cell) =>
              [...windows.keys()].filter((w) => windows[w].includes(cell)),
            );
            expectCells(axis, readers);
            expect([axis.before, axis.beyond]).toEqual([before, "cut off"]);
            expect(axis.after).toBe(Math.max(0, ...windows.flat().map((p) => p - axis.output + 1)));
            worksOut(axis.formula);
          });
        },
      ),
      { numRuns: 450 },
    );
  });

  test("of transposed convolutions over signals with dilation", () => {
    fc.assert(
      fc.property(size, kernel, step, padding, (n, k, d, pad) => {
        const [axis] = axesOf(conv1dTranspose(2, k, { dilationRate: d, padding: pad }), [n, 1]);
        // The gradient of a convolution that slides over the output.
        const forward = counted({ size: axis.output, kernel: k, stride: 1, dilation: d, padding: pad });
        expect(forward.length).toBe(n);
        const readers = Array.from({ length: axis.output }, (_, cell) =>
          [...forward.keys()].filter((w) => forward[w].includes(cell)),
        );
        expectCells(axis, readers);
      }),
      { numRuns: 200 },
    );
  });

  test("of adaptive and global pooling", () => {
    fc.assert(
      fc.property(both(size), both(fc.integer({ min: 1, max: 9 })), dataFormat, (n, o, f) => {
        fc.pre(o.every((cells, i) => cells <= n[i]));
        // Cell i of o and cell j of n lie side by side on one axis and overlap.
        const overlap = (i: number, cells: number): number[] =>
          Array.from({ length: n[i] }, (_, j) => j).filter(
            (j) => (j + 1) * o[i] > cells * n[i] && j * o[i] < (cells + 1) * n[i],
          );
        axesOf(adaptiveMaxPooling2d(o, { dataFormat: f }), shapeOf(n, 2, f)).forEach((axis, i) => {
          expectCells(
            axis,
            Array.from({ length: o[i] }, (_, cell) => overlap(i, cell)),
          );
        });
        const [mean] = axesOf(adaptiveAveragePooling1d(o[0]), [n[0], 2]);
        expectCells(
          mean,
          Array.from({ length: o[0] }, (_, cell) => overlap(0, cell)),
        );
        const all = (cells: number): number[][] => [Array.from({ length: cells }, (_, j) => j)];
        axesOf(globalAveragePooling2d({ dataFormat: f }), shapeOf(n, 2, f)).forEach((axis, i) => {
          expectCells(axis, all(n[i]));
        });
        expectCells(axesOf(globalMaxPooling1d({ keepdims: true }), [n[0], 2])[0], all(n[0]));
      }),
      { numRuns: 120 },
    );
  });

  test("of upsampling, zero padding and cropping", () => {
    fc.assert(
      fc.property(both(size), both(step), both(pair), dataFormat, (n, factors, ends, f) => {
        const shape = shapeOf(n, 2, f);
        axesOf(upSampling2d(factors, { dataFormat: f }), shape).forEach((axis, i) => {
          const cells = Array.from({ length: n[i] }, (_, j) => j);
          expectCells(
            axis,
            cells.flatMap((j) => Array<number[]>(factors[i]).fill([j])),
          );
          worksOut(axis.formula);
        });
        axesOf(zeroPadding2d(ends, { dataFormat: f }), shape).forEach((axis, i) => {
          const [before, after] = ends[i];
          const length = before + n[i] + after;
          const expected = Array.from({ length }, (_, j) => [j - before]);
          expectCells(axis, expected);
          expect([axis.before, axis.after, axis.beyond]).toEqual([before, after, "zeros"]);
          worksOut(axis.formula);
        });
        fc.pre(n.every((cells, i) => cells > ends[i][0] + ends[i][1]));
        axesOf(cropping2d(ends, { dataFormat: f }), shape).forEach((axis, i) => {
          const [before, after] = ends[i];
          const kept = Array.from({ length: n[i] }, (_, j) => [j]).slice(before, n[i] - after);
          expectCells(axis, kept);
          expect([axis.before, axis.after, axis.beyond]).toEqual([before, after, "cut off"]);
          worksOut(axis.formula);
        });
      }),
      { numRuns: 450 },
    );
    expectCells(axesOf(upSampling3d(2), [1, 2, 1, 1])[1], [[0], [0], [1], [1]]);
    expect(axesOf(zeroPadding3d(1), [1, 2, 1, 1]).map(({ output }) => output)).toEqual([3, 4, 3]);
  });
});

describe("explain", () => {
  it("prints what it answers", () => {
    const printed: string[] = [];
    const layer = maxPooling2d(2, { padding: "same" });
    explain(layer, [7, 7, 8], { print: (text) => printed.push(text) });
    expect(`${printed.join("\n")}\n`).toBe(`\
max_pooling2d (MaxPooling2D): (None, 7, 7, 8) → (None, 4, 4, 8)
  multiply-adds 0; parameters 0 (0.00 B); output 512.00 B a sample
  height, width: 7 → 4
    size    ⌈n / s⌉ = ⌈7 / 2⌉ = 4
    padding 0 before, 1 after, ignored: it is never the maximum
            max((o − 1)·s + k − n, 0) = max((4 − 1)·2 + 2 − 7, 0) = 1; ⌊1 / 2⌋ = 0 before, the other 1 after
    unread  none
    shared  none

         0 1 2 3 4 5 6 p
      0  ■ ■ · · · · ·
      1  · · ■ ■ · · ·
      2  · · · · ■ ■ ·
      3  · · · · · · ■ □
`);
  });

  it("leaves the layer as it was", () => {
    const layer = conv2d(4, 3);
    explain(layer, [8, 8, 3], { print: () => {} });
    expect([layer.builtShapes, layer.weights, layer.calls]).toEqual([undefined, [], []]);
    // So it can be explained for other channels, too.
    expect(axesOf(layer, [9, 9, 1])[0].output).toBe(7);
  });

  it("counts multiply-adds, parameters and bytes", () => {
    const costs = (layer: unknown, shape: Shape) => explain(layer as Layer, shape, { print: () => {} }).cost;
    // 14 · 14 cells of 8 filters, each 3 · 3 · 4 products.
    expect(costs(conv2d(8, 3, { padding: "same", strides: 2 }), [28, 28, 4])).toEqual({
      multiplyAdds: 14 * 14 * 8 * 3 * 3 * 4,
      parameters: 3 * 3 * 4 * 8 + 8,
      weightBytes: 4 * (3 * 3 * 4 * 8 + 8),
      outputBytes: 4 * 14 * 14 * 8,
    });
    expect(costs(conv2d(8, 3, { groups: 2 }), [5, 5, 4]).multiplyAdds).toBe(3 * 3 * 8 * 3 * 3 * 2);
    expect(costs(depthwiseConv2d(3), [5, 5, 4]).multiplyAdds).toBe(3 * 3 * 4 * 3 * 3);
    expect(costs(separableConv2d(6, 3), [5, 5, 4]).multiplyAdds).toBe(3 * 3 * (4 * 3 * 3 + 4 * 6));
    expect(costs(conv1dTranspose(6, 3, { strides: 3 }), [5, 2]).multiplyAdds).toBe(5 * 3 * 2 * 6);
    expect(costs(maxPooling1d(2), [6, 2]).multiplyAdds).toBe(0);
  });

  it("names the window and the size where none fits", () => {
    expect(() => axesOf(maxPooling2d(3), [2, 5, 1])).toThrow(
      "max_pooling2d: got 2 cells on spatial axis 0 of [2, 5], expected at least 3".replace(
        "max_pooling2d",
        "maxPooling2d",
      ),
    );
    expect(() => axesOf(conv1d(1, 3), [28, 28, 1])).toThrow("expected 2 axes besides the batch");
    expect(() => explain(conv2d(1, 1), [28.5] as Shape)).toThrow("shape is [28.5], expected the sizes");
    expect(() => explain(dense as unknown as Layer, [28, 28, 1])).toThrow("Write dense(), with what it takes.");
  });
});
