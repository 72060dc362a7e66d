import { describe, expect, test } from "vitest";
import { graphOf, variable } from "../../test/support/run.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as op from "../ops/index.ts";
import { expandTiles, foldTiles } from "../ops/tiles.ts";
import { gradients } from "../passes/gradient.ts";
import { prepare } from "../passes/prepare.ts";
import { ownerOf } from "./kernel.ts";
import { lower } from "./lower.ts";
import { printKernels } from "./print.ts";

const x = op.placeholder([4, 4, 2], "x");
const w = op.variableTensor(variable("w", [3, 3, 2, 2]));
const b = op.variableTensor(variable("b", [2]));

const conv = (input: Tensor, kernel: Tensor = w): Tensor =>
  op.convolve(input, kernel, {
    strides: [1, 1],
    dilation: [1, 1],
    before: [1, 1],
    groups: 1,
    output: input.shape.slice(0, 2),
  });
const halves = { kernel: [2, 2], strides: [2, 2], before: [0, 0], output: [2, 2] };
const total = (t: Tensor): Tensor => {
  const own = op.sum(
    t,
    t.shape.map((_, i) => i),
  );
  return own.perSample ? op.sumSamples(own) : own;
};

const kernelsOf = (...outputs: Tensor[]) => lower(prepare(graphOf({ inputs: [x], outputs }))).kernels;
const text = (...outputs: Tensor[]): string => printKernels(lower(prepare(graphOf({ inputs: [x], outputs }))));
const totals = (...of: Tensor[]): string => printKernels(lower(prepare(graphOf({ inputs: [x], totals: of }))));
/** Kernels without the one that loads the input. */
const counted = (...outputs: Tensor[]): number => kernelsOf(...outputs).length - 1;

describe("what becomes one kernel", () => {
  test("a convolution with bias and activation", () => {
    expect(text(op.relu(op.add(conv(x), b)))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<4 i1<4 g<1 f<2: reduced = sum{k0<3 k1<3 c<2} (x.loaded[i0+k0-1,i1+k1-1,c] * w[k0,k1,c,f]); convolve[i0,i1,f] = max((reduced + b[f]), 0)
      "
    `);
  });

  test("arithmetic, with what it reads at other places", () => {
    const turned = op.transpose(op.slice(x, { start: [3, 3, 0], size: [4, 4, 2], step: [-1, -1, 1] }), [1, 0, 2]);
    expect(text(op.sigmoid(op.multiply(op.add(x, 1), turned)))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<4 i1<4 i2<2: sigmoid[i0,i1,i2] = sigmoid(((x.loaded[i0,i1,i2] + 1) * x.loaded[-i1+3,-i0+3,i2]))
      "
    `);
  });

  test("a sum with the arithmetic before and after it", () => {
    expect(text(op.squareRoot(op.mean(op.multiply(x, x), [0, 1])))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i2<2: reduced = sum{r0<4 r1<4} (x.loaded[r0,r1,i2] * x.loaded[r0,r1,i2]); sum[i2] = sqrt((reduced / 16))
      "
    `);
  });

  test("two convolutions that are added: the second finishes the first", () => {
    expect(counted(op.relu(op.add(conv(x), conv(x))))).toBe(1);
    const v = op.variableTensor(variable("v", [3, 3, 2, 2]));
    expect(counted(op.relu(op.add(conv(x), conv(x, v))))).toBe(2);
  });

  test("the gradient of a pooling with that of the relu before it", () => {
    const h = op.relu(conv(x));
    const slope = gradients(total(op.maxPool(h, halves)), [w])[0];
    expect(totals(total(slope))).toMatchInlineSnapshot(`
      "stage 0: once
        for i0<2 i1<2 i2<2: broadcast[i0,i1,i2] = 1
      stage 1: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<4 i1<4 g<1 f<2: reduced = sum{k0<3 k1<3 c<2} (x.loaded[i0+k0-1,i1+k1-1,c] * w[k0,k1,c,f]); convolve[i0,i1,f] = max(reduced, 0)
        for i0<2 i1<2 i2<2: reduced = max{k0<2 k1<2} convolve[2i0+k0,2i1+k1,i2]?; windowMax[i0,i1,i2] = reduced
        route 2x2/2-0 2x2/2-0: reduced = broadcast where convolve is the first windowMax; windowMaxGradient[i0,i1,i2] = ((convolve[i0,i1,i2] > 0) ? reduced : 0)
        for k0<3 k1<3 c<2 g<1 f<2: reduced = sum{i0<4 i1<4} (x.loaded[i0+k0-1,i1+k1-1,c] * windowMaxGradient[i0,i1,f]); convolveKernel.partial[k0,k1,c,f] += reduced
      stage 2: once
        convolveKernel = sum of convolveKernel.partial over shards
        wait
        for : reduced = sum{r0<3 r1<3 r2<2 r3<2} convolveKernel[r0,r1,r2,r3]; sum[] = reduced
      "
    `);
  });

  test("all numbers of tiles, with the sums that they share", () => {
    const differences = {
      matrix: [
        [1, 1],
        [1, -1],
      ],
      stride: 2,
      before: [0, 0],
      tiles: [2, 2],
    };
    expect(text(expandTiles(x, differences))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<2 i1<2 c0<2: t0 = (x.loaded[2i0,2i1,c0] + x.loaded[2i0,2i1+1,c0]); t1 = (x.loaded[2i0+1,2i1,c0] + x.loaded[2i0+1,2i1+1,c0]); t2 = (x.loaded[2i0,2i1,c0] - x.loaded[2i0,2i1+1,c0]); t3 = (x.loaded[2i0+1,2i1,c0] - x.loaded[2i0+1,2i1+1,c0]); expandTiles[0,i0,i1,c0] = (t0 + t1); expandTiles[1,i0,i1,c0] = (t2 + t3); expandTiles[2,i0,i1,c0] = (t0 - t1); expandTiles[3,i0,i1,c0] = (t2 - t3)
      "
    `);
  });

  test("the cells of tiles with what comes after them, as far as there are as many of each kind", () => {
    const numbers = op.reshape(x, [4, 2, 2, 2]);
    const sums = {
      matrix: [
        [1, 1],
        [1, -1],
      ],
      stride: 2,
      before: [0, 0],
      cells: [4, 3],
    };
    expect(text(op.relu(foldTiles(numbers, sums)))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<2 i1<2 c0<2: t0 = (reshape[0,i0,i1,c0] + reshape[1,i0,i1,c0]); t1 = (reshape[2,i0,i1,c0] + reshape[3,i0,i1,c0]); foldTiles[2i0,2i1,c0] = max((t0 + t1), 0); foldTiles[2i0+1,2i1,c0] = max((t0 - t1), 0)
        for i0<2 i1<1 c0<2: t0 = (reshape[0,i0,0,c0] - reshape[1,i0,0,c0]); t1 = (reshape[2,i0,0,c0] - reshape[3,i0,0,c0]); foldTiles[2i0,1,c0] = max((t0 + t1), 0); foldTiles[2i0+1,1,c0] = max((t0 - t1), 0)
      "
    `);
  });

  test("an update with the gradient before it", () => {
    const owned = variable("v", [2]);
    const v = op.variableTensor(owned);
    const [slope] = gradients(total(op.multiply(op.multiply(x, v), op.multiply(x, v))), [v]);
    const value = op.subtract(v, op.multiply(slope, 0.1));
    const graph = prepare(graphOf({ inputs: [x], updates: [{ variable: owned, value }] }));
    expect(printKernels(lower(graph))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i2<2: reduced = sum{r0<4 r1<4} ((1 * (x.loaded[r0,r1,i2] * v[i2])) * x.loaded[r0,r1,i2]); sum.partial[i2] += reduced
      stage 1: once
        sum = sum of sum.partial over shards
      stage 2: update
        for i0<2: v[i0] = (v[i0] - ((sum[i0] + sum[i0]) * 0.1))
      "
    `);
  });
});

describe("what gets a buffer of its own", () => {
  test("what two kernels read", () => {
    const h = op.exponential(x);
    expect(counted(op.sum(h, [0]), op.sum(h, [1]))).toBe(3);
  });

  test("what a window or contraction would compute several times", () => {
    expect(counted(conv(op.exponential(x)))).toBe(2);
    expect(counted(op.maxPool(op.exponential(x), { ...halves, strides: [1, 1], output: [3, 3] }))).toBe(2);
    // Windows that do not overlap read each cell once.
    expect(counted(op.maxPool(op.exponential(x), halves))).toBe(1);
  });

  test("what is broadcast", () => {
    expect(counted(op.add(x, op.exponential(op.sum(x, [0, 1]))))).toBe(2);
    expect(counted(op.add(x, op.exponential(op.slice(x, { start: [0, 0, 0], size: [1, 1, 2] }))))).toBe(2);
  });

  test("shared arithmetic that every sample reads", () => {
    expect(text(op.multiply(x, op.exponential(b)))).toMatchInlineSnapshot(`
      "stage 0: once
        for i0<2: exp[i0] = exp(b[i0])
      stage 1: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<4 i1<4 i2<2: mul[i0,i1,i2] = (x.loaded[i0,i1,i2] * exp[i2])
      "
    `);
  });

  test("phases that write one channel, whose cells lie apart, before arithmetic that uses full vectors", () => {
    const transposed = (channels: number): Tensor => {
      const v = op.variableTensor(variable("v", [4, 4, channels, 2]));
      const relation = { strides: [2, 2], dilation: [1, 1], before: [1, 1], groups: 1, input: [8, 8] };
      return op.sigmoid(op.convolveInput(x, v, relation));
    };
    expect(counted(transposed(1))).toBe(5);
    expect(counted(transposed(4))).toBe(4);
  });

  test("arithmetic that is read beyond its edge, where it is not 0", () => {
    expect(text(op.sum(op.pad(op.exponential(x), [0, 0, 1], [0, 0, 1]), [2]))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<4 i1<4 i2<2: exp[i0,i1,i2] = exp(x.loaded[i0,i1,i2])
        for i0<4 i1<4: reduced = sum{r2<4} exp[i0,i1,r2-1]; sum[i0,i1] = reduced
      "
    `);
  });

  test("but not index maps, and not numbers", () => {
    expect(counted(conv(op.transpose(op.pad(x, [1, 0, 0], [0, 1, 0]), [1, 0, 2])))).toBe(1);
    expect(counted(op.add(op.multiply(x, 2), op.broadcastTo(op.fill(1, []), [4, 4, 2])))).toBe(1);
  });
});

describe("shapes over the same cells", () => {
  test("a reshape is an alias", () => {
    const h = op.reshape(conv(x), [32]);
    const { kernels, outputs } = lower(prepare(graphOf({ inputs: [x], outputs: [h] })));
    expect(kernels.length).toBe(2);
    expect(outputs[0]).toMatchObject({ shape: [32] });
    expect(ownerOf(outputs[0])).toBe(kernels[1].out);
  });

  test("a reshape that only drops axes of size 1 is an index map", () => {
    const h = op.reshape(op.sum(x, [0], { keepDims: true }), [4, 2]);
    expect(counted(op.exponential(h))).toBe(2);
    expect(text(op.exponential(op.reshape(op.slice(x, { start: [0, 0, 0], size: [1, 4, 2] }), [4, 2])))).toContain(
      "for i0<4 i1<2: exp[i0,i1] = exp(x.loaded[0,i0,i1])",
    );
  });

  test("and is read beyond its edges there, except along an axis of size 1", () => {
    const volume = op.reshape(op.maxPool(x, halves), [1, 2, 2, 2]);
    const deep = (depth: number): Tensor =>
      op.convolve(volume, op.variableTensor(variable("v", [depth, 3, 3, 2, 2])), {
        strides: [1, 1, 1],
        dilation: [1, 1, 1],
        before: [(depth - 1) / 2, 1, 1],
        groups: 1,
        output: [1, 2, 2],
      });
    expect(text(deep(1))).toContain("windowMax[i1+k1-1,i2+k2-1,c]");
    expect(counted(deep(1))).toBe(2);
    expect(text(deep(3))).toContain("reshape[k0-1,i1+k1-1,i2+k2-1,c]");
    expect(counted(deep(3))).toBe(3);
  });

  test("beside a padded convolution a reshape is a copy", () => {
    const h = op.reshape(op.exponential(op.reshape(x, [32])), [4, 4, 2]);
    expect(text(conv(h))).toMatchInlineSnapshot(`
      "stage 0: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<32: exp[i0] = exp(reshape[i0])
        for i0<4 i1<4 i2<2: reshape_1[i0,i1,i2] = reshape.flat[8i0+2i1+i2]
        for i0<4 i1<4 g<1 f<2: reduced = sum{k0<3 k1<3 c<2} (reshape_1[i0+k0-1,i1+k1-1,c] * w[k0,k1,c,f]); convolve[i0,i1,f] = reduced
      "
    `);
  });

  test("weights that are looked at beyond their edge are copied", () => {
    const picture = op.variableTensor(variable("picture", [4, 4, 2]));
    expect(text(op.add(x, conv(picture)))).toMatchInlineSnapshot(`
      "stage 0: once
        for i0<4 i1<4 i2<2: picture.loaded[i0,i1,i2] = picture[i0,i1,i2]
        wait
        for i0<4 i1<4 g<1 f<2: reduced = sum{k0<3 k1<3 c<2} (picture.loaded[i0+k0-1,i1+k1-1,c] * w[k0,k1,c,f]); convolve[i0,i1,f] = reduced
      stage 1: every sample
        for i0<4 i1<4 i2<2: x.loaded[i0,i1,i2] = x[i0,i1,i2]
        for i0<4 i1<4 i2<2: add[i0,i1,i2] = (x.loaded[i0,i1,i2] + convolve[i0,i1,i2])
      "
    `);
  });
});

describe("buffers that start from zero", () => {
  test("where no tap reaches a cell", () => {
    const y = op.placeholder([2, 2, 2], "y");
    const one = op.variableTensor(variable("one", [1, 1, 2, 2]));
    const up = op.convolveInput(y, one, {
      strides: [2, 2],
      dilation: [1, 1],
      before: [0, 0],
      groups: 1,
      input: [4, 4],
    });
    const { kernels } = lower(graphOf({ inputs: [y], outputs: [up] }));
    expect(kernels.map((k) => k.kind)).toEqual(["nest", "clear", "nest"]);
  });

  test("but not where taps reach all of them, phase by phase", () => {
    const y = op.placeholder([2, 2, 2], "y");
    const two = op.variableTensor(variable("two", [2, 2, 2, 2]));
    const up = op.convolveInput(y, two, {
      strides: [2, 2],
      dilation: [1, 1],
      before: [0, 0],
      groups: 1,
      input: [4, 4],
    });
    const { kernels } = lower(graphOf({ inputs: [y], outputs: [up] }));
    expect(kernels.map((k) => k.kind)).toEqual(["nest", "nest", "nest", "nest", "nest"]);
  });
});

test("every tensor that was asked for has a buffer", () => {
  const h = op.relu(conv(x));
  const loss = total(h);
  const {
    outputs,
    totals: sums,
    guard,
  } = lower(graphOf({ inputs: [x], outputs: [h, x], totals: [loss], guard: loss }));
  expect(outputs.map((o) => o.shape)).toEqual([h.shape, x.shape]);
  expect(sums[0]).toBe(guard);
});

test("a leaf that the graph does not list is refused", () => {
  const rate = op.stepScalar("rate");
  expect(() => lower(graphOf({ inputs: [x], outputs: [op.multiply(x, rate)] }))).toThrow("rate is none of the graph's");
});
