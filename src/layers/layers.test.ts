/** Arguments, refusals and configs of the layers. Their numbers are in keras.test.ts. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RhytonError } from "../core/errors.ts";
import type { Shape } from "../graph/tensor.ts";
import { activation } from "./activation.ts";
import { conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import type { Layer } from "./layer.ts";
import { type Config, isRecord, snakeCase, whereOf } from "./options.ts";
import { averagePooling2d, maxPooling2d } from "./pooling.ts";
import { layerRegistry } from "./registry.ts";
import { flatten, reshape } from "./reshaping.ts";
import type { Sizes } from "./spatial.ts";
import { early } from "./testing.ts";
import { upSampling2d } from "./upsampling.ts";

/** The message of what is thrown, which must be an error of ours. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(RhytonError);
    return (error as RhytonError).message;
  }
  throw new Error("nothing was refused");
}

/** Values that the types refuse, for callers without types. */
const untyped = <T>(value: unknown): T => value as T;
type Call = (x: unknown) => unknown;
const picture = input([8, 8, 4]);

describe("arguments that are refused", () => {
  test.each<[string, () => unknown]>([
    ["conv2d: filters is 0, expected a whole number of at least 1.", () => conv2d(0, 3)],
    ["conv2d: filters is 1.5, expected a whole number of at least 1.", () => conv2d(1.5, 3)],
    ['conv2d: filters is "8", expected a whole number of at least 1.', () => conv2d(untyped<number>("8"), 3)],
    [
      "conv2d: kernelSize is 0, expected a whole number of at least 1, or two of them: [height, width].",
      () => conv2d(1, 0),
    ],
    ["conv2d: kernelSize is [3, 3, 3], expected", () => conv2d(1, untyped<Sizes<2>>([3, 3, 3]))],
    ["conv2d: kernelSize is [3], expected", () => conv2d(1, untyped<Sizes<2>>([3]))],
    ["conv2d: kernelSize is [3, -1], expected", () => conv2d(1, [3, -1])],
    ["conv2d: kernelSize is undefined, expected", () => conv2d(1, untyped<Sizes<2>>(undefined))],
    ["conv2d: strides is 0, expected", () => conv2d(1, 3, { strides: 0 })],
    ["conv2d: dilationRate is 0.5, expected", () => conv2d(1, 3, { dilationRate: 0.5 })],
    ["conv2d: groups is 0, expected", () => conv2d(1, 3, { groups: 0 })],
    ["conv2d: groups is 3, expected a divisor of the 4 filters.", () => conv2d(4, 3, { groups: 3 })],
    [
      "conv2d: dilationRate is [1, 2], expected 1 with strides of 2, 1. Use strides or dilation, not both.",
      () => conv2d(1, 3, { strides: [2, 1], dilationRate: [1, 2] }),
    ],
    [
      'conv2d: there is no padding "causal". Known: valid, same.',
      () => conv2d(1, 3, { padding: untyped<"same">("causal") }),
    ],
    ["conv2d: padding is 1, expected one of", () => conv2d(1, 3, { padding: untyped<"same">(1) })],
    [
      'conv2d: there is no dataFormat "channel_last". Did you mean "channels_last"?',
      () => conv2d(1, 3, { dataFormat: untyped<"channels_last">("channel_last") }),
    ],
    ["conv2d: useBias is 1, expected true or false.", () => conv2d(1, 3, { useBias: untyped<boolean>(1) })],
    ["conv2d: trainable is 0, expected true or false.", () => conv2d(1, 3, { trainable: untyped<boolean>(0) })],
    [
      'conv2d "c": there is no option "stride". Did you mean "strides"?',
      () => conv2d(1, 3, untyped({ stride: 2, name: "c" })),
    ],
    ['conv2d: there is no option "kernelRegularizer".', () => conv2d(1, 3, untyped({ kernelRegularizer: "l2" }))],
    ['conv2d: options is "same", expected an object', () => conv2d(1, 3, untyped("same"))],
    [
      'conv2d: there is no activation "Relu". Did you mean "relu"?',
      () => conv2d(1, 3, { activation: untyped("Relu") }),
    ],
    ["dense: units is -1, expected", () => dense(-1)],
    ['dense: there is no option "bias". Known: activation, useBias,', () => dense(1, untyped({ bias: false }))],
    ["averagePooling2d: poolSize is undefined, expected", () => averagePooling2d(untyped<Sizes<2>>(undefined))],
    ["maxPooling2d: strides is [0, 1], expected", () => maxPooling2d(2, { strides: [0, 1] })],
    ["upSampling2d: size is 0, expected", () => upSampling2d(0)],
    [
      'upSampling2d: there is no interpolation "linear". Did you mean "bilinear"? Known: nearest, bilinear,',
      () => upSampling2d(2, untyped({ interpolation: "linear" })),
    ],
    ["reshape: targetShape is [0], expected whole numbers of at least 1, and −1 at most once", () => reshape([0])],
    ["reshape: targetShape is [-1, -1], expected", () => reshape([-1, -1])],
    ["reshape: targetShape is 3, expected", () => reshape(untyped<Shape>(3))],
    ["activation: activation is undefined, expected a name.", () => activation(untyped(undefined))],
    ["inputLayer: shape is [null, 3], expected the sizes of one sample's axes", () => input(untyped<Shape>([null, 3]))],
    ["inputLayer: shape is [0], expected", () => input([0])],
    ['input: there is no option "batchSize".', () => input([1], untyped({ batchSize: 3 }))],
  ])("%s", (message, run) => {
    expect(refusal(run)).toContain(message);
  });
});

describe("inputs that are refused", () => {
  test.each<[string, () => unknown]>([
    [
      'conv2d: got 8 cells on spatial axis 0 of [8, 8], expected at least 9, the extent of a kernel of 9 under padding "valid".',
      () => untyped<Call>(conv2d(1, 9))(picture),
    ],
    [
      "expected at least 9, the extent of a kernel of 3 with dilation 4",
      () => untyped<Call>(conv2d(1, 3, { dilationRate: 4 }))(picture),
    ],
    ["maxPooling2d: got 8 cells on spatial axis 1", () => untyped<Call>(maxPooling2d([2, 9]))(picture)],
    [
      "conv2d: got an input of shape (None, 28, 28), expected 3 axes besides the batch: (None, height, width, channels). Add the channel axis",
      () => untyped<Call>(conv2d(1, 3))(input([28, 28])),
    ],
    [
      "averagePooling2d: got an input of shape (None, 4), expected 3 axes besides the batch: (None, channels, height, width).",
      () => untyped<Call>(averagePooling2d(2, { dataFormat: "channels_first" }))(input([4])),
    ],
    ["upSampling2d: got an input of shape (None, 4)", () => untyped<Call>(upSampling2d(2))(input([4]))],
    [
      "conv2d: got 4 channels in (None, 8, 8, 4), expected a multiple of its 3 groups.",
      () => conv2d(3, 3, { groups: 3 })(picture),
    ],
    ["dense: got one number for each sample, (None,)", () => untyped<Call>(dense(1))(input([]))],
    [
      "reshape: got an input of shape (None, 8, 8, 4), 256 cells for each sample, expected 9, the cells of (None, 3, 3).",
      () => untyped<Call>(reshape([3, 3]))(picture),
    ],
    ["expected a multiple of 7.", () => untyped<Call>(reshape([7, -1]))(picture)],
  ])("%s", (message, run) => {
    expect(refusal(run)).toContain(message);
  });

  test("a window that does not fit leaves no weights behind", () => {
    const layer: Layer = conv2d(1, 9);
    expect(() => layer(picture)).toThrow();
    expect(layer.weights).toEqual([]);
    expect(layer(input([9, 9, 1])).shape).toEqual([1, 1, 1]);
  });
});

describe("names of classes", () => {
  test.each([
    ["Conv2D", "conv2d"],
    ["Conv2DTranspose", "conv2d_transpose"],
    ["UpSampling2D", "up_sampling2d"],
    ["MaxPooling2D", "max_pooling2d"],
    ["ReLU", "re_lu"],
    ["PReLU", "p_re_lu"],
    ["LSTM", "lstm"],
    ["RMSprop", "rm_sprop"],
    ["AdamW", "adam_w"],
    ["MeanIoU", "mean_io_u"],
    ["RMSNormalization", "rms_normalization"],
    ["InputLayer", "input_layer"],
  ])("%s is %s", (className, name) => {
    expect(snakeCase(className)).toBe(name);
  });

  test("in messages a layer has the name of its function", () => {
    expect(whereOf("MaxPooling2D", "small")).toBe('maxPooling2d "small"');
  });
});

describe("configs", () => {
  /** What files of Keras hold for the classes that we have. */
  const saved = new Map<string, Config>();
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isRecord(value)) {
      if (isRecord(value.config) && layerRegistry.has(value.class_name as string)) {
        saved.set(JSON.stringify(value.config), value);
      }
      Object.values(value).forEach(collect);
    }
  };
  collect(JSON.parse(readFileSync(new URL("../../fixtures/summary.txt.json", import.meta.url), "utf8")));

  test("there are some", () => {
    expect(saved.size).toBeGreaterThan(15);
  });

  test.each([...saved.values()].map((s) => [`${s.class_name} ${(s.config as Config).name}`, s] as const))(
    "what Keras saved comes back key for key: %s",
    (_, { class_name, config }) => {
      const layer = layerRegistry.get(class_name as string)!.fromConfig(config as Config);
      expect(layer.className).toBe(class_name);
      expect(JSON.stringify(layer.getConfig())).toBe(JSON.stringify(early(config)));
    },
  );

  test.each<Layer>([
    conv2d(4, [2, 3], {
      strides: [1, 2],
      padding: "same",
      dataFormat: "channels_first",
      groups: 2,
      activation: "swish",
      useBias: false,
      kernelInitializer: "he_normal",
      biasInitializer: "ones",
      name: "c",
      trainable: false,
    }),
    averagePooling2d([2, 3], { strides: 1, padding: "same", name: "a" }),
    maxPooling2d(),
    upSampling2d([1, 2], { dataFormat: "channels_first" }),
    dense(3, { activation: "relu" }),
    flatten({ dataFormat: "channels_first" }),
    reshape([2, -1]),
    activation("gelu"),
  ])("ours come back: %s", (layer) => {
    const config = JSON.parse(JSON.stringify(layer.getConfig()));
    const again = layerRegistry.get(layer.className)!.fromConfig(config);
    expect(JSON.stringify(again.getConfig())).toBe(JSON.stringify(config));
  });

  const denseConfig = dense(3, { name: "head" }).getConfig();
  test.each<[string, Config]>([
    [
      'dense "head": kernel_regularizer is "{\\"class_name\\":\\"L2\\"}", expected null: Rhyton has nothing for it yet. Save the model without kernel_regularizer.',
      { ...denseConfig, kernel_regularizer: { class_name: "L2" } },
    ],
    ['dense "head": lora_rank is "4", expected null', { ...denseConfig, lora_rank: 4 }],
    ['dense "head": dtype is "float16", expected "float32".', { ...denseConfig, dtype: "float16" }],
    [
      'dense "head": dtype is "mixed_float16", expected "float32".',
      { ...denseConfig, dtype: { class_name: "DTypePolicy", config: { name: "mixed_float16" } } },
    ],
    ['dense "head": units is undefined', { ...denseConfig, units: undefined }],
  ])("refused: %s", (message, config) => {
    expect(refusal(() => layerRegistry.get("Dense")!.fromConfig(config))).toContain(message);
  });
});
