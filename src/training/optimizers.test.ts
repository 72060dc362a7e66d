import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../core/array.ts";
import { atOnce } from "../core/pieces.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import { type Tensor, Variable } from "../graph/tensor.ts";
import { camelCase } from "../layers/options.ts";
import { placeholder, sumSamples } from "../ops/index.ts";
import { optimizerFromConfig } from "./from-config.ts";
import type { Optimizer } from "./optimizer.ts";
import {
  Adam,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  ftrl,
  lamb,
  lion,
  nadam,
  optimizerClasses,
  resolveOptimizer,
  rmsprop,
  sgd,
} from "./optimizers.ts";
import { exponentialDecay } from "./schedules.ts";
import { decode, type Encoded } from "./testing.ts";

const none = { className: "Zeros", config: {}, fill: () => {} };

interface Case {
  readonly name: string;
  readonly class_name: string;
  readonly exclude?: readonly string[];
  readonly config: Record<string, unknown>;
  readonly full_config: Record<string, unknown>;
  readonly parameters: readonly Encoded[];
  readonly variables: readonly (Encoded & { readonly name: string })[];
}
interface Fixture {
  readonly start: readonly Encoded[];
  readonly gradients: readonly Encoded[];
  readonly cases: readonly Case[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../../fixtures/optimizers.json", import.meta.url), "utf8"));

function make({ class_name, config, exclude }: Case): Optimizer {
  const optimizer = optimizerFromConfig("test", class_name, config);
  if (exclude) optimizer.excludeFromWeightDecay({ names: exclude });
  return optimizer;
}

/** Runs an optimizer over given gradients, a step for each; the weights after each step. */
async function trajectory(
  optimizer: Optimizer,
  start: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[],
  gradients: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[],
  device: Device,
): Promise<Float32Array[][]> {
  const weights = start.map(({ shape }, i) => new Variable(`w${i}`, shape, none));
  weights.forEach((w, i) => {
    w.assign(Float32Array.from(start[i].data));
  });
  optimizer.build(weights);
  const inputs = weights.map((w, i) => placeholder(w.shape, `g${i}`));
  const slopes = new Map<Variable, Tensor>(weights.map((w, i) => [w, sumSamples(inputs[i])]));
  const { scalars, updates } = atOnce(optimizer.step(slopes));
  const program = device.compile({ inputs, scalars, outputs: [], totals: [], updates, guard: undefined });
  const result: Float32Array[][] = [];
  for (let step = 0; step < gradients[0].shape[0]; step++) {
    const work = { inputs: gradients, batchSize: 1, firstStep: step, steps: 1 };
    await program.run({ ...work, scalars: (i) => optimizer.scalarsAt(i) });
    optimizer.iterations++;
    result.push(weights.map((w) => Float32Array.from(w.value ?? [])));
  }
  return result;
}

const arrays = (list: readonly Encoded[]) => list.map((e) => ({ data: decode(e), shape: e.shape }));

describe.each([["interp", () => interp()] as const, ["wasm", () => wasm({ threads: 1 })] as const])(
  "on %s",
  (_, device) => {
    it.each(fixture.cases.map((c) => [c.name, c] as const))("%s: 50 steps as in Keras", async (_name, c) => {
      const optimizer = make(c);
      const steps = await trajectory(optimizer, arrays(fixture.start), arrays(fixture.gradients), device());
      let worst = 0;
      const close = (got: Float32Array, expected: Float32Array): void => {
        const largest = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
        got.forEach((value, i) => {
          worst = Math.max(worst, Math.abs(value - expected[i]) / largest);
        });
      };
      c.parameters.forEach((expected, i) => {
        const size = sizeOf(expected.shape.slice(1));
        const values = decode(expected);
        steps.forEach((weights, step) => {
          close(weights[i], values.subarray(step * size, (step + 1) * size));
        });
      });
      // The first are iteration and, unless a schedule gives it, the learning rate. Keras has no name for Nadam's product.
      const kept = c.variables.filter((v) => !["iteration", "learning_rate"].includes(v.name));
      const names = kept.map((v) => (v.name.startsWith("variable") ? "u_product" : v.name));
      expect(optimizer.variables.map((v) => v.name)).toEqual(names);
      optimizer.variables.forEach((v, i) => {
        close(v.value as Float32Array, decode(kept[i]));
      });
      expect(worst).toBeLessThan(c.class_name === "Ftrl" ? 1e-5 : 3e-6);
    });
  },
);

describe("the table of the reference", () => {
  // w = (1, −2), gradients (.1, −.4)·step for steps 1, 2, 3: w[0] after each, then w[1] after the last.
  const table: readonly (readonly [string, Optimizer, readonly number[]])[] = [
    ["SGD(.01)", sgd(), [0.999, 0.997, 0.994, -1.9760001]],
    ["SGD momentum .9", sgd({ momentum: 0.9 }), [0.999, 0.9961, 0.99049, -1.9619601]],
    ["+ nesterov", sgd({ momentum: 0.9, nesterov: true }), [0.9981, 0.99349, 0.985441, -1.941764]],
    ["RMSprop", rmsprop(), [0.9968379, 0.9939808, 0.9913901, -1.99139]],
    [
      "RMSprop momentum .9 centered",
      rmsprop({ momentum: 0.9, centered: true }),
      [0.9966668, 0.9905279, 0.9820414, -1.9820409],
    ],
    ["Adam", adam(), [0.999, 0.9980348, 0.9970769, -1.997077]],
    ["AdamW", adamw(), [0.998996, 0.9980268, 0.9970649, -1.997053]],
    ["Adamax", adamax(), [0.999, 0.9982368, 0.9975468, -1.9975468]],
    ["Nadam", nadam(), [0.9989372, 0.997991, 0.9970676, -1.9970677]],
    ["Adagrad", adagrad(), [0.9996985, 0.999182, 0.9985697, -1.9975877]],
    ["Adadelta", adadelta(), [0.9999986, 0.9999968, 0.9999946, -1.9999946]],
    ["Lion", lion(), [0.999, 0.998, 0.997, -1.9969999]],
    ["Ftrl", ftrl(), [0.0462359, 0.0457195, 0.0451071, -0.7572406]],
    ["SGD wd .1", sgd({ weightDecay: 0.1 }), [0.998, 0.995002, 0.991007, -1.9700221]],
    ["SGD clipnorm .1", sgd({ clipnorm: 0.1 }), [0.9997575, 0.9995149, 0.9992724, -1.9970896]],
    ["SGD clipvalue .2", sgd({ clipvalue: 0.2 }), [0.999, 0.997, 0.9950001, -1.9940001]],
    [
      "SGD EMA .9, overwrite 2",
      sgd({ useEma: true, emaMomentum: 0.9, emaOverwriteFrequency: 2 }),
      [0.999, 0.9988, 0.9958, -1.9832001],
    ],
    ["SGD accumulate 2", sgd({ gradientAccumulationSteps: 2 }), [1, 0.9985, 0.9985, -1.994]],
  ];

  it.each(table)("%s", async (_, optimizer, expected) => {
    const start = [{ data: Float32Array.of(1, -2), shape: [2] }];
    const gradients = [{ data: Float32Array.of(0.1, -0.4, 0.2, -0.8, 0.3, -1.2), shape: [3, 2] }];
    const steps = await trajectory(optimizer, start, gradients, interp());
    const got = [...steps.map(([w]) => w[0]), steps[2][0][1]];
    got.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(3e-7);
    });
  });
});

describe("optimizers", () => {
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
    expect(optimizer.slotsOf(weights[1]).own.map((v) => v.shape)).toEqual([[3], [3], [3]]);
    expect(() => optimizer.build([weights[0]])).toThrow("Give each model an optimizer of its own");
  });

  it("take the learning rate from a number, a function or a schedule, and refuse nonsense", () => {
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
    const scheduled = sgd({ learningRate: exponentialDecay(1, 2, 0.25) });
    expect(scheduled.scalarsAt(1)).toEqual([0.5]);
    expect(() => {
      scheduled.learningRate = 0.1;
    }).toThrow("follows the schedule ExponentialDecay");
  });

  it("go on with a weight that has no gradient as Keras does: only its average moves", async () => {
    const optimizer = sgd({ useEma: true, emaMomentum: 0.5, weightDecay: 0.5, learningRate: 1 });
    const [a, b] = ["a", "b"].map((name) => new Variable(name, [1], none));
    for (const w of [a, b]) w.assign(Float32Array.of(8));
    optimizer.build([a, b]);
    const x = placeholder([1], "x");
    const { scalars, updates } = atOnce(optimizer.step(new Map([[a, sumSamples(x)]])));
    const program = interp().compile({ inputs: [x], scalars, outputs: [], totals: [], updates, guard: undefined });
    const inputs = [{ data: new Float32Array(2), shape: [2, 1] }];
    await program.run({ inputs, batchSize: 1, scalars: (i) => optimizer.scalarsAt(i) });
    optimizer.iterations = 2;
    expect([a, b].map((w) => w.value?.[0])).toEqual([2, 8]);
    optimizer.swapAverages(true);
    expect([a, b].map((w) => w.value?.[0])).toEqual([3, 8]);
    optimizer.swapAverages(true);
    optimizer.swapAverages(false);
    expect([a, b].map((w) => w.value?.[0])).toEqual([2, 8]);
    optimizer.finalize();
    expect([a, b].map((w) => w.value?.[0])).toEqual([3, 8]);
  });

  it("have Keras' config", () => {
    for (const c of fixture.cases) {
      const { name: _, ...config } = make(c).config;
      expect(config).toEqual(c.full_config);
    }
    expect(adam().config.name).toBe("adam");
  });

  it("are the same after a way through a file", () => {
    for (const c of fixture.cases) {
      const optimizer = make(c);
      const config = JSON.parse(JSON.stringify(optimizer.config));
      expect(optimizerFromConfig("test", c.class_name, config).config).toEqual(optimizer.config);
    }
  });

  it("all have cases", () => {
    const covered = new Set(fixture.cases.map((c) => c.class_name));
    expect(optimizerClasses.filter((name) => !covered.has(name))).toEqual([]);
  });

  it("are known by name", () => {
    expect(resolveOptimizer("Adam", "compile")).toBeInstanceOf(Adam);
    for (const name of optimizerClasses) expect(resolveOptimizer(name, "compile").className).toBe(name);
    expect(resolveOptimizer("adamw", "compile").weightDecay).toBe(0.004);
    expect(() => resolveOptimizer("adm", "compile")).toThrow(
      'compile: there is no optimizer "adm". Did you mean "adam"?',
    );
    expect(() => adam({ learning_rate: 1 } as object)).toThrow('Did you mean "learningRate"?');
    expect(() => sgd({ clipnorm: 1, clipvalue: 1 })).toThrow("at most one of clipnorm, globalClipnorm and clipvalue");
    expect(() => adam({ beta1: 1 })).toThrow("beta1 is 1, expected a number in [0, 1)");
    expect(() => lamb({ gradientAccumulationSteps: 1 })).toThrow("a whole number of at least 2");
    expect(() => sgd({ emaMomentum: 1.5 })).toThrow("emaMomentum");
    expect(camelCase("beta_1")).toBe("beta1");
  });
});
