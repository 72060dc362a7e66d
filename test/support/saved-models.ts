/**
 * One model of every kind that files hold, for the tests of saving: by itself (test/saving) and against real Keras
 * (test/keras). Every layer is there with arguments that are not the defaults.
 */
import type { NdArray } from "../../src/core/array.ts";
import type { Shape, Tensor } from "../../src/graph/tensor.ts";
import { activation } from "../../src/layers/activation.ts";
import { activations } from "../../src/layers/activations.ts";
import { conv1d, conv2d } from "../../src/layers/convolution.ts";
import { dense } from "../../src/layers/dense.ts";
import { globalAveragePooling2d } from "../../src/layers/global-pooling.ts";
import * as initializers from "../../src/layers/initializers.ts";
import { input } from "../../src/layers/input.ts";
import type { Layer } from "../../src/layers/layer.ts";
import { batchNormalization } from "../../src/layers/normalization-batch.ts";
import { pipe } from "../../src/layers/pipe.ts";
import { averagePooling2d, maxPooling2d } from "../../src/layers/pooling.ts";
import { flatten, reshape } from "../../src/layers/reshaping.ts";
import { SizedNetwork } from "../../src/layers/sized-network.ts";
import { upSampling2d } from "../../src/layers/upsampling.ts";
import * as ops from "../../src/ops/index.ts";
import type { CompileOptions } from "../../src/training/compile.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from "../../src/training/losses.ts";
import { model, sequential } from "../../src/training/make-model.ts";
import { ofLoss } from "../../src/training/metric.ts";
import { binaryAccuracy, categoricalAccuracy } from "../../src/training/metrics.ts";
import type { Model } from "../../src/training/model.ts";
import { adam, sgd } from "../../src/training/optimizers.ts";

/** A model that can be trained on the samples beside it. */
export interface Kind {
  readonly name: string;
  /** Steps that were trained before it is saved. */
  readonly steps: number;
  /** Whether ops come back under other names. */
  readonly renamed?: boolean;
  /** Why Keras has no such files, if so. */
  readonly notInKeras?: string;
  make(): {
    readonly model: Model;
    readonly x: readonly NdArray<Float32Array>[];
    readonly y: readonly NdArray<Float32Array>[];
    /** Undefined for a model that is not compiled. */
    readonly compile: CompileOptions | undefined;
  };
}

/** Numbers in [0, 1) that look random and are always the same. */
export function noise(shape: Shape, seed = 1): NdArray<Float32Array> {
  let state = seed * 2654435761;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const size = shape.reduce((n, s) => n * s, 1);
  for (let i = 0; i < 8; i++) next();
  return { data: Float32Array.from({ length: size }, next), shape };
}

/** Rows with a single 1. */
const oneHot = (rows: number, classes: number): NdArray<Float32Array> => ({
  data: Float32Array.from({ length: rows * classes }, (_, i) =>
    Number(i % classes === Math.floor(i / classes) % classes),
  ),
  shape: [rows, classes],
});

const samples = 4;
const batch = (shape: Shape, seed?: number): NdArray<Float32Array> => noise([samples, ...shape], seed);

function kind(
  name: string,
  build: () => Model,
  options: {
    readonly compile?: () => CompileOptions;
    readonly y?: readonly NdArray<Float32Array>[];
    readonly steps?: number;
    readonly notInKeras?: string;
    readonly renamed?: boolean;
  } = {},
): Kind {
  return {
    name,
    steps: options.compile === undefined ? 0 : (options.steps ?? 2),
    notInKeras: options.notInKeras,
    renamed: options.renamed,
    make() {
      const made = build();
      const sizes = made.network.inputs.map(({ shape }) => shape.map((size) => size ?? 6));
      const { inputs, outputs } = new SizedNetwork(made.network, sizes);
      return {
        model: made,
        x: inputs.map(({ shape }, i) => batch(shape, i + 1)),
        y: options.y ?? outputs.map(({ shape }, i) => batch(shape, 11 + i)),
        compile: options.compile?.(),
      };
    },
  };
}

const mse = (): CompileOptions => ({ optimizer: "adam", loss: "mse" });

const twoTowers = () => {
  const left = input([3], { name: "left" });
  const right = input([2], { name: "right" });
  const both = dense(4, { activation: "relu", name: "both" });
  const a = both(dense(3, { activation: "tanh" })(left)) as Tensor<[4]>;
  const b = both(dense(3)(right)) as Tensor<[4]>;
  return model(
    [left, right],
    [dense(2, { name: "score" })(a), dense(1, { activation: "sigmoid", name: "chance" })(b)],
  ) as unknown as Model;
};

const encoder = () => {
  const picture = input([6, 6, 1], { name: "picture" });
  const code = pipe(picture, conv2d(3, 3, { strides: 2, padding: "same", activation: "relu" }), flatten(), dense(4));
  return model(picture, code, { name: "encoder" });
};
const decoder = () => {
  const code = input([4]);
  const rise = { padding: "same", activation: "sigmoid" } as const;
  const picture = pipe(
    code,
    dense(18, { activation: "relu" }),
    reshape([3, 3, 2]),
    upSampling2d(2),
    conv2d(1, 3, rise),
  );
  return model(code, picture, { name: "decoder" });
};

const everyActivation = () => {
  const x = input([4]);
  const h = dense(4, { kernelInitializer: "he_normal" })(x);
  const names = [...activations.keys()];
  return model(
    x,
    names.map((name) => activation(name as "relu", { name: `a_${name}` })(h) as Tensor),
  ) as unknown as Model;
};

const everyInitializer = () => {
  const all = [
    initializers.zeros(),
    initializers.ones(),
    initializers.constant(0.25),
    initializers.randomUniform({ minval: -1, maxval: 0.5, seed: 3 }),
    initializers.randomNormal({ mean: 1, stddev: 0.5 }),
    initializers.truncatedNormal({ mean: -1, stddev: 2, seed: 0 }),
    initializers.varianceScaling({ scale: 2, mode: "fan_out", distribution: "uniform", seed: 1 }),
    initializers.varianceScaling({ mode: "fan_avg", distribution: "untruncated_normal" }),
    initializers.glorotNormal({ seed: 5 }),
    initializers.heUniform(),
    initializers.heNormal(),
    initializers.lecunUniform(),
    initializers.lecunNormal(),
    initializers.orthogonal({ gain: 0.5, seed: 7 }),
  ];
  const layers = all.map((start) => dense(3, { kernelInitializer: start, biasInitializer: "ones" }));
  return sequential([input([3]), ...layers] as unknown as readonly Layer[]) as unknown as Model;
};

/** Every op that stands between layers in files of Keras, too. */
const opsBetween = () => {
  const x = input([4, 6]);
  const h = dense(6, { activation: "tanh" })(x);
  const size = ops.add(ops.absolute(h), 1);
  const smooth = [ops.sigmoid(h), ops.softplus(h), ops.tanh(h), ops.sine(h), ops.cosine(h), ops.erf(h)];
  const others = [ops.exponential(h), ops.logarithm(size), ops.squareRoot(size), ops.negative(h), ops.relu(h)];
  const sum = [...smooth, ...others].reduce((a, b) => ops.add(a, b));
  const chosen = ops.where(ops.greater(h, 0), ops.divide(sum, size), ops.multiply(ops.stopGradient(h), 2));
  const limited = ops.minimum(ops.maximum(chosen, ops.constantTensor({ data: new Float32Array(6), shape: [6] })), 3);
  const even = ops.slice(limited, { start: [0, 5], size: [4, 3], step: [1, -2] });
  const turned = ops.transpose(ops.concatenate([even, ops.pad(even, [0, 0], [0, 0])], 1), [1, 0]);
  const wide = ops.pad(ops.reshape(turned, [3, 8]), [1, 0], [0, 2]);
  const flags = ops.multiply(ops.greaterEqual(wide, 0), ops.equal(ops.round(wide), ops.floor(wide)));
  return model(x, [
    dense(2, { name: "long" })(ops.subtract(wide, ops.multiply(flags, ops.sign(wide)))),
    ops.sum(ops.multiply(ops.mean(wide, [0], true), ops.max(wide, [0, 1], true)), [0]),
  ]) as unknown as Model;
};

/** Ops that become others in files: a sum with zeros, a product with 1. */
const opsReplaced = () => {
  const x = input([1, 3]);
  const spread = ops.broadcastTo(dense(3)(x), [2, 3]);
  return model(x, [ops.identity(x), dense(2)(spread)]) as unknown as Model;
};

/** The kinds, in the order in which tests run them. */
export const kinds: readonly Kind[] = [
  kind(
    "dense layers in a row",
    () =>
      sequential(
        [
          input([6]),
          dense(5, { activation: "relu" }),
          dense(4, { name: "middle" }),
          dense(3, { activation: "sigmoid" }),
        ],
        { seed: 5, name: "stack" },
      ) as unknown as Model,
    { compile: () => ({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["mae", "accuracy"] }) },
  ),
  kind(
    "a row that learnt its input later",
    () => {
      const row = sequential([dense(5, { activation: "elu" }), dense(2)]);
      row.build([3]);
      return row as unknown as Model;
    },
    { compile: () => ({ optimizer: sgd({ learningRate: 1, momentum: 0 }), loss: "mae" }) },
  ),
  kind(
    "pictures, every argument",
    () => {
      const x = input([9, 8, 4], { name: "bild ü" });
      const y = pipe(
        x,
        conv2d(6, [3, 2], { strides: [2, 1], padding: "same", groups: 2, activation: "softplus", name: "first" }),
        averagePooling2d([2, 3], { strides: [1, 2], padding: "same" }),
        conv2d(4, 2, { dilationRate: [1, 2], useBias: false, kernelInitializer: "he_uniform" }),
        upSampling2d([3, 2]),
        maxPooling2d(3, { strides: 2 }),
        activation("tanh"),
        flatten({ dataFormat: "channels_first" }),
        reshape([4, -1]),
        dense(3, { useBias: false, kernelInitializer: initializers.randomNormal({ stddev: 0.3, seed: 9 }) }),
      );
      return model(x, y, { name: "pictures" }) as unknown as Model;
    },
    { compile: mse },
  ),
  // Not compiled: TensorFlow cannot train it on a CPU.
  kind("channels first", () => {
    const x = input([2, 7, 5]);
    const first = { dataFormat: "channels_first" } as const;
    const y = pipe(
      x,
      conv2d(3, 3, { ...first, padding: "same", activation: "relu" }),
      maxPooling2d(2, { ...first, padding: "same" }),
      upSampling2d(2, first),
      averagePooling2d(2, first),
      flatten(),
      dense(2),
    );
    return model(x, y) as unknown as Model;
  }),
  kind(
    "one layer called again and again",
    () => {
      const x = input([4]);
      const again = dense(4, { activation: "tanh", name: "again" });
      const first = again(x) as Tensor<[4]>;
      const deep = again(dense(4)(again(first))) as Tensor<[4]>;
      return model(x, [dense(2)(deep), dense(3)(first)]) as unknown as Model;
    },
    { compile: () => ({ optimizer: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }), loss: "mse" }) },
  ),
  kind("two inputs, two outputs", twoTowers, {
    compile: () => ({
      optimizer: adam({ amsgrad: true, learningRate: 0.01, globalClipnorm: 0.5 }),
      loss: ["mean_squared_error", binaryCrossentropy({ labelSmoothing: 0.1 })],
      lossWeights: [1, 0.5],
      metrics: [["mae"], [binaryAccuracy({ threshold: 0.4 }), "accuracy"]],
    }),
  }),
  kind(
    "models inside",
    () => {
      const image = input([6, 6, 1], { name: "image" });
      return model(image, decoder()(encoder()(image) as Tensor<[4]>)) as unknown as Model;
    },
    { compile: () => ({ optimizer: "adam", loss: "binary_crossentropy", lossWeights: [2] }) },
  ),
  kind(
    "models inside, called twice",
    () => {
      const image = input([6, 6, 1]);
      const [down, up] = [encoder(), decoder()];
      const picture = up(down(image) as Tensor<[4]>) as Tensor<[6, 6, 1]>;
      return model(image, [picture, down(picture) as Tensor<[4]>], { name: "again" }) as unknown as Model;
    },
    { compile: () => ({ optimizer: "adam", loss: ["binary_crossentropy", "mse"], lossWeights: [1, 0.5] }) },
  ),
  kind(
    "a row inside a graph inside a row",
    () => {
      const x = input([4]);
      const row = sequential([dense(3, { activation: "relu" }), dense(3)], { name: "inner" });
      const graph = model(x, row(x) as Tensor<[3]>);
      return sequential([input([5]), dense(4), graph, dense(2)] as unknown as readonly Layer[]) as unknown as Model;
    },
    { compile: mse },
  ),
  kind(
    "a model inside with two inputs and two outputs",
    () => {
      const [a, b] = [input([3]), input([2])];
      const [p, q] = [dense(4, { activation: "tanh" })(a), dense(4, { activation: "tanh" })(b)];
      const pair = model([a, b], [q, p], { name: "pair" }) as unknown as Layer;
      const [x, y] = [input([3]), input([2])];
      const [u, v] = pair([dense(3)(x), y]) as unknown as readonly Tensor<[4]>[];
      return model([x, y], [dense(2)(v), u]) as unknown as Model;
    },
    { compile: () => ({ optimizer: "adam", loss: ["mse", "mae"] }) },
  ),
  kind(
    "one layer in two models inside",
    () => {
      const common = dense(3, { activation: "tanh", name: "common" });
      const x = input([3]);
      const one = model(x, dense(3)(common(x) as Tensor<[3]>), { name: "one" });
      const z = input([3]);
      const two = model(z, common(dense(3)(z)) as Tensor<[3]>, { name: "two" });
      const start = input([3]);
      return model(start, two(one(start) as Tensor<[3]>)) as unknown as Model;
    },
    { compile: mse, notInKeras: "Keras makes two layers of it when it loads, and then lacks the weights of one" },
  ),
  kind(
    "branches",
    () => {
      const x = input([3]);
      const trunk = dense(4, { activation: "relu" })(x);
      const long = pipe(trunk, dense(4, { activation: "tanh" }), dense(4), dense(4, { activation: "tanh" }));
      const short = dense(4)(trunk);
      const middle = pipe(x, dense(4), dense(4));
      return model(x, [short, long, middle, dense(4)(long)]) as unknown as Model;
    },
    { compile: mse },
  ),
  kind(
    "frozen layers",
    () => {
      const x = input([4]);
      const frozen = encoderOf4();
      frozen.trainable = false;
      const y = pipe(x, dense(4, { trainable: false }), dense(4, { activation: "relu" }));
      return model(x, dense(2)(frozen(y) as Tensor<[3]>)) as unknown as Model;
    },
    { compile: () => ({ optimizer: adam({ weightDecay: 0.01, clipnorm: 1 }), loss: "mse" }) },
  ),
  kind(
    "one of three classes",
    () => sequential([input([5]), dense(8, { activation: "relu" }), dense(3)]) as unknown as Model,
    {
      y: [oneHot(samples, 3)],
      compile: () => ({
        optimizer: sgd({ learningRate: 0.1, momentum: 0.5, weightDecay: 0.01, clipvalue: 0.1 }),
        loss: categoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }),
        metrics: [
          "accuracy",
          categoricalAccuracy(),
          ofLoss(categoricalCrossentropy({ fromLogits: true })),
          ofLoss(meanSquaredError()),
        ],
      }),
    },
  ),
  kind("numbered classes", () => sequential([input([5]), dense(3, { activation: "softmax" })]) as unknown as Model, {
    y: [{ data: Float32Array.of(0, 2, 1, 2), shape: [samples, 1] }],
    compile: () => ({
      optimizer: "sgd",
      loss: sparseCategoricalCrossentropy(),
      metrics: ["acc", "sparse_categorical_accuracy", ofLoss(sparseCategoricalCrossentropy())],
    }),
  }),
  kind("yes or no, from logits", () => sequential([input([5]), dense(2)]) as unknown as Model, {
    y: [oneHot(samples, 2)],
    compile: () => ({
      optimizer: "adam",
      loss: binaryCrossentropy({ fromLogits: true }),
      metrics: ["mse", binaryAccuracy(), ofLoss(binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.1 }))],
    }),
  }),
  kind("compiled, never trained", () => sequential([input([3]), dense(2)]) as unknown as Model, {
    compile: mse,
    steps: 0,
  }),
  kind("not compiled", () => {
    const x = input([5, 5, 1]);
    return model(x, pipe(x, conv2d(2, 2), flatten(), dense(3))) as unknown as Model;
  }),
  kind("ops between layers", opsBetween, { compile: () => ({ optimizer: "adam", loss: "mse" }) }),
  kind("ops that become others", opsReplaced, { renamed: true }),
  kind(
    "pictures of any size",
    () => {
      const x = input([null, null, 3], { name: "any" });
      const y = conv2d(4, 3, { padding: "same", activation: "relu" })(x);
      const small = maxPooling2d(2)(y);
      const large = ops.relu(ops.add(conv2d(4, 3, { padding: "same" })(upSampling2d(2)(small)), y));
      return model(x, [conv2d(2, 1)(large), dense(2)(globalAveragePooling2d()(batchNormalization()(small)))], {
        name: "any_size",
      }) as unknown as Model;
    },
    { compile: () => ({ optimizer: "adam", loss: "mse" }) },
  ),
  kind("rows of any length", () => {
    const x = input([null, 3]);
    return model(x, conv1d(2, 3, { padding: "causal" })(ops.multiply(x, 2))) as unknown as Model;
  }),
  kind("every activation", everyActivation),
  kind("every initializer", everyInitializer),
];

function encoderOf4() {
  const x = input([4]);
  return model(x, pipe(x, dense(3, { activation: "tanh" })), { name: "frozen" });
}
