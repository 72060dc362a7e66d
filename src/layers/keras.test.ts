/**
 * Every layer against Keras, on every device: outputs and the gradients of inputs and weights for all cases in
 * fixtures/layers, which Keras computed in float64.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { topological } from "../graph/graph.ts";
import { type Tensor, Variable } from "../graph/tensor.ts";
import { add, multiply, placeholder, sum, sumSamples } from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { input } from "./input.ts";
import type { Config } from "./options.ts";
import { layerRegistry } from "./registry.ts";
import { early } from "./testing.ts";

interface Values {
  readonly shape: readonly number[];
  readonly f32: string;
}
interface Case {
  readonly name: string;
  readonly class_name: string;
  readonly config: Config;
  /** What Keras saves of the layer. */
  readonly saved?: Config;
  /** Whether the layer takes a list of tensors. */
  readonly listed?: boolean;
  readonly inputs: readonly Values[];
  readonly weights: readonly (Values & { readonly name: string })[];
  readonly outputs: readonly Values[];
  readonly upstream: Values;
  readonly grad_inputs: readonly Values[];
  readonly grad_weights: readonly Values[];
}

/** Devices, and the largest error allowed relative to the largest value of a tensor. */
const devices: readonly (readonly [name: string, device: Device, tolerance: number])[] = [
  ["interp in float64", interp("float64"), 2e-6],
  ["interp", interp(), 1e-5],
  ["wasm", wasm(), 1e-5],
];

const folder = new URL("../../fixtures/layers/", import.meta.url);
const floats = (values: Values): Float32Array => {
  const bytes = Buffer.from(values.f32, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

/** Equal within a share of the largest value. */
function expectClose(got: Float32Array, want: Float32Array, what: string, tolerance: number): void {
  expect(got.length, what).toBe(want.length);
  const largest = Math.max(...Array.from(want, Math.abs), 1e-30);
  const worst = Math.max(0, ...Array.from(want, (v, i) => Math.abs(v - got[i])));
  expect(worst / largest, what).toBeLessThan(tolerance);
}

const fixtures = readdirSync(folder).map((file) => {
  const { cases } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { cases: Case[] };
  return { part: file.replace(".json", ""), cases };
});

/** Compared in tests of their own: with statistics that move, in training, or by what their chance is like. */
const elsewhere = ["normalization", "augmentation"].flatMap((name) => {
  const file = new URL(`../${name}.json`, folder);
  return (JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] }).cases.map((c) => c.class_name);
});
const byStatistics = [
  ...["AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization"],
  ...["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"],
];

test("every layer that a file may name has cases", () => {
  // A file holds cases of one class, and may hold only a part of them: UpSampling2D-interpolation.json
  for (const { part, cases } of fixtures) {
    expect(new Set(cases.map((c) => c.class_name))).toEqual(new Set([part.split("-")[0]]));
  }
  const here = fixtures.flatMap(({ cases }) => cases.map((c) => c.class_name));
  const compared = new Set([...here, ...elsewhere, ...byStatistics]);
  const layers = [...layerRegistry.keys()].filter((className) => className !== "InputLayer");
  expect([...compared].sort()).toEqual(layers.sort());
});

describe.each(devices)("%s", (_, device, tolerance) => {
  describe.each(fixtures)("$part", ({ cases }) => {
    test.each(cases)("$name", async (c) => {
      const record = layerRegistry.get(c.class_name);
      if (record === undefined) throw new Error(`no layer ${c.class_name}`);
      const layer = record.fromConfig(c.config);
      if (c.saved) {
        const again = record.fromConfig(c.saved).getConfig();
        expect(JSON.stringify(again)).toBe(JSON.stringify(early(c.saved)));
      }
      const xs = c.inputs.map((x) => input(x.shape.slice(1)));
      const y = layer(c.listed ? xs : xs[0]) as Tensor;
      expect(y.shape).toEqual(c.outputs[0].shape.slice(1));
      expect(layer.weights.map((weight) => weight.name)).toEqual(c.weights.map((weight) => weight.name));
      layer.weights.forEach((weight, i) => {
        expect(weight.shape).toEqual(c.weights[i].shape);
        weight.assign(floats(c.weights[i]));
      });

      const upstream = placeholder(y.shape, "upstream");
      const loss = sumSamples(
        sum(
          multiply(y, upstream),
          y.shape.map((_, i) => i),
        ),
      );
      const reads = (v: Variable): Tensor[] => topological([loss]).filter((t) => t.attributes.variable === v);
      const gradient = (of: readonly Tensor[]): Tensor => gradients(loss, of).reduce((a, b) => add(a, b));
      const results = layer.weights.map((w) => {
        const variable = new Variable(`d${w.name}`, w.shape, w.initializer);
        variable.assign(new Float32Array(w.shape.reduce((n, size) => n * size, 1)));
        return variable;
      });
      const program = device.compile({
        inputs: [...xs, upstream],
        scalars: [],
        outputs: [y, ...xs.map((x) => gradient([x]))],
        totals: [],
        updates: results.map((variable, i) => ({ variable, value: gradient(reads(layer.weights[i])) })),
        guard: undefined,
      });
      const outcome = await program.run({
        inputs: [...c.inputs, c.upstream].map((values) => ({ data: floats(values), shape: values.shape })),
        batchSize: c.inputs[0].shape[0],
      });
      expectClose(outcome.outputs[0], floats(c.outputs[0]), "output", tolerance);
      c.grad_inputs.forEach((gradient, i) => {
        expectClose(outcome.outputs[i + 1], floats(gradient), `gradient of input ${i}`, tolerance);
      });
      results.forEach((variable, i) => {
        expectClose(
          variable.value as Float32Array,
          floats(c.grad_weights[i]),
          `gradient of ${variable.name}`,
          tolerance,
        );
      });
    });
  });
});
