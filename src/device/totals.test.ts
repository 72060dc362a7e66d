/** Totals: shared tensors of any shape, added up over the steps of a run. */
import { describe, expect, it } from "vitest";
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { verify } from "../graph/verify.ts";
import {
  add,
  batchSize,
  constantTensor,
  greater,
  matmulLast,
  multiply,
  placeholder,
  reshape,
  sum,
  sumSamples,
} from "../ops/index.ts";
import { interp } from "./interp.ts";
import { wasm } from "./wasm/device.ts";

const graphOf = (inputs: readonly Tensor[], totals: readonly Tensor[]): Graph => {
  return verify({ inputs, scalars: [], outputs: [], totals, updates: [], guard: undefined });
};
const steps = (n: number): Tensor =>
  constantTensor({ data: Float32Array.from({ length: n }, (_, i) => i / n), shape: [n] });
const data = Float32Array.from({ length: 7 * 3 }, (_, i) => (i * 0.37) % 1);

describe.each([
  ["interp", interp()],
  ["wasm, 1 thread", wasm({ threads: 1 })],
  ["wasm, 2 threads", wasm({ threads: 2 })],
])("totals on %s", (_, device) => {
  it("are cells one after the other, over batches of any size", async () => {
    const x = placeholder([3], "x");
    const above = sum(greater(reshape(x, [3, 1]), steps(5)), [0]);
    const square = multiply(
      reshape(sumSamples(x), [3, 1]),
      constantTensor({ data: new Float32Array([1, 2]), shape: [2] }),
    );
    const program = device.compile(graphOf([x], [sumSamples(sum(x, [0])), sumSamples(above), batchSize(), square]));
    const { totals } = await program.run({ inputs: [{ data, shape: [7, 3] }], batchSize: 3 });
    expect(totals.length).toBe(1 + 5 + 1 + 6);
    expect(totals[0]).toBeCloseTo(
      data.reduce((a, b) => a + b),
      5,
    );
    expect([...totals.slice(1, 6)]).toEqual(
      [0, 1, 2, 3, 4].map((i) => data.filter((v) => v > Math.fround(i / 5)).length),
    );
    expect(totals[6]).toBe(7);
    [0, 1, 2].forEach((column) => {
      const own = data.filter((_, i) => i % 3 === column).reduce((a, b) => a + b);
      expect(totals[7 + 2 * column]).toBeCloseTo(own, 5);
      expect(totals[8 + 2 * column]).toBeCloseTo(2 * own, 5);
    });
  });

  it("count every sample once, however many make a batch, and with several done at once", async () => {
    const n = 64;
    const x = placeholder([n], "x");
    const weights = Float32Array.from({ length: n * n }, (_, i) => (i % 5) - 2);
    const product = matmulLast(x, constantTensor({ data: weights, shape: [n, n] }));
    const program = device.compile(graphOf([x], [sumSamples(product)]));
    for (let samples = 1; samples <= 40; samples++) {
      // Small integers: the sums are exact in any order.
      const data = Float32Array.from({ length: samples * n }, (_, i) => (i * i) % 7);
      const { totals } = await program.run({ inputs: [{ data, shape: [samples, n] }], batchSize: 40 });
      const columns = Array.from({ length: n }, (_, j) => data.reduce((sum, v, i) => (i % n === j ? sum + v : sum), 0));
      const expected = columns.map((_, j) => columns.reduce((sum, v, i) => sum + v * weights[i * n + j], 0));
      expect([...totals], `${samples} samples`).toEqual(expected);
    }
  });

  it("may have 4096 cells, and no more", async () => {
    const x = placeholder([], "x");
    const many = add(sumSamples(x), steps(4096));
    const program = device.compile(graphOf([x], [many]));
    const work = { inputs: [{ data: new Float32Array([1, 2, 3]), shape: [3] }], batchSize: 2 };
    for (let run = 0; run < 2; run++) {
      const { totals } = await program.run(work);
      expect(totals.length).toBe(4096);
      expect([totals[0], totals[1024], totals[4095]]).toEqual([6, 6.5, 6 + (2 * 4095) / 4096]);
    }
    expect(() => graphOf([x], [many, sumSamples(x)])).toThrow("4097 cells of totals, at most 4096");
  });
});
