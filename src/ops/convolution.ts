/**
 * Convolution and its two gradients, as the three faces of one relation.
 *
 * Output cell `i` and tap `k` meet input cell `j = i·stride + k·dilation − before`. Three tensors hang on it: the input
 * `x[j, c]`, the kernel `w[k, c, f]` and the output `y[i, f]`; each op computes one of them from the other two:
 *
 *   convolve        y[i, f]    = Σ x[j, c] · w[k, c, f]
 *   convolveInput   x[j, c]    = Σ y[i, f] · w[k, c, f]      (transposed convolution)
 *   convolveKernel  w[k, c, f] = Σ x[j, c] · y[i, f]          (summed over the samples too)
 *
 * The gradient of each is made of the other two, so whatever runs forward also trains. Dense layers are the case
 * without spatial axes. Groups split channels and filters into equal parts that do not meet.
 */
import { internalError } from "../core/errors.ts";
import { type Affine, addIndex, binary, type Loop, loopIndex } from "../expr/expr.ts";
import { apply, checkSized, checkTensor, type LoopNest, type Op, type Read } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { reshape } from "./movement.ts";
import { sumSamples } from "./reduce.ts";

/** The relation between the cells; one number for each spatial axis. */
export type Relation = {
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  /** Padded cells ahead of the input. */
  readonly before: readonly number[];
  readonly groups: number;
};

type ConvolveAttributes = Relation & { readonly output: Shape };
type ConvolveInputAttributes = Relation & { readonly input: Shape };
type ConvolveKernelAttributes = Relation & { readonly kernel: Shape };

const loop = (name: string, size: number): Loop => ({ name, size });
const relationOf = (t: Tensor): Relation => {
  const { strides, dilation, before, groups } = t.attributes as unknown as Relation;
  return { strides, dilation, before, groups };
};
const spatial = (x: Tensor): Shape => x.shape.slice(0, -1);
const last = (shape: Shape): number => shape[shape.length - 1];

/** Channel `g·perGroup + c`. */
const channel = (group: Loop, perGroup: number, c: Loop): Affine => addIndex(loopIndex(group, perGroup), loopIndex(c));

const product = (read: Read, a: readonly Affine[], b: readonly Affine[]) => binary("mul", read(0, a), read(1, b));

/** `convolveKernel` sums over the samples, so a kernel of each sample's own has no gradient yet. */
function requireShared(result: Tensor, kernel: Tensor): void {
  if (kernel.perSample) throw internalError({ where: result.op.name, problem: "no gradient to a per-sample kernel" });
}

export const convolveOp: Op<ConvolveAttributes> = {
  name: "convolve",
  infer: ([, w], { output }) => ({ shape: [...output, last(w.shape)] }),
  grad: (y, dy, wanted) => {
    const [x, w] = y.inputs;
    const relation = relationOf(y);
    if (wanted[1]) requireShared(y, w);
    return [
      wanted[0] ? convolveInput(dy, w, { ...relation, input: spatial(x) }) : undefined,
      wanted[1] ? convolveKernel(x, dy, { ...relation, kernel: w.shape.slice(0, -2) }) : undefined,
    ];
  },
  lower: (y) => ({
    kind: "nests",
    overSamples: false,
    partial: false,
    nests: (read) => {
      const [, w] = y.inputs;
      const { strides, dilation, before, groups } = relationOf(y);
      const i = spatial(y).map((n, a) => loop(`i${a}`, n));
      const k = w.shape.slice(0, -2).map((n, a) => loop(`k${a}`, n));
      const channels = w.shape[w.shape.length - 2];
      const filters = last(w.shape) / groups;
      const [g, c, f] = [loop("g", groups), loop("c", channels), loop("f", filters)];
      const j = i.map((loop_, a) => addIndex(loopIndex(loop_, strides[a], -before[a]), loopIndex(k[a], dilation[a])));
      const filter = channel(g, filters, f);
      const at = i.map((l) => loopIndex(l));
      return [
        {
          loops: [...i, g, f],
          out: [...at, filter],
          reduce: [...k, c],
          combine: "sum",
          value: () =>
            product(read, [...j, channel(g, channels, c)], [...k.map((l) => loopIndex(l)), loopIndex(c), filter]),
        },
      ];
    },
  }),
};

/** The taps that reach one phase (residue modulo the stride) of an input axis. */
export interface Phase {
  /** Input cells `phase + stride·q`. */
  readonly phase: number;
  readonly cells: number;
  /** Taps `lastTap − tapStep·t`, in the order in which output cells ascend. */
  readonly taps: number;
  readonly lastTap: number;
  readonly tapStep: number;
  /** Output cell `q + firstCell + cellStep·t`. */
  readonly firstCell: number;
  readonly cellStep: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Splits an input axis of `size` cells by phase; phases that no tap reaches have `taps` 0. */
export function phasesOf(size: number, kernel: number, stride: number, dilation: number, before: number): Phase[] {
  const tapStep = stride / gcd(stride, dilation);
  const cellStep = (tapStep * dilation) / stride;
  return Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    const cells = Math.ceil((size - phase) / stride);
    let first = 0;
    while (first < kernel && (phase + before - first * dilation) % stride !== 0) first++;
    const taps = first < kernel ? Math.floor((kernel - 1 - first) / tapStep) + 1 : 0;
    const lastTap = first + tapStep * (taps - 1);
    return {
      phase,
      cells,
      taps,
      lastTap,
      tapStep,
      firstCell: (phase + before - lastTap * dilation) / stride,
      cellStep,
    };
  });
}

/** Every choice of one element from each list. */
export const choices = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((rows, list) => rows.flatMap((row) => list.map((x) => [...row, x])), [[]]);

export const convolveInputOp: Op<ConvolveInputAttributes> = {
  name: "convolveInput",
  infer: ([, w], { input, groups }) => ({ shape: [...input, w.shape[w.shape.length - 2] * groups] }),
  grad: (x, dx, wanted) => {
    const [y, w] = x.inputs;
    const relation = relationOf(x);
    if (wanted[1]) requireShared(x, w);
    return [
      wanted[0] ? convolve(dx, w, { ...relation, output: spatial(y) }) : undefined,
      wanted[1] ? convolveKernel(dx, y, { ...relation, kernel: w.shape.slice(0, -2) }) : undefined,
    ];
  },
  lower: (x) => {
    const [, w] = x.inputs;
    const { strides, dilation, before, groups } = relationOf(x);
    const axes = spatial(x).map((n, a) => phasesOf(n, w.shape[a], strides[a], dilation[a], before[a]));
    return {
      kind: "nests",
      overSamples: false,
      // Where the stride is larger than the kernel, some cells meet no tap and are 0.
      partial: axes.some((phases) => phases.some((p) => p.taps === 0)),
      nests: (read) =>
        choices(axes)
          .filter((phases) => phases.every((p) => p.taps > 0))
          .map((phases): LoopNest => {
            const q = phases.map((p, a) => loop(`i${a}`, p.cells));
            const t = phases.map((p, a) => loop(`k${a}`, p.taps));
            const channels = w.shape[w.shape.length - 2];
            const filters = last(w.shape) / groups;
            const [g, c, f] = [loop("g", groups), loop("c", channels), loop("f", filters)];
            const i = phases.map((p, a) => addIndex(loopIndex(q[a], 1, p.firstCell), loopIndex(t[a], p.cellStep)));
            const k = phases.map((p, a) => loopIndex(t[a], -p.tapStep, p.lastTap));
            const filter = channel(g, filters, f);
            return {
              loops: [...q, g, c],
              out: [...phases.map((p, a) => loopIndex(q[a], strides[a], p.phase)), channel(g, channels, c)],
              reduce: [...t, f],
              combine: "sum",
              value: () => product(read, [...i, filter], [...k, loopIndex(c), filter]),
            };
          }),
    };
  },
};

export const convolveKernelOp: Op<ConvolveKernelAttributes> = {
  name: "convolveKernel",
  infer: ([x, y], { kernel, groups }) => ({
    shape: [...kernel, last(x.shape) / groups, last(y.shape)],
    perSample: false,
  }),
  grad: (w, dw, wanted) => {
    const [x, y] = w.inputs;
    const relation = relationOf(w);
    // What one operand shares with all samples meets the other of every sample.
    const meets = (gradient: Tensor, operand: Tensor) =>
      gradient.perSample && !operand.perSample ? sumSamples(gradient) : gradient;
    return [
      wanted[0] ? meets(convolveInput(y, dw, { ...relation, input: spatial(x) }), x) : undefined,
      wanted[1] ? meets(convolve(x, dw, { ...relation, output: spatial(y) }), y) : undefined,
    ];
  },
  lower: (w) => ({
    kind: "nests",
    overSamples: w.inputs.some((x) => x.perSample),
    partial: false,
    nests: (read) => {
      const [x, y] = w.inputs;
      const { strides, dilation, before, groups } = relationOf(w);
      const i = spatial(y).map((n, a) => loop(`i${a}`, n));
      const k = w.shape.slice(0, -2).map((n, a) => loop(`k${a}`, n));
      const channels = last(x.shape) / groups;
      const filters = last(y.shape) / groups;
      const [g, c, f] = [loop("g", groups), loop("c", channels), loop("f", filters)];
      const j = i.map((l, a) => addIndex(loopIndex(l, strides[a], -before[a]), loopIndex(k[a], dilation[a])));
      const filter = channel(g, filters, f);
      return [
        {
          loops: [...k, c, g, f],
          out: [...k.map((l) => loopIndex(l)), loopIndex(c), filter],
          reduce: i,
          combine: "sum",
          value: () => product(read, [...j, channel(g, channels, c)], [...i.map((l) => loopIndex(l)), filter]),
        },
      ];
    },
  }),
};

/** `x`: `[...spatial, channels]`, `kernel`: `[...taps, channels/groups, filters]` → `[...output, filters]`. */
export const convolve = (x: Tensor, kernel: Tensor, attributes: ConvolveAttributes): Tensor =>
  apply(convolveOp, [x, kernel], attributes);

/** `y`: `[...output, filters]`, `kernel` as for `convolve` → `[...input, channels]`: the adjoint of `convolve` in x. */
export const convolveInput = (y: Tensor, kernel: Tensor, attributes: ConvolveInputAttributes): Tensor =>
  apply(convolveInputOp, [y, kernel], attributes);

export const convolveKernel = (x: Tensor, y: Tensor, attributes: ConvolveKernelAttributes): Tensor =>
  apply(convolveKernelOp, [x, y], attributes);

/** `x`: `[..., n]`, `kernel`: `[n, units]` → `[..., units]`. */
export function matmulLast(x: Tensor, kernel: Tensor): Tensor {
  checkSized("matmul", x);
  checkTensor("matmul", kernel);
  const axes = spatial(x);
  const ones = axes.map(() => 1);
  const taps = reshape(kernel, [...ones, ...kernel.shape]);
  return convolve(x, taps, { strides: ones, dilation: ones, before: axes.map(() => 0), output: axes, groups: 1 });
}
