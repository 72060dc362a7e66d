import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { interp } from "../device/interp.ts";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { formatPath } from "./callbacks/model-checkpoint.ts";
import {
  type Callback,
  CallbackList,
  CSVLogger,
  EarlyStopping,
  History,
  LambdaCallback,
  LearningRateScheduler,
  type Logs,
  ModelCheckpoint,
  ReduceLROnPlateau,
  SwapEMAWeights,
  TensorBoard,
  TerminateOnNaN,
} from "./callbacks.ts";
import { loadModel } from "./load.ts";
import { sequential } from "./make-model.ts";
import type { Model } from "./model.ts";
import { sgd } from "./optimizers.ts";
import { exponentialDecay } from "./schedules.ts";
import { line, silent, x, y } from "./testing.ts";

const folder = mkdtempSync(join(tmpdir(), "rhyton-"));
afterAll(() => rmSync(folder, { recursive: true }));
const noModel = {} as Model;

describe("CSVLogger", () => {
  it("writes a header and a line an epoch", async () => {
    const path = join(folder, "log.csv");
    const first = new CSVLogger(path);
    await first.onTrainBegin();
    await first.onEpochEnd(0, { val_loss: 0.5, loss: 1, mae: 0.00001 });
    await first.onEpochEnd(1, { loss: Number.NaN, mae: 0.125 });
    const lines = ["epoch,loss,mae,val_loss", "0,1.0,1e-05,0.5", "1,nan,0.125,NA", ""];
    expect(readFileSync(path, "utf8").split("\r\n")).toEqual(lines);

    const second = new CSVLogger(path, { append: true });
    await second.onTrainBegin();
    await second.onEpochEnd(2, { loss: 0.25, mae: 2.5, val_loss: 3 });
    expect(readFileSync(path, "utf8").split("\r\n")).toEqual([...lines.slice(0, -1), "2,0.25,2.5,3.0", ""]);

    await first.onTrainBegin();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it("leaves room for validation that comes later", async () => {
    const path = join(folder, "late.csv");
    const logger = new CSVLogger(path, { separator: ";" });
    await logger.onTrainBegin();
    await logger.onEpochEnd(0, { loss: 1.5 });
    await logger.onEpochEnd(1, { loss: 1.5, val_loss: 2.5 });
    expect(readFileSync(path, "utf8").split("\r\n")).toEqual(["epoch;loss;val_loss", "0;1.5;NA", "1;1.5;2.5", ""]);
  });

  it("names the file it could not write", async () => {
    const logger = new CSVLogger(join(folder, "missing", "log.csv"));
    await expect(logger.onTrainBegin()).rejects.toMatchObject({ code: "file" });
    await expect(logger.onTrainBegin()).rejects.toThrow("log.csv: it does not exist. Check the path.");
  });
});

describe("callbacks", () => {
  it("run in order, and are awaited", async () => {
    const seen: string[] = [];
    const list = new CallbackList(
      [
        {
          onEpochEnd: async (epoch, logs) => {
            await new Promise((resolve) => setTimeout(resolve, 5));
            logs.learning_rate = 0.1;
            seen.push(`first ${epoch}`);
          },
        },
        { onEpochEnd: (_, logs) => void seen.push(`second ${Object.keys(logs)}`) },
      ],
      noModel,
    );
    await list.epoch("End", 3, { loss: 1 });
    expect(seen).toEqual(["first 3", "second loss,learning_rate"]);
    expect(list.wantsBatches).toBe(false);
  });

  it("hear of batches under both names", async () => {
    const seen: string[] = [];
    const list = new CallbackList(
      [
        {
          onTrainBatchEnd: (batch) => void seen.push(`a${batch}`),
          onBatchBegin: (batch) => void seen.push(`b${batch}`),
        },
      ],
      noModel,
    );
    expect(list.wantsBatches).toBe(true);
    await list.batch("Begin", 2, {});
    await list.batch("End", 2, {});
    expect(seen).toEqual(["b2", "a2"]);
  });

  it("must have a hook", () => {
    expect(() => new CallbackList([{ onEpochEnds: () => {} } as object], noModel)).toThrow("onTrainBegin, onTrainEnd");
    expect(() => new CallbackList([(() => {}) as object], noModel)).toThrow("callbacks");
  });
});

describe("History", () => {
  it("keeps every value", () => {
    const history = new History({ verbose: 0, epochs: 2, steps: 3 });
    history.onEpochEnd(0, { loss: 2, val_loss: 3 });
    history.onEpochEnd(1, { loss: 1, val_loss: 2 });
    expect(history.history).toEqual({ loss: [2, 1], val_loss: [3, 2] });
    expect(history.epoch).toEqual([0, 1]);
  });
});

describe("hooks", () => {
  /** A callback with every hook, which notes their names. */
  function noting(seen: string[], hooks: readonly string[]): Callback {
    const note = (hook: string) => (at: number | Logs) =>
      void seen.push(typeof at === "number" ? `${hook} ${at}` : hook);
    return Object.fromEntries(hooks.map((hook) => [hook, note(hook)]));
  }
  const tests = ["onTestBegin", "onTestBatchBegin", "onTestBatchEnd", "onTestEnd"];

  it("for tests run in the validation of fit, before the epoch ends, and in evaluate", async () => {
    const seen: string[] = [];
    const m = line();
    const callbacks = [noting(seen, [...tests, "onEpochBegin", "onEpochEnd", "onTrainBatchEnd"])];
    await m.fit(x, y, { batchSize: 4, validationData: [x, y], callbacks, ...silent });
    const judged = ["onTestBegin", "onTestBatchBegin 0", "onTestBatchEnd 0", "onTestBatchBegin 1", "onTestBatchEnd 1"];
    const training = ["onTrainBatchEnd 0", "onTrainBatchEnd 1"];
    expect(seen).toEqual(["onEpochBegin 0", ...training, ...judged, "onTestEnd", "onEpochEnd 0"]);
    seen.length = 0;
    const logs = await m.evaluate(x, y, { batchSize: 4, callbacks });
    expect(seen).toEqual([...judged, "onTestEnd"]);
    expect(await m.evaluate(x, y, { batchSize: 4 })).toEqual(logs);
  });

  it("for tests hear of running and final values", async () => {
    const heard: Logs[] = [];
    const callbacks: Callback[] = [
      { onTestBatchEnd: (_, logs) => void heard.push(logs), onTestEnd: (logs) => void heard.push(logs) },
    ];
    const logs = await line().evaluate(x, y, { batchSize: 4, callbacks });
    expect(heard.length).toBe(3);
    expect(heard.slice(1)).toEqual([logs, logs]);
  });

  it("for predictions run in predict", async () => {
    const seen: string[] = [];
    const hooks = ["onPredictBegin", "onPredictBatchBegin", "onPredictBatchEnd", "onPredictEnd"];
    const m = line();
    const batches = ["onPredictBatchBegin 0", "onPredictBatchEnd 0", "onPredictBatchBegin 1", "onPredictBatchEnd 1"];
    const predicted = await m.predict(x, { batchSize: 4, callbacks: [noting(seen, hooks)] });
    expect(seen).toEqual(["onPredictBegin", ...batches, "onPredictEnd"]);
    expect(predicted).toEqual(await m.predict(x));
    await expect(m.predict(x, { callbacks: [{} as Callback] })).rejects.toThrow("predict: callbacks");
    await expect(m.evaluate(x, y, { callbacks: 3 as unknown as Callback[] })).rejects.toThrow("a list of callbacks");
  });

  it("may ask the model while it is judged or asked", async () => {
    const m = line();
    const answers: unknown[] = [];
    const asking: Callback = {
      onTestBegin: async (_, self) => void answers.push(await self.predict(x)),
      onPredictBegin: async (_, self) => void answers.push(await self.evaluate(x, y)),
    };
    const both = await Promise.all([
      m.evaluate(x, y, { callbacks: [asking] }),
      m.predict(x, { callbacks: [asking] }),
      m.predict(x),
    ]);
    expect(answers).toEqual([both[2], both[0]]);
    await m.fit(x, y, silent);
  });

  it("may hear of every few batches only, counted over the epochs", async () => {
    const seen: string[] = [];
    const run = async (callbacks: readonly Callback[]) => {
      const m = line();
      await m.fit(x, y, { batchSize: 2, epochs: 3, callbacks, ...silent });
      return m.getWeights();
    };
    const some = { ...noting(seen, ["onBatchBegin", "onBatchEnd"]), everyBatches: 3 };
    expect(await run([some])).toEqual(await run([]));
    // 4 batches an epoch: the groups are 0 1 2 | 3, 0 1 | 2 3, 0 | 1 2 3.
    const expected = ["Begin 0", "End 2", "Begin 3", "End 1", "Begin 2", "End 0", "Begin 1", "End 3"];
    expect(seen).toEqual(expected.map((text) => `onBatch${text}`));
  });

  it("are told what is about to happen, and the last ones come last", async () => {
    const seen: unknown[] = [];
    const last: Callback = { runsLast: true, onEpochEnd: () => void seen.push("last") };
    const first: Callback = {
      setParams: (params) => void seen.push(params),
      onEpochEnd: () => void seen.push("first"),
    };
    await line().fit(x, y, { batchSize: 2, epochs: 1, callbacks: [last, first], ...silent });
    expect(seen).toEqual([{ verbose: 0, epochs: 1, steps: 4 }, "first", "last"]);
  });

  it("make a callback by a class, too", async () => {
    const seen: number[] = [];
    const callback = new LambdaCallback({ onEpochEnd: (epoch) => void seen.push(epoch) });
    await line().fit(x, y, { epochs: 2, callbacks: [callback], ...silent });
    expect(seen).toEqual([0, 1]);
    expect(() => new LambdaCallback({ onEpochEnds: () => {} } as object)).toThrow('Did you mean "onEpochEnd"?');
  });
});

describe("TerminateOnNaN", () => {
  const diverging = () => {
    const m = line();
    m.compile({ optimizer: sgd({ learningRate: 1e30 }), loss: "mse", device: interp() });
    return m;
  };

  it("ends training quietly, with the weights of before", async () => {
    const m = diverging();
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const ended: true[] = [];
    const callbacks = [new TerminateOnNaN(), { onTrainEnd: () => void ended.push(true) }];
    const { history } = await m.fit(x, y, { epochs: 5, batchSize: 2, callbacks, ...silent });
    expect([history.loss, ended]).toEqual([[Number.NaN], [true]]);
    for (const { data } of m.getWeights()) expect(data.every(Number.isFinite)).toBe(true);
    expect(warn.mock.calls).toEqual([["Batch 1: invalid loss, terminating training."]]);
    warn.mockRestore();
  });

  it("may throw, as fit does by itself", async () => {
    const callbacks = [new TerminateOnNaN({ raiseError: true })];
    await expect(diverging().fit(x, y, { epochs: 5, callbacks, ...silent })).rejects.toMatchObject({
      code: "diverged",
    });
    await expect(diverging().fit(x, y, { epochs: 5, ...silent })).rejects.toMatchObject({ code: "diverged" });
  });
});

describe("EarlyStopping", () => {
  it("gives the best weights back, whatever ended training", async () => {
    const best: unknown[] = [];
    const run = async (epochs: number) => {
      const m = line();
      m.compile({ optimizer: sgd({ learningRate: (i) => (i < 2 ? 0.02 : 0.3) }), loss: "mse", device: interp() });
      const stop = new EarlyStopping({ monitor: "loss", patience: 3, restoreBestWeights: true });
      const values: number[] = [];
      const note: Callback = {
        onEpochEnd: (_, { loss }, self) => {
          if (loss < Math.min(...values)) best.push(self.getWeights());
          values.push(loss);
        },
      };
      const { epoch } = await m.fit(x, y, { epochs, batchSize: 7, callbacks: [note, stop], ...silent });
      expect(stop.bestEpoch).toBe(values.indexOf(Math.min(...values)));
      expect(stop.best).toBe(Math.min(...values));
      return { m, epoch, stop };
    };
    const long = await run(20);
    expect(long.epoch.length).toBe(long.stop.bestEpoch + 4);
    expect(long.stop.stoppedEpoch).toBe(long.stop.bestEpoch + 3);
    expect(long.m.getWeights()).toEqual(best.at(-1));
    const short = await run(long.stop.bestEpoch + 2);
    expect(short.stop.stoppedEpoch).toBe(0);
    expect(short.m.getWeights()).toEqual(best.at(-1));
  });

  it("says what is not there to watch, once, and asks for the direction it cannot know", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await line().fit(x, y, { epochs: 3, callbacks: [new EarlyStopping()], ...silent });
    expect(warn.mock.calls).toEqual([['EarlyStopping: there is no "val_loss" to watch. Known: loss, mae.']]);
    warn.mockRestore();
    const own: Callback = { onEpochEnd: (_, logs) => void Object.assign(logs, { score: 1 }) };
    const run = (mode?: "max") =>
      line().fit(x, y, { callbacks: [own, new EarlyStopping({ monitor: "score", mode })], ...silent });
    await expect(run()).rejects.toThrow(`Say it: { mode: "max" } or { mode: "min" }`);
    await run("max");
    expect(() => new EarlyStopping({ mode: "maximum" as "max" })).toThrow("there is no mode");
    expect(() => new EarlyStopping({ patience: -1 })).toThrow("patience is -1");
    expect(() => new ReduceLROnPlateau({ factor: 1 })).toThrow("factor is 1");
  });
});

describe("LearningRateScheduler", () => {
  it("sets the rate before every epoch, and notes it", async () => {
    const m = line();
    const seen: [number, number][] = [];
    const scheduler = new LearningRateScheduler((epoch, rate) => {
      seen.push([epoch, rate]);
      return rate / 2;
    });
    const { history } = await m.fit(x, y, { epochs: 2, callbacks: [scheduler], ...silent });
    expect(seen.map(([epoch]) => epoch)).toEqual([0, 1]);
    expect(history.learning_rate).toEqual([0.01, 0.005].map(Math.fround));
    expect(Object.keys(history)).toEqual(["loss", "mae", "learning_rate"]);
    const wrong = new LearningRateScheduler(() => "a" as unknown as number);
    await expect(m.fit(x, y, { callbacks: [wrong], ...silent })).rejects.toThrow("in epoch 1: what schedule gave");
    m.compile({ optimizer: sgd({ learningRate: exponentialDecay(1, 1, 0.5) }), loss: "mse", device: interp() });
    await expect(m.fit(x, y, { callbacks: [scheduler], ...silent })).rejects.toThrow("it follows the schedule");
  });
});

describe("ModelCheckpoint", () => {
  it("saves models that load and go on", async () => {
    const path = join(folder, "saved", "{epoch:02d}-{loss:.1f}.keras");
    const m = sequential([input([1]), dense(1)], { seed: 3 });
    m.compile({ optimizer: sgd({ learningRate: 0.02, momentum: 0.5 }), loss: "mse", device: interp() });
    const whole = await m.fit(x, y, { epochs: 3, callbacks: [new ModelCheckpoint(path)], ...silent });
    const first = join(folder, "saved", `01-${whole.history.loss[0].toFixed(1)}.keras`);
    const again = await loadModel(first, { device: interp() });
    expect(again.epochs).toBe(1);
    const rest = await again.fit(x, y, { epochs: 3, initialEpoch: again.epochs, ...silent });
    expect(rest.history.loss).toEqual(whole.history.loss.slice(1));
    expect(again.getWeights()).toEqual(m.getWeights());
  });

  it("saves after so many batches", async () => {
    const m = line();
    const saved: string[] = [];
    Object.assign(m, { saveWeights: async (path: string) => void saved.push(path) });
    const callback = new ModelCheckpoint("{epoch}-{batch}.weights.h5", { saveFreq: 3, saveWeightsOnly: true });
    await m.fit(x, y, { epochs: 3, batchSize: 2, callbacks: [callback], ...silent });
    expect(saved).toEqual(["1-3", "2-2", "3-1", "3-4"].map((name) => `${name}.weights.h5`));
  });

  it("refuses paths that would not load", () => {
    expect(() => new ModelCheckpoint("model.h5")).toThrow('ends in ".keras"');
    expect(() => new ModelCheckpoint("model.keras", { saveWeightsOnly: true })).toThrow('ends in ".weights.h5"');
    expect(() => new ModelCheckpoint("m.keras", { saveFreq: 0 })).toThrow("saveFreq is 0");
    expect(() => formatPath("{val_los:.2f}.keras", { val_loss: 1 })).toThrow('Did you mean "val_loss"?');
    expect(formatPath("{epoch:03d} {a:.2e} {a:8.3f} {a}", { epoch: 7, a: 0.012345 })).toBe(
      "007 1.23e-02    0.012 0.012345",
    );
  });
});

describe("moving averages", () => {
  it("take the weights' place at the end, and while the model is judged where that is wanted", async () => {
    const averaged = (callbacks: readonly Callback[] = []) => {
      const m = line();
      const optimizer = sgd({ learningRate: 0.02, useEma: true, emaMomentum: 0.7 });
      m.compile({ optimizer, loss: "mse", device: interp() });
      return { m, fit: () => m.fit(x, y, { epochs: 3, batchSize: 2, validationData: [x, y], callbacks, ...silent }) };
    };
    const kept: unknown[] = [];
    const keep: Callback = { onEpochEnd: (_, __, self) => void kept.push(self.getWeights()) };
    const plain = averaged([keep]);
    await plain.fit();
    const averages = plain.m.optimizer.variables.slice(0, 2).map((v) => v.value);
    expect(plain.m.getWeights().map((w) => w.data)).toEqual(averages);
    expect(kept[2]).not.toEqual(plain.m.getWeights());

    kept.length = 0;
    const swapping = averaged([new SwapEMAWeights({ swapOnEpoch: true }), keep]);
    const { history } = await swapping.fit();
    expect(swapping.m.getWeights()).toEqual(plain.m.getWeights());
    expect(kept[2]).toEqual(swapping.m.getWeights());
    expect((await swapping.m.evaluate(x, y, { batchSize: 2 })).loss).toBeCloseTo(history.val_loss[2], 6);

    const without = line().fit(x, y, { validationData: [x, y], callbacks: [new SwapEMAWeights()], ...silent });
    await expect(without).rejects.toThrow("keeps no moving averages");
  });
});

describe("TensorBoard", () => {
  it("refuses what it does not know", () => {
    expect(() => new TensorBoard("")).toThrow("the path of a folder");
    expect(() => new TensorBoard("logs", { updateFreq: 0 })).toThrow("updateFreq is 0");
    expect(() => new TensorBoard("logs", { histogramFrequency: 1 } as object)).toThrow('Did you mean "histogramFreq"?');
  });
});
