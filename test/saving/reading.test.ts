/** What the loader accepts, and what it refuses: each refusal names file, layer and key, and says what to do. */
import { describe, expect, test } from "vitest";
import { mean } from "../../src/functions/reduce.ts";
import { conv2d } from "../../src/layers/convolution.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { pipe } from "../../src/layers/pipe.ts";
import { flatten } from "../../src/layers/reshaping.ts";
import * as ops from "../../src/ops/index.ts";
import { h5Dataset, h5Group } from "../../src/saving/hdf5.ts";
import type { Json, JsonObject } from "../../src/saving/json.ts";
import { loadModel } from "../../src/training/load.ts";
import { model, sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { noise } from "../support/saved-models.ts";
import { modelFileOf } from "../support/written.ts";
import { errorOf, withConfig, withMembers, withWeights } from "./edit.ts";

const device = { device: "interp" } as const;

/** config.layers: 0 input "image", 1 conv2d, 2 flatten, 3 dense "code". */
const graph = (): Uint8Array => {
  const image = input([5, 5, 1], { name: "image" });
  const code = pipe(image, conv2d(2, 3, { activation: "relu" }), flatten(), dense(3, { name: "code" }));
  const made = model(image, code, { seed: 4, name: "graph" });
  made.compile({ optimizer: "adam", loss: "mse", metrics: ["mae"] });
  return modelFileOf(made);
};

/** config.layers: 0 input, 1 dense, 2 dense_1. */
const row = (): Uint8Array => {
  const made = sequential([input([3]), dense(4), dense(2)]);
  made.compile({ optimizer: "sgd", loss: "mse" });
  return modelFileOf(made);
};

const twoOutputs = async (): Promise<Uint8Array> => {
  const x = input([3]);
  const made = model(x, [dense(2, { name: "b" })(x), dense(1, { name: "a" })(x)]) as unknown as Model;
  made.compile({ optimizer: "adam", loss: ["mse", "mae"], ...device });
  await made.trainOnBatch(noise([2, 3]), [noise([2, 2]), noise([2, 1])]);
  return made.toBytes();
};

const history = (name: string, node: Json = 0, output: Json = 0): Json => ({
  class_name: "__keras_tensor__",
  config: { shape: [null, 1], dtype: "float32", keras_history: [name, node, output] },
});
const code = "config.layers.3";
const losses = (m: Model) => m.compiled?.judgements.map(({ loss, weight }) => [loss?.name, weight]);

describe("accepts", () => {
  test.each<[string, string, Json]>([
    ["a dtype as text", `${code}.config.dtype`, "float32"],
    ["an object that is shared", `${code}.config.dtype.shared_object_id`, 123],
    ["keys of newer versions that say nothing", `${code}.config.quantization_config`, null],
    ["keys of newer versions that are off", `${code}.config.use_magic`, false],
    ["axes of initializers that say nothing", `${code}.config.kernel_initializer.config.input_axes`, null],
    ["initializers by name", `${code}.config.kernel_initializer`, "he_normal"],
    ["no mask, and no training", `${code}.inbound_nodes.0.kwargs`, { mask: null, training: false }],
    ["masks of nothing", `${code}.inbound_nodes.0.kwargs`, { mask: [null, null] }],
    ["arguments of nothing", `${code}.inbound_nodes.0.args`, [history("flatten"), null]],
    ["a fixed batch", "config.layers.0.config.batch_shape", [32, 5, 5, 1]],
    ["the other spelling of inputs", "config.input_layers", [["image", 0, 0]]],
    ["inputs by name", "config.input_layers", { image: ["image", 0, 0] }],
    ["no configs for building", `${code}.build_config`, null],
    ["no module", `${code}.module`, null],
  ])("%s", async (_, path, value) => {
    const loaded = await loadModel(withConfig(graph(), path, value), device);
    expect(await loaded.predict(noise([2, 5, 5, 1]))).toEqual(
      await (await loadModel(graph(), device)).predict(noise([2, 5, 5, 1])),
    );
  });

  test("a row without an input, where its shape is told", async () => {
    const bytes = withConfig(row(), "config.layers", (old) => (old as Json[]).slice(1));
    expect((await loadModel(bytes)).getWeights()).toEqual((await loadModel(row())).getWeights());
    const older = withConfig(bytes, "config.build_input_shape", undefined);
    expect((await loadModel(older)).getWeights()).toEqual((await loadModel(row())).getWeights());
  });

  test("ops between layers that compute with open sizes", async () => {
    const x = input([4, 4, 2]);
    const made = await model(x, ops.sum(x, [0, 1])).toBytes();
    const open = withConfig(made, "config.layers.0.config.batch_shape", [null, null, null, 2]);
    const loaded = await loadModel(withConfig(open, "config.layers.1.class_name", "Mean"), device);
    expect(loaded.network.inputs[0].shape).toEqual([null, null, 2]);
    for (const shape of [
      [2, 3, 5, 2],
      [1, 2, 2, 2],
    ]) {
      const data = noise(shape);
      const { data: got } = (await loaded.predict(data)) as { data: Float32Array };
      const { data: want } = mean(data, { axis: [1, 2] });
      want.forEach((value, i) => {
        expect(got[i]).toBeCloseTo(value, 5);
      });
    }
  });

  test("no metadata, and nothing of ours", async () => {
    const bytes = withMembers(graph(), { "metadata.json": undefined, "rhyton.json": undefined });
    const loaded = await loadModel(bytes);
    expect([loaded.seed, loaded.epochs]).toEqual([0, 0]);
    expect((await loadModel(graph())).seed).toBe(4);
  });

  test.each<[string, Json, unknown]>([
    ["a name", "mae", ["mean_absolute_error", "mean_absolute_error"]],
    ["a list", ["mse", null], ["mean_squared_error", undefined]],
    ["names of outputs", { a: "mae", b: "mse" }, ["mean_squared_error", "mean_absolute_error"]],
    [
      "objects",
      [
        {
          module: "keras.losses",
          class_name: "MeanSquaredError",
          config: { name: "mean_squared_error", reduction: "sum_over_batch_size", dtype: "float32" },
          registered_name: null,
        },
        "mse",
      ],
      ["mean_squared_error", "mean_squared_error"],
    ],
  ])("losses as %s", async (_, given, names) => {
    const loaded = await loadModel(withConfig(await twoOutputs(), "compile_config.loss", given));
    expect(losses(loaded)?.map(([name]) => name)).toEqual(names);
  });

  test("no loss: what layers and weights cost is the loss", async () => {
    expect(losses(await loadModel(withConfig(await twoOutputs(), "compile_config.loss", null)))).toEqual([
      [undefined, 1],
      [undefined, 1],
    ]);
  });

  test("weights of losses, and metrics, by names of outputs", async () => {
    const weighted = withConfig(await twoOutputs(), "compile_config.loss_weights", { a: 0.25 });
    expect(losses(await loadModel(weighted))?.map(([, weight]) => weight)).toEqual([1, 0.25]);
    const metrics: Json = {
      a: "mae",
      b: ["mse", { class_name: "BinaryAccuracy", config: { name: "hits", threshold: 0.3 } }],
    };
    const judged = await loadModel(withConfig(await twoOutputs(), "compile_config.metrics", metrics));
    expect(judged.compiled?.judgements.map((j) => j.metrics.map(({ name }) => name))).toEqual([
      ["mse", "hits"],
      ["mae"],
    ]);
  });

  test("arguments and reductions of losses, and weighted metrics", async () => {
    const config = { from_logits: false, ignore_class: 3, axis: -1, reduction: "mean_with_sample_weight" };
    const loss = [{ class_name: "SparseCategoricalCrossentropy", config }, null];
    const first = withConfig(await twoOutputs(), "compile_config.loss", loss);
    const area = { class_name: "AUC", config: { name: "area", num_thresholds: 20, curve: "PR", label_weights: null } };
    const loaded = await loadModel(withConfig(first, "compile_config.weighted_metrics", [null, ["mae", area]]));
    expect(loaded.compiled?.judgements[0].loss?.config).toMatchObject(config);
    const [, { weightedMetrics }] = loaded.compiled?.judgements ?? [];
    expect(weightedMetrics.map(({ name }) => name)).toEqual(["mae", "area"]);
    expect(weightedMetrics[1].config).toMatchObject({ num_thresholds: 20, curve: "PR" });
  });

  test("a step counter of 32 bits, and a learning rate set in training", async () => {
    const vars = "optimizer/vars";
    const counted = withWeights(await twoOutputs(), `${vars}/0`, h5Dataset(Int32Array.of(77), []));
    const loaded = await loadModel(withWeights(counted, `${vars}/1`, h5Dataset(Float32Array.of(0.5), [])), device);
    expect([loaded.optimizer.iterations, loaded.optimizer.learningRate]).toEqual([77, 0.5]);
    expect(loaded.optimizer.variables).toHaveLength(8);
  });

  test("weights of other widths", async () => {
    const bytes = withWeights(row(), "layers/dense_1/vars/1", h5Dataset(Float64Array.of(1.5, -2), [1, 2]));
    expect((await errorOf(() => loadModel(bytes))).message).toContain("got (1, 2), expected bias of shape (2,)");
    const right = withWeights(row(), "layers/dense_1/vars/1", h5Dataset(Float64Array.of(1.5, -2), [2]));
    expect((await loadModel(right)).getWeights()[3].data).toEqual(Float32Array.of(1.5, -2));
  });
});

describe("refuses", () => {
  const op = (name: string, config: JsonObject, args: readonly Json[], kwargs: JsonObject = {}): JsonObject => ({
    module: "keras.src.ops.numpy",
    class_name: name,
    config,
    name: "code",
    inbound_nodes: [{ args, kwargs }],
  });
  const ragged = { class_name: "__numpy__", config: { value: [[1, 2], [3]], dtype: "float32" } };
  const l2 = { module: "keras.regularizers", class_name: "L2", config: { l2: 0.01 }, registered_name: null };
  const float16 = { module: "keras", class_name: "DTypePolicy", config: { name: "mixed_float16" } };
  test.each<[string, string, Json | undefined, readonly string[]]>([
    [
      "layers that there are not",
      `${code}.class_name`,
      "LSTM",
      ['LSTM "code"', "has no layer LSTM", "docs/coverage.md"],
    ],
    ["Lambda layers", `${code}.class_name`, "Lambda", ['Lambda "code"', "refused", "Python code"]],
    ["lambdas", `${code}.config.activation`, { class_name: "__lambda__", config: {} }, ["activation", "lambda"]],
    ["functions", `${code}.config.activation`, { class_name: "function", config: "mine" }, ["activation", "mine"]],
    [
      "layers as activations",
      `${code}.config.activation`,
      { class_name: "PReLU", config: {} },
      ['class "PReLU"', "behind"],
    ],
    ["classes of one's own", `${code}.registered_name`, "Pack>Dense", ["Pack>Dense", "{ customObjects: { Dense } }"]],
    ["modules of others", `${code}.module`, "keras_hub.layers", ["keras_hub.layers"]],
    ["ops that there are not", code, op("Einsum", {}, [history("flatten")]), ["the op Einsum", "Transpose"]],
    ["ops of nothing", code, op("Add", {}, [1, 2]), ['Add "code"', "without a tensor"]],
    ["ops that mix samples", code, op("Sum", { axis: 0 }, [history("flatten")]), ['Sum "code"', "the batch"]],
    ["ops over all samples", code, op("Mean", { axis: null }, [history("flatten")]), ["takes in the batch"]],
    ["shapes that mix samples", code, op("Reshape", { newshape: [2, -1] }, [history("flatten")]), ["[2,-1]"]],
    ["some samples", code, op("GetItem", {}, [history("flatten"), [0]]), ["some samples"]],
    ["several numbers of axes", code, op("Add", {}, [history("flatten"), history("conv2d")]), ["mixes samples"]],
    ["constants that are no arrays", code, op("Add", {}, [history("flatten"), ragged]), ["expected a tensor"]],
    [
      "absurd pads",
      code,
      op(
        "Pad",
        {
          pad_width: [
            [0, 0],
            [0, 1e12],
          ],
        },
        [history("flatten")],
      ),
      ["for each sample"],
    ],
    ["other arguments of ops", code, op("Add", {}, [history("flatten"), 1], { axis: 3 }), ["axis = 3"]],
    ["models of one's own", "class_name", "Autoencoder", ["Autoencoder", "class of its own"]],
    ["models of others", "module", "my.code", ["class of its own"]],
    ["unknown regularizers", `${code}.config.kernel_regularizer`, { ...l2, class_name: "L3" }, ["regularizer", "L3"]],
    ["broken regularizers", `${code}.config.kernel_regularizer`, { ...l2, config: { l2: -1 } }, ["l2 is -1"]],
    ["unknown constraints", `${code}.config.bias_constraint`, l2, ['"code"', "constraint", "L2"]],
    ["other numbers than float32", `${code}.config.dtype`, float16, ['"code"', "dtype", "mixed_float16"]],
    ["other numbers as text", "config.layers.0.config.dtype", "complex64", ["dtype", "complex64"]],
    ["sparse inputs", "config.layers.0.config.sparse", true, ["image", "sparse"]],
    [
      "open sizes that a weight needs",
      "config.layers.0.config.batch_shape",
      [null, null, 5, 1],
      ['"code"', "(None, None)"],
    ],
    ["sizes below 0", "config.layers.0.config.batch_shape", [null, -2, 5, 1], ["image", "shape"]],
    ["unknown keys", `${code}.config.magic`, 3, ['"code"', "magic"]],
    ["unknown initializers", `${code}.config.kernel_initializer.class_name`, "STFT", ["initializer", "STFT"]],
    ["axes of initializers", `${code}.config.kernel_initializer.config.input_axes`, 0, ["input_axes"]],
    ["unknown activations", `${code}.config.activation`, "relo", ['"code"', "relo", "relu"]],
    ["sizes that are no numbers", `${code}.config.units`, Number.NaN, ['"code"', "units is NaN"]],
    ["negative sizes", `${code}.config.units`, -1, ['"code"', "units is -1"]],
    ["broken sizes", "config.layers.1.config.filters", 1.5, ["conv2d", "filters is 1.5"]],
    ["absurd sizes", `${code}.config.units`, 1e9, ['"code"', "18000000000 numbers", "more than"]],
    ["absurd kernels", "config.layers.1.config.kernel_size", [1e8, 1e8], ["conv2d"]],
    ["absurd inputs", "config.layers.0.config.batch_shape", [null, 1e9, 1e9, 1], ["image", "numbers for each sample"]],
    ["two layers of one name", `${code}.name`, "conv2d", ['two layers are named "conv2d"']],
    ["layers without a name", "config.name", undefined, ["name is missing"]],
    ["calls of Keras 2", `${code}.inbound_nodes.0`, [["flatten", 0, 0, {}]], ['"code"', "Keras 2"]],
    ["references to nowhere", `${code}.inbound_nodes.0.args`, [history("gone")], ['"code"', '"gone"', "not there"]],
    ["calls that are not", `${code}.inbound_nodes.0.args`, [history("flatten", 1)], ["call 1", "called 1 times"]],
    ["outputs that are not", `${code}.inbound_nodes.0.args`, [history("flatten", 0, 2)], ["output 2", "has 1"]],
    ["negative numbers of calls", `${code}.inbound_nodes.0.args`, [history("flatten", -1)], ["-1"]],
    ["circles", "config.layers.2.inbound_nodes.0.args", [history("code")], ["in a circle", '"flatten", "code"']],
    ["itself as input", `${code}.inbound_nodes.0.args`, [history("code")], ["in a circle"]],
    ["constants as inputs", `${code}.inbound_nodes.0.args`, [3], ['"code"', "no tensor"]],
    ["several arguments", `${code}.inbound_nodes.0.args`, [history("flatten"), history("flatten")], ["2 arguments"]],
    ["masks", `${code}.inbound_nodes.0.kwargs`, { mask: history("flatten") }, ['"code"', "mask"]],
    ["training, always", `${code}.inbound_nodes.0.kwargs`, { training: true }, ['"code"', "training = true"]],
    ["layers that are never called", `${code}.inbound_nodes`, [], ['"code"', "called 0 times"]],
    ["outputs of nowhere", "config.output_layers", ["gone", 0, 0], ["output_layers", "gone"]],
    ["no outputs", "config.output_layers", [], ["no outputs"]],
    ["outputs that follow from nothing", "config.output_layers", ["image", 0, 1], ["output 1"]],
    [
      "optimizers that there are not",
      "compile_config.optimizer.class_name",
      "Muon",
      ["optimizer", "Muon", "compile: false"],
    ],
    ["schedules that there are not", "compile_config.optimizer.config.learning_rate", l2, ["schedule", "L2"]],
    ["unknown keys of optimizers", "compile_config.optimizer.config.magic", 1, ["optimizer", "magic"]],
    [
      "broken options",
      "compile_config.optimizer.config.gradient_accumulation_steps",
      1.5,
      ["AccumulationSteps is 1.5"],
    ],
    ["losses that there are not", "compile_config.loss", "hinges", ["loss", "hinges"]],
    [
      "reductions that there are not",
      "compile_config.loss",
      { class_name: "MeanSquaredError", config: { reduction: "product" } },
      ["product", "compile: false"],
    ],
    [
      "arguments that a metric has not",
      "compile_config.weighted_metrics",
      [{ class_name: "Precision", config: { recall: 1 } }],
      ["weighted_metrics: Precision", "recall", "compile: false"],
    ],
    ["losses of unknown outputs", "compile_config.loss", { gone: "mse" }, ["gone"]],
    ["broken numbers of the optimizer", "compile_config.optimizer.config.beta_1", 7, ["beta1 is 7"]],
  ])("%s", async (_, path, value, parts) => {
    const error = await errorOf(() => loadModel(withConfig(graph(), path, value)));
    expect(error.message).toMatch(/^model\.keras: /);
    for (const part of parts) expect(error.message).toContain(part);
  });

  test("files of Keras 2", async () => {
    const bytes = withMembers(graph(), { "metadata.json": '{"keras_version": "2.13.1"}' });
    expect((await errorOf(() => loadModel(bytes))).message).toContain("load it in Keras 3");
  });

  test.each(["__proto__", "constructor", "prototype"])("the key %s", async (key) => {
    const bytes = withMembers(graph(), {
      "config.json": `{"class_name": "Functional", "config": {"${key}": {"a": 1}}}`,
    });
    const error = await errorOf(() => loadModel(bytes));
    expect([error.code, error.message.includes(key)]).toEqual(["file-refused", true]);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  test.each(["toString", "hasOwnProperty", "valueOf", "__defineGetter__"])("the class %s", async (name) => {
    for (const path of [`${code}.class_name`, "compile_config.optimizer.class_name", "compile_config.loss"]) {
      expect((await errorOf(() => loadModel(withConfig(graph(), path, name)))).message).toContain(name);
    }
  });

  test("weights that do not fit, and changes nothing", async () => {
    const at = "layers/dense/vars";
    const cases: [Uint8Array, readonly string[]][] = [
      [
        withWeights(graph(), `${at}/0`, h5Dataset(new Float32Array(54), [3, 18])),
        [`${at}, of layer "code" (Dense): 0: got (3, 18), expected kernel of shape (18, 3)`],
      ],
      [withWeights(graph(), `${at}/1`, undefined), ["there are 1 arrays, expected 2: kernel (18, 3), bias (3,)"]],
      [withWeights(graph(), at, undefined), ["the group is missing"]],
      [withWeights(graph(), `${at}/1`, h5Group()), ["1: got a group"]],
      [withWeights(graph(), "layers/flatten/vars/0", h5Dataset(Float32Array.of(1), [])), ["flatten", "expected 0"]],
    ];
    for (const [bytes, parts] of cases) {
      const { message } = await errorOf(() => loadModel(bytes));
      for (const part of parts) expect(message).toContain(part);
    }
  });

  test("a state of the optimizer that does not fit", async () => {
    const bytes = await twoOutputs();
    const vars = "optimizer/vars";
    const cases: [Uint8Array, string][] = [
      [withWeights(bytes, `${vars}/9`, undefined), "there are 7 arrays, expected 8"],
      [withWeights(bytes, `${vars}/4`, h5Dataset(Float32Array.of(1), [1])), "got (1,)"],
      [withWeights(bytes, `${vars}/0`, h5Dataset(Int32Array.of(-1), [])), "the steps done, is -1"],
      [withWeights(bytes, `${vars}/0`, h5Dataset(Float32Array.of(1, 2))), "0 is no single number"],
      [withWeights(bytes, `${vars}/1`, h5Dataset(Float32Array.of(Number.NaN), [])), "learningRate is NaN"],
    ];
    for (const [file, part] of cases) {
      expect((await errorOf(() => loadModel(file))).message).toContain(part);
      expect((await loadModel(file, { compile: false })).compiled).toBeUndefined();
    }
  });

  test("what is no file", async () => {
    expect((await errorOf(() => loadModel(3 as unknown as string))).code).toBe("argument");
    expect((await errorOf(() => loadModel("nowhere.keras"))).code).toBe("file");
    expect((await errorOf(() => loadModel(graph(), { complie: false } as object))).code).toBe("unknown-name");
  });
});
