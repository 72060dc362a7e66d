import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import { absolute, mean as meanOf, placeholder, subtract, sum } from "../ops/index.ts";
import { metricFromConfig } from "./from-config.ts";
import { metricTotals, reportedValues, reportOf } from "./metric.ts";
import { type MetricLike, resolveMetric } from "./metric-names.ts";
import * as metrics from "./metrics.ts";
import { arrayOf, decode, type Encoded } from "./testing-graphs.ts";

/** The value of a metric over arrays, in batches: one number, or several. */
async function measured(
  metric: metrics.Metric,
  arrays: readonly NdArray[],
  batchSize: number,
  device: Device = interp(),
): Promise<number[]> {
  const inputs = arrays.map((array, i) => placeholder(array.shape.slice(1), `x${i}`));
  const [t, p, w] = inputs;
  const totals = metricTotals(metric, t, p, w);
  const graph = { inputs, scalars: [], outputs: [], totals, updates: [], guard: undefined };
  const outcome = await device.compile(graph).run({ inputs: arrays, batchSize });
  const report = reportOf("value", totals, (sums) => metric.result(sums));
  return Object.values(reportedValues([report], outcome.totals));
}

const mean = async (given: MetricLike, target: readonly unknown[], prediction: readonly unknown[]) =>
  (await measured(await resolveMetric(given, "test")(), [arrayOf(target), arrayOf(prediction)], 2))[0];

interface Case {
  readonly name: string;
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly batch_size: number;
  readonly targets: Encoded;
  readonly predictions: Encoded;
  readonly sample_weight: Encoded | null;
  readonly result: number | number[];
}
const fixture: { readonly cases: readonly Case[]; readonly names: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(new URL("../../fixtures/metrics.json", import.meta.url), "utf8"),
);

describe.each([
  ["interp", interp()],
  ["wasm", wasm({ threads: 1 })],
])("metrics on %s", (_, device) => {
  it.each(fixture.cases.map((c) => [c.name, c] as const))("%s: as in Keras", async (_, c) => {
    const given = [c.targets, c.predictions, ...(c.sample_weight ? [c.sample_weight] : [])];
    const arrays = given.map((a) => ({ data: decode(a), shape: a.shape }));
    const metric = metricFromConfig("test", c.class_name, c.config);
    const got = await measured(metric, arrays, c.batch_size, device);
    const expected = [c.result].flat();
    expect(got.length).toBe(expected.length);
    got.forEach((value, i) => {
      expect(Math.abs(value - expected[i]) / Math.max(1, Math.abs(expected[i]))).toBeLessThanOrEqual(1e-6);
    });
  });
});

describe("metrics", () => {
  const t = [
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const p = [
    [0.1, 0.8],
    [0.6, 0.5],
    [0.4, 0.9],
  ];
  const value = async (metric: metrics.Metric): Promise<number[]> =>
    (await measured(metric, [arrayOf(t), arrayOf(p)], 2)).map((v) => Math.round(v * 1e6) / 1e6);

  it("are the numbers that Keras gives", async () => {
    expect(await value(metrics.binaryAccuracy())).toEqual([0.833333]);
    expect(await value(metrics.precision())).toEqual([1]);
    expect(await value(metrics.recall())).toEqual([0.75]);
    expect(await value(metrics.auc())).toEqual([0.875]);
    expect((await value(metrics.auc({ curve: "PR" })))[0]).toBeCloseTo(0.9442141, 5);
    expect(await value(metrics.binaryIoU())).toEqual([0.466667]);
    expect((await value(metrics.f1Score()))[0]).toBeCloseTo(0.6666666, 5);
    expect((await value(metrics.f1Score()))[1]).toBeCloseTo(1, 5);
    expect(await value(metrics.r2Score())).toEqual([0.3775]);
    expect(await value(metrics.rootMeanSquaredError())).toEqual([0.371932]);
    expect(await value(metrics.cosineSimilarity())).toEqual([0.897948]);
    const [labels, guesses] = [arrayOf([0, 1, 1, 0]), arrayOf([0, 1, 0, 0])];
    expect((await measured(metrics.meanIoU(2), [labels, guesses], 3))[0]).toBeCloseTo(0.5833334, 6);
  });

  it("weigh samples, and divide by the weights", async () => {
    const arrays = [
      [0, 0, 0, 0, 10],
      [0, 0, 0, 0, 0],
      [1, 1, 1, 1, 3],
    ].map((v) => arrayOf(v.map((x) => [x])));
    expect((await measured(metrics.meanSquaredError(), arrays, 2))[0]).toBeCloseTo(300 / 7, 4);
    expect((await measured(metrics.meanAbsoluteError(), arrays.slice(0, 2), 2))[0]).toBeCloseTo(2, 6);
  });

  it("choose what accuracy means", async () => {
    expect(await mean("accuracy", [[1], [0]], [[0.7], [0.7]])).toBe(0.5);
    const q = [
      [0.2, 0.5, 0.3],
      [0.4, 0.4, 0.2],
    ];
    expect(await mean("accuracy", [1, 1], q)).toBe(0.5);
    expect(await mean("acc", [[1], [0]], q)).toBe(1);
    const hot = [
      [0, 1, 0],
      [0, 0, 1],
    ];
    expect(await mean("accuracy", hot, q)).toBe(0.5);
  });

  it("may be functions of one's own, of every cell, of a sample or of the batch", async () => {
    const distance = (a: Tensor, b: Tensor): Tensor => absolute(subtract(a, b));
    const furthest = (a: Tensor, b: Tensor): Tensor => sum(distance(a, b), [-1]);
    const always = (a: Tensor, b: Tensor): Tensor => sum(meanOf(distance(a, b), [-1]), [], { overSamples: true });
    const cells = (0.1 + 0.2 + 0.4 + 0.5 + 0.6 + 0.1) / 6;
    expect(await mean(distance, t, p)).toBeCloseTo(cells, 6);
    expect(await mean(furthest, t, p)).toBeCloseTo(2 * cells, 6);
    // Two batches, of two samples and of one.
    expect(await mean(always, t, p)).toBeCloseTo((3 * cells) / 2, 6);
    expect(await mean(metrics.sumMetricWrapper(distance), t, p)).toBeCloseTo(6 * cells, 6);
    expect(await resolveMetric(distance, "test")()).toMatchObject({ name: "distance", className: "MeanMetricWrapper" });
  });

  it("keep the name that was typed", async () => {
    expect((await resolveMetric("acc", "test")()).name).toBe("acc");
    expect((await resolveMetric("mae", "test")()).name).toBe("mae");
    expect((await resolveMetric("AUC", "test")()).name).toBe("AUC");
    expect(() => resolveMetric("acuracy" as "accuracy", "compile")).toThrow('Did you mean "accuracy"?');
    expect(() => resolveMetric(3 as never, "compile")).toThrow("compile: metrics is 3, expected the name of a metric");
  });

  it("have every name that Keras knows, where they need no argument", async () => {
    const needArguments = ["At", "Mean", "Sum", "Metric", "IoU"];
    for (const [name, className] of Object.entries(fixture.names)) {
      const isBase = ["Mean", "Sum", "Metric", "MeanMetricWrapper"].includes(className);
      const argument = needArguments.some((part) => part !== "Mean" && className.includes(part));
      if (isBase || (argument && className !== "BinaryIoU")) continue;
      expect((await resolveMetric(name as "mse", "test")()).className).toBe(className);
    }
  });

  it("say what is wrong with their arguments", () => {
    expect(() => metrics.auc({ numThresholds: 1 })).toThrow(
      "numThresholds is 1, expected a whole number of at least 2",
    );
    expect(() => metrics.auc({ curve: "roq" as "ROC" })).toThrow(
      'curve is "roq", expected one of "ROC", "PR", "PRGAIN"',
    );
    expect(() => metrics.precision({ thresholds: [0.5, 2] })).toThrow("thresholds is 2, expected a number in [0, 1]");
    expect(() => metrics.iou(2, [2])).toThrow("targetClassIds is [2], expected classes below 2");
    expect(() => metrics.f1Score({ threshold: 0 })).toThrow("threshold is 0, expected a number in (0, 1]");
    expect(() => metrics.precision({ topk: 1 } as object)).toThrow('Did you mean "topK"?');
    const tensors = [placeholder([2, 3], "t"), placeholder([2, 3], "p")] as const;
    expect(() => metrics.f1Score().sums(...tensors, undefined)).toThrow("expected (None, classes)");
    expect(() => metrics.precision({ classId: 3 }).sums(...tensors, undefined)).toThrow("expected a class below 3");
    expect(() => metrics.auc().sums(...tensors, placeholder([3], "w"))).toThrow(
      'metric "auc": got sample weights of shape (None, 3) for values of shape (None, 2, 3)',
    );
  });
});
