/** Models that `--data` cannot feed. */
import { expect, test } from "vitest";
import { openSamples } from "../../src/cli/samples.ts";
import { add, input, type Model, model } from "../../src/index.ts";

test("two files for a model of several inputs are refused before they are read", async () => {
  const [a, b] = [input([2]), input([2])];
  const two = model([a, b], add([a, b])) as unknown as Model;
  await expect(openSamples("x.npy,y.npy", two)).rejects.toMatchObject({
    message: "--data gives one input and one output, and the model has 2 and 1.",
    fix: expect.stringContaining("model.fit([a, b], y)"),
  });
});
