import { describe, expect, it } from "vitest";
import { ndarray } from "../core/array.ts";
import type { Tensor } from "../graph/tensor.ts";
import { dense } from "../layers/dense.ts";
import { constant } from "../layers/initializers.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import { l2 } from "../layers/regularizers.ts";
import { multiply, subtract } from "../ops/index.ts";
import { loadModel } from "./load.ts";
import { model, sequential } from "./make-model.ts";
import { sgd } from "./optimizers.ts";
import { arrayOf, Linear, line, silent, x, y } from "./testing.ts";

describe("several inputs and outputs", () => {
  const two = () => {
    const [a, b] = [input([1], { name: "a" }), input([1], { name: "b" })];
    class Minus extends Layer {
      call(both: readonly Tensor[]): Tensor {
        return subtract(both[0], both[1]);
      }
    }
    const difference = new Minus({ name: "difference" })([a, b]);
    const line = new Linear(1, "line")(difference);
    return model([a, b], [line, difference]);
  };

  it("are given and answered in order", async () => {
    const m = two();
    m.compile({ optimizer: "sgd", loss: ["mse", null], metrics: [["mae"], "mse"], device: "interp" });
    const { history } = await m.fit([x, y], [x, y], { epochs: 2, ...silent });
    // As in Keras: losses of outputs are shown where there are several.
    expect(Object.keys(history)).toEqual(["difference_mse", "line_mae", "loss"]);
    const [, difference] = await m.predict([x, y]);
    expect(difference.shape).toEqual([7, 1]);
    expect([...difference.data]).toEqual([-1, -2, -3, -4, -5, -6, -7]);
    await expect(m.predict(x)).rejects.toThrow("got 1 array, expected 2, one for each input of the model");
  });

  it("have losses that are weighted and added", async () => {
    const m = two();
    m.compile({ optimizer: "sgd", loss: "mse", lossWeights: [1, 0.5] });
    const logs = await m.evaluate([x, y], [x, y]);
    expect(Object.keys(logs)).toEqual(["loss", "line_loss", "difference_loss"]);
    expect(logs.loss).toBeCloseTo(logs.line_loss + logs.difference_loss / 2, 4);
  });
});

describe("a model without losses of its outputs", () => {
  const costly = (l2Factor: number) =>
    sequential([
      input([1]),
      dense(1, { useBias: false, kernelInitializer: constant(0.5), activityRegularizer: l2({ l2: l2Factor }) }),
    ]);
  const three = arrayOf([[1], [2], [3]]);

  it("learns from what its layers cost, as in Keras", async () => {
    for (const device of ["interp", "wasm"] as const) {
      const m = costly(0.1);
      m.compile({ optimizer: sgd({ learningRate: 0.1 }), device });
      const { history } = await m.fit(three, [], { epochs: 3, shuffle: false, ...silent });
      const losses = [0.11666666716337204, 0.09590517729520798, 0.07883832603693008];
      losses.forEach((loss, epoch) => {
        expect(history.loss[epoch]).toBeCloseTo(loss, 6);
      });
      expect(m.getWeights()[0].data[0]).toBeCloseTo(0.37266013, 6);
      expect((await m.evaluate(three, [])).loss).toBeCloseTo(0.06480859965085983, 6);
      const loaded = await loadModel(await m.toBytes(), { device });
      expect(await loaded.trainOnBatch(three, [])).toEqual(await m.trainOnBatch(three, []));
    }
  });

  it("needs something that costs", async () => {
    const m = sequential([input([1]), dense(1)]);
    m.compile({ optimizer: "sgd", loss: null, device: "interp" });
    const message = "loss is null, expected a loss for at least one output, or layers or weights that cost something";
    await expect(m.fit(three, [], silent)).rejects.toThrow(message);
    await expect(m.evaluate(three, [])).rejects.toThrow(message);
    expect((await m.predict(three)).shape).toEqual([3, 1]);
  });
});

describe("a model", () => {
  it("in a row is built by the first shape it sees", async () => {
    const m = sequential([new Linear(3), new Linear(1)], { seed: 4 });
    expect(m.isBuilt).toBe(false);
    expect(() => m.network).toThrow("does not know its input shape yet");
    m.compile({ optimizer: "sgd", loss: "mse" });
    await m.fit(arrayOf([[1, 2]]), arrayOf([[1]]), silent);
    expect(m.countParams()).toBe(2 * 3 + 3 + 3 + 1);
    expect(m.layers.map((l) => l.name)).toEqual(["linear", "linear_1"]);
    expect(m.getLayer("linear_1")).toBe(m.layers[1]);
    expect(() => m.getLayer("liner_1")).toThrow('Did you mean "linear_1"?');
    await expect(m.predict(arrayOf([[1, 2, 3]]))).rejects.toThrow("(None, 2)");
    const other = sequential([new Linear(3)]);
    other.build([2]);
    expect(other.countParams()).toBe(9);
    expect(() => sequential([])).toThrow("layers in a row");
  });

  it("is a layer: part of another model it shares the weights", async () => {
    const v = input([1]);
    const encoder = model(v, new Linear(2, "code")(v), { name: "encoder" });
    const decoder = sequential([new Linear(1)], { name: "decoder" });
    const whole = model(v, decoder(encoder(v)), { name: "whole" });
    expect(whole.layers.map((l) => l.name)).toEqual(["input_layer", "encoder", "decoder"]);
    whole.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: "mse" });
    const before = await encoder.predict(x);
    await whole.fit(x, y, silent);
    const after = await encoder.predict(x);
    expect(after.shape).toEqual([7, 2]);
    expect([...after.data]).not.toEqual([...before.data]);
    const decoded = (await decoder.predict(after)) as { data: Float32Array };
    expect([...decoded.data]).toEqual([...(await whole.predict(x)).data]);
    expect(() => encoder(input([2]) as never)).toThrow("encoder");
  });

  it("keeps weights that must not train", async () => {
    const m = sequential([input([1]), new Linear(2), new Linear(1)]);
    m.layers[0].trainable = false;
    m.compile({ optimizer: "adam", loss: "mse" });
    const before = m.getWeights();
    await m.fit(x, y, silent);
    const after = m.getWeights();
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
  });

  it("gives and takes its weights", () => {
    const m = line();
    m.setWeights([arrayOf([[2]]), arrayOf([1])]);
    expect(m.getWeights().map((a) => [...a.data])).toEqual([[2], [1]]);
    expect(() => m.setWeights([arrayOf([[5]])])).toThrow("got 1 array, expected 2");
    expect(() => m.setWeights([arrayOf([[5]]), arrayOf([1, 2])])).toThrow('array 1 for the weight "bias": got (2,)');
    expect(m.getWeights()[0].data[0]).toBe(2);
  });

  it("trains and judges one batch", async () => {
    const m = line();
    const before = await m.testOnBatch(x, y);
    const during = await m.trainOnBatch(x, y);
    expect(during).toEqual(before);
    expect((await m.testOnBatch(x, y)).loss).not.toBe(before.loss);
    const predicted = (await m.predictOnBatch(x)) as { shape: readonly number[] };
    expect(predicted.shape).toEqual([7, 1]);
  });

  it("takes losses and metrics of one's own", async () => {
    const m = line();
    const cubed = (t: Tensor, p: Tensor) => {
      const e = subtract(p, t);
      return multiply(multiply(e, e), e);
    };
    m.compile({ optimizer: "sgd", loss: cubed, metrics: [cubed] });
    const logs = await m.evaluate(x, y);
    expect(Object.keys(logs)).toEqual(["loss", "cubed"]);
    expect(logs.cubed).toBeCloseTo(logs.loss, 4);
  });

  it("prints itself", () => {
    const printed: string[] = [];
    const text = line().summary({ print: (t) => printed.push(t), lineLength: 60 });
    expect(text).toContain('Model: "lines"');
    expect(text).toContain("Total params: 2 (8.00 B)");
    expect(printed).toEqual([text.trimEnd()]);
  });
});

describe("what layers inside a model answer", () => {
  const functional = () => {
    const start = input([2]);
    const code = dense(3, { name: "code" })(start);
    return model(start, dense(1)(code), { seed: 2 });
  };
  const inARow = () => sequential([input([2]), dense(3, { name: "code" }), dense(1)], { seed: 2 });
  const rows = arrayOf([
    [1, 2],
    [3, 4],
  ]);

  it.each([
    ["functional", async () => functional()],
    ["sequential", async () => inARow()],
    ["loaded functional", async () => loadModel(await functional().toBytes())],
    ["loaded sequential", async () => loadModel(await inARow().toBytes())],
  ])("is the output of another model over the same weights: %s", async (_, make) => {
    const m = await make();
    const encoder = model(m.inputs, m.getLayer("code").output);
    const rest = model(m.getLayer("code").output, m.outputs);
    expect(m.weights).toEqual(expect.arrayContaining([...encoder.weights]));
    const codes = await encoder.predict(rows);
    expect(codes.shape).toEqual([2, 3]);
    expect(await rest.predict(codes)).toEqual(await m.predict(rows));
    expect(m.input).toBe(m.inputs[0]);
    expect(m.output).toBe(m.getLayer(-1).output);
    expect(m.getLayer(-1).input).toBe(m.getLayer("code").output);
  });

  it("is told for models whole, also where they are layers of another", () => {
    const inner = functional();
    const outer = sequential([input([2]), inner]);
    expect(outer.getLayer(0).output).toBe(inner.outputs[0]);
  });

  it("is not told for a layer that was called never or twice, or answers several tensors", () => {
    const [a, b] = [input([2]), input([2])];
    const shared = dense(2, { name: "shared" });
    expect(() => shared.output).toThrow('dense "shared": there is no single output: the layer was called never');
    const pair = model([a, b], [shared(a), shared(b)]);
    expect(() => shared.input).toThrow("called 2 times. Take that of one call: calls[0].inputs[0].");
    expect(() => pair.output).toThrow("there is no single output, but 2. Take one of outputs.");
    expect(pair.outputs).toHaveLength(2);
    expect(() => sequential([dense(1)]).inputs).toThrow("does not know its input shape yet");
  });
});

describe("outputs by key", () => {
  const make = () => {
    const x = input([4]);
    return model(x, { z: dense(2, { name: "b" })(x), k: dense(1, { name: "a" })(x) }, { seed: 3 });
  };
  const samples = ndarray(
    Float32Array.from({ length: 12 }, (_, i) => i / 12),
    [3, 4],
  );
  const targets = { z: ndarray(new Float32Array(6), [3, 2]), k: ndarray(new Float32Array(3), [3, 1]) };

  it("predict and predictOnBatch answer an object", async () => {
    const made = make();
    const answer = await made.predict(samples);
    expect([answer.z.shape, answer.k.shape]).toEqual([
      [3, 2],
      [3, 1],
    ]);
    expect(await made.predictOnBatch(samples)).toEqual(answer);
    expect(made.outputs.map(({ shape }) => shape)).toEqual([[1], [2]]);
  });

  it("targets, losses and their names have the keys, as in Keras", async () => {
    const made = make();
    made.compile({ optimizer: "sgd", loss: { z: "mse", k: "mae" }, metrics: { k: ["mae"] } });
    const logs = await made.evaluate(samples, targets, { verbose: 0 });
    expect(Object.keys(logs).sort()).toEqual(["k_loss", "k_mae", "loss", "z_loss"]);
    await made.fit(samples, targets, { epochs: 1, verbose: 0 });
  });

  it("a file keeps them", async () => {
    const made = make();
    made.compile({ optimizer: "sgd", loss: { z: "mse", k: "mae" } });
    const again = await loadModel(await made.toBytes());
    expect(again.outputKeys).toEqual(["k", "z"]);
    expect(await again.predict(samples)).toEqual(await made.predict(samples));
    expect(await again.evaluate(samples, targets, { verbose: 0 })).toEqual(
      await made.evaluate(samples, targets, { verbose: 0 }),
    );
  });
});
