/** What is saved comes back: every kind of model, bit for bit, and training goes on as if nothing had happened. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import type { RhytonError } from "../../src/core/errors.ts";
import { atOnce } from "../../src/core/pieces.ts";
import { VERSION } from "../../src/core/version.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { activation } from "../../src/layers/activation.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { Layer, type LayerOptions } from "../../src/layers/layer.ts";
import type { Config } from "../../src/layers/options.ts";
import { layerRegistry } from "../../src/layers/registry.ts";
import * as ops from "../../src/ops/index.ts";
import { readKeras } from "../../src/saving/container.ts";
import { h5Get } from "../../src/saving/hdf5.ts";
import type { JsonObject } from "../../src/saving/json.ts";
import { lossClasses, metricClasses } from "../../src/training/from-config.ts";
import { loadModel } from "../../src/training/load.ts";
import { model, sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { adam, optimizerClasses } from "../../src/training/optimizers.ts";
import { configOf } from "../../src/training/save.ts";
import { compiledKinds } from "../support/saved-compiles.ts";
import { type Kind, kinds, noise } from "../support/saved-models.ts";
import { errorOf, withConfig } from "./edit.ts";

const device = { device: "interp" } as const;
const stateOf = ({ compiled }: Model) =>
  compiled && [compiled.optimizer.iterations, ...compiled.optimizer.variables.map(({ value }) => value)];

const tableOf = (m: Model): string => m.summary({ print: () => {} });

describe("every kind of model", () => {
  test.each([...kinds, ...compiledKinds].map((kind) => [kind.name, kind] as const))("%s", async (_, kind: Kind) => {
    const { model: saved, x, y, compile } = kind.make();
    if (compile !== undefined) saved.compile({ ...compile, ...device });
    for (let step = 0; step < kind.steps; step++) await saved.trainOnBatch(x, y);
    const loaded = await loadModel(await saved.toBytes(), device);
    if (kind.renamed !== true) expect(atOnce(configOf(loaded))).toEqual(atOnce(configOf(saved)));
    expect(loaded.getWeights()).toEqual(saved.getWeights());
    expect(loaded.seed).toBe(saved.seed);
    expect(stateOf(loaded)).toEqual(stateOf(saved));
    expect(await loaded.predict(x)).toEqual(await saved.predict(x));
    if (kind.renamed !== true) expect(tableOf(loaded)).toBe(tableOf(saved));
    if (compile === undefined) return;
    expect(await loaded.evaluate(x, y)).toEqual(await saved.evaluate(x, y));
    expect(await loaded.trainOnBatch(x, y)).toEqual(await saved.trainOnBatch(x, y));
    expect(loaded.getWeights()).toEqual(saved.getWeights());
  });

  test("everything that compile takes is among them", () => {
    const all = [...kinds, ...compiledKinds].map(({ make }) => {
      const { model: made, compile } = make();
      if (compile !== undefined) made.compile({ ...compile, ...device });
      return JSON.stringify(atOnce(configOf(made)));
    });
    const text = all.join();
    const missing = [...lossClasses, ...metricClasses, ...optimizerClasses].filter(
      (name) => !text.includes(`"class_name":"${name}"`),
    );
    expect(missing).toEqual([]);
  });
});

describe("every layer, for all cases in fixtures/layers", () => {
  const folder = new URL("../../fixtures/layers/", import.meta.url);
  interface Case {
    readonly name: string;
    readonly class_name: string;
    readonly config: Config;
    readonly listed?: boolean;
    readonly inputs: readonly { readonly shape: readonly number[] }[];
  }
  const files = readdirSync(folder).map((file) => {
    const { cases } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { cases: Case[] };
    return [file.replace(".json", ""), cases] as const;
  });

  test.each(files)("%s", async (_, cases) => {
    for (const { name, class_name: className, config, inputs, listed } of cases) {
      const xs = inputs.map(({ shape }) => input(shape.slice(1)));
      const layer = layerRegistry.get(className)!.fromConfig(config);
      const saved = model(xs, layer.enter(listed ? xs : xs[0]) as Tensor);
      saved.setWeights(saved.weights.map(({ shape }, i) => noise(shape, i + 3)));
      const loaded = await loadModel(await saved.toBytes());
      expect(atOnce(configOf(loaded)), name).toEqual(atOnce(configOf(saved)));
      expect(loaded.getWeights(), name).toEqual(saved.getWeights());
    }
  });
});

describe("going on with a training", () => {
  const [x, y] = [noise([20, 3], 1), noise([20, 2], 2)];
  const make = () => {
    const made = sequential([input([3]), dense(4, { activation: "tanh" }), dense(2)], { seed: 7 });
    made.compile({ optimizer: adam({ learningRate: 0.01 }), loss: "mse", ...device });
    return made;
  };
  const fit = { batchSize: 6, verbose: 0 } as const;

  test("gives the same numbers as one that was not interrupted", async () => {
    const whole = make();
    const files: Uint8Array[] = [];
    const onEpochEnd = async (_epoch: number, _logs: object, m: Model) => void files.push(await m.toBytes());
    const { history } = await whole.fit(x, y, { ...fit, epochs: 5, callbacks: [{ onEpochEnd }] });
    const second = await loadModel(files[1], device);
    expect([second.seed, second.epochs, second.optimizer.iterations]).toEqual([7, 2, 8]);
    const rest = await second.fit(x, y, { ...fit, epochs: 5, initialEpoch: second.epochs });
    expect(rest.history.loss).toEqual(history.loss.slice(2));
    expect(second.getWeights()).toEqual(whole.getWeights());
    expect(second.epochs).toBe(5);
  });

  test("between batches, too, also where the callback does not wait", async () => {
    const trained = make();
    const files: [Promise<Uint8Array>, unknown][] = [];
    const onBatchEnd = (_batch: number, _logs: object, m: Model) => void files.push([m.toBytes(), m.getWeights()]);
    await trained.fit(x, y, { ...fit, epochs: 1, callbacks: [{ onBatchEnd }] });
    expect(files).toHaveLength(4);
    for (const [i, [file, weights]] of files.entries()) {
      const loaded = await loadModel(await file, device);
      expect(loaded.optimizer.iterations).toBe(i + 1);
      expect(loaded.getWeights()).toEqual(weights);
    }
  });

  test("on the default device, from files written in callbacks", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rhyton-"));
    const whole = sequential([input([3]), dense(4, { activation: "tanh" }), dense(2)], { seed: 7 });
    whole.compile({ optimizer: adam({ learningRate: 0.01 }), loss: "mse", threads: 2 });
    const path = join(folder, "first.keras");
    const onEpochEnd = (epoch: number, _logs: object, m: Model) => (epoch === 0 ? m.save(path) : undefined);
    await whole.fit(x, y, { ...fit, epochs: 3, callbacks: [{ onEpochEnd }] });
    const second = await loadModel(path, { threads: 2 });
    await second.fit(x, y, { ...fit, epochs: 3, initialEpoch: second.epochs });
    expect(second.getWeights()).toEqual(whole.getWeights());
    await rm(folder, { recursive: true });
  });

  test("not while a step runs", async () => {
    const trained = make();
    let running: Promise<unknown> | undefined;
    await new Promise<void>((begun) => {
      running = trained.fit(x, y, { ...fit, epochs: 50, callbacks: [{ onTrainBegin: () => begun() }] });
    });
    const codes = new Set<string>();
    for (let k = 0; k < 1000 && codes.size === 0; k++) {
      await Promise.resolve();
      trained.toBytes().catch((error) => codes.add((error as RhytonError).code));
    }
    expect([...codes]).toEqual(["busy"]);
    await running;
    expect((await trained.toBytes()).length).toBeGreaterThan(1000);
  });
});

describe("saving", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rhyton-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const small = () => sequential([input([3]), dense(2)]);

  test("writes a file and nothing beside it", async () => {
    await small().save(join(folder, "a.keras"));
    await small().save(join(folder, "a.keras"));
    expect(await readdir(folder)).toEqual(["a.keras"]);
    expect((await loadModel(join(folder, "a.keras"))).layers).toHaveLength(1);
    await rm(join(folder, "a.keras"));
  });

  test("leaves nothing behind when it fails", async () => {
    const own = sequential([input([3]), dense(2, { activation: (t) => ops.add(t, 1) })]);
    expect((await errorOf(() => own.save(join(folder, "own.keras")))).message).toContain(
      "expected a function with a name",
    );
    expect((await errorOf(() => small().save(join(folder, "no/a.keras")))).message).toContain("mkdir -p");
    expect((await errorOf(() => small().save(join(folder, "a.h5")))).message).toContain(
      'expected a path that ends in ".keras"',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test("holds what is needed to go on", async () => {
    const packageFile = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(VERSION).toBe(packageFile.version);
    const made = sequential([input([3]), dense(2)], { seed: 3 });
    expect(readKeras(await made.toBytes()).rhyton).toEqual({ rhyton_version: VERSION, seed: 3, epochs: 0 });
    made.compile({ optimizer: "adam", loss: "mse", ...device });
    expect(readKeras(await made.toBytes()).rhyton).toMatchObject({
      epochs: 0,
      training: { version: 1, iterations: 0 },
    });
  });

  test("writes a learning rate as it is now", async () => {
    const made = small();
    made.compile({ optimizer: adam({ learningRate: (i) => 1 / (i + 1) }), loss: "mse", ...device });
    for (let i = 0; i < 3; i++) await made.trainOnBatch(noise([2, 3]), noise([2, 2]));
    expect((await loadModel(await made.toBytes(), device)).optimizer.learningRate).toBe(0.25);
  });

  test("refuses ops that Keras has not, and a layer twice in a row", async () => {
    const x = input([3]);
    const mixed = (y: Tensor) => errorOf(async () => model(x, y).toBytes());
    expect((await mixed(ops.take(x, x))).message).toContain("Keras has none like it");
    const h = ops.add(x, ops.reshape(dense(1)(x), []));
    expect((await mixed(h)).message).toContain("Keras counts the batch, too");
    const big = ops.constantTensor({ data: new Float32Array(3e5), shape: [100_000, 3] });
    expect((await mixed(ops.multiply(ops.reshape(x, [1, 3]), big))).message).toContain("a constant of 300000 numbers");
    const twice = dense(3);
    const row = sequential([input([3]), twice, twice]);
    expect((await errorOf(async () => row.toBytes())).message).toContain("stands in it twice");
  });

  test("holds the config that a model answers", async () => {
    const made = small();
    const { config } = atOnce(configOf(made));
    expect(await made.toConfig()).toEqual(config);
    expect(() => made.getConfig()).toThrow("Write await model.toConfig().");
  });

  test("keeps a row that does not know its input yet", async () => {
    const row = sequential([dense(4), dense(2)], { name: "later" });
    row.compile({ optimizer: "adam", loss: "mse", ...device });
    const loaded = await loadModel(await row.toBytes(), device);
    expect(loaded.isBuilt).toBe(false);
    expect(loaded.layers.map(({ name }) => name)).toEqual(["dense", "dense_1"]);
    await loaded.trainOnBatch(noise([2, 3]), noise([2, 2]));
    expect(loaded.weights).toHaveLength(4);
  });

  test("says that functions of one's own cannot be loaded", async () => {
    const made = small();
    const mine = (target: Tensor, prediction: Tensor) => ops.add(target, prediction);
    made.compile({ optimizer: "adam", loss: mine, ...device });
    const error = await errorOf(async () => loadModel(await made.toBytes()));
    expect(error.message).toContain("compile_config: loss");
    expect(error.message).toContain('the function "mine"');
    expect((await loadModel(await made.toBytes(), { compile: false })).compiled).toBeUndefined();
  });
});

describe("layers of one's own", () => {
  class Scaled extends Layer {
    readonly times: number;
    readonly inner = dense(3);
    readonly more: readonly Layer[] = [dense(3), dense(3)];

    constructor(times: number, options: LayerOptions = {}) {
      super(options);
      this.times = times;
    }

    call(x: Tensor): Tensor {
      return [this.inner, ...this.more].reduce<Tensor>((h, layer) => layer.enter(h) as Tensor, x);
    }

    override getConfig() {
      return { ...super.getConfig(), times: this.times };
    }

    static fromConfig(config: { readonly times?: unknown; readonly name?: unknown }) {
      return new Scaled(config.times as number, { name: config.name as string });
    }
  }

  class Double extends Layer {
    call(x: Tensor): Tensor {
      return ops.add(x, x);
    }
  }

  test("are loaded when their classes are given", async () => {
    const made = sequential([input([3]), new Scaled(4, { name: "mine" }), new Double()] as unknown as readonly Layer[]);
    const bytes = await made.toBytes();
    const { weights } = readKeras(bytes);
    for (const path of ["inner", "more/dense", "more/dense_1"]) {
      expect(h5Get(weights, `layers/scaled/${path}/vars/0`), path).toBeDefined();
    }
    const loaded = await loadModel(bytes, { customObjects: { Scaled, Double } });
    expect(loaded.getWeights()).toEqual(made.getWeights());
    expect((loaded.layers[0] as Scaled).times).toBe(4);
    expect(await loaded.predict(noise([2, 3]))).toEqual(await made.predict(noise([2, 3])));
  });

  test("are named when they are missing", async () => {
    const bytes = await sequential([input([3]), new Double()] as unknown as readonly Layer[]).toBytes();
    const error = await errorOf(() => loadModel(bytes));
    expect(error.code).toBe("file-unsupported");
    expect(error.message).toContain("loadModel(file, { customObjects: { Double } })");
  });
});

describe("losses, metrics and functions of one's own", () => {
  const wing = (target: Tensor, prediction: Tensor) => ops.absolute(ops.subtract(target, prediction));
  const off = (target: Tensor, prediction: Tensor) => ops.multiply(ops.subtract(target, prediction), 2);
  const bend = (x: Tensor) => ops.add(x, ops.sine(x));
  const [x, y] = [noise([4, 3], 1), noise([4, 2], 2)];
  const code = "config.layers.1.config";
  const own = (name: string, registered = name): JsonObject => ({
    module: "builtins",
    class_name: "function",
    config: name,
    registered_name: registered,
  });

  test("come back when they are given", async () => {
    const made = sequential([input([3]), dense(2)]);
    made.compile({ optimizer: "adam", loss: wing, metrics: [off, "mae"], weightedMetrics: [wing], ...device });
    const loaded = await loadModel(await made.toBytes(), { customObjects: { wing, off }, ...device });
    expect(await loaded.evaluate(x, y)).toEqual(await made.evaluate(x, y));
    expect(atOnce(configOf(loaded))).toEqual(atOnce(configOf(made)));
    expect((await errorOf(async () => loadModel(await made.toBytes(), { customObjects: { wing } }))).message).toContain(
      'compile_config: metrics: it is the function "off"',
    );
  });

  test("as Keras writes them", async () => {
    const made = sequential([input([3]), dense(2, { name: "code" })]);
    made.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"], ...device });
    const bent = withConfig(await made.toBytes(), `${code}.activation`, own("bend", "Pack>bend"));
    const ruled = withConfig(bent, `${code}.kernel_regularizer`, "heavy");
    const mean = { class_name: "MeanMetricWrapper", config: { name: "mine", fn: own("off") }, registered_name: null };
    const measured = withConfig(ruled, "compile_config.metrics", [mean, own("wing")]);
    const heavy = (w: Tensor) => ops.sum(w, [0, 1]);
    const loaded = await loadModel(measured, { customObjects: { "Pack>bend": bend, wing, off, heavy }, ...device });
    expect(Object.keys(await loaded.evaluate(x, y))).toEqual(["loss", "mine", "wing"]);
    const { data: plain } = await made.predict(x);
    const { data: curved } = (await loaded.predict(x)) as NdArray;
    curved.forEach((v, i) => {
      expect(v).toBeCloseTo(plain[i] + Math.sin(plain[i]), 5);
    });
    const [kernel] = loaded.getWeights();
    const without = await loadModel(measured, { customObjects: { bend, wing, off, heavy: "l1" as never }, ...device });
    const total = kernel.data.reduce((a, b) => a + b);
    const size = kernel.data.reduce((a, b) => a + Math.abs(b), 0);
    const difference = (await loaded.evaluate(x, y)).loss - (await without.evaluate(x, y)).loss;
    expect(difference).toBeCloseTo(total - 0.01 * size, 4);
    expect((await errorOf(() => loadModel(measured))).message).toContain("customObjects");
  });

  test("activations are in the file by name", async () => {
    const made = sequential([input([3]), dense(2, { activation: bend }), activation(bend)]);
    made.compile({ optimizer: "sgd", loss: "mse", ...device });
    await made.trainOnBatch(x, y);
    const bytes = await made.toBytes();
    const loaded = await loadModel(bytes, { customObjects: { bend }, ...device });
    expect(await loaded.predict(x)).toEqual(await made.predict(x));
    expect(atOnce(configOf(loaded))).toEqual(atOnce(configOf(made)));
    expect(atOnce(configOf(made))).toMatchObject({
      config: { layers: [{}, { config: { activation: own("bend") } }, {}] },
    });
    const error = await errorOf(() => loadModel(bytes));
    expect(error.message).toContain('activation is the function "bend"');
    expect(error.message).toContain("customObjects");
    const nameless = sequential([input([3]), dense(2, { activation: (t) => ops.add(t, 1), name: "code" })]);
    expect((await errorOf(async () => nameless.toBytes())).message).toMatch(
      /^dense "code": activation is .* expected a function with a name, by which files know it\. Write const swell/,
    );
  });

  test("are refused where they are of another kind", async () => {
    const made = sequential([input([3]), dense(2)]);
    const message = async (customObjects: object) =>
      (await errorOf(async () => loadModel(await made.toBytes(), { customObjects } as never))).message;
    expect(await message({ Dense: bend })).toContain("customObjects.Dense");
    expect(await message({ Dense: 3 })).toContain("expected a class of layers");
  });
});
