/** Every case of the table: values against plain formulas, gradients against differences, and batches split anyhow. */
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../src/core/array.ts";
import { interp } from "../../src/device/interp.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { multiply, placeholder, stepScalar } from "../../src/ops/index.ts";
import { gradients } from "../../src/passes/gradient.ts";
import { Cells, expectClose } from "../support/arrays.ts";
import { checkGradient, forEachSample, lossOf, makeOperands, total } from "../support/gradient.ts";
import { type RunOptions, run, withSamples } from "../support/run.ts";
import { type Case, cases } from "./cases.ts";

const samples = 5;
const scalarValue = 1.5;

/** A case over leaves, ready to run. */
function setUp(c: Case, seed = 1) {
  const scalar = stepScalar("scalar");
  const operands = makeOperands(c.operands, samples, seed);
  const y = c.build(operands.tensors, scalar);
  const feeds = withSamples(operands.feeds, samples);
  const options: RunOptions = { feeds, scalars: [[scalar, scalarValue]] };
  /** The operands as the formula sees them for one sample. */
  const cellsOf = (n: number): Cells[] =>
    c.operands.map(({ shape, shared }, i) => {
      const size = sizeOf(shape);
      return new Cells(shape, shared ? operands.values[i] : operands.values[i].subarray(n * size, (n + 1) * size));
    });
  return { y, operands, options, cellsOf };
}

const allSamples = Array.from({ length: samples }, (_, n) => n);
const summed = (parts: readonly Cells[]): number[] =>
  Array.from(parts[0].data, (_, i) => parts.reduce((sum, p) => sum + p.data[i], 0));

/** What one sample after another is expected to give, as the device returns it. */
const expectedOf = (c: Case, y: Tensor, parts: readonly Cells[]): number[] => {
  if (y.perSample) return parts.flatMap((p) => Array.from(p.data));
  return c.everySample || c.operands.some((o) => !o.shared) ? summed(parts) : Array.from(parts[0].data);
};

describe("values follow the formula", () => {
  test.each(cases.filter((c) => c.reference).map((c) => [c.name, c] as const))("%s", async (_, c) => {
    const { y, options, cellsOf } = setUp(c);
    const parts = allSamples.map((n) => {
      const cells = c.reference?.(cellsOf(n), { batch: samples, scalar: scalarValue });
      expect(cells?.shape).toEqual([...y.shape]);
      return cells as Cells;
    });
    const [actual] = (await run(interp("float64"), [y], options)).values;
    expectClose(actual, expectedOf(c, y, parts), 1e-6, c.name);
  });
});

describe("gradients follow differences", () => {
  const smooth = cases.filter((c) => c.order !== 0 && !c.tied && c.operands.length > 0);
  test.each(smooth.map((c) => [c.name, c] as const))("%s", async (_, c) => {
    const scalar = stepScalar("scalar");
    const build = (xs: readonly Tensor[]) => c.build(xs, scalar);
    const scalars = [[scalar, scalarValue]] as const;
    await checkGradient({ operands: c.operands, build, scalars, order: c.order === 1 ? 1 : 2 });
  });
});

describe("gradients where values tie", () => {
  test.each(cases.filter((c) => c.tied).map((c) => [c.name, c] as const))("%s", async (_, c) => {
    const { y, operands, options, cellsOf } = setUp(c);
    const dy = placeholder(y.shape, "dy");
    const values = makeOperands([{ shape: y.shape }], samples, 9).values[0];
    const feeds = [...options.feeds, { tensor: dy, values, samples }];
    const gs = gradients(total(multiply(y, dy)), operands.tensors);
    const wanted = gs.map((g) => forEachSample(g, operands.tensors[0]));
    const actual = (await run(interp("float64"), wanted, { ...options, feeds })).values;
    const size = sizeOf(y.shape);
    const expected = allSamples.map(
      (n) => c.tied?.(cellsOf(n), new Cells(y.shape, values.subarray(n * size, (n + 1) * size))) as readonly Cells[],
    );
    actual.forEach((a, i) => {
      expectClose(
        a,
        expected.flatMap((parts) => Array.from(parts[i].data)),
        1e-6,
        `gradient ${i} of ${c.name}`,
      );
    });
  });
});

describe("however the batch is split", () => {
  const splittable = cases.filter((c) => !c.batchMatters && c.operands.some((o) => !o.shared));
  test.each(splittable.map((c) => [c.name, c] as const))("%s", async (_, c) => {
    const { y, operands, options } = setUp(c);
    const shared = operands.tensors.filter((t) => !t.perSample);
    // Only numbers that add up over the batches can be compared: sums, not values after the last step.
    const loss = lossOf(y, 3, y.perSample);
    const gs = c.order === 0 ? [] : gradients(loss, shared).map((g, i) => lossOf(g, 4 + i, false));
    const additive = y.perSample || !c.everySample ? [loss, ...gs] : [];
    const wanted = y.perSample ? [y] : [];
    const whole = await run(interp("float64"), wanted, options, additive);
    for (const batchSize of [1, 2, 3, 4]) {
      const parts = await run(interp("float64"), wanted, { ...options, batchSize }, additive);
      expect(parts.steps).toBe(Math.ceil(samples / batchSize));
      if (y.perSample) expect(parts.values).toEqual(whole.values);
      expectClose(parts.totals, whole.totals, 1e-12, `totals in batches of ${batchSize}`);
    }
  });
});
