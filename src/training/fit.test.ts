import { describe, expect, it } from "vitest";
import { input } from "../layers/input.ts";
import type { Logs } from "./callbacks.ts";
import { model, sequential } from "./make-model.ts";
import { sgd } from "./optimizers.ts";
import { arrayOf, counting, Linear, line, Sigmoid, silent, x, y } from "./testing.ts";

describe("fit", () => {
  it("learns", async () => {
    const m = line();
    const history = await m.fit(x, y, { epochs: 60, batchSize: 2, ...silent });
    expect(history.epoch.length).toBe(60);
    expect(Object.keys(history.history)).toEqual(["loss", "mae"]);
    expect(history.history.loss[59]).toBeLessThan(0.05);
    const predicted = await m.predict(arrayOf([[10]]));
    expect((predicted as { data: Float32Array }).data[0]).toBeCloseTo(21, 0);
  });

  it("gives the same numbers twice, and others for another seed", async () => {
    const run = async (seed: number) => (await line(seed).fit(x, y, { epochs: 3, batchSize: 2, ...silent })).history;
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  it("shows a loss that is the mean over samples, whatever the batches", async () => {
    const m = sequential([input([1]), new Linear(1)]);
    m.compile({ optimizer: sgd({ learningRate: 0 }), loss: "mse" });
    m.setWeights([arrayOf([[0]]), arrayOf([0])]);
    const targets = arrayOf([[0], [0], [0], [0], [10]]);
    const zeros = arrayOf([[0], [0], [0], [0], [0]]);
    const { history } = await m.fit(zeros, targets, { batchSize: 2, ...silent });
    expect(history.loss[0]).toBeCloseTo(20, 5);
    expect((await m.evaluate(zeros, targets, { batchSize: 2 })).loss).toBeCloseTo(20, 5);
  });

  it("steps as by hand: gradient, update, short last batch", async () => {
    const m = line();
    m.setWeights([arrayOf([[1]]), arrayOf([0])]);
    await m.fit(arrayOf([[1], [2], [3]]), arrayOf([[0], [0], [0]]), { batchSize: 2, shuffle: false, ...silent });
    // Step 1: errors 1, 2, so dw = (2·1·1 + 2·2·2)/2 = 5, db = 3: w = .9, b = −.06.
    // Step 2: error 3·.9 − .06 = 2.64, dw = 2·2.64·3 = 15.84, db = 5.28.
    const [w, b] = m.getWeights().map((a) => a.data[0]);
    expect(w).toBeCloseTo(0.9 - 0.02 * 15.84, 5);
    expect(b).toBeCloseTo(-0.06 - 0.02 * 5.28, 5);
    expect(m.optimizer.iterations).toBe(2);
  });

  it("validates after every epoch, on data of its own or on the last samples", async () => {
    const m = line();
    const own = await m.fit(x, y, { validationData: [arrayOf([[1]]), arrayOf([[3]])], epochs: 2, ...silent });
    expect(Object.keys(own.history)).toEqual(["loss", "mae", "val_loss", "val_mae"]);
    const split = await m.fit(x, y, { validationSplit: 0.3, epochs: 1, batchSize: 2, ...silent });
    expect(split.params).toEqual({ verbose: 0, epochs: 1, steps: 2 });
    const { loss } = await m.evaluate(arrayOf([[4], [5], [6]]), arrayOf([[9], [11], [13]]));
    expect(split.history.val_loss[0]).toBeCloseTo(loss, 6);
    await expect(m.fit(x, y, { validationSplit: 0.9 })).rejects.toThrow("leaves 0 for training and 7");
  });

  it("compiles once for each kind, and stores an array that is both x and y once", async () => {
    const { device, counts } = counting();
    const v = input([2]);
    const m = model(v, new Sigmoid()(new Linear(2)(v)));
    m.compile({ optimizer: "adam", loss: "binary_crossentropy", device });
    const data = arrayOf([
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    await m.fit(data, data, { epochs: 3, validationData: [data, data], batchSize: 1, ...silent });
    await m.fit(data, data, { epochs: 1, ...silent });
    expect(counts.compiled.map((g) => [g.inputs.length, g.updates.length])).toEqual([
      [1, 6],
      [1, 0],
    ]);
    // One run for an epoch, one for its validation.
    expect(counts.runs).toBe(7);
    await m.fit(
      data,
      arrayOf([
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
      silent,
    );
    expect(counts.compiled[2].inputs.length).toBe(2);
    await m.predict(data);
    await m.predict(data);
    expect(counts.compiled.length).toBe(4);
    m.compile({ optimizer: "adam", loss: "mse", device });
    await m.fit(data, data, silent);
    expect(counts.compiled.length).toBe(5);
  });
});

describe("callbacks in fit", () => {
  it("are called in order, with running means", async () => {
    const seen: string[] = [];
    const logsOf: Logs[] = [];
    await line().fit(x, y, {
      batchSize: 4,
      epochs: 2,
      initialEpoch: 1,
      ...silent,
      callbacks: [
        {
          onTrainBegin: () => void seen.push("train"),
          onEpochBegin: (epoch) => void seen.push(`epoch ${epoch}`),
          onBatchBegin: (batch) => void seen.push(`batch ${batch}`),
          onTrainBatchEnd: (batch, logs) => {
            logsOf.push(logs);
            seen.push(`end ${batch}`);
          },
          onEpochEnd: (_, logs) => {
            expect(logs).toEqual(logsOf[1]);
            seen.push("epoch end");
          },
          onTrainEnd: () => void seen.push("train end"),
        },
      ],
    });
    const batches = ["batch 0", "end 0", "batch 1", "end 1"];
    expect(seen).toEqual(["train", "epoch 1", ...batches, "epoch end", "train end"]);
    expect(Object.keys(logsOf[0])).toEqual(["loss", "mae"]);
  });

  it("give the same weights step by step as in one run", async () => {
    const [one, steps] = [line(), line()];
    const a = await one.fit(x, y, { epochs: 3, batchSize: 3, ...silent });
    const b = await steps.fit(x, y, { epochs: 3, batchSize: 3, ...silent, callbacks: [{ onBatchEnd: () => {} }] });
    expect(b.history).toEqual(a.history);
    expect(steps.getWeights()).toEqual(one.getWeights());
  });

  it("may stop training, change the learning rate, and ask the model", async () => {
    const m = line();
    const values: number[] = [];
    const history = await m.fit(x, y, {
      epochs: 10,
      batchSize: 3,
      ...silent,
      callbacks: [
        {
          onEpochEnd: async (epoch, logs, self) => {
            values.push((await self.evaluate(x, y)).loss);
            logs.learning_rate = 0.5;
            self.optimizer.learningRate = 0;
            if (epoch === 2) self.stopTraining = true;
          },
        },
      ],
    });
    expect(history.epoch).toEqual([0, 1, 2]);
    expect(Object.keys(history.history)).toEqual(["loss", "mae", "learning_rate"]);
    expect(values[1]).toBe(values[0]);
    expect(history.history.loss[2]).toBeCloseTo(values[0], 5);
    expect(m.optimizer.iterations).toBe(9);
  });

  it("that ask without waiting are waited for", async () => {
    const m = line();
    let asked: Promise<unknown> | undefined;
    await m.fit(x, y, {
      epochs: 2,
      ...silent,
      callbacks: [
        {
          onEpochEnd: (_, __, self) => {
            asked = self.predict(x);
          },
        },
      ],
    });
    await expect(asked).resolves.toMatchObject({ shape: [7, 1] });
  });
});
