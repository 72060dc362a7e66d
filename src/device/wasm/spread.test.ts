import { describe, expect, test } from "vitest";
import { feed, run, weight } from "../../../test/support/run.ts";
import * as op from "../../ops/index.ts";
import { wasm } from "./device.ts";

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => Math.sin(step * i));

/** A picture through a convolution, pooling with odd windows at the edge, and a dense layer: much work for one sample. */
function picture(samples: number) {
  const x = feed("x", [65, 63, 8], samples, wave(samples * 65 * 63 * 8, 0.7));
  const window = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [65, 63] };
  const y = op.relu(op.convolve(x.tensor, weight("w", [3, 3, 8, 32], wave(9 * 8 * 32, 1.3)), window));
  const pooled = op.maxPool(y, { kernel: [3, 3], strides: [2, 2], before: [1, 1], output: [33, 32] });
  const sums = op.sum(pooled, [0, 1]);
  return { x, tensors: [pooled, op.matmulLast(sums, weight("v", [32, 5], wave(160, 0.3)))] };
}

describe("one large sample", () => {
  test.each([1, 2])("%i of them: several workers share it, with the bits of one", async (samples) => {
    const { x, tensors } = picture(samples);
    const options = { feeds: [x], batchSize: samples };
    const [alone, two, three] = await Promise.all(
      [1, 2, 3].map(async (threads) => (await run(wasm({ threads }), tensors, options)).values),
    );
    tensors.forEach((_, i) => {
      expect(two[i]).toEqual(alone[i]);
      expect(three[i]).toEqual(alone[i]);
    });
  });
});
