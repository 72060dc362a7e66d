/**
 * Files of real Keras: each loads, predicts what Keras predicted, has the state of the optimizer, and one further step of
 * training gives the weights that Keras got.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { NdArray } from "../core/array.ts";
import { loadModel } from "./load.ts";
import { decode, type Encoded } from "./testing.ts";

interface Fixture {
  readonly inputs: readonly Encoded[];
  readonly predictions: readonly Encoded[];
  readonly weights: readonly Encoded[];
  readonly optimizer_variables?: readonly Encoded[];
  readonly step?: { readonly targets: readonly Encoded[]; readonly loss: number; readonly weights: readonly Encoded[] };
}

const folder = new URL("../../fixtures/keras/", import.meta.url);
const arrays = (list: readonly Encoded[]): NdArray<Float32Array>[] =>
  list.map((encoded) => ({ data: decode(encoded), shape: encoded.shape }));
const asList = (result: NdArray | readonly NdArray[]): readonly NdArray[] =>
  Array.isArray(result) ? result : [result as NdArray];

function expectClose(got: readonly NdArray[], want: readonly NdArray[], what: string): void {
  expect(
    got.map(({ shape }) => shape),
    what,
  ).toEqual(want.map(({ shape }) => shape));
  got.forEach(({ data }, i) => {
    const expected = want[i].data;
    const largest = Math.max(...Array.from(expected, Math.abs), 1e-30);
    const worst = Math.max(0, ...Array.from(expected, (v, k) => Math.abs(v - data[k])));
    expect(worst / largest, `${what} ${i}`).toBeLessThan(1e-5);
  });
}

const names = readdirSync(folder).flatMap((file) => (file.endsWith(".keras") ? [file.replace(".keras", "")] : []));

describe.each(["interp", "wasm"] as const)("on %s", (device) => {
  test.each(names)("%s", async (name) => {
    const fixture = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Fixture;
    const model = await loadModel(readFileSync(new URL(`${name}.keras`, folder)), { device });
    expect(model.getWeights()).toEqual(arrays(fixture.weights));
    const inputs = arrays(fixture.inputs);
    expectClose(asList(await model.predict(inputs)), arrays(fixture.predictions), "prediction");
    expect(model.compiled === undefined).toBe(fixture.step === undefined);
    if (fixture.step === undefined) return;

    const { optimizer } = model;
    const state = [
      { data: Float32Array.of(optimizer.iterations), shape: [] },
      { data: Float32Array.of(optimizer.rateAt(0)), shape: [] },
      ...optimizer.variables.map(({ value = new Float32Array(), shape }) => ({ data: value, shape })),
    ];
    expect(state).toEqual(arrays(fixture.optimizer_variables ?? []));
    const logs = await model.trainOnBatch(inputs, arrays(fixture.step.targets));
    expect(logs.loss).toBeCloseTo(fixture.step.loss, 5);
    expectClose(model.getWeights(), arrays(fixture.step.weights), "weight after one step");
    expect(optimizer.iterations).toBe(state[0].data[0] + 1);
  });
});
