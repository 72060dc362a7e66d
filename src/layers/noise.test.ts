/** Dropout and noise: how often, how much, and that no two draws have to do with each other. */
import { describe, expect, it } from "vitest";
import { type Run, runLayer } from "../../test/support/run-layer.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import { loadModel } from "../training/load.ts";
import { model, sequential } from "../training/make-model.ts";
import type { Model } from "../training/model.ts";
import { sgd } from "../training/optimizers.ts";
import { arrayOf, silent } from "../training/testing.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import type { Layer } from "./layer.ts";
import { gaussianDropout, gaussianNoise } from "./noise.ts";
import { batchNormalization } from "./normalization-batch.ts";
import type { Config } from "./options.ts";
import { layerRegistry } from "./registry.ts";
import {
  activityRegularization,
  alphaDropout,
  dropout,
  spatialDropout1d,
  spatialDropout2d,
  spatialDropout3d,
} from "./regularization.ts";
import { flatten } from "./reshaping.ts";

const filled = (shape: readonly number[], value = 1) => ({
  data: new Float32Array(shape.reduce((n, size) => n * size, 1)).fill(value),
  shape,
});
const trained = async (layer: Layer, shape: readonly number[], run: Run = {}, value = 1) =>
  (await runLayer(layer, filled(shape, value), { training: true, ...run })).output;

const meanOf = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0) / v.length;
const varianceOf = (v: ArrayLike<number>, m = meanOf(v)) => meanOf(Array.from(v, (x) => (x - m) ** 2));
/** How much two rows have to do with each other, from −1 to 1; by chance about 1/√n. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ma, mb] = [meanOf(a), meanOf(b)];
  return meanOf(Array.from(a, (x, i) => (x - ma) * (b[i] - mb))) / Math.sqrt(varianceOf(a) * varianceOf(b));
}

describe("dropout", () => {
  it.each([0.1, 0.25, 0.5, 0.9])("drops %d of the cells and scales the others", async (rate) => {
    const got = await trained(dropout(rate), [100, 200]);
    const dropped = got.filter((v) => v === 0).length / got.length;
    // Five standard deviations.
    expect(Math.abs(dropped - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / got.length));
    const others = new Set(got.filter((v) => v !== 0));
    expect([...others]).toEqual([Math.fround(1 / (1 - rate))]);
    for (const [i, share] of [...Array(100)].map((_, s) => [s, meanOf(got.slice(s * 200, s * 200 + 200))] as const)) {
      expect(Math.abs(share - 1), `sample ${i}`).toBeLessThan(6 * Math.sqrt(rate / (1 - rate) / 200));
    }
  });

  it("of rate 0 changes nothing, of rate 1 leaves nothing", async () => {
    expect(new Set(await trained(dropout(0), [2, 50]))).toEqual(new Set([1]));
    expect(new Set(await trained(dropout(1), [2, 50]))).toEqual(new Set([0]));
  });

  it("hands the gradient to the cells that stay", async () => {
    const upstream = Float32Array.from({ length: 300 }, (_, i) => i + 1);
    const got = await runLayer(dropout(0.4), filled([3, 100]), { training: true, upstream });
    got.output.forEach((v, i) => {
      expect(got.gradient[i]).toBeCloseTo(v === 0 ? 0 : upstream[i] / 0.6, 3);
    });
  });

  it("does nothing outside training", async () => {
    for (const layer of [dropout(0.5), gaussianNoise(1), gaussianDropout(0.5), alphaDropout(0.5)]) {
      expect(new Set((await runLayer(layer, filled([2, 20]))).output)).toEqual(new Set([1]));
    }
  });

  it("differs from sample to sample, step to step, layer to layer and seed to seed", async () => {
    const shape = [2, 4000];
    const first = await trained(dropout(0.5), shape);
    const others = [
      first.slice(4000),
      (await trained(dropout(0.5), shape, { step: 1 })).slice(0, 4000),
      (await trained(dropout(0.5), shape, { seed: 1 })).slice(0, 4000),
      (await trained(dropout(0.5, { seed: 0 }), shape)).slice(0, 4000),
    ];
    for (const other of others) expect(Math.abs(correlation(first.slice(0, 4000), other))).toBeLessThan(0.08);
    // Neighbours, and rows of a picture.
    expect(Math.abs(correlation(first.slice(0, 3999), first.slice(1, 4000)))).toBeLessThan(0.08);
    expect(await trained(dropout(0.5), shape)).toEqual(first);
  });

  it("shares fates along the axes where noiseShape has 1", async () => {
    const rows = await trained(dropout(0.5, { noiseShape: [null, 1, null] }), [4, 3, 50]);
    for (let s = 0; s < 4; s++) {
      const sample = rows.slice(s * 150, s * 150 + 150);
      expect([...sample.slice(50, 100)]).toEqual([...sample.slice(0, 50)]);
      expect([...sample.slice(100)]).toEqual([...sample.slice(0, 50)]);
    }
    expect([...rows.slice(0, 50)]).not.toEqual([...rows.slice(150, 200)]);
    const depth = await trained(dropout(0.5, { noiseShape: [null, 1, 1] }), [60, 3, 5]);
    for (let s = 0; s < 60; s++) expect(new Set(depth.slice(s * 15, s * 15 + 15)).size).toBe(1);
    expect(new Set(depth)).toEqual(new Set([0, 2]));
    const batch = await trained(dropout(0.5, { noiseShape: [1, null, 5] }), [3, 20, 5]);
    expect([...batch.slice(100, 200)]).toEqual([...batch.slice(0, 100)]);
    expect(new Set(batch)).toEqual(new Set([0, 2]));
  });
});

describe("spatial dropout", () => {
  it.each([
    [spatialDropout1d(0.5), [20, 6, 8], 1],
    [spatialDropout2d(0.5), [20, 3, 4, 8], 1],
    [spatialDropout3d(0.5), [20, 2, 3, 2, 8], 1],
    [spatialDropout2d(0.5, { dataFormat: "channels_first" }), [20, 8, 3, 4], 12],
    [spatialDropout3d(0.5, { dataFormat: "channels_first" }), [20, 8, 2, 3, 2], 12],
  ] as const)("drops whole channels: %s %j", async (layer, shape, stride) => {
    const got = await trained(layer as Layer, shape);
    const cells = got.length / 20;
    let dropped = 0;
    for (let s = 0; s < 20; s++) {
      for (let c = 0; c < 8; c++) {
        const sample = got.slice(s * cells, s * cells + cells);
        const channel = sample.filter((_, i) => Math.floor(i / stride) % 8 === c);
        expect(new Set(channel).size).toBe(1);
        dropped += Number(channel[0] === 0);
      }
    }
    expect(Math.abs(dropped / 160 - 0.5)).toBeLessThan(0.2);
  });
});

describe("gaussian noise", () => {
  it("has the mean, the deviation and the tails asked for", async () => {
    const noise = (await trained(gaussianNoise(0.5), [50, 400])).map((v) => v - 1);
    expect(Math.abs(meanOf(noise))).toBeLessThan(0.02);
    expect(Math.sqrt(varianceOf(noise))).toBeCloseTo(0.5, 2);
    const beyond = (k: number) => noise.filter((v) => Math.abs(v) > k * 0.5).length / noise.length;
    expect(beyond(1)).toBeCloseTo(0.3173, 1);
    expect(beyond(2)).toBeCloseTo(0.0455, 2);
    expect(Math.abs(correlation(noise.slice(0, 400), noise.slice(400, 800)))).toBeLessThan(0.25);
  });

  it("as dropout multiplies", async () => {
    const got = await trained(gaussianDropout(0.2), [50, 400], {}, 3);
    expect(meanOf(got)).toBeCloseTo(3, 1);
    expect(Math.sqrt(varianceOf(got))).toBeCloseTo(1.5, 1);
  });
});

describe("alphaDropout", () => {
  it.each([0.1, 0.5])("of rate %d keeps mean and variance of normal inputs", async (rate) => {
    const normal = await trained(gaussianNoise(1), [50, 400], {}, 0);
    const x = { data: Float32Array.from(normal), shape: [50, 400] };
    const { output } = await runLayer(alphaDropout(rate), x, { training: true, seed: 5 });
    expect(Math.abs(meanOf(output))).toBeLessThan(0.03);
    expect(Math.abs(varianceOf(output) - 1)).toBeLessThan(0.05);
    const a = ((1 - rate) * (1 + rate * 1.7580993 ** 2)) ** -0.5;
    const low = a * -1.7580993 + a * 1.7580993 * rate;
    const dropped = [...output].filter((v) => Math.abs(v - low) < 1e-6).length / output.length;
    expect(Math.abs(dropped - rate)).toBeLessThan(0.02);
  });
});

describe("in a model", () => {
  it("gives the same bits on 1, 2 and 8 threads", async () => {
    const layers = [dropout(0.3), gaussianNoise(0.5), gaussianDropout(0.3), alphaDropout(0.3), spatialDropout2d(0.4)];
    for (const layer of layers) {
      const runs = [];
      for (const threads of [1, 2, 8]) {
        const device = wasm({ threads });
        runs.push([...(await trained(layer, [37, 5, 5, 3], { batchSize: 16, device }))]);
      }
      expect(runs[1], layer.className).toEqual(runs[0]);
      expect(runs[2], layer.className).toEqual(runs[0]);
    }
  });

  const data = Float32Array.from({ length: 40 * 8 }, (_, i) => Math.sin(i));
  const x = { data, shape: [40, 8] };
  const small = (seed = 3) => {
    const noisy = [dense(8, { activation: "relu" }), dropout(0.5), gaussianNoise(0.1), dense(8)];
    const m = sequential([input([8]), ...noisy], { seed });
    m.compile({ optimizer: "adam", loss: "mse", device: wasm({ threads: 2 }) });
    return m;
  };
  const weightsOf = (m: Model) => m.getWeights().flatMap((w) => [...w.data]);

  it("every step and every run of a model of one seed is the same; another seed is not", async () => {
    const [a, b, c] = [small(), small(), small(4)];
    for (const m of [a, b, c]) await m.fit(x, x, { epochs: 2, batchSize: 16, ...silent });
    expect(weightsOf(a)).toEqual(weightsOf(b));
    c.setWeights(a.getWeights());
    expect(weightsOf(c)).toEqual(weightsOf(a));
    for (const m of [a, b, c]) await m.fit(x, x, { epochs: 1, batchSize: 16, ...silent });
    expect(weightsOf(a)).toEqual(weightsOf(b));
    expect(weightsOf(c)).not.toEqual(weightsOf(a));
  });

  it("goes on with the numbers of the steps to come where training goes on", async () => {
    const whole = small();
    await whole.fit(x, x, { epochs: 4, batchSize: 16, ...silent });
    const parts = small();
    await parts.fit(x, x, { epochs: 2, batchSize: 16, ...silent });
    await parts.fit(x, x, { epochs: 4, initialEpoch: 2, batchSize: 16, ...silent });
    expect(weightsOf(parts)).toEqual(weightsOf(whole));
    const byBatch = small();
    const wantsBatches = { onTrainBatchEnd: () => {} };
    await byBatch.fit(x, x, { epochs: 4, batchSize: 16, callbacks: [wantsBatches], ...silent });
    expect(weightsOf(byBatch)).toEqual(weightsOf(whole));
  });

  it("goes on from a file to the same bits, moving statistics and all", async () => {
    const device = wasm({ threads: 2 });
    const make = () => {
      const between = [dense(8), batchNormalization(), alphaDropout(0.2), spatialDropout1d(0), dense(8)];
      const m = sequential([input([2, 4]), ...between, flatten(), dense(8)], { seed: 5 });
      m.compile({ optimizer: "adam", loss: "mse", device });
      return m;
    };
    const pairs = { data, shape: [40, 2, 4] };
    const options = { batchSize: 16, ...silent };
    const whole = make();
    await whole.fit(pairs, x, { epochs: 4, ...options });
    const begun = make();
    await begun.fit(pairs, x, { epochs: 2, ...options });
    const loaded = await loadModel(await begun.toBytes(), { device });
    await loaded.fit(pairs, x, { epochs: 4, initialEpoch: 2, ...options });
    expect(loaded.getWeights().flatMap((w) => [...w.data])).toEqual(weightsOf(whole));
  });

  it("draws anew at every step of fit", async () => {
    const m = sequential([input([50]), gaussianNoise(0.5), dense(1, { kernelInitializer: "ones" })]);
    m.compile({ optimizer: sgd({ learningRate: 0 }), loss: "mae", device: interp() });
    const history = await m.fit(filled([2, 50]), filled([2, 1], 0), { epochs: 5, batchSize: 1, ...silent });
    expect(new Set(history.history.loss).size).toBe(5);
  });

  it("two layers, and two calls of one layer, drop other cells", async () => {
    const shared = dropout(0.5);
    for (const [first, second] of [
      [dropout(0.5), dropout(0.5)],
      [shared, shared],
    ]) {
      // What stays of both has a share of a quarter; with equal fates it would be a half.
      const layer = sequential([input([2000]), first, second]);
      const got = await trained(layer as unknown as Layer, [2, 2000]);
      const kept = got.filter((v) => v !== 0).length / got.length;
      expect(Math.abs(kept - 0.25)).toBeLessThan(0.04);
    }
  });
});

describe("activityRegularization", () => {
  it("adds to the loss per sample, in training and in evaluate", async () => {
    const v = input([2]);
    const m = model(v, activityRegularization({ l1: 0.1 })(v));
    m.compile({ optimizer: "sgd", loss: "mse", device: interp() });
    const threes = filled([4, 2], 3);
    const evaluated = (await m.evaluate(threes, threes, silent)) as Record<string, number>;
    expect(evaluated.loss).toBeCloseTo(0.6, 6);
    const l2 = model(v, activityRegularization({ l2: 0.5 })(v));
    l2.compile({ optimizer: "sgd", loss: "mse", device: interp() });
    const squares = (await l2.evaluate(threes, threes, silent)) as Record<string, number>;
    expect(squares.loss).toBeCloseTo(9, 5);
  });
});

describe("configs", () => {
  const dtype = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };
  const base = { name: "it", trainable: true, dtype };
  it.each<[string, Config]>([
    ["Dropout", { ...base, rate: 0.5, seed: null, noise_shape: null }],
    ["Dropout", { ...base, rate: 0.25, seed: 7, noise_shape: [null, 1, 1] }],
    ["SpatialDropout1D", { rate: 0.5, seed: null, name: "it", dtype: "float32" }],
    ["SpatialDropout2D", { rate: 0.5, seed: 3, name: "it", dtype: "float32", data_format: "channels_last" }],
    ["SpatialDropout3D", { rate: 0.5, seed: null, name: "it", dtype: "float32", data_format: "channels_first" }],
    ["GaussianNoise", { ...base, stddev: 0.1, seed: null }],
    ["GaussianDropout", { ...base, rate: 0.1, seed: 1 }],
    ["AlphaDropout", { ...base, rate: 0.2, seed: null, noise_shape: null }],
    ["ActivityRegularization", { ...base, l1: 0.1, l2: 0 }],
    ["RandomFlip", { ...base, data_format: "channels_last", seed: null, mode: "horizontal_and_vertical" }],
    ["RandomContrast", { ...base, data_format: "channels_last", factor: [0, 0.3], value_range: [0, 255], seed: null }],
    [
      "RandomBrightness",
      { ...base, data_format: "channels_last", factor: [-0.2, 0.2], value_range: [0, 255], seed: null },
    ],
  ])("%s comes back as Keras writes it", (className, config) => {
    expect(JSON.stringify(layerRegistry.get(className)?.fromConfig(config).getConfig())).toBe(JSON.stringify(config));
  });
});

describe("arguments that are refused", () => {
  const loose = <T>(value: unknown) => value as T;
  it.each<[() => unknown, string]>([
    [() => dropout(1.5), "dropout: rate is 1.5, expected a number from 0 to 1. Give a fraction, e.g. 0.5."],
    [() => dropout(loose("0.5")), 'dropout: rate is "0.5"'],
    [() => dropout(0.5, { seed: 0.5 }), "dropout: seed is 0.5, expected a whole number of at least 0, or null"],
    [
      () => dropout(0.5, { noiseShape: [null, 0] }),
      "dropout: noiseShape is [null, 0], expected null, or for each axis",
    ],
    [
      () => dropout(0.5, { noiseShape: [null, 1] }).trace(input([4, 4]), { training: true, ...source }),
      "dropout: got noise of shape [null, 1] for an input of shape (None, 4, 4), expected for each axis 1, null or the input's size",
    ],
    [() => gaussianNoise(2), "gaussianNoise: stddev is 2, expected a number from 0 to 1"],
    [() => gaussianDropout(1), "gaussianDropout: rate is 1, expected a number from 0 to 1, without 1"],
    [() => alphaDropout(1), "alphaDropout: rate is 1"],
    [() => spatialDropout2d(0.5)(input([4])), "spatialDropout2d: got an input of shape (None, 4), expected 3 axes"],
    [() => spatialDropout1d(0.5, loose({ dataFormat: "channels_first" })), 'there is no option "dataFormat"'],
    [() => activityRegularization({ l1: -1 }), "activityRegularization: l1 is -1, expected a number of at least 0"],
    [() => activityRegularization(loose({ l3: 1 })), 'there is no option "l3"'],
    [() => dropout(0.5).trace(input([4]), { training: true }), "without a source of randomness"],
  ])("%s", (make, message) => expect(make).toThrow(message));
});

/** Where random layers get their numbers from, for a call that fails before it takes any. */
const source = { step: input([]) as Tensor, randomKey: () => [1, 2] as const };

it("keeps a shape, and reads arrays of one sample", async () => {
  expect(dropout(0.5)(input([3, 4])).shape).toEqual([3, 4]);
  const { output } = await runLayer(gaussianNoise(0), arrayOf([[1, 2]]), { training: true });
  expect([...output]).toEqual([1, 2]);
});
