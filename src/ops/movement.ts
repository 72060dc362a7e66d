/** Ops that move cells without computing: index maps that fold into whoever reads the result. */
import { sameShape, showShape, sizeOf } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import { addIndex, constantIndex, type Loop, loopIndex, scaleIndex } from "../expr/expr.ts";
import { apply, checkSized, checkTensor, type Op } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { broadcastIndex, sumTo } from "./elementwise.ts";

type ShapeAttributes = { readonly shape: Shape };
type TransposeAttributes = { readonly permutation: readonly number[] };
type PadAttributes = { readonly before: readonly number[]; readonly after: readonly number[] };
/** Cell `i` of the slice is cell `start + step·i` of the whole. */
type SliceAttributes = { readonly start: readonly number[]; readonly size: Shape; readonly step: readonly number[] };
type EmbedAttributes = { readonly start: readonly number[]; readonly shape: Shape; readonly step: readonly number[] };

const loopsOf = (shape: Shape): Loop[] => shape.map((size, i) => ({ name: `i${i}`, size }));

/** The same cells, row-major, under another shape. */
export const reshapeOp: Op<ShapeAttributes> = {
  name: "reshape",
  infer: (_, { shape }) => ({ shape }),
  grad: (y, dy) => [reshape(dy, y.inputs[0].shape)],
  lower: () => ({ kind: "view" }),
};

export const broadcastOp: Op<ShapeAttributes> = {
  name: "broadcast",
  infer: (_, { shape }) => ({ shape }),
  grad: (y, dy) => [sumTo(dy, y.inputs[0], y)],
  lower: (y) => ({ kind: "map", value: (index, read) => read(0, broadcastIndex(index, y.inputs[0].shape)) }),
};

/** Axis `i` of the result is axis `permutation[i]` of the input. */
export const transposeOp: Op<TransposeAttributes> = {
  name: "transpose",
  anySize: true,
  infer: ([x], { permutation }) => ({ shape: permutation.map((p) => x.shape[p]) }),
  grad: (y, dy) => {
    const permutation = y.attributes.permutation as number[];
    return [
      transpose(
        dy,
        permutation.map((_, i) => permutation.indexOf(i)),
      ),
    ];
  },
  lower: (y) => {
    const permutation = y.attributes.permutation as number[];
    return {
      kind: "map",
      zeroBeyond: true,
      value: (index, read) =>
        read(
          0,
          permutation.map((_, i) => index[permutation.indexOf(i)]),
        ),
    };
  },
};

export const padOp: Op<PadAttributes> = {
  name: "pad",
  anySize: true,
  infer: ([x], { before, after }) => ({ shape: x.shape.map((n, i) => n + before[i] + after[i]) }),
  grad: (y, dy) => [slice(dy, { start: y.attributes.before as number[], size: y.inputs[0].shape })],
  lower: (y) => {
    const before = y.attributes.before as number[];
    return {
      kind: "map",
      zeroBeyond: true,
      value: (index, read) =>
        read(
          0,
          index.map((a, i) => scaleIndex(a, 1, -before[i])),
        ),
    };
  },
};

export const sliceOp: Op<SliceAttributes> = {
  name: "slice",
  infer: (_, { size }) => ({ shape: size }),
  grad: (y, dy) => [
    apply(embedOp, [dy], {
      start: y.attributes.start as number[],
      step: y.attributes.step as number[],
      shape: y.inputs[0].shape,
    }),
  ],
  lower: (y) => {
    const { start, step } = y.attributes as SliceAttributes;
    return {
      kind: "map",
      value: (index, read) =>
        read(
          0,
          index.map((a, i) => scaleIndex(a, step[i], start[i])),
        ),
    };
  },
};

/** The gradient of `slice`: its cells back in their places, 0 elsewhere. */
export const embedOp: Op<EmbedAttributes> = {
  name: "embed",
  infer: (_, { shape }) => ({ shape }),
  grad: (y, dy) => {
    const { start, step } = y.attributes as EmbedAttributes;
    return [slice(dy, { start, step, size: y.inputs[0].shape })];
  },
  lower: (y) => {
    const { start, step } = y.attributes as EmbedAttributes;
    return {
      kind: "nests",
      overSamples: false,
      partial: true,
      nests: (read) => {
        const loops = loopsOf(y.inputs[0].shape);
        const index = loops.map((loop) => loopIndex(loop));
        const out = index.map((a, i) => scaleIndex(a, step[i], start[i]));
        return [{ loops, out, reduce: [], combine: "sum", value: () => read(0, index) }];
      },
    };
  },
};

export const concatenateOp: Op<{ readonly axis: number }> = {
  name: "concatenate",
  anySize: true,
  infer: (xs, { axis }) => ({
    shape: xs[0].shape.map((n, i) => (i === axis ? xs.reduce((total, x) => total + x.shape[axis], 0) : n)),
  }),
  grad: (y, dy) => {
    const axis = y.attributes.axis as number;
    let at = 0;
    return y.inputs.map((x) => {
      const start = x.shape.map((_, i) => (i === axis ? at : 0));
      at += x.shape[axis];
      // Where a shared tensor was joined to per-sample ones, its gradient is summed over the samples.
      const part = slice(dy, { start, size: x.shape });
      return sumTo(part, x, { shape: part.shape, perSample: y.perSample || part.perSample });
    });
  },
  lower: (y) => ({
    kind: "nests",
    overSamples: false,
    partial: false,
    nests: (read) => {
      const axis = y.attributes.axis as number;
      let at = 0;
      return y.inputs.map((x, k) => {
        const loops = loopsOf(x.shape);
        const index = loops.map((loop) => loopIndex(loop));
        const offset = at;
        at += x.shape[axis];
        const out = index.map((a, i) => (i === axis ? addIndex(a, constantIndex(offset)) : a));
        return { loops, out, reduce: [], combine: "sum" as const, value: () => read(k, index) };
      });
    },
  }),
};

export function reshape(x: Tensor, shape: Shape): Tensor {
  checkSized("reshape", x);
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(x.shape) !== sizeOf(shape)) {
    throw shapeError({
      where: "reshape",
      got: `${showShape(shape)}, ${sizeOf(shape)} cells`,
      expected: `${sizeOf(x.shape)} cells as in ${showShape(x.shape)}`,
      fix: "Choose sizes with that product.",
    });
  }
  return apply(reshapeOp, [x], { shape });
}

export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkSized("broadcastTo", x);
  return sameShape(x.shape, shape) ? x : apply(broadcastOp, [x], { shape });
}

export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  checkTensor("transpose", x);
  if (permutation.length !== x.shape.length || [...permutation].sort((a, b) => a - b).some((p, i) => p !== i)) {
    throw argumentError({
      where: "transpose",
      argument: "permutation",
      value: [...permutation],
      expected: `each axis of ${showShape(x.shape)} once`,
    });
  }
  return permutation.every((p, i) => p === i) ? x : apply(transposeOp, [x], { permutation });
}

export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return [...before, ...after].every((n) => n === 0) ? x : apply(padOp, [x], { before, after });
}

/** Cells `start + step·i` for `i` from 0 to `size` − 1 on each axis. */
export function slice(
  x: Tensor,
  part: { readonly start: readonly number[]; readonly size: Shape; readonly step?: readonly number[] },
): Tensor {
  checkSized("slice", x);
  const step = part.step ?? x.shape.map(() => 1);
  x.shape.forEach((n, i) => {
    const last = part.start[i] + step[i] * (part.size[i] - 1);
    if (part.start[i] < 0 || part.start[i] >= n || last < 0 || last >= n) {
      throw shapeError({
        where: "slice",
        got: `cells ${part.start[i]} to ${last} of axis ${i}`,
        expected: `cells from 0 to ${n - 1}`,
        fix: "Slice inside the tensor.",
      });
    }
  });
  const whole = sameShape(part.size, x.shape) && part.start.every((s) => s === 0);
  return whole ? x : apply(sliceOp, [x], { start: part.start, size: part.size, step });
}

export function concatenate(xs: readonly Tensor[], axis: number): Tensor {
  for (const x of xs) checkTensor("concatenate", x);
  const rank = xs[0].shape.length;
  const at = axis < 0 ? axis + rank : axis;
  for (const x of xs) {
    if (x.shape.length !== rank || x.shape.some((n, i) => i !== at && n !== xs[0].shape[i])) {
      throw shapeError({
        where: "concatenate",
        got: xs.map((t) => showShape(t.shape)).join(" and "),
        expected: `equal sizes on every axis but ${at}`,
        fix: "Crop or pad one of them, or join along another axis.",
      });
    }
  }
  return xs.length === 1 ? xs[0] : apply(concatenateOp, xs, { axis: at });
}
