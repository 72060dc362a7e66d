/** Whole trainings against Keras: what it said epoch by epoch, and the weights it ended with. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../core/array.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { camelCase } from "../layers/options.ts";
import type { Logs } from "./callbacks.ts";
import type { CompileOptions } from "./compile.ts";
import type { Arrays } from "./data.ts";
import type { FitOptions } from "./fit-options.ts";
import { lossFromConfig, metricFromConfig } from "./from-config.ts";
import { model } from "./make-model.ts";
import type { Model } from "./model.ts";
import { sgd } from "./optimizers.ts";
import { decode, type Encoded } from "./testing-graphs.ts";

type Named = string | readonly string[];

interface Case {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: readonly (readonly [name: string, units: number, activation: string])[];
  readonly compile: Readonly<Record<string, unknown>>;
  readonly weights: readonly Encoded[];
  readonly arrays: Readonly<Record<string, Encoded>>;
  readonly fit?: Readonly<Record<string, unknown>>;
  readonly batches?: readonly (readonly string[])[];
  readonly history?: Readonly<Record<string, readonly number[]>>;
  readonly calls: readonly {
    readonly method: "evaluate" | "train_on_batch" | "test_on_batch";
    readonly given: readonly [Named, Named];
    readonly sample_weight?: Named;
    readonly class_weight?: Readonly<Record<number, number>>;
    readonly batch_size?: number;
    readonly logs: Logs;
  }[];
  readonly after: readonly Encoded[];
}
const fixture: { readonly learning_rate: number; readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("../../fixtures/training.json", import.meta.url), "utf8"),
);

/** Losses and metrics from class and config, wherever they are. */
function revive(value: unknown, make: (className: string, config: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((v) => revive(v, make));
  if (typeof value !== "object" || value === null) return value;
  const given = value as Readonly<Record<string, unknown>>;
  if (typeof given.class_name === "string") return make(given.class_name, given.config as Record<string, unknown>);
  return Object.fromEntries(Object.entries(given).map(([key, v]) => [key, revive(v, make)]));
}

function build(c: Case, device: Device): Model {
  const x = input([c.inputs], { name: "x" });
  const h = dense(c.hidden, { activation: "tanh", name: "hidden" })(x);
  const outputs = c.outputs.map(([name, units, activation]) =>
    dense(units, { activation: activation as "linear", name })(h),
  );
  const made = model(x, outputs.length === 1 ? outputs[0] : outputs) as unknown as Model;
  made.setWeights(c.weights.map((w) => ({ data: decode(w), shape: w.shape })));
  const { loss, metrics, weighted_metrics, loss_weights } = c.compile;
  made.compile({
    optimizer: sgd({ learningRate: fixture.learning_rate }),
    loss: revive(loss, (name, config) => lossFromConfig("test", name, config)) as CompileOptions["loss"],
    metrics: revive(metrics ?? [], (name, config) => metricFromConfig("test", name, config)) as [],
    weightedMetrics: revive(weighted_metrics ?? [], (name, config) => metricFromConfig("test", name, config)) as [],
    lossWeights: loss_weights as number,
    device,
  });
  return made;
}

/** The arrays that names stand for, in lists too. */
function arraysOf(c: Case, named: unknown): Arrays {
  if (Array.isArray(named)) return named.map((name) => arraysOf(c, name) as NdArray);
  const encoded = c.arrays[named as string];
  return { data: decode(encoded), shape: encoded.shape };
}

/** Arguments of `fit` under our names, with arrays in place of their names. */
function optionsOf(c: Case, given: Readonly<Record<string, unknown>>): FitOptions {
  const options = Object.entries(given).flatMap(([key, value]) => {
    if (key === "x" || key === "y") return [];
    if (key === "sample_weight") return [["sampleWeight", arraysOf(c, value)]];
    if (key === "validation_data") return [["validationData", (value as string[]).map((name) => arraysOf(c, name))]];
    return [[camelCase(key), value]];
  });
  return { ...Object.fromEntries(options), verbose: 0 };
}

function expectClose(got: number, expected: number): void {
  const error = Math.abs(got - expected) / Math.max(1, Math.abs(expected));
  expect(error).toBeLessThanOrEqual(1e-5);
}

function expectLogs(got: Logs, expected: Logs): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) expectClose(got[name], value);
}

async function fitAsKeras(c: Case, m: Model, fit: NonNullable<Case["fit"]>) {
  const options = optionsOf(c, fit);
  const { batches } = c;
  if (batches === undefined) return m.fit(arraysOf(c, fit.x), arraysOf(c, fit.y), { ...options, shuffle: false });
  async function* endless() {
    while (true) for (const batch of batches ?? []) yield arraysOf(c, batch) as [NdArray, NdArray, NdArray];
  }
  return m.fit(endless(), options);
}

describe.each([
  ["interp", interp()],
  ["wasm", wasm({ threads: 2 })],
])("trainings on %s", (_, device) => {
  it.each(fixture.cases.map((c) => [c.name, c] as const))("%s: as in Keras", async (_, c) => {
    const m = build(c, device);
    if (c.fit) {
      const { history } = await fitAsKeras(c, m, c.fit);
      expect(Object.keys(history)).toEqual(Object.keys(c.history ?? {}));
      for (const [name, values] of Object.entries(c.history ?? {})) {
        expect(history[name].length).toBe(values.length);
        values.forEach((value, epoch) => {
          expectClose(history[name][epoch], value);
        });
      }
    }
    for (const { method, given, sample_weight, class_weight, batch_size, logs } of c.calls) {
      const [x, y] = given.map((name) => arraysOf(c, name));
      const sampleWeight = sample_weight === undefined ? {} : { sampleWeight: arraysOf(c, sample_weight) };
      const classWeight = class_weight === undefined ? {} : { classWeight: class_weight };
      if (method === "evaluate") expectLogs(await m.evaluate(x, y, { batchSize: batch_size, ...sampleWeight }), logs);
      if (method === "test_on_batch") expectLogs(await m.testOnBatch(x, y, sampleWeight), logs);
      if (method === "train_on_batch")
        expectLogs(await m.trainOnBatch(x, y, { ...sampleWeight, ...classWeight }), logs);
    }
    const after = m.getWeights();
    c.after.forEach((encoded, i) => {
      decode(encoded).forEach((value, k) => {
        expectClose(after[i].data[k], value);
      });
    });
  });
});
