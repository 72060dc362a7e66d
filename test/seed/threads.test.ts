/** Same seed, same bits: training, judging and predicting on 1, 2 and 8 threads, and once more. */
import { describe, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { conv2d } from "../../src/layers/convolution.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { averagePooling2d } from "../../src/layers/pooling.ts";
import { flatten, reshape } from "../../src/layers/reshaping.ts";
import type { LossName } from "../../src/training/loss-names.ts";
import { sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { autoencoder, digitsFrom, labelsFrom } from "./seed.ts";

interface Network {
  readonly name: string;
  readonly make: () => Model;
  readonly loss: LossName;
  /** What is to be learned from `count` digits from `first` on; the digits themselves when absent. */
  readonly targets?: (first: number, count: number) => NdArray;
}

const networks: readonly Network[] = [
  { name: "the seed network", make: () => autoencoder(5) as Model, loss: "binary_crossentropy" },
  {
    name: "dense layers",
    make: () =>
      sequential(
        [
          input([28, 28, 1]),
          flatten(),
          dense(40, { activation: "relu" }),
          dense(7, { activation: "tanh" }),
          dense(784, { activation: "sigmoid" }),
          reshape([28, 28, 1]),
        ],
        { seed: 5 },
      ),
    loss: "mean_squared_error",
  },
  {
    name: "a classifier of convolutions and dense layers",
    make: () =>
      sequential(
        [
          input([28, 28, 1]),
          conv2d(6, 5, { strides: 2, activation: "elu" }),
          averagePooling2d(2, { padding: "same" }),
          flatten(),
          dense(33, { activation: "gelu" }),
          dense(10, { activation: "softmax" }),
        ],
        { seed: 5 },
      ),
    loss: "sparse_categorical_crossentropy",
    targets: labelsFrom,
  },
];

const TRAIN = 300;
const TEST = 70;

/** Everything that two epochs come to; the last batch of each is short, and so is that of the validation. */
async function outcomeOf({ make, loss, targets = digitsFrom }: Network, threads: number) {
  const m = make();
  m.compile({
    optimizer: "adam",
    loss,
    metrics: [targets === labelsFrom ? "accuracy" : "mse"],
    device: "wasm",
    threads,
  });
  const [x, y] = [digitsFrom(0, TRAIN), targets(0, TRAIN)];
  const [vx, vy] = [digitsFrom(TRAIN, TEST), targets(TRAIN, TEST)];
  const options = { epochs: 2, batchSize: 128, validationBatchSize: 32, verbose: 0 } as const;
  const { history } = await m.fit(x, y, { ...options, validationData: [vx, vy] });
  return {
    history,
    weights: m.getWeights(),
    judged: await m.evaluate(x, y, { batchSize: 96 }),
    predicted: await m.predict(x, { batchSize: 50 }),
    predictedAtOnce: await m.predictOnBatch(vx),
  };
}

describe.each(networks)("$name", async (network) => {
  const expected = await outcomeOf(network, 1);

  test("learns", () => {
    const { loss, val_loss } = expected.history;
    expect(loss).toHaveLength(2);
    expect(val_loss.every(Number.isFinite)).toBe(true);
    expect(loss[1]).toBeLessThan(loss[0]);
  });

  test.each([1, 2, 8])("has the same bits on %i threads", async (threads) => {
    expect(await outcomeOf(network, threads)).toStrictEqual(expected);
  });
});

test("another seed gives other bits", async () => {
  const other: Network = { ...networks[0], make: () => autoencoder(6) as Model };
  const [a, b] = [await outcomeOf(networks[0], 2), await outcomeOf(other, 2)];
  expect(a.history).not.toEqual(b.history);
});
