/** Losses and metrics as users see them: made of options, or functions of targets and predictions. */
import { describe, expect, test } from "vitest";
import { Tensor } from "../graph/tensor.ts";
import { losses, metrics } from "../index.ts";
import { placeholder } from "../ops/index.ts";
import { lossClasses, metricClasses } from "./from-config.ts";

/** `MeanSquaredError` and `meanSquaredError` as one word. */
const plain = (name: string): string => name.toLowerCase();

describe("the public names", () => {
  test("are those of Keras' classes, and nothing else", () => {
    expect(Object.keys(losses).map(plain).sort()).toEqual([...lossClasses].map(plain).sort());
    const wrappers = ["meanMetricWrapper", "sumMetricWrapper"];
    expect(Object.keys(metrics).map(plain).sort()).toEqual([...metricClasses, ...wrappers].map(plain).sort());
  });
});

describe("a loss", () => {
  const [t, p] = [
    [
      [0, 1],
      [1, 0],
    ],
    [
      [0.5, 0.5],
      [1, 0],
    ],
  ];

  test("is made of options, and evaluates targets and predictions", () => {
    expect(losses.meanSquaredError({ reduction: "sum" })).toMatchObject({
      className: "MeanSquaredError",
      reduction: "sum",
    });
    expect(losses.meanSquaredError()).toMatchObject({ reduction: "sum_over_batch_size" });
    expect(losses.meanSquaredError(t, p)).toEqual({ data: Float32Array.of(0.25, 0), shape: [2] });
    expect(losses.huber(t, p, { delta: 0.1 }).data[0]).toBeCloseTo(0.1 * 0.5 - 0.5 * 0.01, 6);
    expect(metrics.binaryAccuracy(t, p, { threshold: 0.4 }).data).toEqual(Float32Array.of(0, 1, 1, 1));
    expect(metrics.binaryAccuracy({ threshold: 0.4 })).toMatchObject({ className: "BinaryAccuracy" });
  });

  test("makes a graph of tensors, beside which arrays are constants", () => {
    const x = placeholder([2], "x");
    const value = losses.meanAbsoluteError(x, placeholder([2], "y"));
    expect(value).toBeInstanceOf(Tensor);
    expect(value).toMatchObject({ shape: [], perSample: true });
    expect(losses.meanAbsoluteError([[0, 1]], x)).toBeInstanceOf(Tensor);
  });

  test("refuses another number of samples, one number, and options that it has not", () => {
    expect(() => losses.meanSquaredError(t, [[1, 2]])).toThrow(
      "targets of shape (2, 2) for predictions of shape (1, 2), expected as many samples",
    );
    expect(() => losses.meanSquaredError(1, t)).toThrow("meanSquaredError: yTrue is");
    expect(() => losses.huber(t, p, { gamma: 1 } as never)).toThrow('there is no option "gamma"');
  });
});
