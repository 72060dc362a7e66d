/** Saving in pieces: the calling thread is free in between, and what is saved is what was there at the beginning. */

import { expect, test, vi } from "vitest";
import { bytesOf } from "../../src/core/array.ts";
import { joining, type Parts } from "../../src/core/parts.ts";
import { atOnce, type Pieces } from "../../src/core/pieces.ts";
import { adam, dense, input, loadModel, type Model, sequential } from "../../src/index.ts";
import { readKeras } from "../../src/saving/container.ts";
import { writingModel } from "../../src/training/save.ts";
import { type WeightFormat, writingWeights } from "../../src/training/weights-file.ts";
import { noise } from "../support/saved-models.ts";
import { modelFileOf, written } from "../support/written.ts";

const device = { device: "interp" } as const;
const [x, y] = [noise([20, 3], 1), noise([20, 2], 2)];

async function trained(): Promise<Model> {
  const made = sequential([input([3]), dense(4), dense(2)], { seed: 7 });
  made.compile({ optimizer: adam({ learningRate: 0.25 }), loss: "mse", ...device });
  await made.fit(x, y, { epochs: 1, verbose: 0 });
  return made as unknown as Model;
}

/** Everything that training and callers can change. */
async function change(model: Model): Promise<void> {
  await model.fit(x, y, { initialEpoch: 1, epochs: 3, verbose: 0 });
  model.setWeights(model.getWeights().map(({ shape, data }) => ({ shape, data: data.map((v) => v + 1) })));
  model.optimizer.learningRate = 0.5;
}

/** The file, where the model is changed after its first piece. */
async function changedMeanwhile(model: Model, pieces: Pieces<Parts>): Promise<Uint8Array> {
  const { done, value } = pieces.next();
  await change(model);
  return atOnce(joining(done ? value : atOnce(pieces)));
}

const contentOf = (file: Uint8Array): unknown => {
  const { config, weights, rhyton } = readKeras(file);
  return { config, weights, rhyton };
};

test("a model that changes while it is saved is saved as it was", async () => {
  const model = await trained();
  const before = modelFileOf(model);
  const file = await changedMeanwhile(model, writingModel(model));
  expect(contentOf(file)).toEqual(contentOf(before));
  expect(contentOf(modelFileOf(model))).not.toEqual(contentOf(before));
  const loaded = await loadModel(file, device);
  expect([loaded.epochs, loaded.optimizer.iterations, loaded.optimizer.learningRate]).toEqual([1, 1, 0.25]);
});

test.each<WeightFormat>(["h5", "npz", "safetensors"])("so are weights alone, as %s", async (format) => {
  const model = await trained();
  const writing = () => writingWeights("saveWeights", model, format);
  const before = written(writing());
  expect(await changedMeanwhile(model, writing())).toEqual(before);
});

test("weights are written from where they lie, and not copied", async () => {
  const model = await trained();
  const arrays = model.weights.map(({ value }) => value?.buffer);
  const formats: readonly WeightFormat[] = ["h5", "npz", "safetensors"];
  for (const pieces of [
    writingModel(model),
    ...formats.map((format) => writingWeights("saveWeights", model, format)),
  ]) {
    const buffers = atOnce(pieces).map(({ buffer }) => buffer);
    for (const array of arrays) expect(buffers).toContain(array);
  }
});

test("the thread is free between any two pieces, and a large model is many", async () => {
  const size = 800;
  const model = sequential([input([size]), dense(size)]);
  const weights = [noise([size, size], 3), noise([size], 4)];
  model.setWeights(weights);
  // A clock by which every piece has taken long.
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => {
    now += 100;
    return now;
  });
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const file = await model.toBytes().finally(() => clock.mockRestore());
  isDone = true;
  // 2.5 MB are summed up and copied, 256 KiB at once.
  expect(turns).toBeGreaterThan(2 * (file.length / 2 ** 18));
  const [kernel] = (await loadModel(file, device)).getWeights();
  expect(Buffer.compare(bytesOf(kernel.data), bytesOf(weights[0].data))).toBe(0);
});
