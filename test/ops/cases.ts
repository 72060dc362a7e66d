/**
 * Every op with shapes, domains and a plain formula: a case is data, and every test of ops and devices runs the table.
 *
 * `reference` computes one sample, in nested loops over cells and from the definition of the op, not from its lowering.
 */

import { type Padding, placeWindow } from "../../src/core/shape.ts";
import { apply } from "../../src/graph/op.ts";
import type { Shape, Tensor } from "../../src/graph/tensor.ts";
import * as convolution from "../../src/ops/convolution.ts";
import * as elementwise from "../../src/ops/elementwise.ts";
import * as leaf from "../../src/ops/leaf.ts";
import * as movement from "../../src/ops/movement.ts";
import * as random from "../../src/ops/random.ts";
import * as reduce from "../../src/ops/reduce.ts";
import * as tiles from "../../src/ops/tiles.ts";
import * as window from "../../src/ops/window.ts";
import { Cells, type Domain, indices } from "../support/arrays.ts";
import type { Operand } from "../support/gradient.ts";

export interface Context {
  /** Samples of the step. */
  readonly batch: number;
  readonly scalar: number;
}

export interface Case {
  readonly name: string;
  /** The op record that the case is for. */
  readonly op: { readonly name: string };
  readonly operands: readonly Operand[];
  /** `scalar` is a step scalar, for ops that want one. */
  build(inputs: readonly Tensor[], scalar: Tensor): Tensor;
  /** The result for one sample; where the result is shared by samples, what one sample adds to it. */
  readonly reference?: (inputs: readonly Cells[], context: Context) => Cells;
  /** How often it can be differentiated; 2 when absent. */
  readonly order?: 0 | 1 | 2;
  /** Where values tie, differences say nothing: the gradients of the operands of one sample, from that of the result. */
  readonly tied?: (inputs: readonly Cells[], dy: Cells) => readonly Cells[];
  /** The result is a sum over the samples although no operand is per sample. */
  readonly everySample?: boolean;
  /** The result depends on how the batch is split. */
  readonly batchMatters?: boolean;
}

type Sharing = readonly ("sample" | "shared")[];
const operandsOf = (shapes: readonly Shape[], sharing: Sharing, domain?: Domain): Operand[] =>
  shapes.map((shape, i) => ({ shape, shared: sharing[i] === "shared", domain }));
const show = (shape: Shape): string => `[${shape.join(",")}]`;
const showOperands = (operands: readonly Operand[]): string =>
  operands.map((o) => `${o.shared ? "shared" : "sample"} ${show(o.shape)}`).join(", ");

// ---- leaves -------------------------------------------------------------------------------------------------------

const leaves: Case[] = [
  {
    name: "placeholder as it is",
    op: leaf.placeholderOp,
    operands: [{ shape: [2, 3] }],
    build: ([x]) => x,
    reference: ([x]) => x,
  },
  {
    name: "variable as it is",
    op: leaf.variableOp,
    operands: [{ shape: [2, 3], shared: true }],
    build: ([x]) => x,
    reference: ([x]) => x,
  },
  {
    name: "variable in arithmetic",
    op: leaf.variableOp,
    operands: [{ shape: [3] }, { shape: [3], shared: true }],
    build: ([x, w]) => elementwise.multiply(x, w),
    reference: ([x, w]) => Cells.from([3], (i) => x.at(i) * w.at(i)),
  },
  {
    name: "stepScalar in arithmetic",
    op: leaf.stepScalarOp,
    operands: [{ shape: [3] }],
    build: ([x], scalar) => elementwise.multiply(x, scalar),
    reference: ([x], { scalar }) => Cells.from([3], (i) => x.at(i) * scalar),
  },
  {
    name: "batchSize in arithmetic",
    op: leaf.batchSizeOp,
    operands: [{ shape: [3] }],
    build: ([x]) => elementwise.multiply(x, leaf.batchSize()),
    reference: ([x], { batch }) => Cells.from([3], (i) => x.at(i) * batch),
    batchMatters: true,
  },
  {
    name: "batchSize alone",
    op: leaf.batchSizeOp,
    operands: [],
    build: () => leaf.batchSize(),
    reference: (_, { batch }) => Cells.from([], () => batch),
    batchMatters: true,
  },
  {
    name: "stepScalar alone",
    op: leaf.stepScalarOp,
    operands: [],
    build: (_, scalar) => scalar,
    reference: (_, { scalar }) => Cells.from([], () => scalar),
  },
  {
    name: "fill in arithmetic",
    op: leaf.fillOp,
    operands: [{ shape: [2, 3] }],
    build: ([x]) => elementwise.subtract(leaf.fill(3, [2, 3]), x),
    reference: ([x]) => Cells.from([2, 3], (i) => 3 - x.at(i)),
  },
  {
    name: "fill alone",
    op: leaf.fillOp,
    operands: [],
    build: () => leaf.fill(0.5, [2, 2]),
    reference: () => Cells.from([2, 2], () => 0.5),
  },
  {
    name: "constant in arithmetic",
    op: leaf.constantOp,
    operands: [{ shape: [2, 3] }],
    build: ([x]) =>
      elementwise.multiply(x, leaf.constantTensor({ data: Float32Array.of(1, -2, 3, -4, 5, -6), shape: [2, 3] })),
    reference: ([x]) => Cells.from([2, 3], ([i, j]) => x.at([i, j]) * [1, -2, 3, -4, 5, -6][3 * i + j]),
  },
  {
    name: "constant alone",
    op: leaf.constantOp,
    operands: [],
    build: () => leaf.constantTensor({ data: Float32Array.of(1, -2), shape: [2] }),
    reference: () => Cells.from([2], ([i]) => [1, -2][i]),
  },
];

// ---- places, random numbers, values at computed places --------------------------------------------------------------

const places: Case[] = [
  {
    name: "sampleIndex in arithmetic",
    op: leaf.sampleIndexOp,
    operands: [{ shape: [3] }],
    build: ([x]) => elementwise.multiply(x, elementwise.add(leaf.sampleIndex(), 1)),
    batchMatters: true,
  },
  {
    name: "random numbers in arithmetic",
    op: random.randomOp,
    operands: [{ shape: [2, 5] }],
    build: ([x], scalar) => elementwise.multiply(x, random.randomUniform([2, 5], [3, 4], elementwise.floor(scalar))),
    batchMatters: true,
  },
  {
    name: "take cells, backwards and twice",
    op: random.takeOp,
    operands: [{ shape: [2, 3] }],
    build: ([x]) => random.take(x, leaf.constantTensor({ data: Float32Array.of(5, 0, 0, 3), shape: [4] })),
    reference: ([x]) =>
      Cells.from([4], ([i]) =>
        x.at(
          [
            [1, 2],
            [0, 0],
            [0, 0],
            [1, 0],
          ][i],
        ),
      ),
  },
  {
    name: "stopGradient keeps the value",
    op: elementwise.stopGradientOp,
    operands: [{ shape: [2, 3] }],
    build: ([x]) => elementwise.stopGradient(x),
    reference: ([x]) => x,
    order: 0,
  },
];

// ---- elementwise --------------------------------------------------------------------------------------------------

/** The error function by Simpson's rule over its definition. */
function erf(x: number): number {
  const n = 400;
  const h = x / n;
  let total = 0;
  for (let i = 0; i <= n; i++) total += Math.exp(-((i * h) ** 2)) * (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2);
  return ((2 / Math.sqrt(Math.PI)) * total * h) / 3;
}

/** 1/2 rounds to 0 and 3/2 to 2. */
const roundHalfToEven = (x: number): number => {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
};

type Unary = readonly [
  op: { readonly name: string },
  build: (x: Tensor) => Tensor,
  value: (x: number) => number,
  domain: Domain,
  /** The derivative where differences do not exist, for domain "ties". */
  tied?: (x: number) => number,
];

const { ops } = elementwise;
const unaries: readonly Unary[] = [
  [ops.neg, elementwise.negative, (x) => -x, "any"],
  [ops.abs, elementwise.absolute, (x) => (x < 0 ? -x : x), "nonzero", (x) => (x > 0 ? 1 : x < 0 ? -1 : 0)],
  [ops.sqrt, elementwise.squareRoot, (x) => x ** 0.5, "positive"],
  [ops.exp, elementwise.exponential, (x) => Math.E ** x, "any"],
  [ops.log, elementwise.logarithm, (x) => Math.log2(x) * Math.LN2, "positive"],
  [ops.tanh, elementwise.tanh, (x) => (Math.exp(x) - Math.exp(-x)) / (Math.exp(x) + Math.exp(-x)), "any"],
  [ops.sin, elementwise.sine, (x) => Math.cos(x - Math.PI / 2), "any"],
  [ops.cos, elementwise.cosine, (x) => Math.sin(x + Math.PI / 2), "any"],
  [ops.sigmoid, elementwise.sigmoid, (x) => 1 / (1 + Math.exp(-x)), "any"],
  [ops.softplus, elementwise.softplus, (x) => Math.log(1 + Math.exp(x)), "any"],
  [ops.erf, elementwise.erf, erf, "any"],
  [ops.sign, elementwise.sign, (x) => (x > 0 ? 1 : x < 0 ? -1 : 0), "nonzero", () => 0],
  [ops.floor, elementwise.floor, (x) => x - (((x % 1) + 1) % 1), "fractions", () => 0],
  [ops.round, elementwise.round, roundHalfToEven, "fractions", () => 0],
  [elementwise.reluOp, elementwise.relu, (x) => Math.max(x, 0), "nonzero", (x) => (x > 0 ? 1 : 0)],
  [elementwise.identityOp, elementwise.identity, (x) => x, "any"],
];

const unaryCases: Case[] = unaries.flatMap(([op, build, value, domain, tied]) => {
  const shapes: readonly (readonly [Shape, "sample" | "shared"])[] = [
    [[2, 3], "sample"],
    [[], "sample"],
    [[1, 5, 1], "shared"],
  ];
  const cases = shapes.map(([shape, sharing]): Case => {
    const operands = operandsOf([shape], [sharing], domain);
    return {
      name: `${op.name} of ${showOperands(operands)}`,
      op,
      operands,
      build: ([x]) => build(x),
      reference: ([x]) => Cells.from(shape, (i) => value(x.at(i))),
    };
  });
  if (!tied) return cases;
  const shape = [3, 4];
  return [
    ...cases,
    {
      ...cases[0],
      name: `${op.name} at its corners`,
      operands: operandsOf([shape], ["sample"], "ties"),
      reference: ([x]) => Cells.from(shape, (i) => value(x.at(i))),
      tied: ([x], dy) => [Cells.from(shape, (i) => tied(x.at(i)) * dy.at(i))],
    },
  ];
});

const halves: Case = {
  name: "round of halves",
  op: ops.round,
  operands: operandsOf([[3, 4]], ["sample"], "ties"),
  build: ([x]) => elementwise.round(elementwise.multiply(x, 0.5)),
  reference: ([x]) => Cells.from([3, 4], (i) => roundHalfToEven(x.at(i) / 2)),
  tied: () => [new Cells([3, 4])],
};

type Binary = readonly [
  op: { readonly name: string },
  build: (a: Tensor, b: Tensor) => Tensor,
  value: (a: number, b: number) => number,
  domain: Domain,
  /** The parts of the gradient that a and b get, for domain "ties". */
  tied?: (a: number, b: number) => readonly [number, number],
];

const nothing = (): readonly [number, number] => [0, 0];
const binaries: readonly Binary[] = [
  [ops.add, elementwise.add, (a, b) => a + b, "any"],
  [ops.sub, elementwise.subtract, (a, b) => a - b, "any"],
  [ops.mul, elementwise.multiply, (a, b) => a * b, "any"],
  [ops.div, elementwise.divide, (a, b) => a / b, "nonzero"],
  [ops.max, elementwise.maximum, (a, b) => Math.max(a, b), "any", (a, b) => (a >= b ? [1, 0] : [0, 1])],
  [ops.min, elementwise.minimum, (a, b) => Math.min(a, b), "any", (a, b) => (a <= b ? [1, 0] : [0, 1])],
  [ops.gt, elementwise.greater, (a, b) => (a > b ? 1 : 0), "any", nothing],
  [ops.ge, elementwise.greaterEqual, (a, b) => (a >= b ? 1 : 0), "any", nothing],
  [ops.eq, elementwise.equal, (a, b) => (a === b ? 1 : 0), "any", nothing],
];

/** Where a broadcast operand lies for an index of the result. */
const spread = (shape: Shape, index: readonly number[]): number[] =>
  shape.map((n, i) => (n === 1 ? 0 : index[i + index.length - shape.length]));

const broadcastPairs: readonly (readonly [Shape, Shape, result: Shape, Sharing])[] = [
  [
    [2, 3],
    [2, 3],
    [2, 3],
    ["sample", "sample"],
  ],
  [
    [2, 3],
    [2, 3],
    [2, 3],
    ["sample", "shared"],
  ],
  [
    [2, 3],
    [2, 3],
    [2, 3],
    ["shared", "sample"],
  ],
  [
    [2, 3],
    [2, 3],
    [2, 3],
    ["shared", "shared"],
  ],
  [[2, 3], [3], [2, 3], ["sample", "shared"]],
  [[3], [2, 3], [2, 3], ["sample", "shared"]],
  [[3], [2, 3], [2, 3], ["shared", "sample"]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
    ["sample", "shared"],
  ],
  [
    [2, 1],
    [1, 3],
    [2, 3],
    ["shared", "shared"],
  ],
  [[], [2, 3], [2, 3], ["shared", "sample"]],
  [[2, 3], [], [2, 3], ["shared", "sample"]],
  [[2, 3], [], [2, 3], ["sample", "sample"]],
  [
    [4, 1, 2],
    [3, 1],
    [4, 3, 2],
    ["sample", "sample"],
  ],
];

const binaryCases: Case[] = binaries.flatMap(([op, build, value, domain, tied]) => {
  const cases = broadcastPairs.map(([a, b, result, sharing]): Case => {
    const operands = operandsOf([a, b], sharing, domain);
    return {
      name: `${op.name} of ${showOperands(operands)}`,
      op,
      operands,
      build: ([x, y]) => build(x, y),
      reference: ([x, y]) => Cells.from(result, (i) => value(x.at(spread(a, i)), y.at(spread(b, i)))),
    };
  });
  if (!tied) return cases;
  const shape = [3, 4];
  return [
    ...cases,
    {
      name: `${op.name} with ties`,
      op,
      operands: operandsOf([shape, shape], ["sample", "sample"], "ties"),
      build: ([x, y]) => build(x, y),
      reference: ([x, y]) => Cells.from(shape, (i) => value(x.at(i), y.at(i))),
      tied: ([x, y], dy) => [0, 1].map((k) => Cells.from(shape, (i) => tied(x.at(i), y.at(i))[k] * dy.at(i))),
    },
  ];
});

const whereCases: Case[] = (
  [
    [
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      ["sample", "sample", "sample"],
    ],
    [
      [[2, 3], [3], []],
      ["sample", "shared", "sample"],
    ],
    [
      [[3], [2, 3], [2, 1]],
      ["shared", "sample", "shared"],
    ],
    [
      [[], [2, 3], [2, 3]],
      ["sample", "shared", "shared"],
    ],
    [
      [[2, 3], [2, 3], [3]],
      ["shared", "shared", "shared"],
    ],
  ] as const
).map(([shapes, sharing]): Case => {
  const operands = operandsOf(shapes, sharing, "nonzero");
  return {
    name: `where of ${showOperands(operands)}`,
    op: elementwise.whereOp,
    operands,
    build: ([c, t, o]) => elementwise.where(elementwise.greater(c, 0), t, o),
    reference: ([c, t, o]) =>
      Cells.from([2, 3], (i) => (c.at(spread(c.shape, i)) > 0 ? t.at(spread(t.shape, i)) : o.at(spread(o.shape, i)))),
  };
});
const whereNotZero: Case = {
  name: "where any number but 0 counts",
  op: elementwise.whereOp,
  operands: [...operandsOf([[3, 4]], ["sample"], "ties"), ...operandsOf([[3, 4]], ["sample"])],
  build: ([c, t]) => elementwise.where(c, t, 7),
  reference: ([c, t]) => Cells.from([3, 4], (i) => (c.at(i) !== 0 ? t.at(i) : 7)),
  tied: ([c], dy) => [new Cells([3, 4]), Cells.from([3, 4], (i) => (c.at(i) !== 0 ? dy.at(i) : 0))],
};

// ---- reductions ---------------------------------------------------------------------------------------------------

const without = (shape: Shape, axes: readonly number[]): number[] => shape.filter((_, i) => !axes.includes(i));

/** Combines the cells of `x` that agree on the axes that are kept. */
function combined(x: Cells, axes: readonly number[], start: number, combine: (a: number, b: number) => number): Cells {
  const result = Cells.from(without(x.shape, axes), () => start);
  for (const index of indices(x.shape)) {
    const kept = without(index, axes);
    result.set(kept, combine(result.at(kept), x.at(index)));
  }
  return result;
}

const reductions: readonly (readonly [Shape, axes: readonly number[]])[] = [
  [[2, 3, 4], [0]],
  [[2, 3, 4], [1]],
  [[2, 3, 4], [2]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [2, 3, 4],
    [0, 1, 2],
  ],
  [
    [1, 3, 1],
    [0, 1],
  ],
  [[5], [0]],
];
const plus = (a: number, b: number): number => a + b;
const larger = (a: number, b: number): number => Math.max(a, b);

const sumCases: Case[] = [
  ...reductions.flatMap(([shape, axes]) =>
    (["sample", "shared"] as const).map(
      (sharing): Case => ({
        name: `sum of ${sharing} ${show(shape)} over ${show(axes)}`,
        op: reduce.sumOp,
        operands: operandsOf([shape], [sharing]),
        build: ([x]) => reduce.sum(x, axes),
        reference: ([x]) => combined(x, axes, 0, plus),
      }),
    ),
  ),
  ...reductions.map(
    ([shape, axes]): Case => ({
      name: `sum of ${show(shape)} over samples and ${show(axes)}`,
      op: reduce.sumOp,
      operands: operandsOf([shape], ["sample"]),
      build: ([x]) => reduce.sum(x, axes, { overSamples: true }),
      reference: ([x]) => combined(x, axes, 0, plus),
    }),
  ),
  {
    name: "sum over samples alone",
    op: reduce.sumOp,
    operands: operandsOf([[2, 3]], ["sample"]),
    build: ([x]) => reduce.sumSamples(x),
    reference: ([x]) => x,
  },
  {
    name: "sum over samples of what they share",
    op: reduce.sumOp,
    operands: operandsOf([[2, 3]], ["shared"]),
    build: ([x]) => reduce.sumSamples(x),
    reference: ([x]) => x,
    everySample: true,
    batchMatters: true,
  },
  {
    name: "sum keeping axes, counted from the end",
    op: reduce.sumOp,
    operands: operandsOf([[2, 3, 4]], ["sample"]),
    build: ([x]) => reduce.sum(x, [-1, 0], { keepDims: true }),
    reference: ([x]) => new Cells([1, 3, 1], combined(x, [0, 2], 0, plus).data),
  },
  {
    name: "mean of [2,3,4] over [1]",
    op: reduce.sumOp,
    operands: operandsOf([[2, 3, 4]], ["sample"]),
    build: ([x]) => reduce.mean(x, [1]),
    reference: ([x]) => Cells.from([2, 4], ([i, k]) => (x.at([i, 0, k]) + x.at([i, 1, k]) + x.at([i, 2, k])) / 3),
  },
];

const maxCases: Case[] = [
  ...reductions.flatMap(([shape, axes]) =>
    (["sample", "shared"] as const).map(
      (sharing): Case => ({
        name: `reduceMax of ${sharing} ${show(shape)} over ${show(axes)}`,
        op: reduce.maxOp,
        operands: operandsOf([shape], [sharing], "apart"),
        build: ([x]) => reduce.max(x, axes),
        reference: ([x]) => combined(x, axes, Number.NEGATIVE_INFINITY, larger),
      }),
    ),
  ),
  {
    name: "reduceMax with ties shares the gradient",
    op: reduce.maxOp,
    operands: operandsOf([[3, 4, 2]], ["sample"], "ties"),
    build: ([x]) => reduce.max(x, [0, 1]),
    reference: ([x]) => combined(x, [0, 1], Number.NEGATIVE_INFINITY, larger),
    tied: ([x], dy) => {
      const top = combined(x, [0, 1], Number.NEGATIVE_INFINITY, larger);
      const isTop = Cells.from(x.shape, (i) => (x.at(i) === top.at([i[2]]) ? 1 : 0));
      const ties = combined(isTop, [0, 1], 0, plus);
      return [Cells.from(x.shape, (i) => (isTop.at(i) * dy.at([i[2]])) / ties.at([i[2]]))];
    },
  },
];

// ---- movement -----------------------------------------------------------------------------------------------------

const reshapes: readonly (readonly [from: Shape, to: Shape])[] = [
  [
    [2, 6],
    [3, 4],
  ],
  [[2, 3, 2], [12]],
  [[12], [2, 3, 2]],
  [
    [2, 3],
    [1, 2, 1, 3],
  ],
  [
    [1, 2, 1, 3],
    [2, 3],
  ],
  [[1], []],
  [[], [1, 1]],
];
const both = ["sample", "shared"] as const;
const reshapeCases = reshapes.flatMap(([from, to]) =>
  both.map(
    (sharing): Case => ({
      name: `reshape of ${sharing} ${show(from)} to ${show(to)}`,
      op: movement.reshapeOp,
      operands: operandsOf([from], [sharing]),
      build: ([x]) => movement.reshape(x, to),
      reference: ([x]) => new Cells(to, x.data),
    }),
  ),
);

const broadcastCases = (
  [
    [[3], [2, 3]],
    [
      [2, 1],
      [2, 3],
    ],
    [[], [2, 3]],
    [
      [1, 1],
      [4, 1, 3],
    ],
  ] as const
).flatMap(([from, to]) =>
  both.map(
    (sharing): Case => ({
      name: `broadcast of ${sharing} ${show(from)} to ${show(to)}`,
      op: movement.broadcastOp,
      operands: operandsOf([from], [sharing]),
      build: ([x]) => movement.broadcastTo(x, to),
      reference: ([x]) => Cells.from(to, (i) => x.at(spread(from, i))),
    }),
  ),
);

const transposeCases = (
  [
    [
      [2, 3],
      [1, 0],
    ],
    [
      [2, 3, 4],
      [1, 2, 0],
    ],
    [
      [2, 3, 4],
      [2, 0, 1],
    ],
    [
      [2, 1, 3, 2],
      [3, 1, 0, 2],
    ],
  ] as const
).flatMap(([shape, permutation]) =>
  both.map(
    (sharing): Case => ({
      name: `transpose of ${sharing} ${show(shape)} by ${show(permutation)}`,
      op: movement.transposeOp,
      operands: operandsOf([shape], [sharing]),
      build: ([x]) => movement.transpose(x, permutation),
      reference: ([x]) => {
        const result = new Cells(permutation.map((p) => (shape as Shape)[p]));
        for (const index of indices(shape))
          result.set(
            permutation.map((p) => index[p]),
            x.at(index),
          );
        return result;
      },
    }),
  ),
);

const padCases = (
  [
    [[3], [1], [2]],
    [[3], [0], [1]],
    [
      [2, 3],
      [2, 0],
      [0, 1],
    ],
    [
      [2, 1, 2],
      [0, 1, 1],
      [1, 1, 0],
    ],
  ] as const
).flatMap(([shape, before, after]) =>
  both.map((sharing): Case => {
    const result = shape.map((n, i) => n + before[i] + after[i]);
    return {
      name: `pad of ${sharing} ${show(shape)} by ${show(before)} and ${show(after)}`,
      op: movement.padOp,
      operands: operandsOf([shape], [sharing]),
      build: ([x]) => movement.pad(x, before, after),
      reference: ([x]) => Cells.from(result, (i) => x.at(i.map((k, a) => k - before[a]))),
    };
  }),
);

const slices: readonly (readonly [Shape, start: readonly number[], size: Shape, step: readonly number[]])[] = [
  [[6], [1], [3], [1]],
  [[6], [1], [3], [2]],
  [[6], [5], [6], [-1]],
  [[6], [5], [3], [-2]],
  [
    [4, 5],
    [1, 0],
    [2, 5],
    [1, 1],
  ],
  [
    [4, 5],
    [3, 4],
    [2, 3],
    [-3, -2],
  ],
  [
    [4, 5, 2],
    [0, 3, 1],
    [2, 4, 2],
    [3, -1, -1],
  ],
];
const sliceCases: Case[] = slices.flatMap(([shape, start, size, step]) => [
  ...both.map(
    (sharing): Case => ({
      name: `slice of ${sharing} ${show(shape)} from ${show(start)} by ${show(step)}`,
      op: movement.sliceOp,
      operands: operandsOf([shape], [sharing]),
      build: ([x]) => movement.slice(x, { start, size, step }),
      reference: ([x]) => Cells.from(size, (i) => x.at(i.map((k, a) => start[a] + step[a] * k))),
    }),
  ),
  ...both.map(
    (sharing): Case => ({
      name: `embed of ${sharing} ${show(size)} in ${show(shape)} from ${show(start)} by ${show(step)}`,
      op: movement.embedOp,
      operands: operandsOf([size], [sharing]),
      build: ([x]) => apply(movement.embedOp, [x], { start, shape, step }),
      reference: ([x]) => {
        const result = new Cells(shape);
        for (const index of indices(size))
          result.set(
            index.map((k, a) => start[a] + step[a] * k),
            x.at(index),
          );
        return result;
      },
    }),
  ),
]);

const joined = (xs: readonly Cells[], axis: number): Cells => {
  const result = new Cells(xs[0].shape.map((n, a) => (a === axis ? xs.reduce((s, x) => s + x.shape[a], 0) : n)));
  let at = 0;
  for (const x of xs) {
    for (const index of indices(x.shape))
      result.set(
        index.map((k, a) => (a === axis ? k + at : k)),
        x.at(index),
      );
    at += x.shape[axis];
  }
  return result;
};
const concatenateCases: Case[] = [
  ...(
    [
      [[[3], [2]], 0, ["sample", "sample"]],
      [[[3], [2]], 0, ["sample", "shared"]],
      [[[3], [2]], 0, ["shared", "shared"]],
      [
        [
          [2, 3],
          [2, 1],
        ],
        1,
        ["shared", "sample"],
      ],
      [
        [
          [2, 3],
          [1, 3],
          [4, 3],
        ],
        0,
        ["sample", "shared", "sample"],
      ],
      [
        [
          [2, 1, 3],
          [2, 2, 3],
          [2, 1, 3],
        ],
        1,
        ["sample", "sample", "sample"],
      ],
      [
        [
          [2, 2, 1],
          [2, 2, 3],
        ],
        2,
        ["sample", "sample"],
      ],
    ] as const
  ).map(([shapes, axis, sharing]): Case => {
    const operands = operandsOf(shapes, sharing);
    return {
      name: `concatenate ${showOperands(operands)} on axis ${axis}`,
      op: movement.concatenateOp,
      operands,
      build: (xs) => movement.concatenate(xs, axis),
      reference: (xs) => joined(xs, axis),
    };
  }),
  {
    name: "concatenate one tensor twice, axis from the end",
    op: movement.concatenateOp,
    operands: operandsOf([[2, 3]], ["sample"]),
    build: ([x]) => movement.concatenate([x, x], -1),
    reference: ([x]) => joined([x, x], 1),
  },
];

// ---- convolution --------------------------------------------------------------------------------------------------

interface Convolution {
  readonly sizes: Shape;
  readonly kernel: Shape;
  readonly channels: number;
  readonly filters: number;
  readonly strides?: readonly number[];
  readonly dilation?: readonly number[];
  readonly padding?: Padding;
  readonly groups?: number;
}

export const convolutions: readonly Convolution[] = [
  { sizes: [], kernel: [], channels: 3, filters: 2 },
  { sizes: [], kernel: [], channels: 4, filters: 6, groups: 2 },
  { sizes: [6], kernel: [3], channels: 2, filters: 3 },
  { sizes: [6], kernel: [3], channels: 2, filters: 1, padding: "same" },
  { sizes: [7], kernel: [3], channels: 1, filters: 2, strides: [2], padding: "same" },
  { sizes: [6], kernel: [2], channels: 2, filters: 2, strides: [3] },
  { sizes: [7], kernel: [2], channels: 2, filters: 2, strides: [3], padding: "same" },
  { sizes: [8], kernel: [3], channels: 2, filters: 2, dilation: [2], padding: "causal" },
  { sizes: [9], kernel: [3], channels: 1, filters: 2, strides: [2], dilation: [3], padding: "same" },
  { sizes: [9], kernel: [4], channels: 1, filters: 2, strides: [4], dilation: [2], padding: "same" },
  { sizes: [10], kernel: [3], channels: 1, filters: 1, strides: [6], dilation: [4], padding: "same" },
  { sizes: [2], kernel: [5], channels: 1, filters: 2, padding: "same" },
  { sizes: [1, 1], kernel: [3, 3], channels: 2, filters: 2, padding: "same" },
  { sizes: [4, 5], kernel: [3, 2], channels: 2, filters: 3 },
  { sizes: [4, 5], kernel: [3, 3], channels: 3, filters: 2, padding: "same" },
  { sizes: [5, 4], kernel: [1, 1], channels: 3, filters: 4 },
  { sizes: [5, 4], kernel: [1, 1], channels: 2, filters: 2, strides: [2, 3] },
  { sizes: [7, 6], kernel: [3, 2], channels: 2, filters: 2, strides: [2, 3], padding: "same" },
  { sizes: [5, 7], kernel: [2, 3], channels: 1, filters: 2, strides: [1, 2], dilation: [2, 1], padding: "same" },
  { sizes: [4, 4], kernel: [3, 3], channels: 4, filters: 6, groups: 2, padding: "same" },
  { sizes: [4, 3], kernel: [3, 3], channels: 3, filters: 3, groups: 3, padding: "same" },
  { sizes: [4, 3], kernel: [2, 2], channels: 3, filters: 6, groups: 3, strides: [2, 2], padding: "same" },
  { sizes: [3, 4, 3], kernel: [2, 3, 2], channels: 2, filters: 2 },
  { sizes: [3, 4, 5], kernel: [3, 2, 3], channels: 1, filters: 2, strides: [2, 1, 2], padding: "same" },
];

function relationOf(c: Convolution) {
  const ones = c.sizes.map(() => 1);
  const { strides = ones, dilation = ones, padding = "valid", groups = 1 } = c;
  const placed = c.sizes.map((size, a) =>
    placeWindow({ size, kernel: c.kernel[a], stride: strides[a], dilation: dilation[a], padding }),
  );
  return { strides, dilation, groups, before: placed.map((p) => p.before), output: placed.map((p) => p.output) };
}

/** Calls `visit` for every output cell, input cell and weight that meet. */
function meet(c: Convolution, visit: (y: readonly number[], x: readonly number[], w: readonly number[]) => void): void {
  const { strides, dilation, before, output, groups } = relationOf(c);
  const inner = c.channels / groups;
  for (const i of indices(output)) {
    for (let filter = 0; filter < c.filters; filter++) {
      const group = Math.floor(filter / (c.filters / groups));
      for (const k of indices(c.kernel)) {
        const j = i.map((n, a) => n * strides[a] + k[a] * dilation[a] - before[a]);
        if (j.some((n, a) => n < 0 || n >= c.sizes[a])) continue;
        for (let channel = 0; channel < inner; channel++) {
          visit([...i, filter], [...j, group * inner + channel], [...k, channel, filter]);
        }
      }
    }
  }
}

const convolutionCases: Case[] = convolutions.flatMap((c): Case[] => {
  const relation = relationOf(c);
  const { strides, dilation, groups, before, output } = relation;
  const xShape = [...c.sizes, c.channels];
  const wShape = [...c.kernel, c.channels / groups, c.filters];
  const yShape = [...output, c.filters];
  const name =
    `${show(c.sizes)} kernel ${show(c.kernel)} ${c.channels}→${c.filters}` +
    `${c.strides ? ` strides ${show(c.strides)}` : ""}${c.dilation ? ` dilation ${show(c.dilation)}` : ""}` +
    `${groups > 1 ? ` groups ${groups}` : ""} ${c.padding ?? "valid"}`;
  const common = { strides, dilation, groups, before };
  return [
    {
      name: `convolve ${name}`,
      op: convolution.convolveOp,
      operands: operandsOf([xShape, wShape], ["sample", "shared"]),
      build: ([x, w]) => convolution.convolve(x, w, { ...common, output }),
      reference: ([x, w]) => {
        const y = new Cells(yShape);
        meet(c, (yi, xi, wi) => y.add(yi, x.at(xi) * w.at(wi)));
        return y;
      },
    },
    {
      name: `convolveInput ${name}`,
      op: convolution.convolveInputOp,
      operands: operandsOf([yShape, wShape], ["sample", "shared"]),
      build: ([y, w]) => convolution.convolveInput(y, w, { ...common, input: c.sizes }),
      reference: ([y, w]) => {
        const x = new Cells(xShape);
        meet(c, (yi, xi, wi) => x.add(xi, y.at(yi) * w.at(wi)));
        return x;
      },
    },
    {
      name: `convolveKernel ${name}`,
      op: convolution.convolveKernelOp,
      operands: operandsOf([xShape, yShape], ["sample", "sample"]),
      build: ([x, y]) => convolution.convolveKernel(x, y, { ...common, kernel: c.kernel }),
      reference: ([x, y]) => {
        const w = new Cells(wShape);
        meet(c, (yi, xi, wi) => w.add(wi, x.at(xi) * y.at(yi)));
        return w;
      },
    },
  ];
});

/** The faces with other choices of what the samples share. */
const convolutionSharing: Case[] = (
  [
    ["convolve", ["shared", "shared"]],
    ["convolveInput", ["shared", "shared"]],
    ["convolveKernel", ["sample", "shared"]],
    ["convolveKernel", ["shared", "sample"]],
    ["convolveKernel", ["shared", "shared"]],
  ] as const
).map(([face, sharing]): Case => {
  const like = convolutionCases.find((c) => c.name.startsWith(`${face} [4,5] kernel [3,3]`)) as Case;
  const operands = operandsOf(
    like.operands.map((o) => o.shape),
    sharing,
  );
  return { ...like, name: `${face} of ${showOperands(operands)}`, operands };
});

const matmulCases: Case[] = ([[4], [2, 4], [2, 3, 4]] as const).map(
  (shape): Case => ({
    name: `matmulLast of ${show(shape)}`,
    op: convolution.convolveOp,
    operands: operandsOf([shape, [4, 3]], ["sample", "shared"]),
    build: ([x, w]) => convolution.matmulLast(x, w),
    reference: ([x, w]) =>
      Cells.from([...shape.slice(0, -1), 3], (index) => {
        const [at, unit] = [index.slice(0, -1), index[index.length - 1]];
        let total = 0;
        for (let k = 0; k < 4; k++) total += x.at([...at, k]) * w.at([k, unit]);
        return total;
      }),
  }),
);

// ---- tiles --------------------------------------------------------------------------------------------------------

interface Tiling extends tiles.Tiles {
  readonly cells: Shape;
  readonly tiles: Shape;
  readonly rest: Shape;
}

const twoOfFour = [
  [1, 0, -1, 0],
  [0, 0.5, 2, -3],
];
const threeOfTwo = [
  [1, 0],
  [-1, 1],
  [0, -2],
];
const tilings: readonly Tiling[] = [
  { cells: [7], tiles: [4], rest: [], matrix: twoOfFour, stride: 2, before: [1] },
  { cells: [6], tiles: [3], rest: [5], matrix: threeOfTwo, stride: 2, before: [0] },
  { cells: [5], tiles: [2], rest: [2], matrix: threeOfTwo, stride: 3, before: [0] },
  { cells: [4, 5], tiles: [2, 3], rest: [3], matrix: twoOfFour, stride: 2, before: [1, 0] },
  { cells: [3, 3], tiles: [2, 2], rest: [2, 3], matrix: threeOfTwo, stride: 2, before: [0, 0] },
  { cells: [2, 2], tiles: [1, 1], rest: [2, 2], matrix: threeOfTwo, stride: 2, before: [0, 0] },
];

/** Calls `visit` for every number and cell that meet, with their weight. */
function meetTiles(t: Tiling, visit: (v: readonly number[], x: readonly number[], weight: number) => void): void {
  const [rows, columns] = [t.matrix.length, t.matrix[0].length];
  for (const tile of indices(t.tiles)) {
    for (const numbers of indices(t.cells.map(() => rows))) {
      for (const taps of indices(t.cells.map(() => columns))) {
        const x = tile.map((n, a) => n * t.stride + taps[a] - t.before[a]);
        if (x.some((n, a) => n < 0 || n >= t.cells[a])) continue;
        const weight = numbers.reduce((w, u, a) => w * t.matrix[u][taps[a]], 1);
        const number = numbers.reduce((at, u) => at * rows + u, 0);
        for (const rest of indices(t.rest)) visit([number, ...tile, ...rest], [...x, ...rest], weight);
      }
    }
  }
}

const tileCases: Case[] = tilings.flatMap((t): Case[] => {
  const { matrix, stride, before } = t;
  const xShape = [...t.cells, ...t.rest];
  const vShape = [matrix.length ** t.cells.length, ...t.tiles, ...t.rest];
  const name = `${show(xShape)} in tiles ${show(t.tiles)} of ${matrix[0].length}, stride ${stride}, ${matrix.length} numbers`;
  return [
    {
      name: `expandTiles ${name}`,
      op: tiles.expandTilesOp,
      operands: operandsOf([xShape], ["sample"]),
      build: ([x]) => tiles.expandTiles(x, { matrix, stride, before, tiles: t.tiles }),
      reference: ([x]) => {
        const v = new Cells(vShape);
        meetTiles(t, (vi, xi, weight) => v.add(vi, weight * x.at(xi)));
        return v;
      },
    },
    {
      name: `foldTiles ${name}`,
      op: tiles.foldTilesOp,
      operands: operandsOf([vShape], ["sample"]),
      build: ([v]) => tiles.foldTiles(v, { matrix, stride, before, cells: t.cells }),
      reference: ([v]) => {
        const x = new Cells(xShape);
        meetTiles(t, (vi, xi, weight) => x.add(xi, weight * v.at(vi)));
        return x;
      },
    },
  ];
});

// ---- windows ------------------------------------------------------------------------------------------------------

interface Pooling {
  readonly sizes: Shape;
  /** Axes that are carried along. */
  readonly rest: Shape;
  readonly kernel: Shape;
  readonly strides: readonly number[];
  readonly padding?: Padding;
}

export const poolings: readonly Pooling[] = [
  { sizes: [6], rest: [], kernel: [2], strides: [2] },
  { sizes: [7], rest: [2], kernel: [2], strides: [2] },
  { sizes: [7], rest: [2], kernel: [2], strides: [2], padding: "same" },
  { sizes: [7], rest: [1], kernel: [3], strides: [1], padding: "same" },
  { sizes: [8], rest: [2], kernel: [3], strides: [2], padding: "same" },
  { sizes: [7], rest: [2], kernel: [2], strides: [3] },
  { sizes: [4], rest: [2], kernel: [2], strides: [3], padding: "same" },
  { sizes: [2], rest: [1], kernel: [5], strides: [1], padding: "same" },
  { sizes: [3], rest: [2], kernel: [1], strides: [1] },
  { sizes: [4, 6], rest: [3], kernel: [2, 3], strides: [2, 3] },
  { sizes: [5, 4], rest: [2], kernel: [3, 2], strides: [2, 1], padding: "same" },
  { sizes: [5, 5], rest: [1], kernel: [2, 2], strides: [3, 3], padding: "same" },
  { sizes: [4, 4], rest: [2], kernel: [3, 3], strides: [1, 1] },
  { sizes: [4, 4], rest: [2, 2], kernel: [2, 2], strides: [2, 2] },
  { sizes: [4, 3, 4], rest: [1], kernel: [2, 2, 2], strides: [2, 1, 2], padding: "same" },
];

function windowsOf(p: Pooling): window.Windows {
  const placed = p.sizes.map((size, a) =>
    placeWindow({ size, kernel: p.kernel[a], stride: p.strides[a], dilation: 1, padding: p.padding ?? "valid" }),
  );
  return {
    kernel: p.kernel,
    strides: p.strides,
    before: placed.map((w) => w.before),
    output: placed.map((w) => w.output),
  };
}

/** Calls `visit` for every window cell and every real cell under it, in row-major order of both. */
function cover(p: Pooling, visit: (window: readonly number[], cell: readonly number[]) => void): void {
  const { kernel, strides, before, output } = windowsOf(p);
  for (const i of indices([...output, ...p.rest])) {
    for (const k of indices(kernel)) {
      const j = i.map((n, a) => (a < k.length ? n * strides[a] + k[a] - before[a] : n));
      if (j.every((n, a) => a >= k.length || (n >= 0 && n < p.sizes[a]))) visit(i, j);
    }
  }
}

const windowMaximum = (p: Pooling, x: Cells): Cells => {
  const y = Cells.from([...windowsOf(p).output, ...p.rest], () => Number.NEGATIVE_INFINITY);
  cover(p, (i, j) => y.set(i, Math.max(y.at(i), x.at(j))));
  return y;
};

/** The gradient of every window, at its first maximum. */
function routed(p: Pooling, x: Cells, dy: Cells): Cells {
  const y = windowMaximum(p, x);
  const dx = new Cells(x.shape);
  const found = new Cells(y.shape);
  cover(p, (i, j) => {
    if (found.at(i) === 0 && x.at(j) === y.at(i)) {
      found.set(i, 1);
      dx.add(j, dy.at(i));
    }
  });
  return dx;
}

const windowCases: Case[] = poolings.flatMap((p): Case[] => {
  const windows = windowsOf(p);
  const xShape = [...p.sizes, ...p.rest];
  const yShape = [...windows.output, ...p.rest];
  const name = `${show(xShape)} kernel ${show(p.kernel)} strides ${show(p.strides)} ${p.padding ?? "valid"}`;
  return [
    {
      name: `windowMax ${name}`,
      op: window.windowMaxOp,
      operands: operandsOf([xShape], ["sample"], "apart"),
      build: ([x]) => window.maxPool(x, windows),
      reference: ([x]) => windowMaximum(p, x),
      order: 1,
    },
    {
      name: `windowMax with ties ${name}`,
      op: window.windowMaxOp,
      operands: operandsOf([xShape], ["sample"], "ties"),
      build: ([x]) => window.maxPool(x, windows),
      reference: ([x]) => windowMaximum(p, x),
      tied: ([x], dy) => [routed(p, x, dy)],
    },
    {
      name: `windowMaxGradient ${name}`,
      op: window.windowMaxGradientOp,
      operands: [...operandsOf([xShape], ["sample"], "ties"), ...operandsOf([yShape], ["sample"])],
      build: ([x, dy]) => apply(window.windowMaxGradientOp, [x, window.maxPool(x, windows), dy], { ...windows }),
      reference: ([x, dy]) => routed(p, x, dy),
      order: 0,
    },
    {
      name: `windowSum ${name}`,
      op: window.windowSumOp,
      operands: operandsOf([xShape], ["sample"]),
      build: ([x]) => window.windowSum(x, windows),
      reference: ([x]) => {
        const y = new Cells(yShape);
        cover(p, (i, j) => y.add(i, x.at(j)));
        return y;
      },
    },
    {
      name: `windowSpread ${name}`,
      op: window.windowSpreadOp,
      operands: operandsOf([yShape], ["sample"]),
      build: ([y]) => apply(window.windowSpreadOp, [y], { ...windows, input: p.sizes }),
      reference: ([y]) => {
        const x = new Cells(xShape);
        cover(p, (i, j) => x.add(j, y.at(i)));
        return x;
      },
    },
    {
      name: `averagePool ${name}`,
      op: window.windowSumOp,
      operands: operandsOf([xShape], ["sample"]),
      build: ([x]) => window.averagePool(x, windows),
      reference: ([x]) => {
        const [y, n] = [new Cells(yShape), new Cells(yShape)];
        cover(p, (i, j) => {
          y.add(i, x.at(j));
          n.add(i, 1);
        });
        return Cells.from(yShape, (i) => y.at(i) / n.at(i));
      },
    },
  ];
});

/** Windows over what the samples share. */
const windowSharing: Case[] = ["windowMax", "windowMaxGradient", "windowSum", "windowSpread"].flatMap((op) =>
  (op === "windowMaxGradient"
    ? [
        ["shared", "shared"],
        ["sample", "shared"],
      ]
    : [["shared"]]
  ).map((sharing): Case => {
    const like = windowCases.find((c) => c.name.startsWith(`${op} [5,4,2]`)) as Case;
    const operands = like.operands.map((o, i) => ({ ...o, shared: sharing[i] === "shared" }));
    return { ...like, name: `${op} of ${showOperands(operands)}`, operands };
  }),
);

const upSampleCases: Case[] = (
  [
    [[3], [2], [1]],
    [[2, 3], [2, 3], [2]],
    [[3, 2], [1, 2], [3]],
    [[1, 1], [3, 3], [2]],
    [[2, 1, 2], [2, 2, 1], []],
  ] as const
).map(([sizes, factors, rest]): Case => {
  const result = [...sizes.map((n, a) => n * factors[a]), ...rest];
  return {
    name: `upSampleNearest of ${show([...sizes, ...rest])} by ${show(factors)}`,
    op: window.windowSpreadOp,
    operands: operandsOf([[...sizes, ...rest]], ["sample"]),
    build: ([x]) => window.upSampleNearest(x, factors),
    reference: ([x]) =>
      Cells.from(result, (i) => x.at(i.map((n, a) => (a < factors.length ? Math.floor(n / factors[a]) : n)))),
  };
});

export const cases: readonly Case[] = [
  ...places,
  ...leaves,
  ...unaryCases,
  halves,
  ...binaryCases,
  ...whereCases,
  whereNotZero,
  ...sumCases,
  ...maxCases,
  ...reshapeCases,
  ...broadcastCases,
  ...transposeCases,
  ...padCases,
  ...sliceCases,
  ...concatenateCases,
  ...convolutionCases,
  ...convolutionSharing,
  ...tileCases,
  ...matmulCases,
  ...windowCases,
  ...windowSharing,
  ...upSampleCases,
];
