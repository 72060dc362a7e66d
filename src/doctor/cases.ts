/**
 * Small cases of every op, for checks on the machine of a user. An op is named by its record, so that a record without a
 * case can be found; sizes are odd, so that vectors have ends.
 */
import type { BinaryName, UnaryName } from "../expr/expr.ts";
import { apply, type Op } from "../graph/op.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import * as convolution from "../ops/convolution.ts";
import * as elementwise from "../ops/elementwise.ts";
import * as leaf from "../ops/leaf.ts";
import * as movement from "../ops/movement.ts";
import * as random from "../ops/random.ts";
import * as reduce from "../ops/reduce.ts";
import * as tiles from "../ops/tiles.ts";
import * as window from "../ops/window.ts";
import type { Operand } from "./operands.ts";
import type { Domain } from "./values.ts";

export interface OpCase {
  readonly name: string;
  /** The record that the case is for. */
  readonly op: { readonly name: string };
  readonly operands: readonly Operand[];
  /** `scalar` is a step scalar, for ops that want one. */
  build(inputs: readonly Tensor[], scalar: Tensor): Tensor;
  /** 0 where there is no gradient to check. */
  readonly order?: number;
}

// The type checker asks for a line when there is a new function of one or of two numbers.
const unaryDomains: Readonly<Record<UnaryName, Domain>> = {
  neg: "any",
  abs: "nonzero",
  sqrt: "positive",
  exp: "any",
  log: "positive",
  tanh: "any",
  sin: "any",
  cos: "any",
  sigmoid: "any",
  softplus: "any",
  erf: "any",
  sign: "nonzero",
  floor: "fractions",
  round: "fractions",
};
const binaryDomains: Readonly<Record<BinaryName, Domain>> = {
  add: "any",
  sub: "any",
  mul: "any",
  div: "nonzero",
  max: "any",
  min: "any",
  gt: "any",
  ge: "any",
  eq: "ties",
};

type Plain = Op<Readonly<Record<string, never>>>;
const matrix: Shape = [3, 7];

const one = (op: Plain, domain: Domain): OpCase => ({
  name: op.name,
  op,
  operands: [{ shape: matrix, domain }],
  build: ([x]) => apply(op, [x], {}),
});

/** Alike, and with a weight that is repeated along an axis. */
const two = (op: Plain, domain: Domain): OpCase[] =>
  [false, true].map((shared) => ({
    name: shared ? `${op.name} with a row` : op.name,
    op,
    operands: [
      { shape: matrix, domain },
      { shape: shared ? [7] : matrix, domain, shared },
    ],
    build: ([a, b]) => apply(op, [a, b], {}),
  }));

const { ops } = elementwise;
const entries = <K extends string, V>(table: Readonly<Record<K, V>>) => Object.entries(table) as [K, V][];

const elementwiseCases = (): OpCase[] => [
  ...entries(unaryDomains).map(([name, domain]) => one(ops[name], domain)),
  ...entries(binaryDomains).flatMap(([name, domain]) => two(ops[name], domain)),
  one(elementwise.reluOp, "nonzero"),
  one(elementwise.identityOp, "any"),
  { ...one(elementwise.stopGradientOp, "any"), order: 0 },
  {
    name: "where",
    op: elementwise.whereOp,
    operands: [{ shape: matrix, domain: "nonzero" }, { shape: matrix }, { shape: [7], shared: true }],
    build: ([c, t, o]) => elementwise.where(elementwise.greater(c, 0), t, o),
  },
];

const numbers = { data: Float32Array.of(1, -2, 3, -4, 5, -6, 7), shape: [7] };

const leafCases = (): OpCase[] => {
  const x = { shape: matrix };
  const times = (op: OpCase["op"], name: string, other: (scalar: Tensor) => Tensor): OpCase => ({
    name,
    op,
    operands: [x],
    build: ([a], scalar) => elementwise.multiply(a, other(scalar)),
  });
  return [
    { name: "placeholder", op: leaf.placeholderOp, operands: [x], build: ([a]) => a },
    { name: "variable", op: leaf.variableOp, operands: [{ shape: matrix, shared: true }], build: ([w]) => w },
    times(leaf.stepScalarOp, "step scalar", (scalar) => scalar),
    times(leaf.batchSizeOp, "batch size", () => leaf.batchSize()),
    times(leaf.sampleIndexOp, "place of the sample", () => leaf.sampleIndex()),
    times(leaf.fillOp, "fill", () => leaf.fill(0.5, matrix)),
    times(leaf.constantOp, "constant", () => leaf.constantTensor(numbers)),
    times(random.randomOp, "random numbers", (scalar) =>
      random.randomUniform(matrix, [3, 4], elementwise.floor(scalar)),
    ),
    {
      name: "take",
      op: random.takeOp,
      operands: [x],
      build: ([a]) => random.take(a, leaf.constantTensor({ data: Float32Array.of(20, 0, 0, 3, 7), shape: [5] })),
      order: 0,
    },
  ];
};

const cube: Shape = [2, 3, 5];

const movementCases = (): OpCase[] => {
  const row = (op: OpCase["op"], build: (x: Tensor) => Tensor, shape = cube): OpCase => ({
    name: op.name,
    op,
    operands: [{ shape }],
    build: ([x]) => build(x),
  });
  return [
    row(movement.reshapeOp, (x) => movement.reshape(x, [5, 6])),
    row(movement.broadcastOp, (x) => movement.broadcastTo(x, [4, 3, 7]), [3, 1]),
    row(movement.transposeOp, (x) => movement.transpose(x, [2, 0, 1])),
    row(movement.padOp, (x) => movement.pad(x, [0, 1, 2], [1, 0, 1])),
    row(movement.sliceOp, (x) => movement.slice(x, { start: [1, 2, 0], size: [1, 2, 3], step: [1, -1, 2] })),
    row(movement.embedOp, (x) => apply(movement.embedOp, [x], { start: [0, 1, 3], shape: [3, 6, 9], step: [1, 2, 1] })),
    {
      name: "concatenate",
      op: movement.concatenateOp,
      operands: [{ shape: cube }, { shape: [2, 4, 5], shared: true }],
      build: (xs) => movement.concatenate(xs, 1),
    },
    row(reduce.sumOp, (x) => reduce.sum(x, [0, 2])),
    { ...row(reduce.sumOp, (x) => reduce.sum(x, [1], { overSamples: true })), name: "sum over samples" },
    { ...row(reduce.maxOp, (x) => reduce.max(x, [1])), operands: [{ shape: cube, domain: "apart" }] },
  ];
};

/** The three faces of one relation, and dense layers. */
const convolutionCases = (): OpCase[] => {
  const relations = [
    { what: "same", sizes: [5, 6], kernel: [3, 3], strides: [1, 1], dilation: [1, 1], before: [1, 1], output: [5, 6] },
    {
      what: "strides 2",
      sizes: [7, 6],
      kernel: [3, 2],
      strides: [2, 2],
      dilation: [1, 1],
      before: [1, 0],
      output: [4, 3],
    },
    {
      what: "dilated, in groups",
      sizes: [9],
      kernel: [3],
      strides: [1],
      dilation: [2],
      before: [4],
      output: [9],
      groups: 2,
    },
    {
      what: "in 3 dimensions",
      sizes: [3, 4, 3],
      kernel: [2, 2, 2],
      strides: [1, 1, 1],
      dilation: [1, 1, 1],
      before: [0, 0, 0],
      output: [2, 3, 2],
    },
    { what: "dense", sizes: [], kernel: [], strides: [], dilation: [], before: [], output: [] },
  ];
  return relations.flatMap(({ what, sizes, kernel, output, groups = 1, ...rest }): OpCase[] => {
    const [channels, filters] = [4, 6];
    const relation = { ...rest, groups };
    const x = { shape: [...sizes, channels] };
    const y = { shape: [...output, filters] };
    const w = { shape: [...kernel, channels / groups, filters], shared: true };
    const named = (op: OpCase["op"]) => ({ name: `${op.name}, ${what}`, op });
    return [
      {
        ...named(convolution.convolveOp),
        operands: [x, w],
        build: ([a, b]) => convolution.convolve(a, b, { ...relation, output }),
      },
      {
        ...named(convolution.convolveInputOp),
        operands: [y, w],
        build: ([a, b]) => convolution.convolveInput(a, b, { ...relation, input: sizes }),
      },
      {
        ...named(convolution.convolveKernelOp),
        operands: [x, y],
        build: ([a, b]) => convolution.convolveKernel(a, b, { ...relation, kernel }),
      },
    ];
  });
};

const windowCases = (): OpCase[] => {
  const layouts = [
    { what: "halves", sizes: [7, 6], windows: { kernel: [2, 2], strides: [2, 2], before: [0, 0], output: [4, 3] } },
    { what: "that overlap", sizes: [7], windows: { kernel: [3], strides: [1], before: [1], output: [7] } },
  ];
  return layouts.flatMap(({ what, sizes, windows }): OpCase[] => {
    const x: Operand = { shape: [...sizes, 5], domain: "apart" };
    const y: Operand = { shape: [...windows.output, 5] };
    const named = (op: OpCase["op"]) => ({ name: `${op.name}, ${what}`, op });
    return [
      { ...named(window.windowMaxOp), operands: [x], build: ([a]) => window.maxPool(a, windows) },
      {
        ...named(window.windowMaxGradientOp),
        operands: [x, y],
        build: ([a, dy]) => apply(window.windowMaxGradientOp, [a, window.maxPool(a, windows), dy], { ...windows }),
        order: 0,
      },
      { ...named(window.windowSumOp), operands: [x], build: ([a]) => window.windowSum(a, windows) },
      {
        ...named(window.windowSpreadOp),
        operands: [y],
        build: ([a]) => apply(window.windowSpreadOp, [a], { ...windows, input: sizes }),
      },
    ];
  });
};

const tileCases = (): OpCase[] => {
  const layout = {
    matrix: [
      [1, 0, -1, 0],
      [0, 0.5, 2, -3],
    ],
    stride: 2,
    before: [1, 0],
  };
  return [
    {
      name: "expandTiles",
      op: tiles.expandTilesOp,
      operands: [{ shape: [5, 7, 5] }],
      build: ([x]) => tiles.expandTiles(x, { ...layout, tiles: [3, 4] }),
    },
    {
      name: "foldTiles",
      op: tiles.foldTilesOp,
      operands: [{ shape: [4, 3, 4, 5] }],
      build: ([v]) => tiles.foldTiles(v, { ...layout, cells: [5, 7] }),
    },
  ];
};

/** All cases, made anew: what is not asked for costs nothing. */
export const opCases = (): OpCase[] => [
  ...leafCases(),
  ...elementwiseCases(),
  ...movementCases(),
  ...convolutionCases(),
  ...tileCases(),
  ...windowCases(),
];
