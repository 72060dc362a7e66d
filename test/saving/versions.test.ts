/** Files of several releases of Keras 3: scripts/make_version_fixtures.py made them. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { readKeras } from "../../src/saving/container.ts";
import { loadModel } from "../../src/training/load.ts";
import { decode, type Encoded } from "../../src/training/testing.ts";

const folder = new URL("../../fixtures/keras-versions/", import.meta.url);
const names = readdirSync(folder).flatMap((file) => (file.endsWith(".keras") ? [file.replace(".keras", "")] : []));
interface Told {
  readonly inputs: readonly Encoded[];
  readonly predictions: readonly Encoded[];
  readonly iterations: number;
}

test("there are files of several releases", () => {
  const releases = new Set(names.map((name) => name.split("-")[0]));
  expect(releases.size).toBeGreaterThanOrEqual(5);
  for (const name of names) {
    const { kerasVersion } = readKeras(readFileSync(new URL(`${name}.keras`, folder)));
    expect(name.startsWith(`${kerasVersion}-`)).toBe(true);
  }
});

test.each(names)("%s", async (name) => {
  const told = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Told;
  const model = await loadModel(readFileSync(new URL(`${name}.keras`, folder)), { device: "interp" });
  const x = told.inputs.map((encoded) => ({ data: decode(encoded), shape: encoded.shape }));
  const answers = [await model.predict(x)].flat() as NdArray[];
  told.predictions.forEach((encoded, i) => {
    const want = decode(encoded);
    expect(answers[i].shape).toEqual(encoded.shape);
    const largest = Math.max(...want.map(Math.abs));
    expect(Math.max(...want.map((v, k) => Math.abs(v - answers[i].data[k]))) / largest).toBeLessThan(1e-5);
  });
  expect(model.optimizer.iterations).toBe(told.iterations);
  expect(model.optimizer.variables.length).toBeGreaterThan(0);
  const y = answers.map(({ data, shape }) => ({ data: Float32Array.from(data), shape }));
  expect(Number.isFinite((await model.trainOnBatch(x, y)).loss)).toBe(true);
  expect((await loadModel(model.toBytes(), { device: "interp" })).getWeights()).toEqual(model.getWeights());
});
