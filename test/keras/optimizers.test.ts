/** Files with every optimizer, both ways: Keras takes the same next step as we do, and we read what it then keeps. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { loadModel } from "../../src/training/load.ts";
import { modelWith, optimizerCases, stateOf, x, y } from "../support/optimizers.ts";
import { askKeras, folder, readNpz, readScalars, writeNpz } from "./ask.ts";

const files = folder();
afterAll(() => files.remove());

interface Prepared {
  readonly loss: number;
  readonly weights: readonly NdArray[];
  readonly state: readonly NdArray[];
  readonly answer: string | null;
}
const prepared: Prepared[] = [];

beforeAll(async () => {
  const ours: Omit<Prepared, "answer">[] = [];
  writeNpz(files.at("in.npz"), [x], [y]);
  for (const [i, [, make]] of optimizerCases.entries()) {
    const model = modelWith(make());
    for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
    await model.save(files.at(`${i}.keras`));
    const { loss } = await model.trainOnBatch(x, y);
    ours.push({ loss, weights: model.getWeights(), state: stateOf(model) });
  }
  const job = (i: number) => ["step", `${i}.keras`, "in.npz", `${i}.npz`, `${i}-stepped.keras`];
  const answers = askKeras(ours.map((_, i) => job(i).map((word, k) => (k === 0 ? word : files.at(word)))));
  ours.forEach((own, i) => {
    prepared.push({ ...own, answer: answers[i] });
  });
}, 600_000);

function expectClose(got: readonly NdArray[], want: readonly NdArray[], what: string): void {
  expect(
    got.map((a) => a.shape),
    what,
  ).toEqual(want.map((a) => a.shape));
  got.forEach(({ data }, i) => {
    const largest = Math.max(...Array.from(want[i].data, Math.abs), 1e-6);
    const worst = Math.max(0, ...Array.from(want[i].data, (v, k) => Math.abs(v - data[k])));
    expect(worst / largest, `${what} ${i}`).toBeLessThan(2e-5);
  });
}

describe.each(optimizerCases.map(([name], i) => [name, i] as const))("%s", (_, i) => {
  test("Keras takes the same step", () => {
    const { answer, loss, weights, state } = prepared[i];
    expect(answer).toBeNull();
    const read = readNpz(files.at(`${i}.npz`));
    expect(readScalars(files.at(`${i}.npz`), "log_").loss).toBeCloseTo(loss, 5);
    expectClose(read("weight"), weights, "weight");
    expectClose(read("optimizer"), state, "variable");
  });

  test("we read what it keeps", async () => {
    const read = readNpz(files.at(`${i}.npz`));
    const model = await loadModel(files.at(`${i}-stepped.keras`), { device: "interp" });
    expect(model.getWeights()).toEqual(read("weight"));
    expectClose(stateOf(model), read("optimizer"), "variable");
  });
});
