import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, graphOf, run, weight } from "../../test/support/run.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import * as op from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { gainsFromSamples, samplesAtOnce } from "./batch.ts";
import { lower } from "./lower.ts";

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => Math.sin(step * (i + 1)));

/**
 * A picture, a small convolution over it, two dense layers, their loss and the gradients of the weights. With `centred`
 * the mean over the batch is taken off between the layers: then samples meet there.
 */
function network(units: number, samples: number, centred = false) {
  const x = feed("x", [8, 8, 2], samples, wave(samples * 128, 0.7));
  const w = [
    [3, 3, 2, 2],
    [128, units],
    [units, 64],
  ].map((shape, i) =>
    weight(
      `w${i}`,
      shape,
      wave(
        shape.reduce((a, b) => a * b),
        1.1 + i,
      ).map((v) => v / 8),
    ),
  );
  const relation = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [8, 8] };
  const h = op.reshape(op.relu(op.convolve(x.tensor, w[0], relation)), [128]);
  const code = op.relu(op.add(op.matmulLast(h, w[1]), weight("b", [units], wave(units, 0.2))));
  const mean = op.divide(op.sumSamples(code), op.batchSize());
  const y = op.matmulLast(centred ? op.subtract(code, mean) : code, w[2]);
  const loss = op.sumSamples(op.sum(op.multiply(y, y), [0]));
  return { x, y, slopes: gradients(loss, w) };
}

describe("kernels that gain from several samples at once", () => {
  const lowered = (units: number): string[] => {
    const { x, y, slopes } = network(units, 1);
    return lower(graphOf({ inputs: [x.tensor], outputs: [y], totals: slopes }))
      .kernels.filter(gainsFromSamples)
      .map(({ name }) => name);
  };

  test("dense layers, the way back to their inputs, and the gradients of their weights", () => {
    const of = (name: string) => [`${name}_1`, `${name}_2`];
    expect(lowered(64)).toEqual([
      ...of("convolve"),
      "convolveInput",
      "convolveInput_1",
      ...of("convolveKernel.partial"),
    ]);
  });

  test("but not small ones, nor sums whose order follows from how many there are", () => {
    expect(lowered(8)).toEqual([]);
    const x = feed("x", [8192], 1, new Float32Array(8192)).tensor;
    const y = op.matmulLast(x, weight("w", [8192, 1], new Float32Array(8192)));
    expect(lower(graphOf({ inputs: [x], outputs: [y] })).kernels.filter(gainsFromSamples)).toEqual([]);
  });
});

describe("how many samples a program does at once", () => {
  const samples = (units: number, arena: number): number => {
    const { x, y } = network(units, 1);
    const { kernels } = lower(graphOf({ inputs: [x.tensor], outputs: [y] }));
    return samplesAtOnce(kernels, { sizes: { fixed: 0, arena, partial: 0, kept: 0 } });
  };

  test("as many as a cache holds, at most four", () => {
    expect([1 << 10, 1 << 17, 170 << 10, 1 << 18, 1 << 20].map((arena) => samples(64, arena))).toEqual([4, 4, 3, 2, 1]);
  });

  test("one where nothing gains", () => {
    expect(samples(8, 1 << 10)).toBe(1);
  });

  test("one where most of the work is elsewhere", () => {
    const x = feed("x", [32, 32, 4], 1, new Float32Array(4096));
    const w = weight("w", [3, 3, 4, 64], new Float32Array(2304));
    const relation = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [32, 32] };
    const h = op.mean(op.convolve(x.tensor, w, relation), [0, 1]);
    const y = op.matmulLast(h, weight("v", [64, 64], new Float32Array(4096)));
    const { kernels } = lower(graphOf({ inputs: [x.tensor], outputs: [y] }));
    expect(kernels.some(gainsFromSamples)).toBe(true);
    expect(samplesAtOnce(kernels, { sizes: { fixed: 0, arena: 1024, partial: 0, kept: 0 } })).toBe(1);
  });
});

describe("several samples at once", () => {
  test.each([1, 3, 4, 7, 11])("%i samples: every output has the bits that it has alone", async (samples) => {
    const { x, y } = network(64, samples);
    const together = (await run(wasm({ threads: 1 }), [y], { feeds: [x] })).values[0];
    const alone = (await run(wasm({ threads: 1 }), [y], { feeds: [x], batchSize: 1 })).values[0];
    expect(together).toEqual(alone);
  });

  test.each([
    [4, false],
    [5, false],
    [40, false],
    [40, true],
  ])("batches of %i of 45, centred %s: as interp has it, on any number of threads", async (batchSize, centred) => {
    const { x, y, slopes } = network(64, 45, centred);
    const options = { feeds: [x], batchSize };
    const exact = (await run(interp("float64"), [y, ...slopes], options)).values;
    const one = (await run(wasm({ threads: 1 }), [y, ...slopes], options)).values;
    one.forEach((value, i) => {
      expectClose(value, exact[i], 1e-5, `result ${i}`);
    });
    expect((await run(wasm({ threads: 3 }), [y, ...slopes], options)).values).toEqual(one);
    expect((await run(wasm({ shared: false }), [y, ...slopes], options)).values).toEqual(one);
  });
});
