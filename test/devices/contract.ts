/** What every device promises about a run: which samples, which steps, what is read and written and when it ends. */
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/core/array.ts";
import type { Device, Work } from "../../src/device/device.ts";
import type { Graph } from "../../src/graph/graph.ts";
import * as op from "../../src/ops/index.ts";
import { graphOf, variable } from "../support/run.ts";

const x = op.placeholder([2], "x");
/** Samples [0, 0.5], [1, 1.5], … */
const samples = (n: number): NdArray =>
  ndarray(
    Float32Array.from({ length: 2 * n }, (_, i) => i / 2),
    [n, 2],
  );

/** Registers the tests of one device. */
export function keepsContract(device: Device): void {
  const run = (graph: Partial<Graph>, work: Partial<Work> = {}) =>
    device.compile(graphOf({ inputs: [x], ...graph })).run({ inputs: [samples(7)], batchSize: 3, ...work });

  describe(`a run on ${device.name}`, () => {
    test("covers all samples, the short last batch too, and gives outputs in their order", async () => {
      const { outputs, steps, ended } = await run({ outputs: [op.add(x, 1)] });
      expect([steps, ended]).toEqual([3, "done"]);
      expect([...outputs[0]]).toEqual(Array.from({ length: 14 }, (_, i) => i / 2 + 1));
    });

    test("adds up totals over the steps, also those that are leaves", async () => {
      const rate = op.stepScalar("rate");
      const totals = [op.batchSize(), rate, op.sumSamples(op.sum(x, [0])), op.fill(2, [])];
      const outcome = await run({ totals, scalars: [rate] }, { scalars: (step) => [step + 0.5] });
      expect([...outcome.totals]).toEqual([7, 4.5, 45.5, 6]);
    });

    test("takes the samples in the given order, as many as are asked for", async () => {
      const outputs = [op.multiply(x, 2)];
      const order = Uint32Array.of(6, 0, 5, 1, 2);
      const shuffled = await run({ outputs }, { order });
      expect([...shuffled.outputs[0]]).toEqual([12, 13, 0, 1, 10, 11, 2, 3, 4, 5]);
      expect(shuffled.steps).toBe(2);
      const counted = await run({ outputs }, { order, count: 4 });
      expect([...counted.outputs[0]]).toEqual([12, 13, 0, 1, 10, 11, 2, 3]);
      const first = await run({ outputs, totals: [op.batchSize()] }, { count: 2 });
      expect([[...first.outputs[0]], [...first.totals], first.steps]).toEqual([[0, 1, 2, 3], [2], 1]);
    });

    test("takes a range of the steps", async () => {
      const step = op.stepScalar("step");
      const graph = { outputs: [op.add(x, step)], scalars: [step], totals: [op.batchSize()] };
      const outcome = await run(graph, { firstStep: 1, steps: 1, scalars: (s) => [100 * s] });
      expect([...outcome.outputs[0]]).toEqual([103, 103.5, 104, 104.5, 105, 105.5]);
      expect([[...outcome.totals], outcome.steps]).toEqual([[3], 1]);
      const rest = await run(graph, { firstStep: 2, scalars: (s) => [100 * s] });
      expect([...rest.outputs[0]]).toEqual([206, 206.5]);
      const none = await run(graph, { firstStep: 1, steps: 0, scalars: () => [0] });
      expect([none.steps, none.outputs[0].length, none.ended]).toEqual([0, 0, "done"]);
    });

    test("scales bytes as they are read, and converts whole numbers", async () => {
      const y = op.placeholder([], "y");
      const bytes = ndarray(Uint8Array.of(0, 51, 255, 102), [2, 2], 1 / 255);
      const numbers = ndarray(Int32Array.of(-3, 70000), [2]);
      const outputs = [op.identity(x), op.identity(y)];
      const outcome = await run({ inputs: [x, y], outputs }, { inputs: [bytes, numbers] });
      [0, 0.2, 1, 0.4].forEach((v, i) => {
        expect(outcome.outputs[0][i]).toBeCloseTo(v, 6);
      });
      expect([...outcome.outputs[1]]).toEqual([-3, 70000]);
    });

    test("an input that is an output, and one that nobody reads", async () => {
      const idle = op.placeholder([3], "idle");
      const other = ndarray(new Float32Array(21), [7, 3]);
      const outcome = await run({ inputs: [idle, x], outputs: [x] }, { inputs: [other, samples(7)] });
      expect(outcome.outputs[0]).toEqual(samples(7).data);
    });

    test("updates variables from step to step and writes them back", async () => {
      const w = variable("w", [2], Float32Array.of(1, 2));
      const version = w.version;
      const value = op.add(op.variableTensor(w), op.sumSamples(x));
      const outputs = [op.add(x, op.variableTensor(w))];
      const program = device.compile(graphOf({ inputs: [x], outputs, updates: [{ variable: w, value }] }));
      const first = await program.run({ inputs: [samples(4)], batchSize: 2 });
      expect([...first.outputs[0]]).toEqual([1, 2.5, 2, 3.5, 4, 6.5, 5, 7.5]);
      expect([...(w.value as Float32Array)]).toEqual([7, 10]);
      expect(w.version).toBeGreaterThan(version);
      // What others assign in between is seen by the next run.
      w.assign(Float32Array.of(100, 200));
      const second = await program.run({ inputs: [samples(4)], batchSize: 4 });
      expect([...second.outputs[0]].slice(0, 2)).toEqual([100, 200.5]);
      expect([...(w.value as Float32Array)]).toEqual([106, 208]);
    });

    test("programs that share a variable see each other's updates", async () => {
      const w = variable("w", [2], Float32Array.of(1, 1));
      const t = op.variableTensor(w);
      const double = device.compile(graphOf({ inputs: [x], updates: [{ variable: w, value: op.multiply(t, 2) }] }));
      const look = device.compile(graphOf({ inputs: [x], outputs: [op.multiply(op.identity(t), op.add(x, 1))] }));
      const work: Work = { inputs: [samples(1)], batchSize: 1 };
      await look.run(work);
      await double.run(work);
      await double.run(work);
      expect([...(await look.run(work)).outputs[0]]).toEqual([4, 6]);
    });

    test("twice the same gives twice the same", async () => {
      const loss = op.sumSamples(op.sum(op.multiply(x, x), [0]));
      const program = device.compile(graphOf({ inputs: [x], outputs: [op.tanh(x)], totals: [loss] }));
      const work: Work = { inputs: [samples(7)], batchSize: 3 };
      const [one, two] = [await program.run(work), await program.run(work)];
      expect(two).toEqual(one);
      // A larger batch, then a smaller one: what was left over is not counted.
      const large = await program.run({ ...work, batchSize: 7 });
      expect(large.outputs).toEqual(one.outputs);
      expect(await program.run({ ...work, batchSize: 2, count: 3 })).toMatchObject({ steps: 2 });
    });

    test("a guard that is not finite drops the step and ends the run", async () => {
      const w = variable("w", [], Float32Array.of(0));
      const rate = op.stepScalar("rate");
      const guard = op.add(op.sumSamples(op.sum(x, [0])), op.multiply(op.logarithm(rate), 0));
      const value = op.add(op.variableTensor(w), 1);
      const graph = { totals: [op.batchSize()], guard, scalars: [rate], updates: [{ variable: w, value }] };
      const outcome = await run(graph, { scalars: (step) => [step === 2 ? -1 : 1] });
      expect([outcome.steps, outcome.ended, [...outcome.totals]]).toEqual([2, "guard", [6]]);
      expect([...(w.value as Float32Array)]).toEqual([2]);
      const infinite = await run(graph, { scalars: () => [0] });
      expect([infinite.steps, infinite.ended]).toEqual([0, "guard"]);
      expect([...(w.value as Float32Array)]).toEqual([2]);
    });

    test("a guard of updated values keeps the old ones", async () => {
      const w = variable("w", [], Float32Array.of(3e38));
      const value = op.multiply(op.variableTensor(w), op.multiply(op.variableTensor(w), 10));
      // In float64 it takes a division by zero.
      const broken = op.divide(value, op.subtract(op.batchSize(), 3));
      const outcome = await run({ guard: broken, updates: [{ variable: w, value: broken }] });
      expect([outcome.steps, outcome.ended]).toEqual([0, "guard"]);
      expect(w.value?.[0]).toBeCloseTo(3e38, -34);
    });

    test("reports progress at most once a step, with totals so far", async () => {
      const seen: (readonly [number, number])[] = [];
      const outcome = await run(
        { totals: [op.batchSize()] },
        { onProgress: (steps, totals) => void seen.push([steps, totals[0]]) },
      );
      expect(seen.length).toBeLessThanOrEqual(3);
      for (const [steps, total] of seen) expect(total).toBe(Math.min(3 * steps, 7));
      expect(seen.map(([steps]) => steps)).toEqual([...new Set(seen.map(([steps]) => steps))].sort((a, b) => a - b));
      expect([...outcome.totals]).toEqual([7]);
    });

    test("a signal ends the run between steps", async () => {
      const w = variable("w", [], Float32Array.of(0));
      const updates = [{ variable: w, value: op.add(op.variableTensor(w), 1) }];
      const before = await run({ totals: [op.batchSize()], updates }, { signal: AbortSignal.abort() });
      expect([before.steps, before.ended, [...before.totals]]).toEqual([0, "aborted", [0]]);
      expect([...(w.value as Float32Array)]).toEqual([0]);
      // Many steps, and a signal somewhere in them: whatever was done is whole.
      const stop = new AbortController();
      const many = samples(20000);
      const outcome = await run(
        { totals: [op.batchSize(), op.sumSamples(op.sum(op.tanh(x), [0]))], updates },
        { inputs: [many], batchSize: 1, signal: stop.signal, onProgress: () => stop.abort() },
      );
      expect(outcome.totals[0]).toBe(outcome.steps);
      expect([...(w.value as Float32Array)]).toEqual([outcome.steps]);
      expect(outcome.ended).toBe(outcome.steps === 20000 ? "done" : "aborted");
    });

    test("a run over no samples does nothing", async () => {
      const outcome = await run({ outputs: [op.add(x, 1)], totals: [op.batchSize()] }, { count: 0 });
      expect([outcome.steps, outcome.ended, outcome.outputs[0].length, [...outcome.totals]]).toEqual([
        0,
        "done",
        0,
        [0],
      ]);
    });

    test("refuses work that does not suit the program", async () => {
      const outputs = [op.add(x, 1)];
      await expect(run({ outputs }, { inputs: [] })).rejects.toThrow("0 arrays for 1 inputs");
      await expect(run({ outputs }, { inputs: [ndarray(new Float32Array(3), [1, 3])] })).rejects.toThrow("input x");
      await expect(run({ outputs }, { batchSize: 0 })).rejects.toThrow("steps");
      await expect(run({ outputs }, { firstStep: 2, steps: 2 })).rejects.toThrow("steps 2 to 4 of 3");
      await expect(run({ outputs }, { count: 8 })).rejects.toThrow("8 samples of 7");
    });
  });
}
