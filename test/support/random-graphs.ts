/** Random functional graphs over all layers, for the tests against real Keras: each follows from its seed alone. */
import type { NdArray } from "../../src/core/array.ts";
import { sizeOf } from "../../src/core/array.ts";
import type { Shape, Tensor } from "../../src/graph/tensor.ts";
import { input } from "../../src/layers/input.ts";
import type { Layer } from "../../src/layers/layer.ts";
import type { Config } from "../../src/layers/options.ts";
import { layerRegistry } from "../../src/layers/registry.ts";
import * as ops from "../../src/ops/index.ts";
import { model, sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";

const samples = 2;
/** Cells of a tensor. */
const MOST = 3000;

/** A generator of numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return next;
}

const activationNames = [null, "relu", "sigmoid", "tanh", "elu", "gelu", "silu", "softmax", "softplus", "hard_silu"];
const merges = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"];

class Maker {
  readonly next: () => number;
  readonly kinds: string[] = [];
  readonly tensors: Tensor[] = [];
  readonly #used = new Set<Tensor>();

  constructor(seed: number) {
    this.next = generator(seed);
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  of<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)];
  }

  yes(chance = 0.5): boolean {
    return this.next() < chance;
  }

  get ends(): readonly Tensor[] {
    return this.tensors.filter((t) => !this.#used.has(t));
  }

  take(): Tensor {
    const { ends } = this;
    return ends.length > 0 && this.yes(0.8) ? this.of(ends) : this.of(this.tensors);
  }

  keep(kind: string, inputs: readonly Tensor[], y: Tensor): void {
    if (y.shape.length === 0 || sizeOf(y.shape) > MOST) throw new RangeError("no shape for a graph");
    if (inputs.includes(y)) throw new RangeError("the same again: a row of one axis turned around, say");
    this.tensors.push(y);
    for (const x of inputs) this.#used.add(x);
    this.kinds.push(kind);
  }

  /** Configs of layers that fit a tensor of this shape, in Keras' keys. */
  configs(s: Shape): Record<string, Config> {
    const n = s.length - 1;
    const found: Record<string, Config> = {
      Dense: { units: this.whole(1, 8), activation: this.of(activationNames), use_bias: this.yes(0.8) },
      Activation: { activation: this.of(activationNames.slice(1)) },
      ReLU: { max_value: 1.5, negative_slope: 0.2, threshold: 0.1 },
      LeakyReLU: { negative_slope: 0.15 },
      ELU: { alpha: 0.7 },
      Identity: {},
      PReLU: {},
      Softmax: { axis: -1 },
      BatchNormalization: { epsilon: 0.01, momentum: 0.9, scale: this.yes() },
      LayerNormalization: { epsilon: 0.05, center: this.yes() },
      RMSNormalization: { epsilon: 0.05 },
      UnitNormalization: {},
      Dropout: { rate: 0.3 },
      GaussianNoise: { stddev: 0.1 },
      GaussianDropout: { rate: 0.2 },
      AlphaDropout: { rate: 0.2 },
      ActivityRegularization: { l1: 0.01, l2: 0.02 },
      Rescaling: { scale: 0.5, offset: 0.1 },
      Flatten: {},
    };
    if (s[s.length - 1] % 2 === 0) found.GroupNormalization = { groups: 2, epsilon: 0.05 };
    if (s.length === 1) {
      found.RepeatVector = { n: this.whole(2, 4) };
      found.Normalization = { axis: [-1] };
    } else {
      found.Permute = { dims: [...s.map((_, i) => i + 1)].reverse() };
      found.Reshape = { target_shape: [...s.slice(1), s[0]] };
    }
    return n >= 1 && n <= 3 ? { ...found, ...this.spatial(s) } : found;
  }

  spatial(s: Shape): Record<string, Config> {
    const n = s.length - 1;
    const space = s.slice(0, -1);
    const d = `${n}D`;
    const kernel = space.map((size) => this.whole(1, Math.min(3, size)));
    const strides = space.map(() => this.whole(1, 2));
    const padding = this.of(["valid", "same"]);
    const conv = { kernel_size: kernel, padding, activation: this.of(activationNames), use_bias: this.yes(0.8) };
    const pool = { pool_size: kernel, strides, padding };
    const equal = space.map(() => strides[0]);
    const filters = this.whole(1, 4);
    const found: Record<string, Config> = {
      [`Conv${d}`]: { ...conv, filters, strides },
      [`Conv${d}Transpose`]: { ...conv, filters, strides },
      [`MaxPooling${d}`]: pool,
      [`AveragePooling${d}`]: pool,
      [`GlobalMaxPooling${d}`]: { keepdims: this.yes() },
      [`GlobalAveragePooling${d}`]: { keepdims: this.yes() },
      [`UpSampling${d}`]: { size: n === 1 ? 2 : space.map(() => 2) },
      [`ZeroPadding${d}`]: { padding: n === 1 ? [1, 2] : space.map(() => [1, 0]) },
      [`SpatialDropout${d}`]: { rate: 0.2 },
    };
    if (Math.min(...space) > 2) found[`Cropping${d}`] = { cropping: n === 1 ? [1, 0] : space.map(() => [0, 1]) };
    if (Math.min(...space) > 1) {
      // Keras on TensorFlow fails for an output of 1.
      const output = { output_size: space.map((size) => this.whole(2, size)) };
      found[`AdaptiveMaxPooling${d}`] = output;
      found[`AdaptiveAveragePooling${d}`] = output;
    }
    if (n < 3) {
      found[`DepthwiseConv${d}`] = { ...conv, strides: equal, depth_multiplier: this.whole(1, 2) };
      found[`SeparableConv${d}`] = { ...conv, filters, strides: equal };
    }
    if (n === 2) {
      found.Resizing = {
        height: this.whole(2, 7),
        width: this.whole(2, 7),
        interpolation: this.of(["bilinear", "nearest"]),
      };
      found.CenterCrop = { height: Math.max(1, s[0] - 1), width: Math.max(1, s[1] - 2) };
      found.RandomFlip = { mode: "horizontal" };
      for (const name of ["RandomRotation", "RandomContrast", "RandomBrightness"]) found[name] = { factor: 0.2 };
      found.RandomZoom = { height_factor: 0.2 };
      found.RandomTranslation = { height_factor: 0.2, width_factor: 0.1 };
    }
    return found;
  }

  single(wanted?: string): void {
    const x = this.take();
    const configs = this.configs(x.shape);
    const name = wanted ?? this.of(Object.keys(configs));
    if (configs[name] === undefined) throw new RangeError("does not fit");
    const layer = layerRegistry.get(name)!.fromConfig(configs[name]);
    this.keep(name, [x], layer.enter(x) as Tensor);
    if (name === "Dense" && sizeOf(x.shape) === sizeOf(this.tensors.at(-1)!.shape) && this.yes()) {
      this.keep("Dense again", [this.tensors.at(-1)!], layer.enter(this.tensors.at(-1)!) as Tensor);
    }
  }

  merge(wanted = this.of(merges)): void {
    const x = this.take();
    const same = this.tensors.filter((t) => t !== x && String(t.shape) === String(x.shape));
    const last = x.shape.length;
    if (same.length === 0) {
      const layer = layerRegistry.get("Dense")!.fromConfig({ units: x.shape[last - 1], activation: "tanh" });
      this.keep("Dense", [x], layer.enter(x) as Tensor);
      same.push(this.tensors.at(-1)!);
    }
    if (wanted === "Dot" && last > 2) throw new RangeError("too many axes");
    const config = wanted === "Dot" ? { axes: last } : wanted === "Concatenate" ? { axis: this.of([1, -1]) } : {};
    const xs = [x, this.of(same)];
    this.keep(wanted, xs, layerRegistry.get(wanted)!.fromConfig(config).enter(xs) as Tensor);
  }

  /** A model inside. */
  inner(): void {
    const x = this.take();
    const units = x.shape.at(-1) as number;
    const layerOf = (activation: string): Layer => layerRegistry.get("Dense")!.fromConfig({ units, activation });
    const z = input(x.shape);
    const made = this.yes()
      ? sequential([layerOf("tanh"), layerOf("relu")])
      : model(z, ops.add(z, layerOf("tanh").enter(z) as Tensor));
    this.keep(made.className, [x], made.enter(x) as Tensor);
  }

  op(): void {
    const x = this.take();
    const last = x.shape.length - 1;
    const y = this.of<() => Tensor>([
      () => ops.add(ops.multiply(x, 0.5), 1),
      () => ops.subtract(1, x),
      () => ops.divide(ops.multiply(x, x), ops.add(1, ops.absolute(x))),
      () =>
        ops.maximum(
          x,
          ops.constantTensor({
            data: Float32Array.from({ length: x.shape[last] }, (_, i) => i / 9),
            shape: [x.shape[last]],
          }),
        ),
      () => ops.mean(x, [last], true),
      () => ops.max(x, [0], true),
      () => ops.where(ops.greater(x, 0), x, ops.multiply(ops.sine(x), 0.3)),
      () => ops.reshape(x, [sizeOf(x.shape)]),
      () => ops.concatenate([x, ops.negative(x)], last),
      () =>
        ops.transpose(
          x,
          x.shape.map((_, i) => last - i),
        ),
      () => ops.slice(x, { start: x.shape.map(() => 0), size: x.shape.with(0, Math.max(1, x.shape[0] - 1)) }),
    ])();
    this.keep("op", [x], y);
  }
}

/** The layer that a graph has at least: each in turn. */
const every = [...layerRegistry.keys()].filter((name) => name !== "InputLayer");
const starts: readonly Shape[] = [[6], [5, 4], [8, 4], [6, 5, 2], [7, 6, 4], [4, 5, 4, 2]];

function startOf(name: string, maker: Maker): Shape {
  const rank = /(\d)D/.exec(name)?.[1];
  if (rank !== undefined)
    return [
      [8, 4],
      [7, 6, 4],
      [4, 5, 4, 2],
    ][Number(rank) - 1];
  if (/^(Random|Resizing|CenterCrop)/.test(name)) return [7, 6, 2];
  if (/^(RepeatVector|Normalization)$/.test(name)) return [6];
  return /^(Permute|Reshape|GroupNormalization)$/.test(name) ? [6, 4] : maker.of(starts);
}

/** A graph of 3 to 15 layers with random weights, and samples for it. */
export function ownGraph(seed: number): {
  readonly model: Model;
  readonly kinds: readonly string[];
  readonly x: readonly NdArray<Float32Array>[];
} {
  const maker = new Maker(seed);
  const must = every[seed % every.length];
  const inputs = [input(startOf(must, maker))];
  if (maker.yes(0.25)) inputs.push(input(maker.of(starts)));
  maker.tensors.push(...inputs);
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      // What does not fit is left out, whoever found it.
      if (!(error instanceof Error)) throw error;
    }
  };
  attempt(() => (merges.includes(must) ? maker.merge(must) : maker.single(must)));
  const size = maker.whole(3, 15);
  for (let k = 0; k < 100 && maker.kinds.length < size; k++) {
    const chance = maker.next();
    attempt(() => {
      if (chance < 0.15) maker.merge();
      else if (chance < 0.22) maker.inner();
      else if (chance < 0.35) maker.op();
      else maker.single();
    });
  }
  const made = model(inputs, maker.ends) as unknown as Model;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - maker.next())) * Math.cos(2 * Math.PI * maker.next());
  made.setWeights(
    made.weights.map(({ name, shape }) => {
      const isScale = /variance|gamma|scale/.test(name);
      const fan = shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4;
      const value = (): number => (isScale ? 0.5 + maker.next() : normal() / Math.sqrt(fan));
      return { data: Float32Array.from({ length: sizeOf(shape) }, value), shape };
    }),
  );
  const x = inputs.map(({ shape }) => ({
    data: Float32Array.from({ length: samples * sizeOf(shape) }, () => 2 * maker.next() - 1),
    shape: [samples, ...shape],
  }));
  return { model: made, kinds: maker.kinds, x };
}
