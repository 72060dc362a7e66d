import { describe, expect, it, vi } from "vitest";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { readNpz } from "../saving/npz.ts";
import { model, sequential } from "./make-model.ts";
import { arrayOf, Linear, line, silent, x, y } from "./testing.ts";

describe("targets that do not suit", () => {
  const row = () => {
    const m = sequential([dense(4), dense(2, { name: "head" })], { name: "row" });
    m.compile({ optimizer: "sgd", loss: "mse" });
    return m;
  };
  const [two, three] = [arrayOf([[1, 2]]), arrayOf([[1, 2, 3]])];
  const got = 'output "head": loss "mean_squared_error": got targets of shape (None, 3), expected (None, 2)';

  it("are told with the call, the argument and the output", async () => {
    const m = row();
    m.build([2]);
    await expect(m.fit(two, three)).rejects.toThrow(`sequential "row" fit: y: ${got}`);
    await expect(m.fit(two, two, { validationData: [two, three] })).rejects.toThrow(
      `sequential "row" fit: validationData[1]: ${got}`,
    );
    await expect(m.fit(two, two, { sampleWeight: arrayOf([[1, 1, 1]]) })).rejects.toThrow(
      'sequential "row" fit: sampleWeight: output "head": loss "mean_squared_error": got sample weights of shape (None, 3)',
    );
    const v = input([2]);
    const pair = model(v, [dense(2, { name: "left" })(v), dense(3, { name: "right" })(v)], { name: "pair" });
    pair.compile({ optimizer: "sgd", loss: "mse" });
    await expect(pair.evaluate(two, [two, two])).rejects.toThrow(
      'functional "pair" evaluate: y: output "right": loss "mean_squared_error": got',
    );
  });

  it("leave a model that is not built as it was", async () => {
    const m = row();
    await expect(m.fit(two, three)).rejects.toMatchObject({ code: "shape" });
    await expect(m.trainOnBatch(two, three)).rejects.toMatchObject({ code: "shape" });
    await expect(m.evaluate(two, three)).rejects.toMatchObject({ code: "shape" });
    await expect(m.fit(two, two, { validationData: [three, two] })).rejects.toMatchObject({ code: "data" });
    expect([m.isBuilt, m.weights.length, m.layers.map((layer) => layer.calls.length)]).toEqual([false, 0, [0, 0]]);
    await m.fit(three, two, silent);
    expect(m.weights.map(({ shape }) => shape)).toEqual([[3, 4], [4], [4, 2], [2]]);
    const other = row();
    await other.fit(three, two, silent);
    expect(m.getWeights()).toEqual(other.getWeights());
  });
});

describe("targets that are no probabilities, where a loss compares probabilities", () => {
  const warnings = async (
    loss: "mse" | "binary_crossentropy" | "categorical_crossentropy",
    target: number,
    scale?: number,
  ): Promise<unknown[]> => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const m = sequential([input([2]), dense(2, { activation: "sigmoid" })]);
    m.compile({ optimizer: "sgd", loss });
    const targets = { ...arrayOf([[0, 1], [1, target]]), ...(scale === undefined ? {} : { scale }) }; // biome-ignore format: rows
    await m.fit(targets, targets, { epochs: 2, verbose: 0 });
    await m.fit(targets, targets, { verbose: 0 });
    const said = warn.mock.calls.map(([words]) => words);
    warn.mockRestore();
    return said;
  };

  it("are warned about once: bytes that nobody divided", async () => {
    expect(await warnings("binary_crossentropy", 255)).toEqual([
      "sequential fit: y: the target at [1, 1] is 255, and binary_crossentropy is for targets from 0 to 1. Divide bytes by 255 first, or give { data, shape, scale: 1 / 255 }.",
    ]);
    expect(await warnings("categorical_crossentropy", -1)).toEqual([
      "sequential fit: y: the target at [1, 1] is -1, and categorical_crossentropy is for targets from 0 to 1.",
    ]);
  });

  it("are warned about where they are bytes, unless these are scaled", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const train = async (scale: number) => {
      const m = sequential([input([2]), dense(2, { activation: "sigmoid" })]);
      m.compile({ optimizer: "sgd", loss: "binary_crossentropy" });
      const bytes = { data: Uint8Array.of(0, 1, 7, 255), shape: [2, 2], scale };
      await m.fit(bytes, bytes, { epochs: 2, verbose: 0 });
      return warn.mock.calls.splice(0).map(([words]) => words);
    };
    expect(await train(1 / 255)).toEqual([]);
    expect(await train(1)).toEqual([expect.stringContaining("the target at [1, 0] is 7, and")]);
    expect(await train(0.01)).toEqual([expect.stringContaining("the target at [1, 1] is 2.55")]);
    expect(await train(-1)).toEqual([expect.stringContaining("the target at [0, 1] is -1, and")]);
    warn.mockRestore();
  });

  it("are none where they are scaled, or where the loss takes any number", async () => {
    expect(await warnings("binary_crossentropy", 255, 1 / 255)).toEqual([]);
    expect(await warnings("binary_crossentropy", 0.5)).toEqual([]);
    expect(await warnings("mse", 255)).toEqual([]);
  });
});

describe("training that goes wrong", () => {
  it("stops before NaN reaches the weights, and says where", async () => {
    const m = line();
    m.setWeights([arrayOf([[1]]), arrayOf([0])]);
    const huge = arrayOf([[1], [1], [3e30], [1]]);
    const zeros = arrayOf([[0], [0], [0], [0]]);
    await m.fit(arrayOf([[1], [1]]), arrayOf([[0], [0]]), { batchSize: 1, shuffle: false, ...silent });
    const good = line();
    good.setWeights([arrayOf([[1]]), arrayOf([0])]);
    await good.fit(arrayOf([[1], [1]]), arrayOf([[0], [0]]), { batchSize: 1, shuffle: false, ...silent });
    await good.fit(arrayOf([[1], [1]]), arrayOf([[0], [0]]), { batchSize: 1, shuffle: false, ...silent });
    await expect(m.fit(huge, zeros, { batchSize: 1, shuffle: false, epochs: 3, ...silent })).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringContaining("in epoch 1, step 3 of 4"),
    });
    expect(m.getWeights()).toEqual(good.getWeights());
    expect(m.optimizer.iterations).toBe(4);
    await expect(m.trainOnBatch(huge, zeros)).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringContaining("infinite in step 5. "),
    });
    expect(m.getWeights()).toEqual(good.getWeights());
  });

  it("can be aborted", async () => {
    const m = line();
    const abort = new AbortController();
    let epochs = 0;
    const training = m.fit(x, y, {
      epochs: 100,
      ...silent,
      signal: abort.signal,
      callbacks: [
        {
          onEpochEnd: () => {
            if (++epochs === 3) abort.abort(new Error("enough"));
          },
        },
      ],
    });
    await expect(training).rejects.toThrow("enough");
    expect(epochs).toBe(3);
    expect(m.optimizer.iterations).toBe(3);
    expect((await m.fit(x, y, silent)).epoch).toEqual([0]);
    await expect(m.fit(x, y, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });

  it("is refused while the model, or another with its weights, trains", async () => {
    const v = input([1]);
    const middle = new Linear(2)(v);
    const whole = model(v, new Linear(1)(middle), { name: "whole" });
    const part = model(v, middle, { name: "part" });
    for (const m of [whole, part]) m.compile({ optimizer: "sgd", loss: "mse" });
    const training = whole.fit(x, y, { epochs: 5, ...silent });
    const two = arrayOf([[1, 1]]);
    await expect(whole.fit(x, y)).rejects.toThrow('functional "whole" fit is still running');
    await expect(whole.predict(x)).rejects.toMatchObject({ code: "busy" });
    await expect(part.fit(arrayOf([[1]]), two)).rejects.toMatchObject({ code: "busy" });
    expect(() => whole.compile({ optimizer: "sgd", loss: "mse" })).toThrow("is still running");
    for (const m of [whole, part]) {
      expect(() => m.setWeights(m.getWeights())).toThrow('functional "whole" fit is still running');
      await expect(m.toBytes()).rejects.toThrow('functional "whole" fit is still running');
    }
    await training;
    const saved = part.weightsToBytes("npz");
    await expect(whole.fit(x, y, silent)).rejects.toThrow('functional "part" weightsToBytes is still running');
    await saved;
    await part.fit(arrayOf([[1]]), two, silent);
  });

  it("waits for what its callbacks began to save, also of another model with its weights", async () => {
    const v = input([1]);
    const middle = new Linear(2)(v);
    const whole = model(v, new Linear(1)(middle), { name: "whole" });
    const part = model(v, middle, { name: "part" });
    whole.compile({ optimizer: "sgd", loss: "mse" });
    const saved: Promise<Uint8Array<ArrayBuffer>>[] = [];
    const asked: (readonly number[])[] = [];
    const onEpochEnd = (): void => {
      saved.push(part.weightsToBytes("npz"));
      asked.push(part.getWeights().flatMap(({ data }) => [...data]));
    };
    await whole.fit(x, y, { epochs: 10, ...silent, callbacks: [{ onEpochEnd }] });
    const files = (await Promise.all(saved)).map((bytes) => Object.values(readNpz(bytes)));
    expect(files.map((arrays) => arrays.flatMap(({ data }) => [...data]))).toEqual(asked);
    expect(new Set(asked.map(String)).size).toBe(10);
  });

  it("lets questions wait for each other, but not for training", async () => {
    const m = line();
    const [a, b, c] = [m.predict(x), m.predict(x), m.evaluate(x, y)];
    await expect(m.fit(x, y, silent)).rejects.toThrow("predict is still running");
    expect(await a).toEqual(await b);
    expect((await c).loss).toBeGreaterThan(0);
    await m.fit(x, y, silent);
  });

  it("changes nothing when arguments or data are wrong", async () => {
    const m = line();
    const before = m.getWeights();
    const bad = arrayOf([[1], [Number.NaN], [1], [1], [1], [1], [1]]);
    await expect(m.fit(bad, y, { epochs: 3 })).rejects.toThrow("x: the value at [1, 0] is NaN");
    await expect(m.fit(x, arrayOf([[1]]))).rejects.toThrow("7 samples in x and 1 samples in y");
    await expect(m.fit(x, y, { batchSize: 0 })).rejects.toThrow("batchSize is 0");
    await expect(m.fit(x, y, { epochs: 1.5 })).rejects.toThrow("epochs is 1.5");
    await expect(m.fit(x, y, { epoch: 3 } as object)).rejects.toThrow(
      'there is no option "epoch". Did you mean "epochs"?',
    );
    await expect(m.fit(arrayOf([[1, 2]]), y)).rejects.toThrow('x for input "v"');
    await expect(
      m.fit(
        x,
        arrayOf([
          [1, 2],
          [1, 2],
          [1, 2],
          [1, 2],
          [1, 2],
          [1, 2],
          [1, 2],
        ]),
      ),
    ).rejects.toThrow("targets of shape (None, 2)");
    await expect(m.fit(x, y, { validationData: [x] as never })).rejects.toThrow("[x, y]");
    await expect(m.fit(x, y, { validationData: [x, bad] })).rejects.toThrow("validationData[1]: the value at [1, 0]");
    expect(m.getWeights()).toEqual(before);
    expect(m.optimizer.iterations).toBe(0);
    expect(() => m.compile({ optimizer: "adam", loss: "mse", metric: [] } as never)).toThrow('Did you mean "metrics"?');
    expect(() => m.compile({ optimizer: "adam", loss: ["mse", "mse"] })).toThrow("1 entries, one for each output");
    const v = input([1]);
    await expect(model(v, new Linear(1)(v), { name: "new" }).fit(x, y)).rejects.toThrow(
      'functional "new" fit: the model has no optimizer and loss yet.',
    );
  });
});
