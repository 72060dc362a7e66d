import { describe, expect, test } from "vitest";
import type { Tensor } from "../graph/tensor.ts";
import { add, divide, exponential, identity, placeholder, reshape, sigmoid, sum } from "../ops/index.ts";
import { activation } from "./activation.ts";
import { eLU, leakyReLU, reLU, softmax } from "./activation-layers.ts";
import { activationConfig, activationOf, activations, logitsOf } from "./activations.ts";
import { conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import { Network } from "./network.ts";

const x = input([4]);

describe("by name", () => {
  test("every name gives an activation that keeps the shape (glu halves it)", () => {
    for (const [name, { apply }] of activations) {
      expect(apply(placeholder([6], "x")).shape, name).toEqual([name === "glu" ? 3 : 6]);
    }
  });

  test("aliases are written under the name that Keras writes", () => {
    expect(activationConfig("dense", activationOf("dense", "swish"))).toBe("silu");
  });

  test("nothing is linear", () => {
    expect(activationOf("dense", null).name).toBe("linear");
    expect(activationOf("dense", undefined).name).toBe("linear");
  });

  test("a mistyped name gets a suggestion", () => {
    expect(() => activationOf("dense", "relux")).toThrow(
      'dense: there is no activation "relux". Did you mean "relu"? Known: linear, relu,',
    );
    expect(() => activationOf("dense", "toString")).toThrow("there is no activation");
  });

  test("a function of one's own stands in a config by its name", () => {
    const own = dense(2, { activation: (t) => add(t, 1), name: "head" });
    expect(own(x).shape).toEqual([2]);
    expect(() => own.getConfig()).toThrow(
      'dense "head": activation is the function activation, expected a function with a name, by which files know it.',
    );
    const swell = (t: Tensor) => add(t, 1);
    expect(dense(2, { activation: swell }).getConfig()).toMatchObject({
      activation: { module: "builtins", class_name: "function", config: "swell", registered_name: "swell" },
    });
  });
});

describe("as a layer", () => {
  test.each([
    ["LeakyReLU", leakyReLU({ negativeSlope: 0.1 })],
    ["ReLU", reLU({ maxValue: 6 })],
    ["ELU", eLU({ alpha: 0.5 })],
    ["Softmax", softmax()],
  ] as const)("%s is one, and stands in a config as Keras has it", (className, layer) => {
    const own = dense(2, { activation: layer });
    expect(own(x).shape).toEqual([2]);
    expect(own.getConfig().activation).toEqual({
      module: "keras.layers",
      class_name: className,
      config: layer.getConfig(),
      registered_name: null,
    });
    expect(conv2d(2, 3, { activation: layer })(input([4, 4, 1])).shape).toEqual([2, 2, 2]);
  });

  test("a layer with weights is refused", () => {
    expect(() => dense(2, { activation: dense(2) })).toThrow(
      "expected a layer that works on every number and has no weights: ELU, LeakyReLU, ReLU, Softmax. Put another one behind this layer.",
    );
  });
});

describe("logitsOf", () => {
  const z = placeholder([3, 4], "z");

  test("sigmoid and softmax, by name, as layer, as activation of a layer", () => {
    expect(logitsOf(sigmoid(z))).toEqual({ logits: z, kind: "sigmoid" });
    expect(logitsOf(activations.get("softmax")!.apply(z))).toEqual({ logits: z, kind: "softmax" });
    expect(logitsOf(activation("softmax")(z))?.logits).toBe(z);
    expect(logitsOf(dense(3, { activation: "sigmoid" })(x))?.kind).toBe("sigmoid");
    expect(logitsOf(dense(1, { activation: "softmax" })(x))?.kind).toBe("softmax");
    const chw = conv2d(3, 1, { activation: "softmax", dataFormat: "channels_first" })(input([2, 4, 4]));
    expect(logitsOf(chw)?.kind).toBe("softmax");
  });

  test("through identity, and through a network that is traced anew", () => {
    expect(logitsOf(identity(identity(sigmoid(z))))).toEqual({ logits: z, kind: "sigmoid" });
    const network = new Network([x], [dense(3, { activation: "softmax" })(x)]);
    const [y] = network.trace([placeholder([4], "again")], { training: true });
    expect(logitsOf(y)?.kind).toBe("softmax");
  });

  test("nothing else", () => {
    const power = exponential(z);
    expect(logitsOf(z)).toBeUndefined();
    expect(logitsOf(reshape(sigmoid(z), [12]))).toBeUndefined();
    expect(logitsOf(divide(power, sum(power, [1], { keepDims: true })))).toBeUndefined();
    expect(logitsOf(divide(z, 2))).toBeUndefined();
    expect(logitsOf(dense(3, { activation: "log_softmax" })(x))).toBeUndefined();
  });
});
