import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../core/array.ts";
import { interp } from "../device/interp.ts";
import { Variable } from "../graph/tensor.ts";
import { placeholder, stepScalar, sumSamples, variableTensor } from "../ops/index.ts";
import type { Optimizer } from "./optimizer.ts";
import { Adam, adam, resolveOptimizer, sgd } from "./optimizers.ts";
import { decode, type Encoded } from "./testing.ts";

const none = { className: "Zeros", config: {}, fill: () => {} };

interface Fixture {
  readonly start: readonly Encoded[];
  readonly gradients: readonly Encoded[];
  readonly cases: readonly {
    readonly name: string;
    readonly class_name: string;
    readonly config: Record<string, unknown>;
    readonly parameters: readonly Encoded[];
    readonly variables: readonly (Encoded & { readonly name: string })[];
  }[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../../fixtures/optimizers.json", import.meta.url), "utf8"));

const camel = (key: string) => key.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
const make = (className: string, config: Record<string, unknown>): Optimizer => {
  const options = Object.fromEntries(Object.entries(config).map(([key, value]) => [camel(key), value]));
  return className === "SGD" ? sgd(options) : adam(options);
};

/** Runs an optimizer over the fixture's gradients; the weights after each step. */
async function trajectory(optimizer: Optimizer): Promise<Float32Array[][]> {
  const weights = fixture.start.map((array, i) => new Variable(`w${i}`, array.shape, none));
  weights.forEach((w, i) => {
    w.assign(decode(fixture.start[i]));
  });
  optimizer.build(weights);
  const gradients = weights.map((w, i) => placeholder(w.shape, `g${i}`));
  const scalars = optimizer.scalarNames.map((name) => stepScalar(name));
  const moving = weights.map((w, i) => ({
    weight: variableTensor(w),
    gradient: sumSamples(gradients[i]),
    slots: optimizer.slotsOf(w).map((s) => variableTensor(s)),
  }));
  const after = optimizer.step(moving, scalars);
  const updates = weights.flatMap((variable, i) => [
    { variable, value: after[i].value },
    ...optimizer.slotsOf(variable).map((slot, k) => ({ variable: slot, value: after[i].slots[k] })),
  ]);
  const program = interp().compile({ inputs: gradients, scalars, outputs: [], totals: [], updates, guard: undefined });
  const inputs = fixture.gradients.map((g) => ({ data: decode(g), shape: g.shape }));
  const result: Float32Array[][] = [];
  for (let step = 0; step < inputs[0].shape[0]; step++) {
    await program.run({ inputs, batchSize: 1, firstStep: step, steps: 1, scalars: (i) => optimizer.scalarsAt(i) });
    result.push(weights.map((w) => Float32Array.from(w.value ?? [])));
  }
  return result;
}

describe("optimizers", () => {
  it.each(fixture.cases.map((c) => [c.name, c] as const))("%s: 50 steps as in Keras", async (_, c) => {
    const optimizer = make(c.class_name, c.config);
    const steps = await trajectory(optimizer);
    const close = (got: Float32Array, expected: Float32Array) => {
      const largest = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
      got.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(2e-6 * largest);
      });
    };
    c.parameters.forEach((expected, i) => {
      const size = sizeOf(expected.shape.slice(1));
      const values = decode(expected);
      steps.forEach((weights, step) => {
        close(weights[i], values.subarray(step * size, (step + 1) * size));
      });
    });
    // The first two are iteration and learning rate.
    expect(optimizer.variables.map((v) => v.name)).toEqual(c.variables.slice(2).map((v) => v.name));
    optimizer.variables.forEach((v, i) => {
      close(v.value as Float32Array, decode(c.variables[i + 2]));
    });
  });

  it("keep slots in Keras' order", () => {
    const weights = [new Variable("a/kernel", [2], none), new Variable("bias", [3], none)];
    const optimizer = adam({ amsgrad: true });
    optimizer.build(weights);
    expect(optimizer.variables.map((v) => v.name)).toEqual([
      "a_kernel_momentum",
      "a_kernel_velocity",
      "bias_momentum",
      "bias_velocity",
      "a_kernel_velocity_hat",
      "bias_velocity_hat",
    ]);
    expect(optimizer.slotsOf(weights[1]).map((v) => v.shape)).toEqual([[3], [3], [3]]);
    expect(() => optimizer.build([weights[0]])).toThrow("Give each model an optimizer of its own");
  });

  it("take the learning rate from a number or a function, and refuse nonsense", () => {
    const optimizer = sgd({ learningRate: (i) => 1 / (1 + i) });
    expect(optimizer.scalarsAt(3)).toEqual([0.25]);
    optimizer.learningRate = 0.5;
    expect(optimizer.scalarsAt(3)).toEqual([0.5]);
    for (const learningRate of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      expect(() => adam({ learningRate })).toThrow("learningRate");
      expect(() => {
        optimizer.learningRate = learningRate;
      }).toThrow("learningRate");
    }
    expect(() => sgd({ learningRate: () => Number.NaN }).scalarsAt(7)).toThrow("at iteration 7");
  });

  it("have Keras' config", () => {
    expect(adam().config).toMatchObject({
      name: "adam",
      learning_rate: 0.0010000000474974513,
      beta_1: 0.9,
      amsgrad: false,
    });
    expect(sgd({ momentum: 0.9 }).config).toMatchObject({ momentum: 0.9, nesterov: false, weight_decay: null });
  });

  it("are known by name", () => {
    expect(resolveOptimizer("Adam", "compile")).toBeInstanceOf(Adam);
    expect(() => resolveOptimizer("adm" as "adam", "compile")).toThrow(
      'compile: there is no optimizer "adm". Did you mean "adam"?',
    );
    expect(() => adam({ learning_rate: 1 } as object)).toThrow('Did you mean "learningRate"?');
    expect(() => sgd({ clipnorm: 1, clipvalue: 1 })).toThrow("at most one of clipnorm, globalClipnorm and clipvalue");
    expect(() => adam({ beta1: 1 })).toThrow("beta1 is 1, expected a number in [0, 1)");
  });
});
