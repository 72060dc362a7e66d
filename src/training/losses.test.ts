import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import { divide, exponential, max, mean, multiply, reshape, sigmoid, subtract, sum } from "../ops/index.ts";
import { lossClasses, lossFromConfig } from "./from-config.ts";
import { lossValue } from "./loss.ts";
import { resolveLoss } from "./loss-names.ts";
import { binaryCrossentropy, binaryFocalCrossentropy, categoricalCrossentropy, meanSquaredError } from "./losses.ts";
import { arrayOf, decode, type Encoded, gradientOf, scalarOf } from "./testing-graphs.ts";

interface Case {
  readonly name: string;
  readonly kind: "loss" | "model";
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly dtype: "float32" | "float64";
  readonly targets: Encoded;
  readonly predictions: Encoded;
  readonly sample_weight: Encoded | null;
  readonly loss: number;
  readonly grad_predictions: Encoded;
}
const cases: readonly Case[] = JSON.parse(
  readFileSync(new URL("../../fixtures/losses.json", import.meta.url), "utf8"),
).cases;
// Models are in test/keras.
const ours = cases.filter((c) => c.kind === "loss");

const softmax = (z: Tensor): Tensor => {
  const e = exponential(subtract(z, max(z, [-1], true)));
  return divide(e, sum(e, [-1], { keepDims: true }));
};

type Given = Parameters<typeof resolveLoss>[0];
const value = (
  given: Given,
  target: readonly unknown[],
  prediction: readonly unknown[],
  activation = (x: Tensor) => x,
) =>
  scalarOf([arrayOf(target), arrayOf(prediction)], (t, p) => lossValue(resolveLoss(given, "test"), t, activation(p)));

describe("losses", () => {
  const t = [
    [0, 1],
    [1, 0],
  ];
  const p = [
    [0.1, 0.8],
    [0.6, 0.3],
  ];

  describe.each(["interp", "wasm"] as const)("on %s", (where) => {
    it.each(ours.map((c) => [c.name, c] as const))("%s: value and gradient as in Keras", async (_, c) => {
      const loss = lossFromConfig("test", c.class_name, c.config);
      const device = where === "wasm" ? wasm({ threads: 1 }) : interp(c.dtype);
      // What is exact in float64 is compared in float64; wasm has float32 only.
      const tolerance = where === "wasm" && c.dtype === "float64" ? 2e-6 : 1e-6;
      const arrays = [c.targets, c.predictions, ...(c.sample_weight ? [c.sample_weight] : [])].map((a) => ({
        data: decode(a),
        shape: a.shape,
      }));
      const value = (t: Tensor, p: Tensor, w?: Tensor) => lossValue(loss, t, p, w);
      const got = await scalarOf(arrays, value, device);
      expect(Math.abs(got - c.loss) / Math.max(1, Math.abs(c.loss))).toBeLessThanOrEqual(tolerance);
      const gradient = await gradientOf(arrays, value, device, 1);
      const expected = decode(c.grad_predictions);
      const largest = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      gradient.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(tolerance * largest);
      });
    });
  });

  it("average over elements and samples", async () => {
    expect(await value("mse", t, p)).toBeCloseTo((0.01 + 0.04 + 0.16 + 0.09) / 4, 6);
    expect(await value("mean_absolute_error", t, p)).toBeCloseTo((0.1 + 0.2 + 0.4 + 0.3) / 4, 6);
    expect(await value(binaryCrossentropy({ labelSmoothing: 0.1 }), t, p)).toBeCloseTo(0.3594547, 6);
  });

  it.each<[string, Given, number]>([
    ["kl_divergence", "kld", 0.36698312],
    ["poisson", "poisson", 0.6334922],
    ["log_cosh", "log_cosh", 0.0367885],
    ["huber", "huber", 0.0375],
    ["mean_squared_logarithmic_error", "msle", 0.0347032],
    ["cosine_similarity", "cosine_similarity", -0.9433526],
    ["dice", "dice", 0.2631578],
    ["hinge", "hinge", 0.75],
    ["squared_hinge", "squared_hinge", 0.7749999],
    ["categorical_hinge", "categorical_hinge", 0.5],
    ["binary_focal_crossentropy", binaryFocalCrossentropy(), 0.030953],
    ["balanced", binaryFocalCrossentropy({ applyClassBalancing: true }), 0.0118826],
    ["categorical_focal_crossentropy", "categorical_focal_crossentropy", 0.0058132],
  ])("%s of Keras' small example", async (_, given, expected) => {
    expect(await value(given, t, p)).toBeCloseTo(expected, 6);
  });

  it("know every name that Keras knows", () => {
    const short = ["mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD", "ce"];
    const snake = (name: string) => name.replace(/(?<=[a-z])[A-Z]|(?<=KL)D/g, (c) => `_${c}`).toLowerCase();
    for (const name of [...short, ...lossClasses, ...lossClasses.map(snake)]) {
      expect(typeof resolveLoss(name as "mse", "test").call).toBe("function");
    }
  });

  it("have reductions, of which one is for no training", async () => {
    const error = meanSquaredError({ reduction: "sum" });
    expect(await value(error, t, p)).toBeCloseTo(2 * (0.3 / 4), 6);
    await expect(value(meanSquaredError({ reduction: null }), t, p)).rejects.toThrow(
      'Use "sum": its gradient is the same.',
    );
    const wrong = () => meanSquaredError({ reduction: "average" as "sum" });
    expect(wrong).toThrow('reduction is "average", expected one of "sum_over_batch_size", "mean", "sum"');
  });

  it("weigh samples, and say when weights do not fit", async () => {
    const weigh = (weights: readonly unknown[]) =>
      scalarOf([arrayOf([[0], [0], [0], [0], [10]]), arrayOf([[0], [0], [0], [0], [0]]), arrayOf(weights)], (a, b, w) =>
        lossValue(resolveLoss("mse", "test"), a, b, w),
      );
    expect(await weigh([1, 1, 1, 1, 3])).toBeCloseTo(60, 4);
    expect(await weigh([[1], [1], [1], [1], [3]])).toBeCloseTo(60, 4);
    await expect(weigh([1, 1, 1, 1, 3].map((v) => [v, v]))).rejects.toThrow(
      'loss "mean_squared_error": got sample weights of shape (None, 2) for values of shape (None,)',
    );
  });

  it("clip probabilities in float32, as Keras", async () => {
    expect(await value("bce", [[1]], [[0]])).toBeCloseTo(16.118096, 5);
    expect(await value("bce", [[0]], [[1]])).toBeCloseTo(15.942385, 5);
    expect(await value("bce", [[1]], [[1]])).toBeCloseTo(1.1920929e-7, 12);
    expect(await value("categorical_crossentropy", [[0, 1, 0]], [[1, 0, 0]])).toBeCloseTo(16.118095, 5);
    expect(await value("sparse_categorical_crossentropy", [[1]], [[1, 0, 0]])).toBeCloseTo(16.118095, 5);
  });

  it("normalise unnormalised predictions", async () => {
    expect(await value("categorical_crossentropy", [[0, 1, 0]], [[0.2, 0.3, 0.4]])).toBeCloseTo(1.0986123, 6);
    expect(await value("sparse_categorical_crossentropy", [1], [[0.2, 0.3, 0.4]])).toBeCloseTo(1.0986123, 6);
  });

  it("use the logits of a sigmoid or softmax that comes directly before", async () => {
    const z = [[40, -40]];
    expect(await value("bce", [[0, 1]], z, sigmoid)).toBeCloseTo(40, 5);
    const around = (x: Tensor) => reshape(reshape(sigmoid(x), [2, 1]), [2]);
    expect(await value("bce", [[0, 1]], z, around)).toBeCloseTo((16.118096 + 15.942385) / 2, 4);
    expect(await value("categorical_crossentropy", [[0, 1]], z, softmax)).toBeCloseTo(80, 4);
    expect(await value("sparse_categorical_crossentropy", [[1]], z, softmax)).toBeCloseTo(80, 4);
    expect(await value(categoricalCrossentropy({ fromLogits: true }), [[0, 1]], z)).toBeCloseTo(80, 4);
    expect(await value(binaryCrossentropy({ fromLogits: true }), [[0, 1]], z)).toBeCloseTo(40, 4);
  });

  it("forgive a trailing axis of 1, and nothing else", async () => {
    expect(await value("mse", [1, 2, 3], [[1], [2], [5]])).toBeCloseTo(4 / 3, 6);
    expect(await value("mse", [[1], [2], [3]], [1, 2, 5])).toBeCloseTo(4 / 3, 6);
    await expect(value("mse", [[1, 2]], [[1, 2, 3]])).rejects.toThrow(
      'loss "mean_squared_error": got targets of shape (None, 2), expected (None, 3), the shape of the predictions.',
    );
  });

  it("may be functions of one's own", async () => {
    const half = (target: Tensor, prediction: Tensor) => multiply(mean(subtract(prediction, target), [-1]), 0.5);
    expect(await value(half, t, p)).toBeCloseTo(((0.1 - 0.2) / 2 + (-0.4 + 0.3) / 2) / 4, 6);
    expect(resolveLoss(half, "test")).toMatchObject({ name: "half" });
    expect(resolveLoss(meanSquaredError as unknown as Given, "test").className).toBe("MeanSquaredError");
  });

  it("name what was mistyped", () => {
    expect(() => resolveLoss("binary_crosentropy" as "bce", "compile")).toThrow('Did you mean "binary_crossentropy"?');
    expect(() => binaryCrossentropy({ labelSmoothing: 2 })).toThrow("labelSmoothing is 2, expected a number in [0, 1]");
    expect(() => binaryCrossentropy({ from_logits: true } as object)).toThrow('Did you mean "fromLogits"?');
  });
});
