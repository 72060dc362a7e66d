/** Every optimizer in a file: what was trained so far, saved and loaded, goes on to the same bits. */
import { describe, expect, it } from "vitest";
import { modelWith, optimizerCases, x, y } from "../../test/support/optimizers.ts";
import { interp } from "../device/interp.ts";
import type { Tensor } from "../graph/tensor.ts";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import { type Callback, EarlyStopping, ReduceLROnPlateau } from "./callbacks.ts";
import { loadModel } from "./load.ts";
import { model } from "./make-model.ts";
import type { Model } from "./model.ts";
import { adam } from "./optimizers.ts";
import { silent } from "./testing.ts";

const options = { batchSize: 4, ...silent } as const;
const slots = (m: Model) => m.optimizer.variables.map(({ name, value }) => [name, [...(value ?? [])]]);

describe("an optimizer in a file", () => {
  it.each(optimizerCases)("%s", async (_, make) => {
    const m = modelWith(make());
    await m.fit(x, y, { ...options, epochs: 2 });
    const again = await loadModel(await m.toBytes(), { device: interp() });
    expect(again.optimizer.className).toBe(m.optimizer.className);
    expect(again.optimizer.config).toEqual(m.optimizer.config);
    expect(again.optimizer.iterations).toBe(6);
    expect(slots(again)).toEqual(slots(m));
    expect(again.getWeights()).toEqual(m.getWeights());
    const both = [m, again].map(async (one) => {
      const { history } = await one.fit(x, y, { ...options, epochs: 4, initialEpoch: one.epochs });
      return { history, weights: one.getWeights(), slots: slots(one) };
    });
    const [alone, resumed] = await Promise.all(both);
    expect(resumed).toEqual(alone);
  });

  it("that never took a step has no slots yet", async () => {
    const m = modelWith(adam({ useEma: true }));
    const again = await loadModel(await m.toBytes(), { device: interp() });
    expect(again.optimizer.variables).toEqual([]);
    await again.fit(x, y, options);
  });

  it("follows the parts of a layer of one's own as it lists them, not their names", async () => {
    class Pair extends Layer {
      readonly zoom = dense(3);
      readonly aim = dense(2);
      call(t: Tensor) {
        return this.aim.enter(this.zoom.enter(t) as Tensor) as Tensor;
      }
    }
    const start = input([4]);
    const m = model(start, new Pair().enter(start) as Tensor) as unknown as Model;
    m.compile({ optimizer: "adam", loss: "mse", device: interp() });
    const data = (columns: number) => ({
      data: Float32Array.from({ length: 2 * columns }, (_, i) => Math.sin(i)),
      shape: [2, columns],
    });
    const step = (one: Model) => one.trainOnBatch(data(4), data(2));
    await step(m);
    const again = await loadModel(await m.toBytes(), { device: interp(), customObjects: { Pair } });
    expect(slots(again)).toEqual(slots(m));
    expect(await step(again)).toEqual(await step(m));
    expect(again.getWeights()).toEqual(m.getWeights());
  });

  it("stands beside what callbacks had come to", async () => {
    const callbacks = () => [
      new ReduceLROnPlateau({ monitor: "loss", patience: 1, minDelta: 10 }),
      new EarlyStopping({ monitor: "loss", patience: 5, minDelta: 10, restoreBestWeights: true }),
    ];
    const alone = modelWith(adam());
    const whole = await alone.fit(x, y, { ...options, epochs: 9, callbacks: callbacks() });
    const first = modelWith(adam());
    let bytes = new Uint8Array();
    const save: Callback = {
      onEpochEnd: async (epoch, _, m) => {
        if (epoch === 2) bytes = await m.toBytes();
      },
    };
    await first.fit(x, y, { ...options, epochs: 9, callbacks: [...callbacks(), save] });
    const again = await loadModel(bytes, { device: interp() });
    const rest = await again.fit(x, y, { ...options, epochs: 9, initialEpoch: again.epochs, callbacks: callbacks() });
    expect(rest.history.learning_rate).toEqual(whole.history.learning_rate.slice(3));
    expect(rest.epoch).toEqual(whole.epoch.slice(3));
    expect(again.getWeights()).toEqual(alone.getWeights());
  });
});
