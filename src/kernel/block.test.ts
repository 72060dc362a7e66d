import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/support/arrays.ts";
import { feed, graphOf, run, weight } from "../../test/support/run.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import * as op from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { splitBlocks } from "./block.ts";
import type { NestKernel } from "./kernel.ts";
import { lower } from "./lower.ts";

/** The gradient of a 3 × 3 kernel over pictures of this height, 16 wide, from 1 to 64 channels. */
function slope(height: number) {
  const values = new Float32Array(2 * height * 16).map((_, i) => Math.sin(i));
  const x = feed("x", [height, 16, 1], 2, values);
  const w = weight("w", [3, 3, 1, 64], new Float32Array(9 * 64).fill(0.1));
  const window = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [height, 16] };
  const y = op.convolve(x.tensor, w, window);
  const [dw] = gradients(op.sumSamples(op.sum(op.multiply(y, y), [0, 1, 2])), [w]);
  return { x, dw };
}

function kernelOf(height: number): NestKernel {
  const { x, dw } = slope(height);
  const { kernels } = lower(graphOf({ inputs: [x.tensor], totals: [dw] }));
  return kernels.find((k): k is NestKernel => k.kind === "nest" && k.accumulate) as NestKernel;
}

const iterations = (k: NestKernel): number => [...k.loops, ...k.reduce].reduce((n, l) => n * l.size, 1);

describe("blocks of a reduction", () => {
  test("a small reduction stays whole", () => {
    const kernel = kernelOf(3);
    expect(splitBlocks(kernel)).toEqual([kernel]);
  });

  test("a large one goes over all results once a block", () => {
    const [blocked, ...others] = splitBlocks(kernelOf(20));
    expect(others).toEqual([]);
    expect(blocked.loops[0].size).toBeGreaterThan(1);
    expect(blocked.loops[0].size * blocked.reduce[0].size).toBe(20);
  });

  test("rows that do not fill a block come last; no iteration is lost", () => {
    const kernel = kernelOf(23);
    const parts = splitBlocks(kernel);
    expect(parts).toHaveLength(2);
    expect(parts.map(iterations).reduce((a, b) => a + b)).toBe(iterations(kernel));
  });

  test.each([20, 23])("wasm sums %i rows in blocks as interp does at once", async (height) => {
    const { x, dw } = slope(height);
    const options = { feeds: [x] };
    const [expected] = (await run(interp("float64"), [dw], options)).values;
    const [actual] = (await run(wasm({ threads: 1 }), [dw], options)).values;
    expectClose(actual, expected, 1e-5, "gradient of the kernel");
  });
});
