/** The seed network trains as it does in real Keras: losses of 50 steps, weights after them, pictures. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sgd } from "../../src/training/optimizers.ts";
import { difference, expectClose } from "../support/arrays.ts";
import { arrayFrom, digitsFrom, fixture, startedLikeKeras } from "./seed.ts";

const BATCH = fixture.data.batch_size;

/** Losses of the first steps, each on the next digits in the order of the file. */
async function lossesOf(m: ReturnType<typeof startedLikeKeras>, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const digits = digitsFrom(step * BATCH, BATCH);
    losses.push((await m.trainOnBatch(digits, digits)).loss);
  }
  return losses;
}

/** The largest difference of two lists of losses, relative to the expected loss. */
const apart = (actual: readonly number[], expected: readonly number[]): number =>
  Math.max(...expected.map((loss, i) => Math.abs(actual[i] - loss) / loss));

test("the digits are those that Keras was given", () => {
  const { count, sha256 } = fixture.data;
  expect(createHash("sha256").update(digitsFrom(0, count).data).digest("hex")).toBe(sha256);
});

describe("50 steps of adam on binary cross-entropy", async () => {
  const m = startedLikeKeras();
  m.compile({ optimizer: "adam", loss: "binary_crossentropy", device: "wasm" });
  const losses = await lossesOf(m, fixture.losses.length);

  test("have the losses of Keras", () => {
    expect(losses).toHaveLength(50);
    expect(apart(losses, fixture.losses)).toBeLessThan(2e-6);
    expect(apart(losses, fixture.losses_float64)).toBeLessThan(2e-6);
  });

  test("end in the weights of Keras", () => {
    const weights = m.getWeights();
    fixture.weights.forEach((w, i) => {
      const expected = arrayFrom(w);
      expect(weights[i].shape, w.name).toEqual(expected.shape);
      expectClose(weights[i].data, expected.data, 1e-4, w.name);
    });
  });

  test("draw the pictures of Keras", async () => {
    const { data, shape } = await m.predict(digitsFrom(0, 2));
    const expected = arrayFrom(fixture.predictions);
    expect(shape).toEqual(expected.shape);
    expect(difference(data, expected.data)).toBeLessThan(5e-6);
  });

  test("are those of one fit over all digits", async () => {
    const fitted = startedLikeKeras();
    fitted.compile({ optimizer: "adam", loss: "binary_crossentropy" });
    const digits = digitsFrom(0, fixture.data.count);
    const { history } = await fitted.fit(digits, digits, { batchSize: BATCH, shuffle: false, verbose: 0 });
    expect(fitted.getWeights()).toEqual(m.getWeights());
    const mean = fixture.losses.reduce((a, b) => a + b, 0) / fixture.losses.length;
    expect(apart(history.loss, [mean])).toBeLessThan(2e-6);
  });
});

test("10 steps of sgd with momentum on mean squared error have the losses of Keras", async () => {
  const m = startedLikeKeras();
  m.compile({ optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), loss: "mean_squared_error", device: "wasm" });
  const losses = await lossesOf(m, fixture.sgd.losses.length);
  expect(losses).toHaveLength(10);
  expect(apart(losses, fixture.sgd.losses)).toBeLessThan(2e-6);
});

test("steps on the plain device have the losses and weights of the fast one", async () => {
  const [plain, fast] = [startedLikeKeras(), startedLikeKeras()];
  plain.compile({ optimizer: "adam", loss: "binary_crossentropy", device: "interp" });
  fast.compile({ optimizer: "adam", loss: "binary_crossentropy", device: "wasm" });
  const digits = digitsFrom(0, 4);
  for (let step = 0; step < 2; step++) {
    const { loss } = await plain.trainOnBatch(digits, digits);
    expect((await fast.trainOnBatch(digits, digits)).loss / loss).toBeCloseTo(1, 5);
  }
  const expected = plain.getWeights();
  fast.getWeights().forEach(({ data }, i) => {
    expectClose(data, expected[i].data, 1e-4, fixture.weights[i].name);
  });
});
