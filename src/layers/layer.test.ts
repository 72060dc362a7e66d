import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { add, multiply } from "../ops/index.ts";
import { conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { zeros } from "./initializers.ts";
import { input } from "./input.ts";
import { type CallContext, Layer, type LayerCall } from "./layer.ts";
import { pipe } from "./pipe.ts";
import { flatten } from "./reshaping.ts";
import type { Rule, Same } from "./rule.ts";

class Double extends Layer<Same> {
  call(x: Tensor) {
    return add(x, x);
  }
}

/** Keeps what it is given. */
class Nothing extends Layer<Same> {
  call(x: Tensor) {
    return x;
  }
}

/** One weight for every cell, and one that is not trained. */
class Scale extends Layer<Same> {
  factor: Variable | undefined;
  protected override build(shape: Shape) {
    this.addWeight("count", [], zeros(), false);
    this.factor = this.addWeight("factor", shape, zeros());
  }
  call(x: Tensor) {
    return multiply(x, this.read(this.factor));
  }
}

/** Made of other layers. */
class Block extends Layer {
  readonly first = dense(3);
  readonly rest = [dense(4), new Double()];
  call(x: Tensor) {
    return this.rest.reduce<Tensor>((y, layer) => layer(y), this.first(x));
  }
}

const layerBehind = (t: Tensor): Layer => (t.origin!.call as LayerCall).layer;

describe("a call", () => {
  test("is noted on the layer and on what comes out", () => {
    const x = input([2, 3]);
    const layer = new Double();
    const y = layer(x);
    const z = layer(y);
    expect(y.shape).toEqual([2, 3]);
    expect(layer.calls.map((c) => [c.index, c.inputs, c.outputs, c.listed])).toEqual([
      [0, [x], [y], false],
      [1, [y], [z], false],
    ]);
    expect(y.origin).toEqual({ call: layer.calls[0], output: 0 });
  });

  test("gives a tensor of its own, also when the layer changes nothing", () => {
    const x = input([2]);
    const y = new Nothing()(x);
    expect(y).not.toBe(x);
    expect(y.op.name).toBe("identity");
    expect(layerBehind(x).className).toBe("InputLayer");
  });

  test("of a layer inside another's call belongs to that call", () => {
    const block = new Block();
    const y = block(input([2]));
    expect(y.shape).toEqual([4]);
    expect(block.first.calls).toEqual([]);
    expect(block.calls.length).toBe(1);
    expect(layerBehind(y)).toBe(block);
  });

  test("passes on how it is called to the layers inside", () => {
    const seen: CallContext[] = [];
    class Spy extends Layer<Same> {
      call(x: Tensor, context: CallContext) {
        seen.push(context);
        return x;
      }
    }
    class Outer extends Layer<Same> {
      readonly spy = new Spy();
      call(x: Tensor) {
        return this.spy(x);
      }
    }
    const outer = new Outer();
    const x = input([1]);
    outer(x);
    outer.trace(x, { training: true });
    outer(x);
    expect(seen.map((c) => c.training)).toEqual([false, true, false]);
  });

  test("with several tensors, and with several results", () => {
    class Swap extends Layer<Rule> {
      call([a, b]: readonly Tensor[]) {
        return [b, a, b];
      }
    }
    const [a, b] = [input([1]), input([2])];
    const swap = new Swap();
    const results = swap([a, b]) as unknown as readonly Tensor[];
    expect(results.map((t) => t.shape)).toEqual([[2], [1], [2]]);
    expect(new Set(results).size).toBe(3);
    expect(swap.calls[0].listed).toBe(true);
    expect(results.map((t) => t.origin?.output)).toEqual([0, 1, 2]);
  });

  test("refuses what is no tensor, and results that are none", () => {
    // @ts-expect-error data is given to predict, not to a layer
    expect(() => dense(2)(new Float32Array(2))).toThrow(
      "dense: the input is a Float32Array of 2 values, expected a tensor, e.g. input([28, 28, 1]), or a list of tensors. To run a model on data, use predict.",
    );
    class Wrong extends Layer {
      call() {
        return 3 as unknown as Tensor;
      }
    }
    expect(() => new Wrong()(input([1]))).toThrow(
      "wrong: the result of call is 3, expected a tensor or a list of tensors.",
    );
  });
});

describe("weights", () => {
  test("are made at the first call: trainable ones first", () => {
    const scale = new Scale();
    expect(scale.weights).toEqual([]);
    expect(scale.builtShapes).toBeUndefined();
    scale(input([2, 3]));
    expect(scale.weights.map((w) => [w.name, w.shape, w.trainable])).toEqual([
      ["factor", [2, 3], true],
      ["count", [], false],
    ]);
    expect(scale.countParams()).toBe(7);
    expect(scale.builtShapes).toEqual([[2, 3]]);
    expect(scale.weights[0].value).toBeUndefined();
  });

  test("are shown by name and sizes, without their insides", () => {
    const scale = new Scale();
    scale(input([2, 3]));
    expect(inspect(scale.weights)).toBe("[ <Variable factor (2, 3)>, <Variable count (), not trainable> ]");
  });

  test("of another shape of input are refused, with both shapes", () => {
    const scale = new Scale({ name: "mine" });
    scale(input([2, 3]));
    expect(() => scale(input([3, 2]))).toThrow(
      'scale "mine": got an input of shape (None, 3, 2), expected (None, 2, 3), for which its weights were made. Feed that shape, or make a new layer.',
    );
    const conv = conv2d(4, 3);
    conv(input([8, 8, 3]));
    expect(conv(input([9, 7, 3])).shape).toEqual([7, 5, 4]);
    expect(() => conv(input([8, 8, 1]))).toThrow(
      "conv2d: got an input of shape (None, 8, 8, 1), expected (None, 8, 8, 3)",
    );
    const layer = dense(4);
    layer(input([5]));
    expect(layer(input([3, 5])).shape).toEqual([3, 4]);
    expect(() => layer(input([6]))).toThrow("dense: got an input of shape (None, 6), expected (None, 5)");
  });

  test("of parts belong to the whole, in the order of the properties", () => {
    const block = new Block();
    block(input([2]));
    expect(block.weights.map((w) => w.shape)).toEqual([[2, 3], [3], [3, 4], [4]]);
    expect(block.parts.map((part) => part.className)).toEqual(["Dense", "Dense", "Double"]);
  });

  test("stop and start being trained with the layer, statistics excepted", () => {
    const scale = new Scale();
    scale(input([2]));
    scale.trainable = false;
    expect(scale.trainableWeights).toEqual([]);
    expect(scale.nonTrainableWeights.length).toBe(2);
    scale.trainable = true;
    expect(scale.trainableWeights.map((w) => w.name)).toEqual(["factor"]);

    const frozen = new Block({ trainable: false });
    frozen(input([2]));
    expect(frozen.trainableWeights).toEqual([]);
    frozen.trainable = true;
    expect(frozen.trainableWeights.length).toBe(4);
  });

  test("that were not made yet cannot be read", () => {
    class Early extends Layer {
      call() {
        return this.read(undefined);
      }
    }
    expect(() => new Early()(input([1]))).toThrow(
      "early: read got undefined: no weight is kept under that property. Make it in build with addWeight",
    );
  });
});

describe("names", () => {
  test("come from the class until a model or the caller gives one", () => {
    expect(conv2d(1, 1).name).toBe("conv2d");
    expect(conv2d(1, 1, { name: "edges" }).name).toBe("edges");
    expect(conv2d(1, 1, { name: "edges" }).where).toBe('conv2d "edges"');
    expect(String(new Double().className)).toBe("Double");
    expect(conv2d(1, 1).length).toBeUndefined();
  });

  test.each(["a/b", "", 3])("refused: %j", (name) => {
    expect(() => new Double({ name: name as string })).toThrow('expected a text without "/".');
  });
});

describe("pipe", () => {
  test("pours a tensor through layers in order", () => {
    const y = pipe(input([4, 4, 1]), conv2d(2, 3), flatten(), dense(3));
    expect(y.shape).toEqual([3]);
    const x = input([2]);
    expect(pipe(x)).toBe(x);
  });

  test("tells a layer without a name by its place", () => {
    const [image, wide] = [input([28, 28, 1]), conv2d(4, 3, { name: "wide" })];
    wide(input([28, 28, 3]));
    expect(() => pipe(image, flatten(), conv2d(4, 3) as Layer)).toThrow("conv2d (layer 2 of the pipe): got");
    expect(() => pipe(image, wide as Layer)).toThrow('conv2d "wide": got');
  });
});
