/**
 * Models of keras.applications with random weights, both ways: Keras' file loaded here gives the same answer for the same
 * picture, and so does our file of it in Keras. `RHYTON_APPLICATIONS=Name:size,…` asks for others.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { loadModel } from "../../src/training/load.ts";
import { askKeras, distance, folder, readNpz, runPython } from "./ask.ts";

const wanted = (process.env.RHYTON_APPLICATIONS ?? "MobileNetV2:96,ResNet50V2:64").split(",");
const files = folder();

beforeAll(() => runPython("make_applications.py", files.at(""), ...wanted), 600_000);
afterAll(() => files.remove());

describe.each(wanted)("%s", (item) => {
  const [name] = item.split(":");

  test("the same picture, the same answer", { timeout: 300_000 }, async () => {
    const model = await loadModel(files.at(`${name}.keras`));
    const read = readNpz(files.at(`${name}.npz`));
    const start = performance.now();
    const answer = (await model.predict(read("x"))) as NdArray;
    const seconds = (performance.now() - start) / 1000;
    const far = distance(answer, read("y")[0]);
    console.log(`${item}: ${model.countParams()} numbers, differs by ${far.toExponential(1)}, ${seconds.toFixed(1)} s`);
    expect(far).toBeLessThan(1e-4);
    await model.save(files.at(`${name}-ours.keras`));
    const weights = model.getWeights();
    const answers = askKeras([
      ["predict", files.at(`${name}-ours.keras`), files.at(`${name}.npz`), files.at("out.npz")],
    ]);
    expect(answers).toEqual([null]);
    const back = readNpz(files.at("out.npz"));
    expect(distance(back("prediction")[0], answer)).toBeLessThan(1e-4);
    const differs = back("weight").findIndex(({ data }, i) => data.some((v, k) => v !== weights[i].data[k]));
    expect(differs).toBe(-1);
  });
});
