import { expect, test } from "vitest";
import { atOnce } from "../core/pieces.ts";
import { dense, input, sequential } from "../index.ts";
import { SizedNetwork } from "../layers/sized-network.ts";
import { trainingStep } from "./step.ts";

test("a step that trains is made in pieces, at least one for each weight and its gradient", async () => {
  const model = sequential([input([4]), ...Array.from({ length: 20 }, () => dense(4, { activation: "relu" }))]);
  model.compile({ optimizer: "adam", loss: "mse" });
  const { compiled, network } = model;
  await compiled?.load();
  const { judgements, optimizer } = compiled as NonNullable<typeof compiled>;
  const make = () => trainingStep(new SizedNetwork(network, [[4]]), [{ shape: [4], array: 1 }], judgements, optimizer);
  expect([...make()].length).toBeGreaterThan(2 * model.weights.length);
  expect(atOnce(make()).graph.updates.length).toBe(3 * model.weights.length);
});
