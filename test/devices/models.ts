/**
 * Random small models, as data that fast-check can shrink: a chain of steps, each over the newest tensor, some joined
 * with an older one. A step that does not fit is left out, so every list of steps is a model.
 */
import fc from "fast-check";
import { sizeOf } from "../../src/core/array.ts";
import { placeWindow } from "../../src/core/shape.ts";
import type { Shape, Tensor, Variable } from "../../src/graph/tensor.ts";
import * as op from "../../src/ops/index.ts";
import type { Windows } from "../../src/ops/window.ts";
import { randomArray } from "../support/arrays.ts";
import { type Feed, feed, variable } from "../support/run.ts";

const kinds = [
  "convolution",
  "convolution",
  "transposed",
  "depthwise",
  "dense",
  "maxPool",
  "averagePool",
  "upSample",
  "activation",
  "activation",
  "normalise",
  "reshape",
  "transpose",
  "crop",
  "pad",
  "reverse",
  "concatenate",
  "add",
  "multiply",
] as const;
const activations = ["relu", "leaky", "tanh", "sigmoid", "softplus", "gelu", "exp", "softmax"] as const;

export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly filters: number;
  readonly kernel: readonly [number, number, number];
  readonly strides: readonly [number, number, number];
  readonly dilation: number;
  readonly padding: "same" | "valid";
  readonly activation: (typeof activations)[number];
  readonly bias: boolean;
  /** Which older tensor a join takes. */
  readonly other: number;
}

export interface ModelSpec {
  readonly sizes: Shape;
  readonly channels: number;
  readonly steps: readonly Step[];
  readonly loss: "square" | "crossEntropy" | "softmax";
  readonly samples: number;
  readonly batchSize: number;
  readonly seed: number;
}

const channels = fc.constantFrom(1, 2, 3, 5, 7, 8, 16, 17);
const three = (x: fc.Arbitrary<number>) => fc.tuple(x, x, x);

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  filters: channels,
  kernel: three(fc.integer({ min: 1, max: 4 })),
  strides: three(fc.constantFrom(1, 1, 2, 3)),
  dilation: fc.constantFrom(1, 1, 1, 2),
  padding: fc.constantFrom("same", "same", "valid"),
  activation: fc.constantFrom(...activations),
  bias: fc.boolean(),
  other: fc.nat({ max: 7 }),
});

export const modelSpec: fc.Arbitrary<ModelSpec> = fc.record({
  sizes: fc.oneof(
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 2 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 2 }),
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 3 }),
    fc.constant([]),
  ),
  channels,
  steps: fc.array(step, { minLength: 1, maxLength: 7 }),
  loss: fc.constantFrom("square", "crossEntropy", "softmax"),
  samples: fc.integer({ min: 1, max: 5 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat({ max: 99999 }),
});

/** A place where a derivative jumps: the sign of `tensor`, or which cell of each window is the largest. */
export interface Kink {
  readonly tensor: Tensor;
  readonly windows?: Windows;
}

export interface Model {
  readonly input: Feed;
  readonly parameters: readonly { readonly variable: Variable; readonly tensor: Tensor }[];
  readonly output: Tensor;
  /** A shared scalar: the mean over the samples of the batch. */
  readonly loss: Tensor;
  readonly kinks: readonly Kink[];
}

/** Multiplications a sample, so that random models stay small. */
const budget = 40_000;
const maxCells = 3000;

/** Builds a model; `smooth` ones have no kinks. */
export function buildModel(spec: ModelSpec, smooth = false): Model {
  const parameters: { variable: Variable; tensor: Tensor }[] = [];
  const kinks: Kink[] = [];
  let seed = spec.seed;
  let cost = 0;
  const parameter = (shape: Shape, spread: number): Tensor => {
    const values = randomArray(sizeOf(shape), seed++).map((x) => x * spread);
    const v = variable(`w${parameters.length}`, shape, values);
    parameters.push({ variable: v, tensor: op.variableTensor(v) });
    return parameters[parameters.length - 1].tensor;
  };
  const inputShape = [...spec.sizes, spec.channels];
  const values = randomArray(spec.samples * sizeOf(inputShape), seed++);
  const input = feed("x", inputShape, spec.samples, values);
  const made: Tensor[] = [input.tensor];

  const spatial = (x: Tensor): Shape => x.shape.slice(0, -1);
  const last = (x: Tensor): number => x.shape[x.shape.length - 1];
  const place = (x: Tensor, s: Step, dilation: number) => {
    const placed = spatial(x).map((size, a) =>
      placeWindow({ size, kernel: s.kernel[a], stride: s.strides[a], dilation, padding: s.padding }),
    );
    if (placed.some((p) => p.output < 1)) return undefined;
    return { before: placed.map((p) => p.before), output: placed.map((p) => p.output) };
  };
  const affordable = (multiplications: number): boolean => {
    if (cost + multiplications > budget) return false;
    cost += multiplications;
    return true;
  };
  const withBias = (y: Tensor, s: Step): Tensor => (s.bias ? op.add(y, parameter([last(y)], 0.3)) : y);
  const kink = (tensor: Tensor, windows?: Windows): void => void kinks.push({ tensor, windows });

  const activate = (x: Tensor, name: Step["activation"]): Tensor => {
    switch (smooth && (name === "relu" || name === "leaky") ? "tanh" : name) {
      case "relu":
        kink(x);
        return op.relu(x);
      case "leaky":
        kink(x);
        return op.maximum(x, op.multiply(x, 0.1));
      case "tanh":
        return op.tanh(x);
      case "sigmoid":
        return op.sigmoid(x);
      case "softplus":
        return op.softplus(x);
      case "gelu":
        return op.multiply(op.multiply(x, 0.5), op.add(op.erf(op.multiply(x, Math.SQRT1_2)), 1));
      case "exp":
        return op.exponential(op.tanh(x));
      case "softmax": {
        const e = op.exponential(op.subtract(x, op.max(x, [-1], true)));
        return op.divide(e, op.sum(e, [-1], { keepDims: true }));
      }
    }
  };

  /** The next tensor, or nothing where the step does not fit. */
  const take = (x: Tensor, s: Step): Tensor | undefined => {
    const rank = x.shape.length - 1;
    const c = last(x);
    const older = made[s.other % made.length];
    const taps = s.kernel.slice(0, rank);
    const strides = s.strides.slice(0, rank);
    switch (s.kind) {
      case "convolution": {
        const dilation = strides.every((n) => n === 1) ? s.dilation : 1;
        const placed = place(x, s, dilation);
        if (!placed || !affordable(sizeOf([...placed.output, ...taps, c, s.filters]))) return undefined;
        const w = parameter([...taps, c, s.filters], 1 / Math.sqrt(c * sizeOf(taps)));
        const relation = { ...placed, strides, dilation: taps.map(() => dilation), groups: 1 };
        return withBias(op.convolve(x, w, relation), s);
      }
      case "depthwise": {
        const placed = place(x, s, 1);
        if (!placed || !affordable(sizeOf([...placed.output, ...taps, c]))) return undefined;
        const w = parameter([...taps, 1, c], 1 / Math.sqrt(sizeOf(taps)));
        const relation = { ...placed, strides, dilation: taps.map(() => 1), groups: c };
        return withBias(op.convolve(x, w, relation), s);
      }
      case "transposed": {
        const input_ = spatial(x).map((n, a) => n * strides[a]);
        const placed = input_.map((size, a) =>
          placeWindow({ size, kernel: taps[a], stride: strides[a], dilation: 1, padding: "same" }),
        );
        if (sizeOf(input_) * s.filters > maxCells) return undefined;
        if (!affordable(sizeOf([...spatial(x), ...taps, c, s.filters]))) return undefined;
        const w = parameter([...taps, s.filters, c], 1 / Math.sqrt(c * sizeOf(taps)));
        const before = placed.map((p) => p.before);
        const relation = { before, strides, dilation: taps.map(() => 1), groups: 1, input: input_ };
        return withBias(op.convolveInput(x, w, relation), s);
      }
      case "dense": {
        if (!affordable(sizeOf(x.shape) * s.filters)) return undefined;
        return withBias(op.matmulLast(x, parameter([c, s.filters], 1 / Math.sqrt(c))), s);
      }
      case "maxPool":
      case "averagePool": {
        const placed = place(x, s, 1);
        if (!placed || rank === 0) return undefined;
        const windows = { kernel: taps, strides, ...placed };
        if (s.kind === "averagePool" || smooth) return op.averagePool(x, windows);
        kink(x, windows);
        return op.maxPool(x, windows);
      }
      case "upSample":
        if (sizeOf(x.shape) * sizeOf(strides) > maxCells) return undefined;
        return op.upSampleNearest(x, strides);
      case "activation":
        return activate(x, s.activation);
      case "normalise": {
        // Over the batch and all positions, as batch normalisation does.
        const axes = x.shape.map((_, a) => a).slice(0, -1);
        const n = op.multiply(op.batchSize(), sizeOf(spatial(x)));
        const mean = op.divide(op.sum(x, axes, { overSamples: true }), n);
        const centred = op.subtract(x, mean);
        const variance = op.divide(op.sum(op.multiply(centred, centred), axes, { overSamples: true }), n);
        return op.divide(centred, op.squareRoot(op.add(variance, 0.1)));
      }
      case "reshape": {
        if (rank === 0) return op.reshape(x, [1, c]);
        return s.bias ? op.reshape(x, [sizeOf(x.shape)]) : op.reshape(x, [c, ...spatial(x)]);
      }
      case "transpose":
        return op.transpose(
          x,
          x.shape.map((_, a) => (a + 1) % x.shape.length),
        );
      case "crop": {
        if (x.shape.every((n) => n === 1)) return undefined;
        const start = x.shape.map((n, a) => (n > 1 ? s.kernel[a % 3] % 2 : 0));
        return op.slice(x, { start, size: x.shape.map((n, a) => n - start[a]) });
      }
      case "pad":
        if (sizeOf(x.shape) > maxCells / 4) return undefined;
        return op.pad(
          x,
          x.shape.map((_, a) => (a < rank ? s.kernel[a] - 1 : 0)),
          x.shape.map((_, a) => (a < rank ? s.strides[a] - 1 : 0)),
        );
      case "reverse":
        return op.slice(x, {
          start: x.shape.map((n) => n - 1),
          size: x.shape.map((n, a) => (a === s.other % x.shape.length ? Math.ceil(n / 2) : n)),
          step: x.shape.map((_, a) => (a === s.other % x.shape.length ? -2 : -1)),
        });
      case "concatenate": {
        const axis = x.shape.length - 1;
        if (older.shape.length !== x.shape.length || older.shape.some((n, a) => a < axis && n !== x.shape[a])) {
          return undefined;
        }
        return sizeOf(x.shape) + sizeOf(older.shape) > maxCells ? undefined : op.concatenate([x, older], axis);
      }
      case "add":
      case "multiply": {
        const fits =
          older.shape.length <= x.shape.length &&
          [...older.shape].reverse().every((n, i) => n === 1 || n === x.shape[x.shape.length - 1 - i]);
        if (!fits) return undefined;
        return s.kind === "add" ? op.add(x, older) : op.multiply(x, op.tanh(older));
      }
    }
  };

  for (const s of spec.steps) {
    const next = take(made[made.length - 1], s);
    if (next) made.push(next);
  }
  // At least one weight, and nothing so large that float32 has no digits left.
  let y = made[made.length - 1];
  y = op.multiply(y, parameter([last(y)], 1));
  const axes = y.shape.map((_, a) => a);
  const cell = (): Tensor => {
    switch (spec.loss) {
      case "square":
        return op.mean(op.multiply(y, y), axes);
      case "crossEntropy":
        return op.mean(op.subtract(op.softplus(y), op.multiply(y, 0.3)), axes);
      case "softmax": {
        const top = op.max(y, [-1], true);
        const logSum = op.add(op.logarithm(op.sum(op.exponential(op.subtract(y, top)), [-1], { keepDims: true })), top);
        return op.mean(op.subtract(logSum, y), axes);
      }
    }
  };
  const loss = op.divide(op.sumSamples(cell()), op.batchSize());
  return { input, parameters, output: y, loss, kinks };
}
