/** Regularizers and constraints against Keras: alone, and in trainings. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../core/array.ts";
import { interp } from "../device/interp.ts";
import { wasm } from "../device/wasm/device.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { multiply, placeholder, sum, sumSamples } from "../ops/index.ts";
import { gradients } from "../passes/gradient.ts";
import { sequential } from "../training/make-model.ts";
import { sgd } from "../training/optimizers.ts";
import { arrayOf, decode, type Encoded, silent } from "../training/testing.ts";
import { constraintConfig, constraintOf, maxNorm, minMaxNorm, nonNeg, unitNorm } from "./constraints.ts";
import { Dense, dense } from "./dense.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import type { Config, Serialized } from "./options.ts";
import { layerRegistry } from "./registry.ts";
import { l1, l1l2, l2, orthogonalRegularizer, regularizerConfig, regularizerOf } from "./regularizers.ts";

interface RegularizerCase {
  readonly kind: "regularizer";
  readonly serialized: Serialized;
  readonly weights: Readonly<Record<string, { readonly value: number; readonly gradient: Encoded }>>;
}
interface ConstraintCase {
  readonly kind: "constraint";
  readonly serialized: Serialized;
  readonly weights: Readonly<Record<string, Encoded>>;
}
interface TrainingCase {
  readonly kind: "training";
  readonly name: string;
  readonly layer: Config;
  readonly optimizer: Readonly<Record<string, number | boolean>>;
  readonly x: Encoded;
  readonly y: Encoded;
  readonly start: readonly Encoded[];
  readonly losses: readonly number[];
  readonly evaluated: number;
  readonly end: readonly Encoded[];
}
interface Fixture {
  readonly weights: Readonly<Record<string, Encoded>>;
  readonly cases: readonly (RegularizerCase | ConstraintCase | TrainingCase)[];
}
const fixture: Fixture = JSON.parse(readFileSync(new URL("../../fixtures/penalties.json", import.meta.url), "utf8"));
const ofKind = <K extends string>(kind: K) =>
  fixture.cases.filter((c): c is Extract<(typeof fixture.cases)[number], { kind: K }> => c.kind === kind);

const titled = (c: { readonly serialized: Serialized; readonly weights: object }) =>
  `${c.serialized.class_name} ${JSON.stringify(c.serialized.config)} of ${Object.keys(c.weights)}`;

const floats64 = (e: Encoded) => ({ data: decode(e), shape: [1, ...e.shape] });

/** Runs what is made of a weight, in float64, and gives a shared tensor of `shape` back. */
async function run(weight: Encoded, shape: Shape, make: (w: Tensor) => Tensor): Promise<Float64Array> {
  const x = placeholder(weight.shape, "w");
  const y = make(sumSamples(x));
  expect([y.shape, y.perSample]).toEqual([shape, false]);
  const graph = { inputs: [x], scalars: [], outputs: [], totals: [y], updates: [], guard: undefined };
  const outcome = await interp("float64")
    .compile(graph)
    .run({ inputs: [floats64(weight)], batchSize: 1 });
  return outcome.totals;
}

function close(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const largest = Array.from(expected).reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(got[i] - expected[i])).toBeLessThan(tolerance * largest);
}

describe("regularizers", () => {
  it.each(ofKind("regularizer").map((c) => [titled(c), c] as const))("%s", async (_, c) => {
    const regularizer = regularizerOf("test", "regularizer", c.serialized)!;
    for (const [name, { value, gradient }] of Object.entries(c.weights)) {
      const weight = fixture.weights[name];
      close(await run(weight, [], (w) => regularizer.call(w)), [value], 1e-6);
      const slope = await run(weight, weight.shape, (w) => gradients(regularizer.call(w), [w])[0]);
      close(slope, decode(gradient), 2e-6);
    }
    expect(regularizerConfig("test", regularizer)).toEqual(c.serialized);
  });

  it("have Keras' names and values when nothing is said", () => {
    expect(regularizerOf("test", "r", "l1")?.config).toEqual({ l1: 0.009999999776482582 });
    expect(regularizerOf("test", "r", "l2")?.config).toEqual({ l2: 0.01 });
    expect(regularizerOf("test", "r", "l1l2")?.config).toEqual({ l1: 0, l2: 0 });
    expect(regularizerOf("test", "r", l2)?.config).toEqual({ l2: 0.01 });
    expect(regularizerOf("test", "r", null)).toBeUndefined();
    expect(l1(0.5).config).toEqual({ l1: 0.5 });
  });

  it("refuse nonsense", () => {
    expect(() => regularizerOf("dense", "kernelRegularizer", "l3")).toThrow('dense: there is no regularizer "l3"');
    expect(() => regularizerOf("dense", "kernelRegularizer", 3)).toThrow("kernelRegularizer");
    expect(() => l2(-1)).toThrow("l2 is -1");
    expect(() => l1l2({ l1: Number.NaN })).toThrow("l1 is NaN");
    expect(() => orthogonalRegularizer({ mode: "row" as "rows" })).toThrow('Did you mean "rows"?');
    expect(() => dense(2, { kernelRegularizer: (w) => sum(w, [0, 1]) }).getConfig()).toThrow("a function");
    const kernel = placeholder([2, 2, 2], "k");
    expect(() => orthogonalRegularizer().call(sumSamples(kernel))).toThrow("a weight with two axes");
  });
});

describe("constraints", () => {
  it.each(ofKind("constraint").map((c) => [titled(c), c] as const))("%s", async (_, c) => {
    const constraint = constraintOf("test", "constraint", c.serialized)!;
    for (const [name, expected] of Object.entries(c.weights)) {
      const weight = fixture.weights[name];
      close(await run(weight, weight.shape, (w) => constraint.call(w)), decode(expected), 1e-6);
    }
    expect(constraintConfig("test", constraint)).toEqual(c.serialized);
  });

  it("have Keras' names and values when nothing is said", () => {
    expect(constraintOf("test", "c", "max_norm")?.config).toEqual({ max_value: 2, axis: 0 });
    expect(constraintOf("test", "c", "min_max_norm")).toMatchObject({ config: minMaxNorm().config });
    expect(constraintOf("test", "c", nonNeg)?.className).toBe("NonNeg");
    expect(constraintOf("test", "c", undefined)).toBeUndefined();
  });

  it("refuse nonsense", () => {
    expect(() => constraintOf("dense", "kernelConstraint", "maxnorm")).toThrow('Did you mean "max_norm"?');
    expect(() => constraintOf("dense", "kernelConstraint", 3)).toThrow("kernelConstraint");
    expect(() => maxNorm({ maxValue: Number.NaN })).toThrow("maxValue");
    expect(() => unitNorm({ axis: 0.5 })).toThrow("axis is 0.5");
    expect(() => unitNorm({ axis: 3 }).call(sumSamples(placeholder([2], "w")))).toThrow("has the axis 3");
    expect(() => dense(2, { kernelConstraint: (w) => w }).getConfig()).toThrow("a function");
  });
});

describe.each([["interp", () => interp()] as const, ["wasm", () => wasm({ threads: 1 })] as const])(
  "on %s",
  (_, device) => {
    it.each(ofKind("training").map((c) => [c.name, c] as const))("five steps with %s", async (_name, c) => {
      const layer = Dense.fromConfig(c.layer);
      const m = sequential([input([5]), layer, dense(3, { kernelRegularizer: "l2" })]);
      const { learning_rate: learningRate, use_ema, ema_momentum, ema_overwrite_frequency } = c.optimizer;
      const average = { useEma: use_ema, emaMomentum: ema_momentum, emaOverwriteFrequency: ema_overwrite_frequency };
      m.compile({ optimizer: sgd({ learningRate, ...average } as object), loss: "mse", device: device() });
      const array = (e: Encoded) => ({ data: decode(e), shape: e.shape });
      m.setWeights(c.start.map(array));
      for (const loss of c.losses) {
        const got = await m.trainOnBatch(array(c.x), array(c.y));
        expect(Math.abs(got.loss / loss - 1)).toBeLessThan(2e-6);
      }
      m.getWeights().forEach((weight, i) => {
        expect(weight.data.length).toBe(sizeOf(c.end[i].shape));
        close(weight.data, decode(c.end[i]), 3e-6);
      });
      // In Keras, too, what outputs cost is divided by the samples of each batch, then averaged over all samples.
      const { loss } = await m.evaluate(array(c.x), array(c.y), { batchSize: 4 });
      expect(Math.abs(loss / c.evaluated - 1)).toBeLessThan(2e-6);
      const { name: _n, ...config } = layer.getConfig();
      const { name: __, quantization_config: ___, ...expected } = c.layer as Record<string, unknown>;
      expect(JSON.parse(JSON.stringify(config))).toMatchObject(
        Object.fromEntries(Object.entries(expected).filter(([key]) => /regularizer|constraint/.test(key))),
      );
    });
  },
);

describe("every layer", () => {
  const given = { class_name: "L2", config: { l2: 0.25 } };
  const configs: Readonly<Record<string, Config>> = {
    Dense: { units: 2 },
    Conv2D: { filters: 2, kernel_size: [3, 3] },
    Conv3DTranspose: { filters: 2, kernel_size: [3, 3, 3] },
    DepthwiseConv1D: { kernel_size: [3] },
    SeparableConv2D: { filters: 2, kernel_size: [3, 3] },
    PReLU: {},
    BatchNormalization: {},
    LayerNormalization: {},
  };

  it.each(Object.entries(configs))(
    "%s keeps regularizers and constraints on the way through a config",
    (name, config) => {
      const record = layerRegistry.get(name)!;
      const plain = record.fromConfig(config).getConfig();
      const keys = Object.keys(plain).filter((key) => /_(regularizer|constraint)$/.test(key));
      expect(keys.length).toBeGreaterThanOrEqual(2);
      const norm = { class_name: "MaxNorm", config: { max_value: 0.5, axis: [0] } };
      const rules = Object.fromEntries(keys.map((key) => [key, key.endsWith("constraint") ? norm : given]));
      const full = record.fromConfig({ ...config, ...rules, activity_regularizer: given }).getConfig();
      expect(full).toMatchObject({ ...rules, activity_regularizer: given });
      const weights = Object.keys(full).filter((key) => plain[key] === null && /_(regularizer|constraint)$/.test(key));
      expect(new Set([...weights, "activity_regularizer"])).toEqual(new Set([...keys, "activity_regularizer"]));
    },
  );

  it.each([...layerRegistry.keys()].filter((name) => !["InputLayer", "ActivityRegularization"].includes(name)))(
    "%s takes activityRegularizer",
    (name) => {
      // Without its own arguments a layer may refuse, but not because of this one.
      const make = (config: Config) => {
        try {
          layerRegistry.get(name)!.fromConfig(config);
          return "";
        } catch (error) {
          return (error as Error).message;
        }
      };
      expect(make({ activity_regularizer: given })).toBe(make({}));
      expect(make({ activity_regularizer: given })).not.toContain("egularizer");
    },
  );
});

describe("losses of layers", () => {
  class Costly extends Layer {
    call(x: Tensor, context: { addLoss?(loss: Tensor): void }): Tensor {
      context.addLoss?.(multiply(sum(x, [0]), 2));
      return x;
    }
  }

  it("are added by hand, also within models, and counted in training and evaluation", async () => {
    const inner = sequential([input([2]), new Costly()]);
    const m = sequential([input([2]), inner, new Costly(), dense(1, { kernelInitializer: "zeros" })]);
    m.compile({ optimizer: sgd({ learningRate: 0 }), loss: "mse", device: interp() });
    const [x, y] = [
      arrayOf([
        [1, 2],
        [3, 4],
      ]),
      arrayOf([[0], [0]]),
    ];
    // Two layers that add 2·(1 + 2) and 2·(3 + 4): Keras sums what a layer adds over the batch.
    expect((await m.trainOnBatch(x, y)).loss).toBe(40);
    expect((await m.evaluate(x, y)).loss).toBe(40);
    expect((await m.fit(x, y, silent)).history.loss).toEqual([40]);
  });

  it("of weights that do not train count nothing, as in Keras", async () => {
    const frozen = dense(1, { kernelRegularizer: "l2", kernelInitializer: "ones", trainable: false });
    const m = sequential([input([2]), frozen, dense(1, { kernelInitializer: "zeros" })]);
    m.compile({ optimizer: "sgd", loss: "mse", device: interp() });
    expect((await m.evaluate(arrayOf([[1, 2]]), arrayOf([[0]]))).loss).toBe(0);
  });
});
