/** Long nests are done row by row, by a function of their own: the same numbers, whatever counts as a long row. */
import { describe, expect, test, vi } from "vitest";
import { agrees } from "../../../test/devices/agree.ts";
import { feed, graphOf, run, weight } from "../../../test/support/run.ts";
import type { Tensor } from "../../graph/tensor.ts";
import * as op from "../../ops/index.ts";
import { gradients } from "../../passes/gradient.ts";
import { type WasmProgram, wasm } from "./device.ts";
import type { Profile } from "./profile.ts";

const long = vi.hoisted(() => ({ iterations: 8 }));

vi.mock("./profile.ts", async (original) => {
  const real = await original<{ narrow: Profile; wide: Profile }>();
  const changed = (profile: Profile): Profile => ({
    ...profile,
    get longRow() {
      return long.iterations;
    },
  });
  return { narrow: changed(real.narrow), wide: changed(real.wide) };
});

/** With rows that are long from so many iterations on. */
async function longFrom<T>(iterations: number, work: () => T): Promise<Awaited<T>> {
  const before = long.iterations;
  long.iterations = iterations;
  try {
    return await work();
  } finally {
    long.iterations = before;
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
  test("is a function that is called for one row after the other", async () => {
    const { x, tensors } = picture();
    const names = (): string[] => {
      const program = wasm().compile(graphOf({ inputs: [x.tensor], outputs: tensors.slice(0, 2) })) as WasmProgram;
      return program.generated.module.functions.map((f) => f.name).filter((name) => name.endsWith(".row"));
    };
    expect(await longFrom(1 << 21, names)).toEqual([]);
    expect(await longFrom(1 << 15, names)).toEqual(["sum.row", "sum_1.row"]);
  });

  test("gives the bits that it gives as a whole", async () => {
    const { x, tensors } = picture();
    const values = async () => (await run(wasm({ threads: 1 }), tensors, { feeds: [x], batchSize: 2 })).values;
    const whole = await longFrom(1 << 21, values);
    for (const iterations of [1 << 15, 1000, 8]) expect(await longFrom(iterations, values)).toEqual(whole);
  });
});

agrees(wasm(), { models: 15 });
