/** Layers that prepare and augment pictures against Keras, and what is random about them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runLayer } from "../../test/support/run-layer.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import { model, sequential } from "../training/make-model.ts";
import { arrayOf, decode, type Encoded, silent } from "../training/testing.ts";
import { randomFlip, randomRotation, randomTranslation, randomZoom } from "./augmentation.ts";
import { randomBrightness, randomContrast } from "./augmentation-colour.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import type { Layer } from "./layer.ts";
import type { Config } from "./options.ts";
import { centerCrop, rescaling, resizing } from "./preprocessing.ts";
import { normalization } from "./preprocessing-normalization.ts";
import { layerRegistry } from "./registry.ts";
import { flatten } from "./reshaping.ts";
import { early } from "./testing.ts";

interface Case {
  readonly name: string;
  readonly class_name: string;
  readonly config: Config;
  readonly saved: Config;
  readonly training: boolean;
  readonly input: Encoded;
  readonly output: Encoded;
  readonly upstream?: Encoded;
  readonly gradient?: Encoded;
}
interface Adapted {
  readonly name: string;
  readonly config: Config;
  readonly saved: Config;
  readonly data: Encoded;
  readonly weights: readonly Encoded[];
  readonly input: Encoded;
  readonly output: Encoded;
}
const { cases, adapted } = JSON.parse(
  readFileSync(new URL("../../fixtures/augmentation.json", import.meta.url), "utf8"),
) as { cases: readonly Case[]; adapted: readonly Adapted[] };

const arrayFrom = (e: Encoded) => ({ data: decode(e), shape: e.shape });
const fromConfig = (className: string, config: Config): Layer => {
  const record = layerRegistry.get(className);
  if (record === undefined) throw new Error(`no layer ${className}`);
  return record.fromConfig(config);
};

/** The largest difference, relative to the largest value. */
function distance(got: ArrayLike<number>, want: Float32Array): number {
  expect(got.length).toBe(want.length);
  const largest = Math.max(...Array.from(want, Math.abs), 1e-30);
  return Math.max(0, ...Array.from(want, (v, i) => Math.abs(v - got[i]))) / largest;
}

describe.each([interp(), wasm({ threads: 2 })])("as in Keras, on $name", (device) => {
  it.each(cases)("$name", async (c) => {
    const upstream = c.upstream && decode(c.upstream);
    const layer = fromConfig(c.class_name, c.config);
    const got = await runLayer(layer, arrayFrom(c.input), { training: c.training, device, upstream });
    expect(got.shape).toEqual(c.output.shape.slice(1));
    expect(distance(got.output, decode(c.output))).toBeLessThan(2e-6);
    if (c.gradient) expect(distance(got.gradient, decode(c.gradient))).toBeLessThan(2e-6);
  });

  it.each(adapted)("adapted $name", async (c) => {
    const layer = normalization(c.config as never);
    layer.adapt(arrayFrom(c.data));
    layer.weights.forEach((weight, i) => {
      if (i < 2) expect(distance(weight.value as Float32Array, decode(c.weights[i]))).toBeLessThan(1e-6);
    });
    const { output } = await runLayer(layer, arrayFrom(c.input), { device });
    expect(distance(output, decode(c.output))).toBeLessThan(2e-6);
  });
});

it.each([...cases, ...adapted.map((c) => ({ ...c, class_name: "Normalization" }))])("the config of $name", (c) => {
  const { antialias, ...want } = early(c.saved) as Record<string, unknown>;
  const got = fromConfig(c.class_name, c.saved).getConfig();
  expect(got).toEqual(antialias ? { ...want, antialias } : want);
  expect(Object.keys(got).filter((key) => key !== "antialias")).toEqual(Object.keys(want));
});

describe("what the reference says", () => {
  const shown = async (layer: Layer, values: readonly unknown[], training = true) =>
    [...(await runLayer(layer, arrayOf(values), { training, device: interp() })).output].map(
      (v) => Math.round(v * 1e4) / 1e4,
    );
  const line = [[[[0], [1], [2], [3]]]];

  it("of resizing", async () => {
    const rows = [
      [1, 1.25, 1.75, 2],
      [1.5, 1.75, 2.25, 2.5],
      [2.5, 2.75, 3.25, 3.5],
      [3, 3.25, 3.75, 4],
    ].flat();
    expect(
      await shown(resizing(4, 4), [
        [
          [[1], [2]],
          [[3], [4]],
        ],
      ]),
    ).toEqual(rows);
    const ramp = [[[[0], [1], [2], [3], [4]]]];
    expect(await shown(resizing(1, 8), ramp)).toEqual([0, 0.4375, 1.0625, 1.6875, 2.3125, 2.9375, 3.5625, 4]);
    expect(await shown(resizing(1, 3), ramp)).toEqual([0.3333, 2, 3.6667]);
    expect(await shown(resizing(1, 3, { interpolation: "nearest" }), ramp)).toEqual([0, 2, 4]);
    expect(await shown(resizing(1, 3, { antialias: true }), ramp)).toEqual([0.4286, 2, 3.5714]);
    const tens = [[[[0], [10], [20], [30], [40]]]];
    expect((await shown(resizing(1, 8), tens)).map(Math.round)).toEqual([0, 4, 11, 17, 23, 29, 36, 40]);
  });

  it("of normalization", async () => {
    const layer = normalization({ axis: null });
    layer.adapt(arrayOf([[1], [2], [3]]));
    expect((await runLayer(layer, arrayOf([[4]]))).output[0]).toBeCloseTo(2.4494896, 6);
  });

  it("of rotation, translation, zoom", async () => {
    expect(
      await shown(randomRotation([0.25, 0.25]), [
        [
          [[0], [1]],
          [[2], [3]],
        ],
      ]),
    ).toEqual([1, 3, 0, 2]);
    const moved = (fillMode: "constant" | "reflect" | "wrap" | "nearest") =>
      shown(randomTranslation([0, 0], [0.5, 0.5], { fillMode }), line);
    expect(await moved("constant")).toEqual([0, 0, 0, 1]);
    expect(await moved("reflect")).toEqual([1, 0, 0, 1]);
    expect(await moved("wrap")).toEqual([2, 3, 0, 1]);
    expect(await moved("nearest")).toEqual([0, 0, 0, 1]);
    const column = [[[[0]], [[1]], [[2]], [[3]]]];
    expect(await shown(randomTranslation([0.25, 0.25], 0, { fillMode: "nearest" }), column)).toEqual([0, 0, 1, 2]);
    // Above 0 zooms out.
    expect(await shown(randomZoom([1, 1], { fillMode: "constant" }), line)).toEqual([0, 0.5, 2.5, 0]);
  });

  it("of brightness and contrast", async () => {
    const picture = [[[[0], [100], [200], [220]]]];
    expect(await shown(randomBrightness([0.2, 0.2]), picture)).toEqual([51, 151, 251, 255]);
    expect(await shown(randomBrightness([-0.2, -0.2], { valueRange: [0, 220] }), picture)).toEqual([0, 56, 156, 176]);
    expect(await shown(randomContrast([-1, 1]), picture)).toEqual([0, 70, 255, 255]);
  });
});

describe("random layers", () => {
  const pictures = (count: number) => ({
    data: Float32Array.from({ length: count * 6 }, (_, i) => i % 6),
    shape: [count, 2, 3, 1],
  });
  /** What became of each picture. */
  const outcomes = async (layer: Layer, count = 400, step = 0) => {
    const { output } = await runLayer(layer, pictures(count), { training: true, device: interp(), step });
    return Array.from({ length: count }, (_, i) => [...output.slice(i * 6, i * 6 + 6)].join(" "));
  };

  it.each([
    ["horizontal", "2 1 0 5 4 3"],
    ["vertical", "3 4 5 0 1 2"],
    ["horizontal_and_vertical", "5 4 3 2 1 0"],
  ] as const)("flip every other picture: %s", async (mode, flipped) => {
    const got = await outcomes(randomFlip(mode));
    expect(new Set(got)).toEqual(new Set(["0 1 2 3 4 5", flipped]));
    const share = got.filter((g) => g === flipped).length / got.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.1);
    expect(await outcomes(randomFlip(mode), 400, 1)).not.toEqual(got);
  });

  it("stay within their range, and reach all of it", async () => {
    const x = { data: new Float32Array(600).fill(100), shape: [600, 1, 1, 1] };
    const { output } = await runLayer(randomBrightness(0.2), x, { training: true });
    const added = [...output].map((v) => (v - 100) / 255);
    expect(Math.min(...added)).toBeLessThan(-0.19);
    expect(Math.max(...added)).toBeGreaterThan(0.19);
    expect(added.every((v) => v >= -0.2001 && v < 0.2001)).toBe(true);
    const [sum, squares] = [added.reduce((a, b) => a + b, 0), added.reduce((a, b) => a + b * b, 0)];
    expect(Math.abs(sum / 600)).toBeLessThan(0.02);
    expect(Math.sqrt(squares / 600)).toBeCloseTo(0.2 / Math.sqrt(3), 1);
  });

  it("contrast only grows for one number", async () => {
    const data = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 100 : 150));
    const x = { data, shape: [200, 1, 2, 1] };
    const { output } = await runLayer(randomContrast(0.5), x, { training: true });
    const factors = Array.from({ length: 200 }, (_, i) => (output[2 * i + 1] - output[2 * i]) / 50);
    expect(factors.every((f) => f >= 1 && f <= 1.5)).toBe(true);
    expect(Math.max(...factors) - Math.min(...factors)).toBeGreaterThan(0.45);
  });

  it("of one seed do the same to pictures and masks", async () => {
    const [a, b] = [randomTranslation(0.5, 0.5, { seed: 7 }), randomTranslation(0.5, 0.5, { seed: 7 })];
    expect(await outcomes(a)).toEqual(await outcomes(b));
    expect(await outcomes(randomTranslation(0.5, 0.5, { seed: 8 }))).not.toEqual(await outcomes(a));
  });

  it("give the same bits on 1, 2 and 8 threads", async () => {
    const data = Float32Array.from({ length: 19 * 8 * 9 * 3 }, (_, i) => (i * 37) % 255);
    const layers = [
      randomFlip(),
      randomRotation(0.3),
      randomZoom(0.4),
      randomTranslation(0.3, 0.2),
      randomContrast(0.4),
    ];
    for (const layer of layers) {
      const runs = [];
      for (const threads of [1, 2, 8]) {
        const run = { training: true, batchSize: 8, device: wasm({ threads }) };
        runs.push([...(await runLayer(layer, { data, shape: [19, 8, 9, 3] }, run)).output]);
      }
      expect(runs[1], layer.className).toEqual(runs[0]);
      expect(runs[2], layer.className).toEqual(runs[0]);
    }
  });

  it("leave pictures alone in predict and evaluate, and not in fit", async () => {
    const layers = () => [
      randomBrightness([0.5, 0.5], { valueRange: [0, 1] }),
      flatten(),
      dense(1, { kernelInitializer: "ones" }),
    ];
    const m = sequential([input([1, 2, 1]), ...layers()]);
    m.compile({ optimizer: "sgd", loss: "mse", device: interp() });
    const x = { data: Float32Array.of(0.25, 0.5), shape: [1, 1, 2, 1] };
    const predicted = (await m.predict(x, silent)) as { data: Float32Array };
    expect(predicted.data[0]).toBe(0.75);
    const zero = { data: Float32Array.of(0), shape: [1, 1] };
    const evaluated = (await m.evaluate(x, zero, silent)) as Record<string, number>;
    expect(evaluated.loss).toBeCloseTo(0.5625, 6);
    const trained = (await m.trainOnBatch(x, zero)) as Record<string, number>;
    expect(trained.loss).toBeCloseTo(1.75 ** 2, 5);
  });
});

describe("normalization", () => {
  it("adapts to batch after batch as to all at once", () => {
    const data = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i) * i + 100);
    const whole = normalization();
    whole.adapt({ data, shape: [20, 3] });
    const parts = normalization();
    parts.adapt([
      { data: data.subarray(0, 9), shape: [3, 3] },
      { data: data.subarray(9, 57), shape: [16, 3] },
      { data: data.subarray(57), shape: [1, 3] },
    ]);
    for (const i of [0, 1]) {
      expect(distance(parts.weights[i].value as Float32Array, whole.weights[i].value as Float32Array)).toBeLessThan(
        1e-6,
      );
    }
  });

  it("takes bytes with their scale, and keeps what it found in a model", async () => {
    const layer = normalization();
    layer.adapt({ data: Uint8Array.of(0, 255, 0, 255), shape: [4, 1], scale: 1 / 255 });
    const x = input([1]);
    const m = model(x, layer(x));
    expect([...m.getWeights()[0].data]).toEqual([0.5]);
    expect([...m.getWeights()[1].data]).toEqual([0.25]);
    expect(m.trainableWeights).toEqual([]);
    const { data } = (await m.predict(arrayOf([[1], [0]]), silent)) as { data: Float32Array };
    expect([...data]).toEqual([1, -1]);
  });
});

describe("arguments that are refused", () => {
  const loose = <T>(value: unknown) => value as T;
  const x = input([6, 8, 3]);
  it.each<[() => unknown, string]>([
    [() => rescaling(loose("a")), 'rescaling: scale is "a", expected a number.'],
    [
      () => rescaling([1, 2], { name: "r" })(x),
      'rescaling "r": scale is [1, 2], expected one number, or one for each of the 3 cells',
    ],
    [() => resizing(0, 4), "resizing: height is 0, expected a whole number of at least 1"],
    [
      () => resizing(4, 4, { interpolation: loose("cubic") }),
      'resizing: there is no interpolation "cubic". Did you mean "bicubic"?',
    ],
    [() => resizing(4, 4, { cropToAspectRatio: true, padToAspectRatio: true }), "Crop or pad, not both."],
    [
      () => resizing(4, 4)(loose<Tensor>(input([5]))),
      "resizing: got an input of shape (None, 5), expected 3 axes besides the batch",
    ],
    [() => centerCrop(4, 1.5), "centerCrop: width is 1.5"],
    [
      () => normalization({ mean: 1 }),
      "normalization: variance is null, expected of the shape of mean, []. Give both, or neither",
    ],
    [() => normalization({ variance: 1 }), "normalization: variance is 1, expected nothing without a mean"],
    [
      () => normalization({ mean: [1, 2], variance: [1] }),
      "normalization: variance is [1], expected of the shape of mean, [2]",
    ],
    [
      () => normalization({ mean: [1, 2], variance: [1, 2] })(x),
      'normalization: mean is "of shape [2]", expected of the sizes [3]',
    ],
    [() => normalization({ axis: null, mean: [1], variance: [1] }), "at most 0 levels of lists"],
    [() => normalization({ mean: 0, variance: 1 }).adapt(arrayOf([[1]])), "mean and variance were given"],
    [() => normalization().adapt([]), "normalization adapt: got no samples, expected at least one"],
    [() => normalization({ axis: 4 })(x), "normalization: axis is 4, expected an axis from 1 to 3"],
    [() => randomFlip(loose("both")), 'randomFlip: there is no mode "both"'],
    [
      () => randomFlip("vertical", { seed: -1 }),
      "randomFlip: seed is -1, expected a whole number of at least 0, or null",
    ],
    [() => randomRotation(1.5), "randomRotation: factor is 1.5, expected a number from -1 to 1, or [lowest, highest]"],
    [() => randomRotation(0.1, { fillMode: loose("edge") }), 'randomRotation: there is no fillMode "edge"'],
    [() => randomRotation(0.1, { interpolation: loose("bicubic") }), 'there is no interpolation "bicubic"'],
    [() => randomZoom(-1), "randomZoom: heightFactor is -1, expected a number above -1, up to 1"],
    [() => randomZoom(0.1, { widthFactor: [0, 2] }), "randomZoom: widthFactor is [0, 2]"],
    [() => randomTranslation(0.1, loose(undefined)), "randomTranslation: widthFactor is undefined"],
    [() => randomContrast(-0.1), "randomContrast: factor is -0.1, expected a number from 0 to 1"],
    [
      () => randomContrast(0.1, { valueRange: loose(255) }),
      "randomContrast: valueRange is 255, expected [lowest, highest]",
    ],
    [() => randomBrightness(loose("0.2")), 'randomBrightness: factor is "0.2"'],
    [() => randomBrightness(0.2)(loose<Tensor>(input([4]))), "randomBrightness: got an input of shape (None, 4)"],
    [() => randomFlip("vertical", loose({ dataformat: "channels_first" })), 'Did you mean "dataFormat"?'],
  ])("%s", (make, message) => expect(make).toThrow(message));
});
