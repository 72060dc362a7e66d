/** Normalising layers against Keras, alone and in trainings. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runLayer } from "../../test/support/run-layer.ts";
import { sizeOf } from "../core/array.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import { model, sequential } from "../training/make-model.ts";
import { sgd } from "../training/optimizers.ts";
import { arrayOf, decode, type Encoded, silent } from "../training/testing.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import type { Layer } from "./layer.ts";
import { groupNormalization, layerNormalization, rmsNormalization, unitNormalization } from "./normalization.ts";
import { batchNormalization } from "./normalization-batch.ts";
import type { Config } from "./options.ts";
import { layerRegistry } from "./registry.ts";
import { early } from "./testing.ts";

interface Case {
  readonly name: string;
  readonly class_name: string;
  readonly config: Config;
  readonly saved: Config;
  readonly training: boolean;
  readonly input: Encoded;
  readonly weights: readonly Encoded[];
  readonly output: Encoded;
  readonly upstream: Encoded;
  readonly grad_input: Encoded;
  readonly grad_weights: readonly Encoded[];
  readonly after: readonly Encoded[];
}
interface Training {
  readonly name: string;
  readonly layers: readonly { readonly class_name: string; readonly config: Config }[];
  readonly x: Encoded;
  readonly y: Encoded;
  readonly start: readonly Encoded[];
  readonly losses: readonly number[];
  readonly predicted: Encoded;
  readonly evaluated: number;
  readonly end: readonly Encoded[];
}

const { cases, trainings } = JSON.parse(
  readFileSync(new URL("../../fixtures/normalization.json", import.meta.url), "utf8"),
) as { cases: readonly Case[]; trainings: readonly Training[] };

const arrayFrom = (e: Encoded) => ({ data: decode(e), shape: e.shape });

/** The largest difference, relative to the largest value (or to `least`). */
function distance(got: ArrayLike<number>, want: Float32Array, least = 1e-30): number {
  expect(got.length).toBe(want.length);
  const largest = Math.max(...Array.from(want, Math.abs), least);
  return Math.max(0, ...Array.from(want, (v, i) => Math.abs(v - got[i]))) / largest;
}

const layerOf = ({ class_name, config }: { readonly class_name: string; readonly config: Config }): Layer => {
  const record = layerRegistry.get(class_name);
  if (record === undefined) throw new Error(`no layer ${class_name}`);
  return record.fromConfig(config);
};

describe("as in Keras", () => {
  it.each(cases)("$name", async (c) => {
    const layer = layerOf(c);
    layer.prepare([c.input.shape.slice(1)]);
    expect(layer.weights.map((w) => w.shape)).toEqual(c.weights.map((w) => w.shape));
    layer.weights.forEach((weight, i) => {
      weight.assign(decode(c.weights[i]));
    });
    const { training } = c;
    const upstream = decode(c.upstream);
    const got = await runLayer(layer, arrayFrom(c.input), { training, upstream });
    expect(distance(got.output, decode(c.output))).toBeLessThan(2e-7);
    // Where all cells are alike, or there is one only, the gradient is 0 but for rounding.
    expect(distance(got.gradient, decode(c.grad_input), 1e-6)).toBeLessThan(2e-7);
    got.weightGradients.forEach((slope, i) => {
      expect(distance(slope, decode(c.grad_weights[i]), 1e-6)).toBeLessThan(2e-7);
    });
    layer.weights.forEach((weight, i) => {
      expect(distance(weight.value as Float32Array, decode(c.after[i]))).toBeLessThan(2e-7);
    });
  });

  it.each(cases)("the config of $name", (c) => {
    const layer = layerOf({ class_name: c.class_name, config: c.saved });
    layer.prepare([c.input.shape.slice(1)]);
    const { renorm: _, renorm_clipping: __, renorm_momentum: ___, ...want } = early(c.saved) as Record<string, unknown>;
    const got = layer.getConfig();
    expect(got).toEqual(want);
    expect(Object.keys(got)).toEqual(Object.keys(want));
  });

  it.each(cases.filter((_, i) => i % 5 === 0))("on the fast device: $name", async (c) => {
    const results = await Promise.all(
      [interp(), wasm({ threads: 2 })].map(async (device) => {
        const layer = layerOf(c);
        layer.prepare([c.input.shape.slice(1)]);
        layer.weights.forEach((weight, i) => {
          weight.assign(decode(c.weights[i]));
        });
        const upstream = decode(c.upstream);
        const got = await runLayer(layer, arrayFrom(c.input), { training: c.training, upstream, device });
        const after = layer.weights.map((w) => w.value as Float32Array);
        return [got.output, got.gradient, ...got.weightGradients, ...after];
      }),
    );
    results[0].forEach((plain, i) => {
      expect(distance(results[1][i], plain, 1e-2)).toBeLessThan(2e-5);
    });
  });
});

describe.each([interp(), wasm({ threads: 2 })])("trained on $name as in Keras", (device) => {
  it.each(trainings)("$name", async (t) => {
    const m = sequential([input(t.x.shape.slice(1)), ...t.layers.map(layerOf)]);
    m.setWeights(t.start.map(arrayFrom));
    m.compile({ optimizer: sgd({ learningRate: 0.05, momentum: 0.5 }), loss: "mse", device });
    const [x, y] = [arrayFrom(t.x), arrayFrom(t.y)];
    for (const loss of t.losses) {
      const logs = (await m.trainOnBatch(x, y)) as Record<string, number>;
      expect(Math.abs(logs.loss - loss) / loss).toBeLessThan(2e-6);
    }
    for (const [i, { data }] of m.getWeights().entries()) expect(distance(data, decode(t.end[i]))).toBeLessThan(1e-5);
    const predicted = (await m.predict(x, silent)) as { data: Float32Array };
    expect(distance(predicted.data, decode(t.predicted))).toBeLessThan(1e-5);
    const { loss } = (await m.evaluate(x, y, { batchSize: 4, ...silent })) as Record<string, number>;
    expect(Math.abs(loss - t.evaluated) / t.evaluated).toBeLessThan(1e-5);
  });
});

describe("batchNormalization", () => {
  const four = arrayOf([[1], [2], [4], [7]]);

  it("gives what the reference says of 1, 2, 4, 7", async () => {
    const layer = batchNormalization();
    const { output } = await runLayer(layer, four, { training: true });
    const want = [-1.0909855, -0.6545913, 0.2181971, 1.5273798];
    want.forEach((v, i) => {
      expect(output[i]).toBeCloseTo(v, 6);
    });
    expect(layer.movingMean?.value?.[0]).toBeCloseTo(0.035, 7);
    expect(layer.movingVariance?.value?.[0]).toBeCloseTo(1.0425, 6);
  });

  it("uses and keeps the moving statistics outside training, and when it is not trainable", async () => {
    const layer = batchNormalization({ epsilon: 0 });
    await runLayer(layer, four);
    expect([...(layer.movingMean?.value ?? [])]).toEqual([0]);
    layer.trainable = false;
    const { output } = await runLayer(layer, four, { training: true });
    expect([...output]).toEqual([1, 2, 4, 7]);
    expect([...(layer.movingMean?.value ?? [])]).toEqual([0]);
  });

  it("called twice in one step moves its statistics twice, one after the other", async () => {
    const layer = batchNormalization({ momentum: 0.5, center: false, scale: false });
    const x = input([1]);
    const m = model(x, dense(1)(layer(layer(x))));
    m.compile({ optimizer: "sgd", loss: "mse", device: interp() });
    await m.trainOnBatch(four, four);
    // Of the first call the mean is 3.5, of the second 0.
    expect(layer.movingMean?.value?.[0]).toBeCloseTo(0.875, 6);
    // Variances of 5.25, and of 5.25 / (5.25 + 0.001).
    expect(layer.movingVariance?.value?.[0]).toBeCloseTo((0.5 + 0.5 * 5.25) / 2 + 0.5 * (5.25 / 5.251), 5);
  });

  it("counts every sample once in a short last batch, whatever the threads", async () => {
    const data = Float32Array.from({ length: 37 * 3 * 3 * 5 }, (_, i) => Math.sin(i * 1.7) * (i % 5) + (i % 3));
    const x = { data, shape: [37, 3, 3, 5] };
    const upstream = data.map((v) => Math.cos(v));
    const runs = [];
    for (const threads of [1, 2, 8]) {
      const layer = batchNormalization();
      const options = { training: true, upstream, batchSize: 16, device: wasm({ threads }) };
      const got = await runLayer(layer, x, options);
      runs.push([got.output, got.gradient, ...layer.weights.map((w) => w.value as Float32Array)].map((v) => [...v]));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    // The last 5 samples have a mean of 0 among themselves.
    const last = runs[0][0].slice(32 * 45).filter((_, i) => i % 5 === 0);
    expect(last.reduce((a, b) => a + b, 0) / last.length).toBeCloseTo(0, 5);
  });

  it("stands a batch far from 0", async () => {
    const x = arrayOf([[10000], [10001], [10002], [10003]]);
    const { output } = await runLayer(batchNormalization(), x, { training: true, device: interp() });
    [-1.3411, -0.447, 0.447, 1.3411].forEach((v, i) => {
      expect(output[i]).toBeCloseTo(v, 3);
    });
  });

  it("takes pictures of another size, and no other channels", () => {
    const layer = batchNormalization();
    layer(input([8, 8, 3]));
    expect(layer(input([4, 6, 3])).shape).toEqual([4, 6, 3]);
    expect(() => layer(input([8, 8, 4]))).toThrow("batchNormalization: got an input of shape (None, 8, 8, 4)");
  });

  it("counts its statistics among the weights that are not trained", () => {
    const layer = batchNormalization();
    layer(input([5]));
    expect(layer.weights.map((w) => w.name)).toEqual(["gamma", "beta", "moving_mean", "moving_variance"]);
    expect(layer.trainableWeights.map((w) => w.name)).toEqual(["gamma", "beta"]);
    expect(layer.countParams()).toBe(20);
  });

  it("reads what synchronises replicas, and refuses renorm by name", () => {
    const record = layerRegistry.get("BatchNormalization");
    expect(() => record?.fromConfig({ synchronized: true, renorm: false, renorm_momentum: 0.9 })).not.toThrow();
    expect(() => record?.fromConfig({ renorm: true })).toThrow("batchNormalization: renorm is");
  });
});

describe("unitNormalization", () => {
  it("leaves zeros as they are, with a finite gradient", async () => {
    const x = arrayOf([[0, 0, 0]]);
    const got = await runLayer(unitNormalization(), x, { upstream: Float32Array.of(1, 2, 3), device: interp() });
    expect([...got.output]).toEqual([0, 0, 0]);
    expect(got.gradient.every(Number.isFinite)).toBe(true);
  });
});

describe("arguments that are refused", () => {
  const loose = (options: object) => options as never;
  const pictures: Tensor = input([8, 8, 6]);
  it.each<[() => unknown, string]>([
    [() => batchNormalization({ axis: 0 }), "batchNormalization: axis is 0, expected an axis other than 0, the batch"],
    [() => batchNormalization({ momentum: 2 }), "batchNormalization: momentum is 2, expected a number from 0 to 1"],
    [() => batchNormalization({ epsilon: -1 }), "batchNormalization: epsilon is -1, expected a number of at least 0"],
    [() => batchNormalization(loose({ momentun: 0.9 })), 'there is no option "momentun". Did you mean "momentum"?'],
    [() => batchNormalization({ axis: 4 })(pictures), "batchNormalization: axis is 4, expected an axis from 1 to 3"],
    [() => batchNormalization(loose({ center: 1 })), "batchNormalization: center is 1, expected true or false"],
    [() => layerNormalization({ axis: [] }), "layerNormalization: axis is [], expected an axis other than 0"],
    [() => layerNormalization({ axis: 1.5 }), "layerNormalization: axis is 1.5"],
    [() => layerNormalization(loose({ betaInitializer: "zeroes" })), 'Did you mean "zeros"?'],
    [() => groupNormalization({ groups: 0 }), "groupNormalization: groups is 0, expected a whole number of at least 1"],
    [
      () => groupNormalization({ groups: 4, name: "g" })(pictures),
      'groupNormalization "g": got 6 channels in (None, 8, 8, 6), expected a multiple of its 4 groups. Choose groups that divide the channels.',
    ],
    [() => groupNormalization()(pictures), "expected a multiple of its 32 groups"],
    [() => rmsNormalization({ axis: 0 }), "rmsNormalization: axis is 0"],
    [() => unitNormalization({ axis: 7 })(pictures), "unitNormalization: axis is 7"],
  ])("%s", (make, message) => expect(make).toThrow(message));
});

it("keeps shapes", () => {
  const x = input([4, 6, 8]);
  const layers = [batchNormalization(), layerNormalization(), groupNormalization({ groups: 2 }), rmsNormalization()];
  for (const layer of layers) expect(sizeOf(layer(x).shape)).toBe(192);
});
