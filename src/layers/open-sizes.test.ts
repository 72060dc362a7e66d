/** Inputs of which sizes are open: what layers make of their shapes, against Keras, and what needs a size. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { OpenShape, OpenTensor, Shape, Tensor, Variable } from "../graph/tensor.ts";
import * as ops from "../ops/index.ts";
import { model, sequential } from "../training/make-model.ts";
import { concatenate } from "./concatenate.ts";
import { conv1d, conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import { add } from "./merging.ts";
import { batchNormalization } from "./normalization-batch.ts";
import type { Config } from "./options.ts";
import { maxPooling2d } from "./pooling.ts";
import { layerRegistry } from "./registry.ts";
import { flatten, reshape } from "./reshaping.ts";
import { upSampling2d } from "./upsampling.ts";

interface Case {
  readonly class_name: string;
  readonly config: Config;
  readonly listed: boolean;
  readonly inputs: readonly OpenShape[];
  /** Null where Keras raises. */
  readonly output: OpenShape | null;
}
const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/sizes/layers.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

/** What the layer answers, or nothing where it refuses. */
function outputOf({ class_name, config, listed, inputs }: Case): OpenShape | null {
  const layer = layerRegistry.get(class_name)?.fromConfig(config) as Layer;
  const xs = inputs.map((shape) => input(shape));
  try {
    return (layer.enter(listed ? xs : xs[0]) as OpenTensor).shape;
  } catch {
    return null;
  }
}

describe("layers answer shapes as Keras does, and refuse where it does", () => {
  const classes = [...new Set(cases.map((c) => c.class_name))];
  test.each(classes)("%s", (name) => {
    for (const c of cases.filter(({ class_name }) => class_name === name)) {
      expect(outputOf(c), `${JSON.stringify(c.config)} of ${JSON.stringify(c.inputs)}`).toEqual(c.output);
    }
  });
});

const same = { padding: "same" } as const;

class Scale extends Layer {
  scale: Variable | undefined;
  protected override build(shape: Shape) {
    this.scale = this.addWeight("scale", shape.slice(-1), "ones");
  }
  call(x: Tensor) {
    return ops.multiply(x, this.read(this.scale));
  }
}

/** A weight for every cell. */
class Mask extends Layer {
  mask: Variable | undefined;
  protected override build(shape: Shape) {
    this.mask = this.addWeight("mask", shape, "ones");
  }
  call(x: Tensor) {
    return ops.multiply(x, this.read(this.mask));
  }
}

class Block extends Layer {
  readonly first = sequential([conv2d(4, 3, same), batchNormalization()]);
  readonly scale = new Scale();
  call(x: Tensor) {
    return this.scale.enter(this.first.enter(x) as Tensor) as Tensor;
  }
}

const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
};

describe("a layer of one's own", () => {
  const picture = input([null, null, 3]);

  test("sees known sizes, and answers open ones", () => {
    const seen: Shape[] = [];
    class Spy extends Layer {
      call(x: Tensor) {
        seen.push(x.shape);
        return ops.reshape(x, [x.shape[0] * x.shape[1], 3]);
      }
    }
    expect((new Spy()(picture) as OpenTensor).shape).toEqual([null, 3]);
    expect(seen.flat().every(Number.isInteger)).toBe(true);
  });

  test("has its weights made once, as long as they do not depend on an open size", () => {
    const scale = new Scale();
    expect((scale.enter(picture) as OpenTensor).shape).toEqual([null, null, 3]);
    expect(scale.weights.map(({ shape }) => shape)).toEqual([[3]]);
    expect(scale.builtShapes).toEqual([[null, null, 3]]);
    expect(message(() => new Mask().enter(picture))).toBe(
      "mask: got an input of shape (None, None, None, 3), expected known sizes on the axes that its weights lie along. " +
        "Give the input of the model these sizes, or a layer before this one that makes them, such as global pooling.",
    );
  });

  test("may hold layers and models, which take any size then", () => {
    const block = new Block();
    expect((block.enter(picture) as OpenTensor).shape).toEqual([null, null, 4]);
    expect(block.first.network.inputs[0].shape).toEqual([null, null, 3]);
    expect(block.weights.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      ...["kernel 3,3,3,4", "bias 4", "gamma 4", "beta 4", "moving_mean 4", "moving_variance 4", "scale 4"],
    ]);
    const other = input([7, null, 3]);
    expect((block.enter(other) as OpenTensor).shape).toEqual([7, null, 4]);
  });

  test("that was refused is as it was", () => {
    const mask = new Mask();
    expect(() => mask.enter(picture)).toThrow("known sizes");
    expect([mask.builtShapes, mask.weights, mask.calls]).toEqual([undefined, [], []]);
    expect((mask.enter(input([2, 2, 3])) as Tensor).shape).toEqual([2, 2, 3]);
  });
});

describe("models", () => {
  test("inside models are gone through layer by layer, so no size need suit all of them", () => {
    const x = input([null, null, 1]);
    const down = conv2d(2, 3, same)(x);
    let y: OpenTensor = down;
    for (let i = 0; i < 9; i++) y = maxPooling2d(2)(y as Tensor<[null, null, 2]>);
    for (let i = 0; i < 9; i++) y = upSampling2d(2)(y as Tensor<[null, null, 2]>);
    const inner = model(x, add([down, y as typeof down]));
    expect((inner.enter(input([null, null, 1])) as OpenTensor).shape).toEqual([null, null, 2]);
    expect((inner.enter(input([512, null, 1])) as OpenTensor).shape).toEqual([512, null, 2]);
  });

  test("of which the input is known take an open one, and leave the rest to the sizes that come", () => {
    const inner = sequential([input([9, 9, 3]), conv2d(2, 3)]);
    expect((inner.enter(input([null, null, 3])) as OpenTensor).shape).toEqual([null, null, 2]);
    expect(message(() => inner.enter(input([null, 8, 3])))).toContain("expected (None, 9, 9, 3)");
  });

  test("in a row are built for any size", () => {
    const row = sequential([conv1d(4, 3), dense(2)]);
    row.build([null, 8]);
    expect(row.network.outputs[0].shape).toEqual([null, 2]);
  });
});

describe("messages", () => {
  const picture = input([null, null, 3]);
  test.each<[string, () => unknown]>([
    ["dense: got an input of shape (None, None), expected known sizes", () => dense(2).enter(flatten()(picture))],
    ["conv2d: got an input of shape (None, 8, 8, None), expected known", () => conv2d(2, 3).enter(input([8, 8, null]))],
    [
      "maxPooling2d (with 48 for None): got an input of shape (None, 48, 3)",
      () => maxPooling2d().enter(input([null, 3])),
    ],
    ["add (with 48 for None): got the shapes", () => add().enter([picture, input([null, null, 4])])],
    ["input: shape is [null, -1], expected", () => input([null, -1])],
    ["ops.mean: got a tensor of shape (None, None, None, 3), expected sizes", () => ops.mean(picture as never, [0])],
    ["ops.reshape: got a tensor of shape (None, None, None, 3), exp", () => ops.reshape(picture as never, [3])],
    ["ops.convolve: got a tensor", () => ops.convolve(picture as never, ops.fill(0, [1, 1, 3, 1]), {} as never)],
  ])("%s", (words, work) => {
    expect(message(work)).toContain(words);
  });
});

test("ops that need no sizes stand between layers", () => {
  const x = input([null, 4]);
  const y = ops.relu(ops.add(ops.multiply(x, 2), x));
  expect(y.shape).toEqual([null, 4]);
  expect((ops.sum(x as never, [0]) as OpenTensor).shape).toEqual([4]);
  expect((ops.transpose(x as never, [1, 0]) as OpenTensor).shape).toEqual([4, null]);
  expect((concatenate([x, x]) as OpenTensor).shape).toEqual([null, 8]);
  expect((reshape([-1, 2]).enter(x) as OpenTensor).shape).toEqual([null, 2]);
});
