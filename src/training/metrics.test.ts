import { describe, expect, it } from "vitest";
import { type MetricLike, metricSum, resolveMetric } from "./metrics.ts";
import { arrayOf, scalarOf } from "./testing.ts";

const mean = async (given: MetricLike, target: readonly unknown[], prediction: readonly unknown[]) =>
  (await scalarOf([arrayOf(target), arrayOf(prediction)], (t, p) => metricSum(resolveMetric(given, "test"), t, p))) /
  target.length;

describe("metrics", () => {
  it("count what lies on the right side of the threshold", async () => {
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
    expect(await mean("binary_accuracy", t, p)).toBeCloseTo(0.8333333, 6);
    expect(await mean("mse", t, p)).toBeCloseTo(0.3719319 ** 2, 6);
  });

  it("choose what accuracy means", async () => {
    expect(await mean("accuracy", [[1], [0]], [[0.7], [0.7]])).toBe(0.5);
    const p = [
      [0.2, 0.5, 0.3],
      [0.4, 0.4, 0.2],
    ];
    expect(await mean("accuracy", [1, 1], p)).toBe(0.5);
    expect(await mean("acc", [[1], [0]], p)).toBe(1);
    expect(
      await mean(
        "accuracy",
        [
          [0, 1, 0],
          [0, 0, 1],
        ],
        p,
      ),
    ).toBe(0.5);
  });

  it("keep the name that was typed", () => {
    expect(resolveMetric("acc", "test").name).toBe("acc");
    expect(resolveMetric("mae", "test").name).toBe("mae");
    expect(() => resolveMetric("acuracy" as "accuracy", "compile")).toThrow('Did you mean "accuracy"?');
  });
});
