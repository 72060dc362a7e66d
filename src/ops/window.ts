/**
 * Sliding windows without weights: maximum, sum, and the adjoint of the sum, which is also nearest upsampling.
 *
 * Window `i` covers the cells `i·stride + r − before` for `r` from 0 to `kernel` − 1, as far as they exist: padding is
 * never read. The leading axes slide; the rest (channels) is carried along.
 */
import { addIndex, type Loop, loopIndex } from "../expr/expr.ts";
import { apply, type LoopNest, type Op, type Read, type RoutedAxis } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { choices, phasesOf } from "./convolution.ts";
import { divide } from "./elementwise.ts";
import { constantTensor } from "./leaf.ts";

/** One number for each sliding axis. */
export type Windows = {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly before: readonly number[];
  readonly output: Shape;
};

type SpreadAttributes = Windows & { readonly input: Shape };

const windowsOf = (t: Tensor): Windows => {
  const { kernel, strides, before, output } = t.attributes as unknown as Windows;
  return { kernel, strides, before, output };
};
const slidShape = (x: Tensor, output: Shape): Shape => [...output, ...x.shape.slice(output.length)];

function windowNest(y: Tensor, combine: "sum" | "max", read: Read): LoopNest[] {
  const { kernel, strides, before } = windowsOf(y);
  const loops: Loop[] = y.shape.map((size, a) => ({ name: `i${a}`, size }));
  const taps: Loop[] = kernel.map((size, a) => ({ name: `k${a}`, size }));
  const index = loops.map((l, a) =>
    a < kernel.length ? addIndex(loopIndex(l, strides[a], -before[a]), loopIndex(taps[a])) : loopIndex(l),
  );
  return [{ loops, out: loops.map((l) => loopIndex(l)), reduce: taps, combine, value: () => read(0, index, "skip") }];
}

export const windowMaxOp: Op<Windows> = {
  name: "windowMax",
  infer: ([x], { output }) => ({ shape: slidShape(x, output) }),
  grad: (y, dy) => [apply(windowMaxGradientOp, [y.inputs[0], y, dy], { ...windowsOf(y) })],
  lower: (y) => ({ kind: "nests", overSamples: false, partial: false, nests: (read) => windowNest(y, "max", read) }),
};

/** Inputs x, y = windowMax(x) and dy: the gradient of each window goes to its first maximum in row-major order. */
export const windowMaxGradientOp: Op<Windows> = {
  name: "windowMaxGradient",
  infer: ([x]) => ({ shape: x.shape }),
  lower: (dx) => {
    const { kernel, strides, before, output } = windowsOf(dx);
    const windows: RoutedAxis[] = kernel.map((k, a) => ({
      kernel: k,
      stride: strides[a],
      before: before[a],
      output: output[a],
    }));
    return { kind: "routeToMaximum", windows };
  },
};

export const windowSumOp: Op<Windows> = {
  name: "windowSum",
  infer: ([x], { output }) => ({ shape: slidShape(x, output) }),
  grad: (y, dy) => {
    const input = y.inputs[0].shape.slice(0, windowsOf(y).output.length);
    return [apply(windowSpreadOp, [dy], { ...windowsOf(y), input })];
  },
  lower: (y) => ({ kind: "nests", overSamples: false, partial: false, nests: (read) => windowNest(y, "sum", read) }),
};

/** Each cell gets the sum of the windows that cover it: the adjoint of `windowSum`. */
export const windowSpreadOp: Op<SpreadAttributes> = {
  name: "windowSpread",
  infer: ([y], { input }) => ({ shape: [...input, ...y.shape.slice(input.length)] }),
  grad: (x, dx) => [apply(windowSumOp, [dx], { ...windowsOf(x) })],
  lower: (x) => {
    const { kernel, strides, before } = windowsOf(x);
    const input = x.attributes.input as Shape;
    const axes = input.map((n, a) => phasesOf(n, kernel[a], strides[a], 1, before[a]));
    return {
      kind: "nests",
      overSamples: false,
      partial: axes.some((phases) => phases.some((p) => p.taps === 0)),
      nests: (read) => {
        const rest: Loop[] = x.shape.slice(input.length).map((size, a) => ({ name: `i${input.length + a}`, size }));
        const tail = rest.map((l) => loopIndex(l));
        // Nearest upsampling: every phase reads the same one cell, so the phases are a loop.
        const repeats = axes.every(
          (phases, a) =>
            phases.length === strides[a] &&
            phases.every((p) => p.taps === 1 && p.firstCell === 0 && p.cells === phases[0].cells),
        );
        if (repeats) {
          const q = axes.map((phases, a): Loop => ({ name: `i${a}`, size: phases[0].cells }));
          const u = axes.map((phases, a): Loop => ({ name: `u${a}`, size: phases.length }));
          return [
            {
              loops: [...q.flatMap((l, a) => [l, u[a]]), ...rest],
              out: [...q.map((l, a) => addIndex(loopIndex(l, strides[a]), loopIndex(u[a]))), ...tail],
              reduce: [],
              combine: "sum",
              value: () => read(0, [...q.map((l) => loopIndex(l)), ...tail]),
            },
          ];
        }
        return choices(axes)
          .filter((phases) => phases.every((p) => p.taps > 0))
          .map((phases): LoopNest => {
            const q = phases.map((p, a): Loop => ({ name: `i${a}`, size: p.cells }));
            const t = phases.map((p, a): Loop => ({ name: `k${a}`, size: p.taps }));
            const cell = phases.map((p, a) => addIndex(loopIndex(q[a], 1, p.firstCell), loopIndex(t[a], p.cellStep)));
            return {
              loops: [...q, ...rest],
              out: [...phases.map((p, a) => loopIndex(q[a], strides[a], p.phase)), ...tail],
              reduce: t,
              combine: "sum",
              value: () => read(0, [...cell, ...tail], "skip"),
            };
          });
      },
    };
  },
};

export const maxPool = (x: Tensor, windows: Windows): Tensor => apply(windowMaxOp, [x], { ...windows });
export const windowSum = (x: Tensor, windows: Windows): Tensor => apply(windowSumOp, [x], { ...windows });

/** The mean over the real cells of each window. */
export function averagePool(x: Tensor, windows: Windows): Tensor {
  const { kernel, strides, before, output } = windows;
  const total = windowSum(x, windows);
  const counts = output.map((n, a) =>
    Array.from({ length: n }, (_, i) => {
      const first = i * strides[a] - before[a];
      return Math.min(first + kernel[a], x.shape[a]) - Math.max(first, 0);
    }),
  );
  if (counts.every((axis) => axis.every((n) => n === axis[0]))) {
    return divide(
      total,
      counts.reduce((product, axis) => product * axis[0], 1),
    );
  }
  // One axis after another: pictures from files may be large.
  let data = Float32Array.of(1);
  for (const axis of counts) {
    const longer = new Float32Array(data.length * axis.length);
    data.forEach((product, i) => {
      for (let k = 0; k < axis.length; k++) longer[i * axis.length + k] = product * axis[k];
    });
    data = longer;
  }
  const shape = [...output, ...x.shape.slice(output.length).map(() => 1)];
  return divide(total, constantTensor({ data, shape }));
}

/** Repeats every cell `factors[a]` times along axis `a`. */
export function upSampleNearest(x: Tensor, factors: readonly number[]): Tensor {
  if (factors.every((f) => f === 1)) return x;
  const output = x.shape.slice(0, factors.length);
  return apply(windowSpreadOp, [x], {
    kernel: factors,
    strides: factors,
    before: factors.map(() => 0),
    output,
    input: output.map((n, a) => n * factors[a]),
  });
}
