/** Long nests are done part by part: the same numbers, however small the parts. */
import { describe, expect, test, vi } from "vitest";
import { agrees } from "../../../test/devices/agree.ts";
import { feed, graphOf, run, weight } from "../../../test/support/run.ts";
import type { Tensor } from "../../graph/tensor.ts";
import * as op from "../../ops/index.ts";
import { gradients } from "../../passes/gradient.ts";
import { type WasmProgram, wasm } from "./device.ts";
import type { Profile } from "./profile.ts";

const part = vi.hoisted(() => ({ iterations: 8 }));

vi.mock("./profile.ts", async (original) => {
  const real = await original<{ narrow: Profile; wide: Profile }>();
  const parted = (profile: Profile): Profile => ({
    ...profile,
    get partIterations() {
      return part.iterations;
    },
  });
  return { narrow: parted(real.narrow), wide: parted(real.wide) };
});

/** With parts of so many iterations. */
async function parted<T>(iterations: number, work: () => T): Promise<Awaited<T>> {
  const before = part.iterations;
  part.iterations = iterations;
  try {
    return await work();
  } finally {
    part.iterations = before;
  }
}

const wave = (n: number, step: number): Float32Array => new Float32Array(n).map((_, i) => Math.sin(step * i));

/** A convolution, pooling with overlapping windows, and the gradients of both. */
function picture() {
  const x = feed("x", [41, 39, 8], 2, wave(2 * 41 * 39 * 8, 0.7));
  const w = weight("w", [3, 3, 8, 16], wave(9 * 8 * 16, 1.3));
  const window = { strides: [1, 1], dilation: [1, 1], before: [1, 1], groups: 1, output: [41, 39] };
  const y = op.convolve(x.tensor, w, window);
  const pooled = op.maxPool(y, { kernel: [3, 3], strides: [2, 2], before: [1, 1], output: [21, 20] });
  const loss = op.sumSamples(op.sum(op.multiply(pooled, pooled), [0, 1, 2]));
  const [dx, dw] = gradients(loss, [x.tensor, w]);
  return { x, tensors: [pooled, dx, dw] as Tensor[] };
}

describe("a long nest", () => {
  test("is a function that is called for one part after the other", async () => {
    const { x, tensors } = picture();
    const names = (): string[] => {
      const program = wasm().compile(graphOf({ inputs: [x.tensor], outputs: tensors.slice(0, 2) })) as WasmProgram;
      return program.generated.module.functions.map((f) => f.name).filter((name) => name.endsWith(".part"));
    };
    expect(await parted(1 << 20, names)).toEqual([]);
    expect(await parted(1 << 16, names)).toEqual(["sum.part", "sum_1.part"]);
  });

  test("gives the bits that it gives as a whole", async () => {
    const { x, tensors } = picture();
    const values = async () => (await run(wasm({ threads: 1 }), tensors, { feeds: [x], batchSize: 2 })).values;
    const whole = await parted(1 << 20, values);
    for (const iterations of [1 << 16, 1000, 8]) expect(await parted(iterations, values)).toEqual(whole);
  });
});

agrees(wasm(), { models: 15 });
