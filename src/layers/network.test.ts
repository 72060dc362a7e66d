import { describe, expect, test } from "vitest";
import { topological } from "../graph/graph.ts";
import { type Tensor, Variable } from "../graph/tensor.ts";
import { add, constantTensor, multiply, placeholder, tanh, variableTensor } from "../ops/index.ts";
import { activation } from "./activation.ts";
import { dense } from "./dense.ts";
import { zeros } from "./initializers.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import { Network } from "./network.ts";
import { pipe } from "./pipe.ts";
import { flatten, reshape } from "./reshaping.ts";

class Sum extends Layer {
  call(xs: readonly Tensor[]) {
    return xs.reduce((a, b) => add(a, b));
  }
}

const names = (network: Network): string[] => network.operations.map((op) => network.nameOf(op));
const chain = (x: Tensor, count: number): Tensor => {
  let y = x;
  for (let i = 0; i < count; i++) y = dense(2)(y);
  return y;
};

describe("order", () => {
  test("by the distance from the outputs; where that is equal, as met on the way back", () => {
    const [a, b] = [input([2], { name: "a" }), input([2], { name: "b" })];
    const left = dense(2, { name: "left" })(a);
    const right = chain(b, 2);
    const y = new Sum()([left, right]);
    const network = new Network([a, b], [y]);
    expect(names(network)).toEqual(["b", "a", "dense", "left", "dense_1", "sum"]);
    expect(network.nodes.map((node) => node.depth)).toEqual([2, 1, 3, 2, 1, 0]);
    expect(network.inputNames).toEqual(["a", "b"]);
    expect(network.outputNames).toEqual(["sum"]);
  });

  test("a shared layer stands where it is used first, its runs numbered by its calls", () => {
    const x = input([2]);
    const shared = dense(2, { name: "shared" });
    shared(input([2]));
    const once = shared(x);
    const twice = shared(once);
    const network = new Network([x], [twice, once]);
    expect(names(network)).toEqual(["input_layer", "shared"]);
    expect(network.historyOf(once)).toEqual({ name: "shared", node: 0, output: 0 });
    expect(network.historyOf(twice)).toEqual({ name: "shared", node: 1, output: 0 });
    expect(network.weights.length).toBe(2);
  });

  test("inputs that nothing needs are kept, at the end", () => {
    const [a, b] = [input([2]), input([2])];
    const network = new Network([b, a], [dense(1)(a)]);
    expect(network.layers.length).toBe(3);
    expect(network.trace([placeholder([2], "b"), placeholder([2], "a")], { training: false })[0].shape).toEqual([1]);
  });

  test("hundreds of layers", () => {
    const x = input([2]);
    expect(new Network([x], [chain(x, 2000)]).layers.length).toBe(2001);
  });
});

describe("names", () => {
  test("are numbered in each network, and kept in the next", () => {
    const x = input([4]);
    const [first, second, third] = [dense(4), dense(4), dense(4)];
    const code = pipe(x, first, second);
    const encoder = new Network([x], [code]);
    expect(names(encoder)).toEqual(["input_layer", "dense", "dense_1"]);
    const whole = new Network([x], [third(code)]);
    expect(names(whole)).toEqual(["input_layer", "dense", "dense_1", "dense_2"]);
    expect(third.name).toBe("dense_2");
    // A network of the second half alone keeps the name that its layer has by now.
    const again = input([4]);
    expect(names(new Network([again], [third(again)]))).toEqual(["input_layer", "dense_2"]);
    const other = dense(4);
    const y = input([4]);
    new Network([y], [other(y)]);
    expect(other.name).toBe("dense");
    const both = new Network([x], [other(first(x))]);
    expect(names(both)).toEqual(["input_layer", "dense", "dense_1"]);
    expect(other.name).toBe("dense");
  });

  test("given names are kept, and automatic ones avoid them", () => {
    const x = input([4], { name: "picture" });
    const network = new Network([x], [pipe(x, dense(3), dense(3, { name: "dense" }))]);
    expect(names(network)).toEqual(["picture", "dense_1", "dense"]);
  });

  test("two layers of one name are refused", () => {
    const x = input([4]);
    const y = pipe(x, dense(3, { name: "same" }), dense(3, { name: "same" }));
    expect(() => new Network([x], [y])).toThrow(
      'model: two layers are named "same". Give each layer a name of its own, or leave the names out.',
    );
  });

  test("layers are found by name", () => {
    const x = input([4]);
    const layer = dense(3);
    const network = new Network([x], [layer(x)]);
    expect(network.getLayer("dense")).toBe(layer);
    expect(() => network.getLayer("dens")).toThrow(
      'model: there is no layer "dens". The layers are input_layer, dense.',
    );
    expect(() => network.nameOf(dense(1))).toThrow("a layer of another network was asked for");
  });
});

describe("ends in the middle", () => {
  test("a decoder from a tensor inside, with the same weights", () => {
    const x = input([6], { name: "x" });
    const code = dense(2)(x);
    const y = dense(6)(code);
    const whole = new Network([x], [y]);
    const decoder = new Network([code], [y]);
    expect(names(decoder)).toEqual(["input_layer", "dense_1"]);
    expect(decoder.weights).toEqual(whole.weights.slice(2));
    expect(decoder.historyOf(code)).toEqual({ name: "input_layer", node: 0, output: 0 });
    const fresh = placeholder([2], "fresh");
    const [z] = decoder.trace([fresh], { training: false });
    expect(topological([z]).filter((t) => t.perSample && t.inputs.length === 0)).toEqual([fresh]);
  });

  test("an output that is an input", () => {
    const x = input([2]);
    const fresh = placeholder([2], "fresh");
    expect(new Network([x], [x]).trace([fresh], { training: false })).toEqual([fresh]);
  });
});

describe("ops between layers", () => {
  test("are rebuilt over the new inputs, and named like Keras' operations", () => {
    const x = input([3]);
    const scale = new Variable("scale", [3], zeros());
    const y = dense(2)(tanh(multiply(add(x, constantTensor(1)), variableTensor(scale))));
    const network = new Network([x], [y]);
    expect(names(network)).toEqual(["input_layer", "add", "multiply", "tanh", "dense"]);
    expect(network.layers.length).toBe(2);
    expect(network.weights.map((w) => w.name)).toEqual(["kernel", "bias", "scale"]);
    const fresh = placeholder([3], "fresh");
    const order = topological(network.trace([fresh], { training: true }));
    expect(order).toContain(fresh);
    expect(order).not.toContain(x);
    expect(order.map((t) => t.op.name)).toContain("tanh");
  });
});

describe("values", () => {
  test("are drawn once, from seed and place", () => {
    const x = input([6]);
    const make = () => {
      const [a, b] = [dense(4), dense(4)];
      return { a, b, network: new Network([x], [pipe(x, a, b)]) };
    };
    const [first, second] = [make(), make()];
    first.network.initialise(7);
    second.network.initialise(7);
    const values = (network: Network) => network.weights.map((w) => w.value);
    expect(values(first.network)).toEqual(values(second.network));
    expect(first.a.weights[0].value).not.toEqual(first.b.weights[0].value);
    expect(first.a.weights[1].value).toEqual(new Float32Array(4));
    const before = values(first.network);
    first.network.initialise(8);
    expect(values(first.network).every((v, i) => v === before[i])).toBe(true);
    const third = make();
    third.network.initialise(8);
    expect(third.a.weights[0].value).not.toEqual(first.a.weights[0].value);
  });
});

describe("networks inside layers", () => {
  class Inner extends Layer {
    readonly network: Network;
    readonly layers: readonly Layer[];
    constructor(network: Network) {
      super();
      this.network = network;
      this.layers = network.layers;
    }
    call(x: Tensor, context: { readonly training: boolean }) {
      return this.network.trace([x], context)[0];
    }
  }

  test("give their weights to the network outside", () => {
    const code = input([4]);
    const decoder = new Inner(new Network([code], [dense(6)(code)]));
    const x = input([6]);
    const y = decoder(dense(4)(x));
    const outer = new Network([x], [y]);
    expect(outer.weights.map((w) => w.shape)).toEqual([[6, 4], [4], [4, 6], [6]]);
    const [z] = outer.trace([placeholder([6], "x")], { training: true });
    expect(z.shape).toEqual([6]);
    expect(decoder.calls.length).toBe(1);
  });
});

test("a weight without room", () => {
  const v = input([100_000]);
  expect(() => new Network([v], [dense(100_000, { name: "huge" })(v)]).initialise(0)).toThrow(
    'dense "huge": weight "kernel" of shape (100000, 100000): no room for 38147 MB (',
  );
});

describe("what is refused", () => {
  const x = input([2], { name: "x" });
  const y = dense(1)(x);
  test.each<[string, () => unknown]>([
    ["model: the model has no inputs. Give at least one input.", () => new Network([], [y])],
    ["model: the model has no outputs.", () => new Network([x], [])],
    [
      "model: output 0 is 3, not a tensor. Give what input(...) returned",
      () => new Network([x], [3 as unknown as Tensor]),
    ],
    ["model: one tensor is given as an input twice.", () => new Network([x, x], [y])],
    [
      "model: input 0 does not belong to a sample: it is the same for all of them.",
      () => new Network([constantTensor(1)], [y]),
    ],
    [
      'model: dense needs the input of shape (None, 2) ("x"), which does not follow from the inputs of the model. Add that input to the model\'s inputs, or build the outputs from the inputs that it has.',
      () => new Network([input([2])], [dense(1)(x)]),
    ],
    ["model: an output is the input of shape (None, 2)", () => new Network([input([2])], [x])],
    [
      "the op placeholder of shape (None, 2), which does not follow",
      () => new Network([input([2])], [flatten()(placeholder([2], "loose"))]),
    ],
    [
      'model: output 0, given by "multiply", does not depend on any input of the model.',
      () => new Network([x], [multiply(constantTensor(1), 2)]),
    ],
  ])("%s", (message, run) => {
    expect(run).toThrow(message);
  });

  test("other shapes than those of the inputs", () => {
    const a = input([2, 3], { name: "a" });
    const network = new Network([a], [pipe(a, flatten(), reshape([3, 2]), activation("relu"))]);
    expect(() => network.trace([placeholder([3, 2], "b")], { training: false })).toThrow(
      'model: got an input of shape (None, 3, 2), expected (None, 2, 3) for "a". Feed these shapes in this order.',
    );
    expect(() => network.trace([a, a], { training: false })).toThrow("got 2 inputs of shape");
  });
});
