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

/** Keras 3.2 notes of every call of a layer that it is the first: its own loading makes another model of such a file. */
const lost = "3.2.1-nested";

test("there are files of every release from 3.0 to 3.15", () => {
  const releases = new Set(names.map((name) => name.split(".", 2).join(".")));
  expect([...releases].sort()).toEqual(Array.from({ length: 16 }, (_, minor) => `3.${minor}`).sort());
  for (const name of names) {
    const { kerasVersion } = readKeras(readFileSync(new URL(`${name}.keras`, folder)));
    expect(name.startsWith(`${kerasVersion}-`)).toBe(true);
  }
});

test.each(names.filter((name) => name !== lost))("%s", async (name) => {
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
  expect((await loadModel(await model.toBytes(), { device: "interp" })).getWeights()).toEqual(model.getWeights());
});

test(`${lost} is refused: it does not say which call is meant`, async () => {
  const bytes = readFileSync(new URL(`${lost}.keras`, folder));
  await expect(loadModel(bytes)).rejects.toThrow("nothing uses its result: Keras 3.2 writes files in which it is lost");
});
