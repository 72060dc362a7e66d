/** Lambda layers, layers that are missing, and what Keras writes in ways of its own. */
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../src/graph/tensor.ts";
import { activation } from "../../src/layers/activation.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { Layer } from "../../src/layers/layer.ts";
import * as ops from "../../src/ops/index.ts";
import { readKeras } from "../../src/saving/container.ts";
import type { Json, JsonObject } from "../../src/saving/json.ts";
import { type CustomObject, loadModel } from "../../src/training/load.ts";
import { model } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { noise } from "../support/saved-models.ts";
import { modelFileOf } from "../support/written.ts";
import { errorOf, withConfig } from "./edit.ts";

/** config.layers: 0 input, 1 activation "lam", 2 dense "head". */
const graph = (): Uint8Array => {
  const x = input([4]);
  return modelFileOf(model(x, dense(4, { name: "head" })(activation("linear", { name: "lam" })(x)), { seed: 3 }));
};
const answers = async (m: Model) => [...((await m.predict(noise([2, 4]))) as { data: Float32Array }).data];
const layersOf = (bytes: Uint8Array): readonly JsonObject[] =>
  (readKeras(bytes).config.config as JsonObject).layers as readonly JsonObject[];

const code = { class_name: "__lambda__", config: { code: "4wEA", defaults: null, closure: null } };
const twice = { module: "builtins", class_name: "function", config: "twice", registered_name: "function" };
const withLambda = (written: Json, kwargs: Json = {}): Uint8Array =>
  withConfig(graph(), "config.layers.1", (old) => ({
    ...(old as JsonObject),
    class_name: "Lambda",
    config: { name: "lam", trainable: true, function: written, arguments: kwargs },
  }));
/** The same with the Lambda outside: 2·x before the rest. */
const want = async (factor = 2) => {
  const x = input([4]);
  const made = model(x, dense(4, { name: "head" })(ops.multiply(x, factor)), { seed: 3 });
  made.setWeights((await loadModel(graph())).getWeights());
  return answers(made as unknown as Model);
};

class Twice extends Layer {
  call(x: Tensor): Tensor {
    return ops.multiply(x, 2);
  }
}
const double = (x: Tensor): Tensor => ops.multiply(x, 2);

describe("a Lambda layer", () => {
  test.each<[string, Json, string]>([
    ["of a lambda", code, "{ lam: (x) => … }"],
    ["of a function", twice, "{ twice: (x) => … }"],
  ])("%s is refused with what to give", async (_, written, advice) => {
    const error = await errorOf(() => loadModel(withLambda(written)));
    expect(error.code).toBe("file-refused");
    expect(error.message).toContain(`customObjects: ${advice}`);
    expect(error.message).toContain("{ Lambda: YourLayer }");
  });

  test.each<[string, Json, Record<string, unknown>]>([
    ["a class, whatever its function is", code, { Lambda: Twice }],
    ["a class in place of a function", twice, { Lambda: Twice }],
    ["what makes a layer", code, { Lambda: { fromConfig: (c: { name: string }) => new Twice({ name: c.name }) } }],
    ["a function under the layer's name", code, { lam: double }],
    ["a function under the function's name", twice, { twice: double }],
    ["a function under the class's name", code, { Lambda: double }],
  ])("is replaced by %s", async (_, written, customObjects) => {
    const given = customObjects as Readonly<Record<string, CustomObject>>;
    const loaded = await loadModel(withLambda(written), { customObjects: given });
    expect(await answers(loaded)).toEqual(await want());
  });

  test("gives its arguments to the function, and is saved with that function's name", async () => {
    const scale = ((x: Tensor, { by }: { by: number }) => ops.multiply(x, by)) as unknown as (x: Tensor) => Tensor;
    const loaded = await loadModel(withLambda(twice, { by: 3 }), { customObjects: { twice: scale } });
    expect(await answers(loaded)).toEqual(await want(3));
    const again = await loaded.toBytes();
    expect(layersOf(again)[1]).toMatchObject({
      module: "keras.layers",
      class_name: "Lambda",
      config: { function: { class_name: "function", config: "scale" }, arguments: { by: 3 } },
      registered_name: null,
    });
    expect(await answers(await loadModel(again, { customObjects: { scale } }))).toEqual(await want(3));
  });

  test("is named where it stands as an activation without its class", async () => {
    const bytes = withConfig(graph(), "config.layers.2.config.activation", { value: ["4wEA", null, null] });
    const error = await errorOf(() => loadModel(bytes));
    expect(error.message).toContain('Dense "head": refused: activation is a lambda');
    expect(error.message).toContain("named function");
  });
});

test("all layers that are missing are named, before anything else is judged", async () => {
  const lstm = withConfig(graph(), "config.layers.2.class_name", "LSTM");
  const both = withConfig(lstm, "config.layers.1.class_name", "Embedding");
  const error = await errorOf(() => loadModel(withConfig(both, "config.layers.0.config.dtype", "complex64")));
  expect(error.code).toBe("file-unsupported");
  expect(error.message).toContain("Rhyton has no layers Embedding, LSTM yet. docs/coverage.md");
  expect(error.message).toContain("{ customObjects: { Embedding, LSTM } }");
});

test("inputs of whole numbers enter as float32", async () => {
  for (const dtype of ["uint8", "int32", "int64"]) {
    const loaded = await loadModel(withConfig(graph(), "config.layers.0.config.dtype", dtype));
    expect(await answers(loaded)).toEqual(await answers(await loadModel(graph())));
    expect(layersOf(await loaded.toBytes())[0].config).toMatchObject({ dtype: "float32" });
  }
});

test("an op that Keras computes in whole numbers that wrap around is refused", async () => {
  const x = input([4]);
  const bytes = await model(x, dense(2)(ops.multiply(x, 2))).toBytes();
  const path = "config.layers.2.inbound_nodes.0.args.0.config.dtype";
  expect((await errorOf(() => loadModel(withConfig(bytes, path, "uint8")))).message).toContain("wraps around");
  expect(await loadModel(withConfig(bytes, path, "float32"))).toBeDefined();
});

test("mixed precision is refused with what to do in Keras", async () => {
  const policy = { module: "keras", class_name: "DTypePolicy", config: { name: "mixed_float16" } };
  const error = await errorOf(() => loadModel(withConfig(graph(), "config.layers.2.config.dtype", policy)));
  expect(error.message).toContain('"mixed_float16"');
  expect(error.message).toContain('layer.dtype_policy = "float32"');
});

test("a layer as an activation computes as the layer does, and is saved again as Keras has it", async () => {
  const leaky = {
    module: "keras.layers",
    class_name: "LeakyReLU",
    config: { name: "leaky_re_lu", trainable: true, dtype: "float32", negative_slope: 0.25 },
    registered_name: null,
  };
  const bytes = withConfig(graph(), "config.layers.2.config.activation", leaky);
  const loaded = await loadModel(bytes);
  const plain = await answers(await loadModel(graph()));
  expect(plain.some((value) => value < 0)).toBe(true);
  expect(await answers(loaded)).toEqual(plain.map((value) => (value > 0 ? value : value * 0.25)));
  const again = await loaded.toBytes();
  expect((layersOf(again)[2].config as JsonObject).activation).toMatchObject({
    ...leaky,
    config: { name: "leaky_re_lu", negative_slope: 0.25 },
  });
  expect(await answers(await loadModel(again))).toEqual(await answers(loaded));
});

test("outputs by key are saved by key", async () => {
  const x = input([4]);
  const made = model(x, [dense(2, { name: "b" })(x), dense(1, { name: "a" })(x)]);
  const ends = { s: ["b", 0, 0], k: ["a", 0, 0] };
  const loaded = await loadModel(withConfig(await made.toBytes(), "config.output_layers", ends));
  expect(loaded.outputKeys).toEqual(["k", "s"]);
  expect(loaded.network.outputs.map(({ shape }) => shape)).toEqual([[1], [2]]);
  expect((readKeras(await loaded.toBytes()).config.config as JsonObject).output_layers).toEqual(ends);
});
