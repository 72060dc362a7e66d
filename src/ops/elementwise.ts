/**
 * Ops that work cell by cell, with NumPy's broadcasting over the axes that are not the batch. A gradient that was
 * broadcast is summed back in one place, `sumTo`.
 */
import { showShape } from "../core/array.ts";
import { shapeError } from "../core/errors.ts";
import {
  type Affine,
  type BinaryName,
  binary,
  constant,
  constantIndex,
  select,
  type UnaryName,
  unary,
} from "../expr/expr.ts";
import { apply, checkTensor, type Op } from "../graph/op.ts";
import type { OpenTensor, Shape, Tensor } from "../graph/tensor.ts";
import { batchSize, fill } from "./leaf.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { sum } from "./reduce.ts";

export type TensorLike = Tensor | number;

export function asTensor(x: TensorLike, where: string): Tensor {
  if (typeof x === "number") return fill(x, []);
  checkTensor(where, x, "a tensor or a number");
  return x;
}

/** The shape that both broadcast to. */
function broadcastShapes(where: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    let size = 1;
    for (const shape of shapes) {
      const own = shape[i - rank + shape.length] ?? 1;
      if (own === 1 || own === size) continue;
      if (size !== 1) {
        throw shapeError({
          where,
          got: `the shapes ${shapes.map((s) => showShape(s)).join(" and ")}`,
          expected: "sizes that are equal or 1, counted from the last axis",
          fix: "Reshape one of them.",
        });
      }
      size = own;
    }
    return size;
  });
}

/** Where a broadcast input of `shape` is read for an index of the result. */
export const broadcastIndex = (index: readonly Affine[], shape: Shape): Affine[] =>
  shape.map((size, i) => (size === 1 ? constantIndex(0) : index[i + index.length - shape.length]));

/**
 * Sums `gradient`, which belongs to a cell-by-cell result `y`, over everything that input `x` was repeated along: the
 * broadcast axes, and the samples where `x` is shared by them.
 */
export function sumTo(gradient: Tensor, x: Tensor, y: Pick<Tensor, "shape" | "perSample">): Tensor {
  const offset = y.shape.length - x.shape.length;
  const axes = y.shape.flatMap((size, i) => (i < offset || (x.shape[i - offset] === 1 && size !== 1) ? [i] : []));
  const shared = y.perSample && !x.perSample;
  // A gradient that is the same for all samples counts once for each of them.
  const full = shared && !gradient.perSample ? multiply(gradient, batchSize()) : gradient;
  const spread = full.shape.length === y.shape.length && full.shape.every((n, i) => n === y.shape[i]);
  const whole = spread ? full : broadcastTo(full, y.shape);
  const overSamples = shared && whole.perSample;
  const summed = axes.length > 0 || overSamples ? sum(whole, axes, { overSamples }) : whole;
  return reshape(summed, x.shape);
}

type NoAttributes = Readonly<Record<string, never>>;

function unaryOp(name: UnaryName, derivative?: (dy: Tensor, x: Tensor, y: Tensor) => Tensor): Op<NoAttributes> {
  return {
    name,
    anySize: true,
    infer: ([x]) => ({ shape: x.shape }),
    grad: (y, dy) => [derivative?.(dy, y.inputs[0], y)],
    lower: () => ({ kind: "map", value: (index, read) => unary(name, read(0, index)) }),
  };
}

type BinaryGradient = (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [() => Tensor, () => Tensor];

function binaryOp(name: BinaryName, gradient?: BinaryGradient): Op<NoAttributes> {
  return {
    name,
    anySize: true,
    infer: ([a, b]) => ({ shape: broadcastShapes(name, [a.shape, b.shape]) }),
    grad: (y, dy, wanted) => {
      const [a, b] = y.inputs;
      const parts = gradient?.(dy, a, b, y);
      return [a, b].map((x, i) => (parts && wanted[i] ? sumTo(parts[i](), x, y) : undefined));
    },
    lower: (y) => ({
      kind: "map",
      value: (index, read) =>
        binary(
          name,
          read(0, broadcastIndex(index, y.inputs[0].shape)),
          read(1, broadcastIndex(index, y.inputs[1].shape)),
        ),
    }),
  };
}

export const ops = {
  // d(−x) = −dx
  neg: unaryOp("neg", (dy) => negative(dy)),
  // d|x| = sign(x)·dx, 0 at 0
  abs: unaryOp("abs", (dy, x) => multiply(dy, sign(x))),
  // d√x = dx / 2√x
  sqrt: unaryOp("sqrt", (dy, _, y) => divide(multiply(dy, 0.5), y)),
  exp: unaryOp("exp", (dy, _, y) => multiply(dy, y)),
  log: unaryOp("log", (dy, x) => divide(dy, x)),
  // d tanh x = (1 − tanh² x)·dx
  tanh: unaryOp("tanh", (dy, _, y) => multiply(dy, subtract(1, multiply(y, y)))),
  sin: unaryOp("sin", (dy, x) => multiply(dy, cosine(x))),
  cos: unaryOp("cos", (dy, x) => negative(multiply(dy, sine(x)))),
  // dσ(x) = σ(1 − σ)·dx
  sigmoid: unaryOp("sigmoid", (dy, _, y) => multiply(dy, multiply(y, subtract(1, y)))),
  // d ln(1 + eˣ) = σ(x)·dx
  softplus: unaryOp("softplus", (dy, x) => multiply(dy, sigmoid(x))),
  // d erf x = 2/√π·e^(−x²)·dx
  erf: unaryOp("erf", (dy, x) => multiply(dy, multiply(2 / Math.sqrt(Math.PI), exponential(negative(multiply(x, x)))))),
  sign: unaryOp("sign"),
  floor: unaryOp("floor"),
  round: unaryOp("round"),
  add: binaryOp("add", (dy) => [() => dy, () => dy]),
  sub: binaryOp("sub", (dy) => [() => dy, () => negative(dy)]),
  mul: binaryOp("mul", (dy, a, b) => [() => multiply(dy, b), () => multiply(dy, a)]),
  // d(a/b) = da/b − (a/b)·db/b
  div: binaryOp("div", (dy, _, b, y) => [() => divide(dy, b), () => negative(divide(multiply(dy, y), b))]),
  // On a tie the first operand gets the whole gradient, as in TensorFlow.
  max: binaryOp("max", (dy, a, b) => [() => multiply(dy, greaterEqual(a, b)), () => multiply(dy, greater(b, a))]),
  min: binaryOp("min", (dy, a, b) => [() => multiply(dy, greaterEqual(b, a)), () => multiply(dy, greater(a, b))]),
  gt: binaryOp("gt"),
  ge: binaryOp("ge"),
  eq: binaryOp("eq"),
} as const;

/** `max(x, 0)`; its gradient is 0 at 0. Own record because the gradient needs the result only. */
export const reluOp: Op<NoAttributes> = {
  name: "relu",
  anySize: true,
  infer: ([x]) => ({ shape: x.shape }),
  grad: (y, dy) => [where(greater(y, 0), dy, 0)],
  lower: () => ({ kind: "map", value: (index, read) => binary("max", read(0, index), constant(0)) }),
};

/** `then` where the condition is not 0, else `otherwise`. No gradient flows to the condition. */
export const whereOp: Op<NoAttributes> = {
  name: "where",
  anySize: true,
  infer: (inputs) => ({
    shape: broadcastShapes(
      "where",
      inputs.map((x) => x.shape),
    ),
  }),
  grad: (y, dy, wanted) => {
    const [condition, then, otherwise] = y.inputs;
    return [
      undefined,
      wanted[1] ? sumTo(where(condition, dy, 0), then, y) : undefined,
      wanted[2] ? sumTo(where(condition, 0, dy), otherwise, y) : undefined,
    ];
  },
  lower: (y) => ({
    kind: "map",
    value: (index, read) => {
      const [c, t, o] = y.inputs.map((x, k) => read(k, broadcastIndex(index, x.shape)));
      return select(c, t, o);
    },
  }),
};

/** The same value as another tensor, for when two results must be told apart. */
export const identityOp: Op<NoAttributes> = {
  name: "identity",
  anySize: true,
  infer: ([x]) => ({ shape: x.shape }),
  grad: (_, dy) => [dy],
  lower: () => ({ kind: "map", zeroBeyond: true, value: (index, read) => read(0, index) }),
};

/** The value, without a gradient. */
export const stopGradientOp: Op<NoAttributes> = {
  name: "stopGradient",
  anySize: true,
  infer: ([x]) => ({ shape: x.shape }),
  grad: () => [undefined],
  lower: () => ({ kind: "map", zeroBeyond: true, value: (index, read) => read(0, index) }),
};

/** Works on tensors of open sizes, too. */
export interface One {
  (x: TensorLike): Tensor;
  (x: OpenTensor): OpenTensor;
}
/** Works on tensors of open sizes, too. */
export interface Two {
  (a: TensorLike, b: TensorLike): Tensor;
  (a: OpenTensor | number, b: OpenTensor | number): OpenTensor;
}

const one = (op: Op<NoAttributes>, name = op.name): One => {
  return (x: OpenTensor | number): Tensor => apply(op, [asTensor(x as TensorLike, name)], {});
};
const two = (op: Op<NoAttributes>, name: string): Two => {
  return (a: OpenTensor | number, b: OpenTensor | number): Tensor =>
    apply(op, [asTensor(a as TensorLike, name), asTensor(b as TensorLike, name)], {});
};

export const negative = one(ops.neg, "negative");
export const absolute = one(ops.abs, "absolute");
export const squareRoot = one(ops.sqrt, "squareRoot");
export const exponential = one(ops.exp, "exponential");
export const logarithm = one(ops.log, "logarithm");
export const tanh = one(ops.tanh, "tanh");
export const sine = one(ops.sin, "sine");
export const cosine = one(ops.cos, "cosine");
export const sigmoid = one(ops.sigmoid, "sigmoid");
export const softplus = one(ops.softplus, "softplus");
export const erf = one(ops.erf, "erf");
export const sign = one(ops.sign, "sign");
export const floor = one(ops.floor, "floor");
export const round = one(ops.round, "round");
export const relu = one(reluOp, "relu");
export const identity = one(identityOp, "identity");
export const stopGradient = one(stopGradientOp, "stopGradient");
export const add = two(ops.add, "add");
export const subtract = two(ops.sub, "subtract");
export const multiply = two(ops.mul, "multiply");
export const divide = two(ops.div, "divide");
export const maximum = two(ops.max, "maximum");
export const minimum = two(ops.min, "minimum");
/** 1 where `a > b`, else 0. */
export const greater = two(ops.gt, "greater");
/** 1 where `a ≥ b`, else 0. */
export const greaterEqual = two(ops.ge, "greaterEqual");
/** 1 where `a = b`, else 0. */
export const equal = two(ops.eq, "equal");
export const where = (condition: TensorLike, then: TensorLike, otherwise: TensorLike): Tensor =>
  apply(whereOp, [asTensor(condition, "where"), asTensor(then, "where"), asTensor(otherwise, "where")], {});
