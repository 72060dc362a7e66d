/**
 * Files both ways between Rhyton and real Keras, for every kind of model: what we save Keras loads, predicts the same from
 * and trains on the same; what Keras saves of it we load, with the state of the optimizer, and train on the same.
 */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { readZip } from "../../src/saving/zip.ts";
import type { Logs } from "../../src/training/callbacks.ts";
import { loadModel } from "../../src/training/load.ts";
import type { Model } from "../../src/training/model.ts";
import { compiledKinds } from "../support/saved-compiles.ts";
import { kinds as allKinds } from "../support/saved-models.ts";
import { askKeras, folder, readNpz, readScalars, writeNpz } from "./ask.ts";

const tolerance = 1e-5;
const kinds = [...allKinds, ...compiledKinds].filter(({ notInKeras }) => notInKeras === undefined);
const files = folder();

const listOf = (result: NdArray | readonly NdArray[]): readonly NdArray[] =>
  Array.isArray(result) ? result : [result as NdArray];

/** The largest difference, relative to the largest number of the array. */
function expectClose(got: readonly NdArray[], want: readonly NdArray[], what: string): void {
  expect(
    got.map((a) => a.shape),
    what,
  ).toEqual(want.map((a) => a.shape));
  got.forEach(({ data }, i) => {
    const largest = Math.max(...Array.from(want[i].data, Math.abs), 1e-30);
    const worst = Math.max(0, ...Array.from(want[i].data, (v, k) => Math.abs(v - data[k])));
    expect(worst / largest, `${what} ${i}`).toBeLessThan(tolerance);
  });
}

/** All that the optimizer keeps, as Keras lists it. */
const stateOf = ({ optimizer }: Model): readonly NdArray[] => [
  { data: Float32Array.of(optimizer.iterations), shape: [] },
  // Where a schedule gives the learning rate, Keras keeps none.
  ...(typeof optimizer.learningRate === "number" ? [{ data: Float32Array.of(optimizer.learningRate), shape: [] }] : []),
  ...optimizer.variables.map(({ value = new Float32Array(), shape }) => ({ data: value, shape })),
];

/** Loss and metrics by name. */
function expectSameLogs(got: Logs, want: Logs): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  const isFar = ([name, value]: [string, number]): boolean =>
    !(Math.abs(got[name] - value) / Math.max(1, Math.abs(value)) < tolerance);
  const far = Object.entries(want).filter(isFar);
  expect(far.map(([name, value]) => `${name}: ${got[name]}, expected ${value}`)).toEqual([]);
}

interface Prepared {
  readonly predictions: readonly NdArray[];
  readonly weights: readonly NdArray[];
  readonly x: readonly NdArray<Float32Array>[];
  readonly y: readonly NdArray<Float32Array>[];
  readonly isCompiled: boolean;
  /** Where the answers of Keras are: errors, by command. */
  readonly answers: Record<string, string | null>;
  /** After one further step here. */
  readonly after?: { readonly logs: Logs; readonly weights: readonly NdArray[] };
}

const prepared = new Map<string, Prepared>();

beforeAll(async () => {
  const jobs: { readonly kind: string; readonly command: string; readonly args: readonly string[] }[] = [];
  for (const [i, kind] of kinds.entries()) {
    const { model, x, y, compile } = kind.make();
    if (compile !== undefined) model.compile(compile);
    else model.compile({ optimizer: "sgd", loss: "mse" });
    for (let step = 0; step < kind.steps; step++) await model.trainOnBatch(x, y);
    const predictions = listOf(await model.predict(x));
    const file = (name: string): string => files.at(`${i}-${name}`);
    const saved = compile === undefined ? kind.make().model : model;
    if (compile === undefined) saved.setWeights(model.getWeights());
    await saved.save(file("ours.keras"));
    writeNpz(file("in.npz"), x, y);
    const weights = model.getWeights();
    const job = (command: string, ...args: readonly string[]): void =>
      void jobs.push({ kind: kind.name, command, args });
    job("predict", file("ours.keras"), file("in.npz"), file("predict.npz"));
    job("resave", file("ours.keras"), file("resaved.keras"));
    if (i < allKinds.length) {
      await saved.saveWeights(file("ours.weights.h5"));
      await saved.saveWeights(file("ours.npz"));
      job("weights", file("ours.keras"), file("ours.weights.h5"), file("weights.npz"), file("resaved.weights.h5"));
      job("arrays", file("ours.npz"), file("arrays.npz"));
    }
    job("summary", file("ours.keras"));
    if (compile !== undefined) {
      job("step", file("ours.keras"), file("in.npz"), file("step.npz"), file("stepped.keras"));
      job("step", file("stepped.keras"), file("in.npz"), file("step-2.npz"), file("stepped-2.keras"));
    }
    const logs = compile === undefined ? undefined : await model.trainOnBatch(x, y);
    const after = logs === undefined ? undefined : { logs, weights: model.getWeights() };
    prepared.set(kind.name, { predictions, weights, x, y, isCompiled: compile !== undefined, answers: {}, after });
  }
  const answers = askKeras(jobs.map(({ command, args }) => [command, ...args]));
  jobs.forEach(({ kind, command, args }, k) => {
    const key = command === "step" && args[0].endsWith("stepped.keras") ? "second step" : command;
    prepared.get(kind)!.answers[key] = answers[k];
  });
}, 600_000);

afterAll(() => files.remove());

describe.each(kinds.map(({ name }, i) => [name, i] as const))("%s", (name, i) => {
  const file = (end: string): string => files.at(`${i}-${end}`);
  const of = (): Prepared => prepared.get(name)!;

  test("Keras loads ours and predicts the same", () => {
    const { answers, predictions, weights } = of();
    expect(answers).toEqual(Object.fromEntries(Object.keys(answers).map((key) => [key, null])));
    expect([...readZip(new Uint8Array(readFileSync(file("ours.keras")))).keys()]).toContain("rhyton.json");
    const read = readNpz(file("predict.npz"));
    expect(read("weight")).toEqual(weights);
    expectClose(read("prediction"), predictions, "prediction");
  });

  test("we load what Keras saved of it", async () => {
    const { x, predictions, weights, isCompiled } = of();
    const model = await loadModel(file("resaved.keras"));
    expect(model.compiled !== undefined).toBe(isCompiled);
    expect(model.getWeights()).toEqual(weights);
    expectClose(listOf(await model.predict(x)), predictions, "prediction");
  });

  test("files of weights alone", async () => {
    const { weights } = of();
    if (!existsSync(file("ours.npz"))) return;
    expect(readNpz(file("weights.npz"))("weight")).toEqual(weights);
    expect(readNpz(file("arrays.npz"))("weight")).toEqual(weights);
    const { model } = kinds[i].make();
    await model.loadWeights(file("resaved.weights.h5"));
    expect(model.getWeights()).toEqual(weights);
  });

  test("one further step is the same, in Keras and after Keras saved", async () => {
    const { x, y, after } = of();
    if (after === undefined) return;
    const read = readNpz(file("step.npz"));
    expectSameLogs(readScalars(file("step.npz"), "log_"), after.logs);
    expectClose(read("weight"), after.weights, "weight");
    const model = await loadModel(file("resaved.keras"));
    expectSameLogs(await model.trainOnBatch(x, y), after.logs);
    expectClose(model.getWeights(), after.weights, "weight after Keras saved");
  });

  test("the state of the optimizer is that of Keras, and so is the step after it", async () => {
    const { x, y, after } = of();
    if (after === undefined) return;
    const model = await loadModel(file("stepped.keras"));
    const read = readNpz(file("step.npz"));
    expect(model.getWeights()).toEqual(read("weight"));
    expect(stateOf(model)).toEqual(read("optimizer"));
    await model.trainOnBatch(x, y);
    const second = readNpz(file("step-2.npz"));
    expectClose(model.getWeights(), second("weight"), "weight");
    expectClose(stateOf(model), second("optimizer"), "slot");
  });
});
