/** That a device gives the numbers of `interp("float64")`: on every case of the op table and on random models. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { atOnce } from "../../src/core/pieces.ts";
import type { Device } from "../../src/device/device.ts";
import { interp } from "../../src/device/interp.ts";
import { compareCase } from "../../src/doctor/self-test.ts";
import { multiply, subtract } from "../../src/ops/index.ts";
import { gradients } from "../../src/passes/gradient.ts";
import { beforeGradient } from "../../src/passes/prepare.ts";
import { cases } from "../ops/cases.ts";
import { Cells, expectClose, expectWithin, indices, largest, type Numbers } from "../support/arrays.ts";
import { forEachSample } from "../support/gradient.ts";
import { type RunOptions, run } from "../support/run.ts";
import { compositions } from "./compositions.ts";
import { buildModel, type Kink, type Model, type ModelSpec, modelSpec } from "./models.ts";

export interface Agreement {
  /** Largest difference after one op, relative to the largest value of each tensor. */
  readonly tolerance?: number;
  /** Random models of each kind. */
  readonly models?: number;
}

const reference = interp("float64");

/** Registers the tests of one device. */
export function agrees(device: Device, { tolerance = 2e-5, models = 40 }: Agreement = {}): void {
  describe(`${device.name} agrees with ${reference.name}`, () => {
    describe("on every case", () => {
      test.each(cases.map((c) => [c.name, c] as const))("%s", async (name, c) => {
        await sameOn(device, name, c, tolerance);
      });
    });

    describe("on every composition", () => {
      test.each(compositions.map((c) => [c.name, c] as const))("%s", async (name, c) => {
        await sameOn(device, name, c, tolerance);
      });
    });

    test("on random models and their gradients", async () => {
      const property = fc.asyncProperty(modelSpec, (spec) => sameModel(device, spec, tolerance));
      await fc.assert(property, { numRuns: models });
    });

    test("on random models trained for some steps", async () => {
      const property = fc.asyncProperty(modelSpec, (spec) => sameTraining(device, spec, tolerance));
      await fc.assert(property, { numRuns: models });
    });
  });
}

/** A result alone, then with its gradients, in two batches of which the last is short. */
const sameOn = (
  device: Device,
  name: string,
  subject: Parameters<typeof compareCase>[1],
  tolerance: number,
): Promise<void> =>
  compareCase(device, subject, (what, actual, expected) => {
    expectClose(actual, expected, tolerance, `${name}, ${what}`);
  });

const optionsOf = (model: Model, spec: ModelSpec): RunOptions => ({ feeds: [model.input], batchSize: spec.batchSize });

async function sameModel(device: Device, spec: ModelSpec, tolerance: number): Promise<void> {
  const model = buildModel(spec);
  const options = optionsOf(model, spec);
  const inputs = [model.input.tensor, ...model.parameters.map((p) => p.tensor)];
  const [dx, ...slopes] = gradients(model.loss, inputs);
  const wanted = [model.output, forEachSample(dx, model.input.tensor), ...slopes];
  const expected = await run(reference, wanted, options, [model.loss]);
  const actual = await run(device, wanted, options, [model.loss]);
  expectSimilar(actual.values[0], expected.values[0], tolerance, "output");
  expectSimilar(actual.totals, expected.totals, tolerance, "loss");
  if (await nearKink(model, spec)) return;
  // Gradients are sums that cancel, some of them down to nothing: they are held to the largest of them all.
  const gradientsOf = expected.values.slice(1);
  const scale = Math.max(0.01 * largest(expected.totals), ...gradientsOf.map(largest));
  gradientsOf.forEach((e, i) => {
    const allowed = 50 * tolerance * Math.max(largest(e), 0.1 * scale);
    expectWithin(actual.values[i + 1], e, allowed, i === 0 ? "gradient of x" : `gradient of w${i - 1}`);
  });
}

/**
 * Values after many ops: a sum of n numbers in float32 may be off by n/2 roundings, and where numbers around 1 cancel to
 * nothing there is nothing to be relative to.
 */
const expectSimilar = (actual: Numbers, expected: Numbers, tolerance: number, label: string): void =>
  expectWithin(actual, expected, 10 * tolerance * Math.max(largest(expected), 0.1), label);

/** Gradient descent in place; smooth models, because a kink that is passed at another step changes what follows. */
async function sameTraining(device: Device, spec: ModelSpec, tolerance: number): Promise<void> {
  const train = async (on: Device) => {
    const model = buildModel(spec, true);
    // The plain definition differentiates the model as it is written; the device, as a training would.
    const [loss, output] =
      on === reference ? [model.loss, model.output] : atOnce(beforeGradient([model.loss, model.output]));
    const slopes = gradients(
      loss,
      model.parameters.map((p) => p.tensor),
    );
    const updates = model.parameters.map(({ variable, tensor }, i) => ({
      variable,
      value: subtract(tensor, multiply(slopes[i], 0.01)),
    }));
    const order = Uint32Array.from({ length: spec.samples }, (_, i) => (i * 7 + 3) % spec.samples);
    const { totals, values } = await run(on, [output], { ...optionsOf(model, spec), order, updates }, [loss]);
    return [totals, values[0], ...model.parameters.map((p) => p.variable.value as Float32Array)];
  };
  const [expected, actual] = [await train(reference), await train(device)];
  // A training that runs away loses its digits before it loses its numbers.
  if (!expected.every((e) => largest(e) < 1000)) return;
  expected.forEach((e, i) => {
    expectSimilar(actual[i], e, tolerance, i === 0 ? "loss" : i === 1 ? "output" : `w${i - 2}`);
  });
}

/** Whether rounding may put the model on the other side of a kink, where gradients differ rightly. */
async function nearKink(model: Model, spec: ModelSpec): Promise<boolean> {
  if (model.kinks.length === 0) return false;
  const tensors = [...new Set(model.kinks.map((k) => k.tensor))];
  const { values } = await run(reference, tensors, optionsOf(model, spec));
  return model.kinks.some((kink) => {
    const all = values[tensors.indexOf(kink.tensor)];
    const limit = 1e-4 * largest(all);
    return kink.windows ? closeInWindows(kink, all, limit) : all.some((v) => v !== 0 && Math.abs(v) < limit);
  });
}

function closeInWindows({ tensor, windows }: Kink, all: Float32Array, limit: number): boolean {
  if (!windows) return false;
  const { kernel, strides, before, output } = windows;
  const size = tensor.shape.reduce((a, b) => a * b, 1);
  for (let at = 0; at < all.length; at += size) {
    const x = new Cells(tensor.shape, all.subarray(at, at + size));
    for (const i of indices([...output, ...tensor.shape.slice(kernel.length)])) {
      const seen: number[] = [];
      for (const k of indices(kernel)) {
        const j = i.map((n, a) => (a < kernel.length ? n * strides[a] + k[a] - before[a] : n));
        if (x.inside(j)) seen.push(x.at(j));
      }
      seen.sort((a, b) => b - a);
      // Zeros tie because a relu made them; they tie on every device.
      if (seen.length > 1 && seen[0] !== 0 && seen[0] - seen[1] < limit) return true;
    }
  }
  return false;
}
