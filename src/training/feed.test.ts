import { afterEach, describe, expect, it, vi } from "vitest";
import type { NdArray } from "../core/array.ts";
import { input } from "../layers/input.ts";
import { model, sequential } from "./make-model.ts";
import type { Model } from "./model.ts";
import { sgd } from "./optimizers.ts";
import { arrayOf, Linear, line, silent, x, y } from "./testing.ts";

type XY = [NdArray<Float32Array>, NdArray<Float32Array>];

/** The samples from `from` to `to`. */
const part = (from: number, to: number): XY => {
  const cut = ({ data }: NdArray<Float32Array>) => ({ data: data.slice(from, to), shape: [to - from, 1] });
  return [cut(x), cut(y)];
};
const inTwos = [part(0, 2), part(2, 4), part(4, 6), part(6, 7)];

/** What a training leaves behind. */
const weightsOf = (m: Model) => m.getWeights().map(({ data }) => [...data]);
const arrays = { batchSize: 2, shuffle: false, ...silent } as const;

afterEach(() => vi.restoreAllMocks());

describe("batches", () => {
  it.each<[string, () => Parameters<Model["fit"]>[0]]>([
    ["a list", () => inTwos as never],
    ["a set", () => new Set(inTwos)],
    [
      "a function that makes a generator",
      () =>
        function* () {
          yield* inTwos;
        },
    ],
    [
      "a function that makes an asynchronous generator",
      () =>
        async function* () {
          for (const batch of inTwos) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            yield batch;
          }
        },
    ],
  ])("from %s train as arrays do", async (_, source) => {
    const [whole, batched] = [line(), line()];
    const expected = await whole.fit(x, y, { ...arrays, epochs: 3 });
    const got = await batched.fit(source() as never, { epochs: 3, ...silent });
    expect(got.history).toEqual(expected.history);
    expect(weightsOf(batched)).toEqual(weightsOf(whole));
    expect(batched.optimizer.iterations).toBe(12);
    expect(await batched.evaluate(source() as never)).toEqual(await whole.evaluate(x, y, { batchSize: 2 }));
  });

  it("may have weights, and targets by their names", async () => {
    const weight = arrayOf([1, 0]);
    const [whole, batched] = [line(), line()];
    await whole.fit(...part(0, 2), { ...arrays, sampleWeight: weight });
    const [a, b] = part(0, 2);
    const twice = function* () {
      yield [{ v: a }, { line: b }, weight] as const;
    };
    await batched.fit(twice, silent);
    expect(weightsOf(batched)).toEqual(weightsOf(whole));
    await whole.fit(arrayOf([[1]]), arrayOf([[0]]), { ...arrays, classWeight: { 0: 3 } });
    await batched.fit([[arrayOf([[1]]), arrayOf([[0]])]] as never, { ...silent, classWeight: { 0: 3 } });
    expect(weightsOf(batched)).toEqual(weightsOf(whole));
  });

  it("go on over epochs where the number of steps is given", async () => {
    let made = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield inTwos[made++ % 4];
      } finally {
        closed = true;
      }
    }
    const m = line();
    const history = await m.fit(endless(), { epochs: 2, stepsPerEpoch: 3, ...silent });
    expect([made, closed, history.params.steps]).toEqual([6, true, 3]);
    const whole = line();
    await whole.fit(x, y, { ...arrays, epochs: 2, stepsPerEpoch: 3 });
    // The arrays end after 4 steps: the second epoch has one.
    expect(whole.optimizer.iterations).toBe(4);
  });

  it("that end early end the epoch, with a warning", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const m = line();
    const { history } = await m.fit(() => inTwos, { epochs: 2, stepsPerEpoch: 5, ...silent });
    expect([m.optimizer.iterations, history.loss.length]).toEqual([8, 2]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      'functional "lines" fit: the data ended after 4 of 5 steps; the epoch ends there.',
      'functional "lines" fit: the data ended after 4 of 5 steps; the epoch ends there.',
    ]);
  });

  /** Once: batches of the line from the first on, so many. */
  function* first(count: number) {
    for (let i = 0; i < count; i++) yield inTwos[i % 4];
  }

  it.each([
    ["in the middle of an epoch", 3, 2, ["after 1 of 2 steps; the epoch ends there", "after 2 of 3 epochs"]],
    ["with an epoch", 4, 2, ["after 2 of 3 epochs"]],
  ])("that end for good %s end the training, with a warning", async (_, count, stepsPerEpoch, warnings) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const m = line();
    const ends: unknown[] = [];
    const callbacks = [{ onTrainEnd: (logs: object) => void ends.push(Object.keys(logs)) }];
    const { epoch, history } = await m.fit(first(count), { epochs: 3, stepsPerEpoch, callbacks, ...silent });
    expect([m.optimizer.iterations, epoch, history.loss.length, ends]).toEqual([count, [0, 1], 2, [["loss", "mae"]]]);
    expect(warn.mock.calls).toEqual(warnings.map((text) => [expect.stringContaining(text)]));
    expect(warn.mock.calls.at(-1)?.[0]).toContain("give a function that makes a new one");
  });

  it("that end for good in a validation leave the epochs after it without", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const options = { epochs: 3, validationData: first(4), validationSteps: 2, ...silent };
    const { history } = await line().fit(x, y, options);
    expect([history.loss.length, history.val_loss.length]).toEqual([3, 2]);
    expect(warn.mock.calls).toEqual([[expect.stringContaining("no batch left; epoch 3 is not validated")]]);
  });

  it("take their options after targets that are left out, too", async () => {
    const [m, other] = [line(), line()];
    type Untyped = Record<"fit" | "evaluate", (...given: unknown[]) => Promise<unknown>>;
    const untyped = m as unknown as Untyped;
    await untyped.fit(() => inTwos, undefined, { epochs: 3, ...silent });
    await other.fit(() => inTwos, { epochs: 3, ...silent });
    expect([m.optimizer.iterations, weightsOf(m)]).toEqual([12, weightsOf(other)]);
    expect(await untyped.evaluate(() => inTwos, undefined, { steps: 1 })).toEqual(
      await m.evaluate(() => inTwos, { steps: 1 }),
    );
    await expect(untyped.fit(() => inTwos, y, silent)).rejects.toThrow(
      "y is an array of shape (7, 1), expected nothing",
    );
    await expect(untyped.evaluate(() => inTwos, y, {})).rejects.toThrow("batches [x, y] hold their targets");
  });

  it("are checked one by one, the first before anything changes", async () => {
    const m = line();
    const before = weightsOf(m);
    const fitted = (source: unknown, options = {}) => m.fit(source as never, { ...silent, ...options });
    await expect(fitted(() => [])).rejects.toThrow("got no batch, expected at least one");
    await expect(fitted([[x]])).rejects.toThrow(
      "batches[0] is [an array of shape (7, 1)], expected [x, y] or [x, y, sampleWeight]",
    );
    await expect(fitted([[arrayOf([[1, 2]]), y]])).rejects.toThrow('batches[0][0] for input "v"');
    await expect(fitted(() => 3)).rejects.toThrow("x is 3, expected batches one after the other");
    await expect(fitted(inTwos, { batchSize: 2 })).rejects.toThrow('batchSize is "given", expected nothing when data');
    await expect(fitted(inTwos, { validationSplit: 0.2 })).rejects.toThrow('validationSplit is "given"');
    const once = (function* () {
      yield* inTwos;
    })();
    await expect(fitted(once, { epochs: 2 })).rejects.toThrow("Give a function that makes a new generator");
    expect(weightsOf(m)).toEqual(before);
    await expect(fitted([inTwos[0], [x]])).rejects.toThrow("batches[1] is [an array of shape (7, 1)]");
    expect(m.optimizer.iterations).toBe(1);
  });

  it("tell their number after the first pass", async () => {
    const lines: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
    const history = await line().fit(() => inTwos, { epochs: 2, verbose: 2 });
    expect(history.params.steps).toBeUndefined();
    expect(lines.map((text) => text.split(" - ")[0])).toEqual(["Epoch 1/2\n", "4/4", "Epoch 2/2\n", "4/4"]);
  });

  it("are predicted in order, with targets or without", async () => {
    const m = line();
    const whole = await m.predict(x);
    const each = async (source: unknown) => (await m.predict(source as never)) as NdArray;
    expect(await each(() => inTwos)).toEqual(whole);
    expect(await each(() => inTwos.map(([batch]) => batch))).toEqual(whole);
    expect(await each(new Set(inTwos.map(([batch]) => [batch])))).toEqual(whole);
    const two = (await m.predict(() => inTwos, { steps: 2 })) as NdArray;
    expect(two.shape).toEqual([4, 1]);
    expect(((await m.predict(x, { steps: 1, batchSize: 3 })) as NdArray).shape).toEqual([3, 1]);
  });

  it("build a model that waits for a shape, and callbacks hear of each", async () => {
    const m = sequential([new Linear(1)]);
    m.compile({ optimizer: sgd(), loss: "mse", device: "interp" });
    const heard: number[] = [];
    const callbacks = [{ onBatchEnd: (batch: number) => void heard.push(batch) }];
    await m.fit(() => inTwos, { ...silent, callbacks, validationData: () => inTwos, validationSteps: 1 });
    expect([m.isBuilt, heard]).toEqual([true, [0, 1, 2, 3]]);
  });
});

describe("options of data", () => {
  it("shuffle inside batches only", async () => {
    const seen: number[][] = [];
    const m = line(3);
    const spy = { onBatchEnd: () => void seen.push(weightsOf(m)[0]) };
    await m.fit(x, y, { batchSize: 7, shuffle: "batch", callbacks: [spy], ...silent });
    const whole = line(3);
    await whole.fit(x, y, { batchSize: 7, shuffle: false, ...silent });
    // One batch is the same samples in any order, but for rounding.
    expect(weightsOf(m)[0][0]).toBeCloseTo(weightsOf(whole)[0][0], 5);
    await expect(line().fit(x, y, { shuffle: "batches" as "batch" })).rejects.toThrow("expected true or false");
  });

  it("judge after some epochs", async () => {
    const fitted = async (validationFreq: number | number[]) => {
      const { history } = await line().fit(x, y, { epochs: 5, validationData: [x, y], validationFreq, ...silent });
      return history.val_loss?.length;
    };
    expect(await fitted(2)).toBe(2);
    expect(await fitted([1, 4, 5])).toBe(3);
    expect(await fitted(6)).toBeUndefined();
    await expect(fitted(0)).rejects.toThrow("validationFreq is 0");
    await expect(line().fit(x, y, { validationFreq: "1" as never })).rejects.toThrow("a list of epochs counted from 1");
    await expect(line().fit(x, y, { validationData: [x] as never })).rejects.toThrow("[x, y, sampleWeight] or batches");
  });

  it("make batches of the number of steps", async () => {
    const m = line();
    await m.fit(x, y, { stepsPerEpoch: 3, ...silent });
    expect(m.optimizer.iterations).toBe(3);
    expect((await m.evaluate(x, y, { steps: 1 })).loss).toBeCloseTo((await m.evaluate(x, y)).loss, 5);
  });

  it("may be by name for several inputs and outputs", async () => {
    const [a, b] = [input([1], { name: "a" }), input([1], { name: "b" })];
    const m = model([a, b], [new Linear(1, "p")(a), new Linear(1, "q")(b)]);
    m.compile({
      optimizer: "sgd",
      loss: { p: "mse", q: "mae" },
      lossWeights: { p: 1, q: 0.5 },
      metrics: { q: "mse" },
      weightedMetrics: { p: ["mae"] },
      device: "interp",
    });
    const logs = await m.evaluate(
      { b: x, a: y },
      { q: x, p: y },
      { sampleWeight: { p: arrayOf([1, 1, 1, 1, 1, 1, 0]) } },
    );
    expect(Object.keys(logs)).toEqual(["loss", "p_loss", "q_loss", "q_mse", "p_mae"]);
    expect(logs.loss).toBeCloseTo(logs.p_loss + logs.q_loss / 2, 4);
    const compiled = (options: object) => () => m.compile({ optimizer: "sgd", loss: "mse", ...options });
    expect(compiled({ loss: { p: "mse" } })).toThrow('loss is "without \\"q\\"", expected an entry for each output');
    expect(compiled({ loss: { p: "mse", r: "mse", q: null } })).toThrow('there is no output "r"');
    expect(compiled({ metrics: { r: "mse" } })).toThrow('there is no output "r"');
    expect(compiled({ metrics: "mse" })).toThrow('metrics is "mse", expected a list');
    expect(compiled({ lossWeights: 2 })).toThrow("lossWeights is 2, expected 2 finite numbers");
    expect(compiled({ lossWeights: [1, Number.NaN] })).toThrow("expected 2 finite numbers, one for each output");
  });
});
