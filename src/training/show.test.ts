import { expect, test } from "vitest";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { sequential } from "./make-model.ts";
import { type Stage, show, stages } from "./show.ts";

const classifier = () => sequential([input([4]), dense(3, { activation: "softmax" })], { name: "classifier" });

test("every stage of a compiled model", async () => {
  const model = classifier();
  model.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const [graph, gradient, kernels, wasm] = await Promise.all(stages.map((stage) => show(model, stage)));
  expect(graph.split("\n")[0]).toBe('%0 = placeholder "x0" : sample [4]');
  expect(graph).toMatch(/^output %\d+\n$/m);
  expect(gradient).toContain('placeholder "y0" : sample []');
  expect(gradient).toMatch(/^update kernel = %\d+$/m);
  expect(kernels).toMatch(/^stage 0: /);
  expect(kernels).toContain(": update\n");
  expect(wasm).toMatch(/^\(module\n/);
});

test("showing changes nothing", async () => {
  const model = classifier();
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
  const before = model.summary({ print: () => {} });
  for (const stage of stages) await show(model, stage);
  expect(model.optimizer.variables).toEqual([]);
  expect(model.summary({ print: () => {} })).toBe(before);
});

test("without optimizer and loss it is the prediction, which has no gradient", async () => {
  const model = classifier();
  expect(await show(model, "kernels")).not.toContain(": update\n");
  expect(await show(model, "wasm")).toMatch(/^\(module\n/);
  await expect(show(model, "gradient")).rejects.toThrow("show: the model has no optimizer and loss");
});

test("a mistyped stage is told", async () => {
  await expect(show(classifier(), "kernel" as Stage)).rejects.toThrow(
    'there is no stage "kernel". Did you mean "kernels"?',
  );
});
