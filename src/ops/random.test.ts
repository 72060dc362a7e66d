import { describe, expect, it } from "vitest";
import { bits } from "../core/random.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  cosine,
  placeholder,
  randomNormal,
  randomUniform,
  sine,
  stepScalar,
  stopGradient,
  sum,
  take,
} from "./index.ts";

/** The values of one tensor for every sample of two steps of four. */
async function values(device: Device, make: (x: Tensor, step: Tensor) => Tensor, data?: Float32Array, size = 3) {
  const x = placeholder([size], "x");
  const step = stepScalar("step");
  const outputs = [make(x, step)];
  const graph = { inputs: [x], scalars: [step], outputs, totals: [], updates: [], guard: undefined };
  const inputs = [{ data: data ?? new Float32Array(8 * size), shape: [8, size] }];
  const run = await device.compile(graph).run({ inputs, batchSize: 4, scalars: (k) => [100 + k] });
  return run.outputs[0];
}

const devices: Device[] = [interp(), wasm({ threads: 2 }), wasm({ threads: 1 })];

describe.each(devices)("random numbers on $name", (device) => {
  it("are the generator's words for step, place and cell", async () => {
    const got = await values(device, (_, step) => randomUniform([5], [7, 9], step));
    const want = Array.from({ length: 40 }, (_, i) => {
      const place = Math.floor(i / 5);
      return (bits([7, 9 + 100 + Math.floor(place / 4)], [place, i % 5])[0] >>> 8) / 2 ** 24;
    });
    expect([...got]).toEqual(want);
  });

  it("are normal with the mean and deviation asked for", async () => {
    const got = await values(device, (_, step) => randomNormal([2000], [1, 2], step, 3, 0.5));
    const mean = got.reduce((a, b) => a + b, 0) / got.length;
    const deviation = Math.sqrt(got.reduce((a, b) => a + (b - mean) ** 2, 0) / got.length);
    expect(mean).toBeCloseTo(3, 1);
    expect(deviation).toBeCloseTo(0.5, 1);
    expect(got.every(Number.isFinite)).toBe(true);
  });

  it("take picks values at computed places, inside the range only", async () => {
    const data = Float32Array.from({ length: 40 }, (_, i) => i * 10);
    const places = Float32Array.from({ length: 6 }, (_, i) => [4, 0, 2.9, -3, 99, 1][i]);
    const { constantTensor } = await import("./index.ts");
    const got = await values(device, (x) => take(x, constantTensor({ data: places, shape: [2, 3] })), data, 5);
    expect([...got.subarray(6, 12)]).toEqual([90, 50, 70, 50, 90, 60]);
  });

  it("sine and cosine agree with Math within 2 units of the last place of 1", async () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => (i - 12) * 7.77);
    const s = await values(device, (x) => sine(x), data);
    const c = await values(device, (x) => cosine(x), data);
    data.forEach((x, i) => {
      expect(Math.abs(s[i] - Math.sin(x))).toBeLessThan(2.5e-7);
      expect(Math.abs(c[i] - Math.cos(x))).toBeLessThan(2.5e-7);
    });
  });
});

it("stopGradient keeps the value and stops the gradient", async () => {
  const { gradients } = await import("../passes/gradient.ts");
  const x = placeholder([3], "x");
  const loss = sum(stopGradient(x), [0], { overSamples: true });
  const [dx] = gradients(loss, [x]);
  expect(dx.op.name).toBe("fill");
});
