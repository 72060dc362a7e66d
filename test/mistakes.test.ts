/** What somebody new gets wrong, and what is said then: the thing that was given, by what it is, and what to write. */
import { describe, expect, test } from "vitest";
import type { Tensor } from "../src/graph/tensor.ts";
import {
  add,
  average,
  type Callback,
  concatenate,
  conv2d,
  dense,
  dot,
  flatten,
  input,
  Layer,
  loadModel,
  losses,
  maximum,
  minimum,
  model,
  multiply,
  ndarray,
  ops,
  pipe,
  RhytonError,
  readNpy,
  reshape,
  type Same,
  sequential,
  subtract,
} from "../src/index.ts";

/** For calls that the type checker would refuse. */
const untyped = (value: unknown): never => value as never;

async function errorOf(work: () => unknown): Promise<RhytonError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

class Double extends Layer<Same> {
  call(x: Tensor) {
    return ops.add(x, x);
  }
}

const ten = () => {
  const m = sequential([input([4]), dense(10, { activation: "softmax" })], { name: "ten" });
  m.compile({ optimizer: "sgd", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"], device: "interp" });
  return m;
};
const four = (samples: number) => ndarray(new Float32Array(samples * 4), [samples, 4]);
const silent = { verbose: 0 } as const;

describe("a layer of one's own in a file", () => {
  class Pow extends Layer<Same> {
    readonly n: number;
    constructor(n = 2) {
      super();
      this.n = n;
    }
    call(x: Tensor) {
      return Array.from({ length: this.n }, () => x).reduce((a, b) => ops.multiply(a, b));
    }
  }
  class Hidden extends Layer<Same> {
    readonly #n: number;
    constructor(n = 2) {
      super();
      this.#n = n;
    }
    call(x: Tensor) {
      return ops.multiply(x, this.#n);
    }
  }
  class Positional extends Pow {
    override getConfig() {
      return { ...super.getConfig(), n: this.n };
    }
  }
  class Kept extends Layer<Same> {
    readonly factor: number;
    scale: ReturnType<Kept["addWeight"]> | undefined;
    constructor({ factor = 1, ...options }: { readonly factor?: number; readonly name?: string } = {}) {
      super(options);
      this.factor = factor;
    }
    protected override build(shape: readonly number[]) {
      this.scale = this.addWeight("scale", shape, "ones", { regularizer: "l2", constraint: "non_neg" });
    }
    call(x: Tensor) {
      return ops.multiply(ops.multiply(x, this.read(this.scale)), this.factor);
    }
    override getConfig() {
      return { ...super.getConfig(), factor: this.factor };
    }
  }
  class Plain extends Layer<Same> {
    readonly inner = dense(4);
    scale: ReturnType<Kept["addWeight"]> | undefined;
    protected override build(shape: readonly number[]) {
      this.scale = this.addWeight("scale", shape, "ones");
    }
    call(x: Tensor) {
      return ops.multiply(this.inner(x), this.read(this.scale));
    }
  }
  class Broken extends Layer<Same> {
    call(x: Tensor): Tensor {
      if (Broken.isBroken) throw new TypeError("no such thing");
      return ops.multiply(x, 2);
    }
    static isBroken = false;
  }
  const bytesOf = async (layer: Layer) => sequential([input([4]), layer]).toBytes();

  test("must say what its constructor takes", async () => {
    const advice = "write getConfig() that gives back the constructor's arguments, so that the file can make the layer";
    expect((await errorOf(() => bytesOf(new Pow(3) as unknown as Layer))).message).toContain(`Pow: ${advice}`);
    expect((await errorOf(() => bytesOf(new Hidden(3) as unknown as Layer))).message).toContain(`Hidden: ${advice}`);
    expect((await errorOf(() => bytesOf(new Pow(3) as unknown as Layer))).message).toContain("it has n of its own");
  });

  test("is the same again where it says so, or takes nothing", async () => {
    const made = sequential([input([4]), new Kept({ factor: 3 }), new Plain(), new Double()] as unknown as Layer[]);
    const again = await loadModel(await made.toBytes(), { customObjects: { Kept, Plain, Double } });
    const x = ndarray(Float32Array.of(1, -2, 3, 4), [1, 4]);
    expect(await again.predict(x)).toEqual(await made.predict(x));
    expect((again.layers[0] as unknown as Kept).factor).toBe(3);
  });

  test("is refused where the class makes another of the config", async () => {
    const error = await errorOf(async () =>
      loadModel(await bytesOf(new Positional(3) as unknown as Layer), {
        customObjects: { Positional: untyped(Positional) },
      }),
    );
    expect(error.message).toContain("Positional made from its config: n is an object with the keys");
    expect(error.message).toContain("expected 3, as in the file. Write static fromConfig(config) in Positional");
  });

  test("is named when it throws, and not the file blamed", async () => {
    const bytes = await bytesOf(new Broken() as unknown as Layer);
    Broken.isBroken = true;
    const error = await errorOf(() => loadModel(bytes, { customObjects: { Broken } }));
    expect(error.code).toBe("own-code");
    expect(error.message).toContain("call of Broken threw TypeError: no such thing. Mend it; the cause of this error");
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  test("is named when its constructor throws", async () => {
    class Fragile extends Double {
      constructor() {
        super();
        if (Fragile.isBroken) throw new TypeError("no such thing");
      }
      static isBroken = false;
    }
    const bytes = await bytesOf(new Fragile() as unknown as Layer);
    Fragile.isBroken = true;
    const error = await errorOf(() => loadModel(bytes, { customObjects: { Fragile } }));
    expect(error.code).toBe("own-code");
    expect(error.message).toContain("the constructor or fromConfig of Fragile threw TypeError: no such thing. Mend it");
  });

  test("is asked for by name when it is missing", async () => {
    const { message } = await errorOf(async () => loadModel(await bytesOf(new Double() as unknown as Layer)));
    expect(message).toContain("it is of a class of one's own, which is not in the file");
    expect(message).not.toMatch(/Custom>|null/);
  });
});

describe("a layer of one's own that is wrong", () => {
  type Kept = ReturnType<Double["addWeightFor"]>;
  class Double extends Layer<Same> {
    addWeightFor(shape: readonly number[]) {
      return this.addWeight("w", shape, "ones");
    }
    call(x: Tensor): Tensor {
      return ops.multiply(x, 2);
    }
  }
  const x = input([4]);
  const thrown = async (layer: unknown): Promise<RhytonError> => {
    const error = await errorOf(() => (layer as Layer)(x));
    expect(error.code).toBe("own-code");
    return error;
  };

  test("by a property that holds no weight, with build and without", async () => {
    class Typo extends Double {
      scale: Kept | undefined;
      declare readonly scal: Kept | undefined;
      protected override build(shape: readonly number[]) {
        this.scale = this.addWeightFor(shape);
      }
      override call(v: Tensor) {
        return ops.multiply(v, this.read(this.scal));
      }
    }
    class NoBuild extends Typo {
      protected override build() {}
    }
    const said = "read got undefined: no weight is kept under that property. Make it in build with addWeight";
    expect((await thrown(new Typo())).message).toContain(`typo: ${said}`);
    expect((await thrown(new NoBuild())).message).toContain(`noBuild: ${said}`);
  });

  test("by a throw in build or call", async () => {
    class InBuild extends Double {
      protected override build() {
        throw new RangeError("no room.");
      }
    }
    class InCall extends Double {
      override call(v: Tensor) {
        return ops.multiply(v, untyped((v as unknown as { data: number[] }).data[0]));
      }
    }
    class Outer extends Double {
      readonly inner = new InCall();
      override call(v: Tensor) {
        return this.inner(v);
      }
    }
    const built = await thrown(new InBuild());
    expect(built.message).toContain("inBuild: build of InBuild threw RangeError: no room. Mend it");
    expect(built.cause).toBeInstanceOf(RangeError);
    const called = await thrown(new InCall());
    expect(called.message).toContain("inCall: call of InCall threw TypeError: Cannot read");
    expect(called.cause).toBeInstanceOf(TypeError);
    expect((await thrown(new Outer())).message).toContain("inCall: call of InCall threw");
    await expect(errorOf(() => sequential([input([4]), new InCall()]))).resolves.toMatchObject({ code: "own-code" });
  });

  test("without the method call", async () => {
    const Nothing = class Nothing extends (Layer as unknown as new () => object) {};
    expect((await thrown(new Nothing())).message).toContain(
      "nothing: the class Nothing has no method call. Write call(x)",
    );
  });

  test("where it takes a tensor for a number", async () => {
    const using = (work: (v: number) => unknown) =>
      class Signed extends Double {
        override call(v: Tensor) {
          work(untyped(v));
          return v;
        }
      };
    for (const work of [
      (v: number) => v > 0,
      (v: number) => v + 1,
      (v: number) => v * 2,
      (v: number) => -v,
      (v: number) => Math.max(v, 0),
    ]) {
      const { message } = await thrown(new (using(work))());
      expect(message).toContain("<Tensor (None, 4)>: a tensor has no value while the graph is built");
      expect(message).toContain("instead of if use ops.where");
    }
    expect([`${x}`, String(x), [x].join()]).toEqual(Array(3).fill("<Tensor (None, 4)>"));
  });

  test("where it asks for random numbers without key or step", async () => {
    const error = await errorOf(() => ops.randomNormal([4], untyped(undefined), untyped(undefined)));
    expect(error.message).toContain("ops.randomNormal: key is undefined, expected two 32-bit words");
    expect(error.message).toContain("context.randomKey?.(this). It is undefined outside training");
    const step = await errorOf(() => ops.randomUniform([4], [1, 2], untyped(undefined)));
    expect(step.message).toContain(
      "ops.randomUniform: step is undefined, expected a tensor: in a layer's call, context.step",
    );
  });
});

describe("labels", () => {
  const y = (...labels: readonly number[]) => ndarray(Int32Array.from(labels), [labels.length]);

  test("beyond the classes, or between them, are refused wherever data is", async () => {
    const said = "y: the value at [3] is 12, expected a whole number from 0 to 9 (10 classes)";
    for (const work of [
      () => ten().fit(four(4), y(0, 9, 1, 12), silent),
      () => ten().evaluate(four(4), y(0, 9, 1, 12)),
      () => ten().trainOnBatch(four(4), y(0, 9, 1, 12)),
      () => ten().testOnBatch(four(4), y(0, 9, 1, 12)),
    ]) {
      expect(await errorOf(work)).toMatchObject({ code: "data", message: expect.stringContaining(said) });
    }
    expect((await errorOf(() => ten().fit(four(2), y(0, -1)))).message).toContain("the value at [1] is -1");
    const half = ndarray(Float32Array.of(0.5), [1, 1]);
    expect((await errorOf(() => ten().fit(four(1), half))).message).toContain("the value at [0, 0] is 0.5");
    const unbuilt = sequential([dense(3, { activation: "softmax" })]);
    unbuilt.compile({ loss: "crossentropy", device: "interp" });
    expect((await errorOf(() => unbuilt.fit(four(1), y(3)))).message).toContain("from 0 to 2 (3 classes)");
    expect(unbuilt.isBuilt).toBe(false);
    await ten().fit(four(2), y(0, 9), silent);
  });

  test("may be the class that is ignored", async () => {
    const m = ten();
    const loss = losses.sparseCategoricalCrossentropy({ ignoreClass: 255 });
    m.compile({ optimizer: "sgd", loss, metrics: ["accuracy"], device: "interp" });
    await m.fit(four(2), y(3, 255), silent);
    expect((await errorOf(() => m.fit(four(2), y(3, 254)))).message).toContain("is 254");
  });

  test("are not what one-hot targets and numbers are", async () => {
    const m = sequential([input([4]), dense(2, { activation: "softmax" })]);
    m.compile({ optimizer: "sgd", loss: "categorical_crossentropy", metrics: ["accuracy"], device: "interp" });
    await m.fit(four(1), ndarray(Float32Array.of(0.25, 0.75), [1, 2]), silent);
  });
});

describe("what is no tensor, layer or array", () => {
  const x = input([4]);
  test.each<[string, string, () => unknown]>([
    [
      "a loss without a result",
      'loss "mine": the result is undefined, expected a tensor',
      () => {
        const m = ten();
        m.compile({ optimizer: "sgd", loss: untyped(function mine() {}), device: "interp" });
        return m.fit(four(1), four(1), silent);
      },
    ],
    [
      "an operand",
      "ops.add: an operand is undefined, expected a tensor, a number or an array; for a weight use this.read(variable)",
      () => ops.add(x, untyped(undefined)),
    ],
    ["a sum", 'ops.sum: an operand is "x", expected a tensor', () => ops.sum(untyped("x"))],
    ["an axis", "ops.sum: options is 0, expected an object", () => ops.sum(x, untyped(0))],
    ["an initializer", 'there is no initializer "onse". Did you mean "one"?', () => new Wrong()(x)],
    [
      "a class in pipe",
      "pipe: argument 3 is the class Double, expected a layer. Write new Double().",
      () => pipe(x, dense(2), untyped(Double)),
    ],
    [
      "a factory in pipe",
      "pipe: argument 2 is the function flatten, expected a layer. Write flatten(), with",
      () => pipe(x, untyped(flatten)),
    ],
    [
      "a factory in a row",
      "sequential: layer 0 is the function dense, expected a layer. Write dense(), with",
      () => sequential([x, untyped(dense)]),
    ],
    [
      "a factory without a name of its own",
      "pipe: argument 2 is a function, expected a layer. Call it, with what it takes: conv2d(16, 3), not conv2d.",
      () => pipe(x, untyped(conv2d)),
    ],
    [
      "a row without a list",
      "sequential: layers is <dense>, expected a list of layers. Write sequential([",
      () => sequential(untyped(dense(2)), untyped(dense(3))),
    ],
    ...Object.entries({ add, subtract, multiply, average, maximum, minimum, concatenate, dot }).map(
      ([name, merge]): [string, string, () => unknown] => [
        `${name} of tensors without a list`,
        `${name}: the first argument is <Tensor (None, 4)>, expected a list of tensors. Give a list: ${name}([x, y]).`,
        () => (merge as unknown as (...xs: readonly unknown[]) => unknown)(x, x),
      ],
    ),
    [
      "a path for bytes",
      'readNpy: bytes is "x.npy", expected a Uint8Array. It takes bytes: readNpy(await readFile(path)).',
      () => readNpy(untyped("x.npy")),
    ],
    ["a buffer for bytes", "Wrap it: new Uint8Array(buffer).", () => readNpy(untyped(new ArrayBuffer(8)))],
    [
      "options for targets",
      "got no targets, expected y, what the model should answer. An autoencoder learns its own input: give x twice.",
      () => ten().fit(four(2), untyped({ verbose: 0 })),
    ],
    [
      "an array without a shape",
      "ndarray: shape is undefined, expected the sizes of its axes, e.g. [6, 1]",
      () => ndarray(new Float32Array(6), untyped(undefined)),
    ],
    [
      "an array of plain numbers",
      "ndarray: data is [1, 2], expected a Float32Array",
      () => ndarray(untyped([1, 2]), [2]),
    ],
    [
      "options of dense",
      'dense: options is "relu", expected an object such as { activation: "relu" }',
      () => dense(3, untyped("relu")),
    ],
    [
      "options of conv2d",
      'conv2d: options is "same", expected an object such as { padding: "same" }',
      () => conv2d(3, 3, untyped("same")),
    ],
    ["options of nothing", "dense: options is null, expected an object such as", () => dense(3, untyped(null))],
    [
      "options of input",
      'input: options is "a", expected an object such as { name: "first" }',
      () => input([2], untyped("a")),
    ],
    ["options of a layer of one's own", "double: options is 3, expected an object", () => new Double(untyped(3))],
    [
      "an unknown device",
      'ten" compile: there is no device "wsam". Did you mean "wasm"?',
      () => ten().compile({ loss: "mse", device: untyped("wsam") }),
    ],
    ["a loss by a wrong name", '"mean_squared_error", ', () => ten().compile({ loss: untyped("msee") })],
  ])("%s", async (name, message, work) => {
    const error = await errorOf(work);
    if (name !== "a loss by a wrong name") expect(error.message).toContain(message);
    else expect(error.message).toMatch(/Known: mean_squared_error, mse, .*\bce\./);
  });

  class Wrong extends Layer {
    call(x: Tensor) {
      return x;
    }
    protected override build() {
      this.addWeight("w", [1], untyped("onse"));
    }
  }

  test.each<[string, string, unknown]>([
    ["a typed array", "x is not", new Float32Array(8)],
    ["a data set", "images, labels", { images: four(2), labels: four(2) }],
    ["nested lists", "values.flat(Infinity)", [[1, 2, 3, 4]]],
    ["numbers", "[1, 2, 3, 4]", [1, 2, 3, 4]],
  ])("%s for data", async (name, part, given) => {
    const { message, code } = await errorOf(() => ten().fit(untyped(given), four(2)));
    expect(code).toBe("argument");
    expect(message).toContain('sequential "ten" fit: x');
    expect(message).toContain("expected an array { data, shape }");
    if (name === "a typed array") expect(message).toContain("a Float32Array of 8 values");
    else expect(message).toContain(part);
    if (name === "a data set") expect(message).toContain("Give what is in it, e.g. .images");
    else expect(message).toContain("ndarray(Float32Array.from(");
  });
});

test("no epochs train nothing, as in Keras", async () => {
  const m = ten();
  const before = m.getWeights();
  const { history, epoch } = await m.fit(four(2), ndarray(Int32Array.of(0, 1), [2]), { epochs: 0, ...silent });
  expect([history, epoch]).toEqual([{}, []]);
  expect(m.getWeights()).toEqual(before);
  expect(m.epochs).toBe(0);
  const error = await errorOf(() => m.fit(four(2), ndarray(Int32Array.of(0, 1), [2]), { epochs: -1 }));
  expect(error.message).toContain("epochs is -1, expected a whole number of at least 0");
});

describe("names", () => {
  test("of hooks that are nearly right", async () => {
    const y = ndarray(Int32Array.of(1), [1]);
    const using = (callback: unknown) =>
      errorOf(() => ten().fit(four(1), y, { callbacks: untyped([callback]), ...silent }));
    const right: Callback = { onEpochEnd: () => {} };
    await ten().fit(four(1), y, { callbacks: [{ ...right, onToday: () => {} } as Callback], ...silent });
    for (const [typed, meant] of [
      ["onEpochEnds", "onEpochEnd"],
      ["on_epoch_end", "onEpochEnd"],
      ["onTrainStart", "onTrainBegin"],
    ]) {
      const work = () => ten().fit(four(1), y, { callbacks: [{ ...right, [typed]: () => {} } as Callback], ...silent });
      expect((await errorOf(work)).message).toContain(`there is no hook "${typed}". Did you mean "${meant}"?`);
    }
    expect((await using({})).message).toContain("callbacks is an empty object");
  });

  test("that Keras had before", async () => {
    const { adam } = await import("../src/index.ts");
    expect((await errorOf(() => adam(untyped({ lr: 0.1 })))).message).toContain('Did you mean "learningRate"?');
    expect((await errorOf(() => adam(untyped(0.1)))).message).toContain("{ learningRate: 0.1 }");
    const load = () => loadModel("none.keras", untyped({ custom_objects: {} }));
    expect((await errorOf(load)).message).toContain('Did you mean "customObjects"?');
  });
});

describe("shapes", () => {
  test("of a model and of a reshape are told with both sizes", async () => {
    const x = input([4]);
    const m = model(x, dense(2)(x));
    const call = await errorOf(() => m(untyped(input([5]))));
    expect(call.message).toContain("got an input of shape (None, 5), expected (None, 4)");
    const fixed = await errorOf(() => reshape([3, 3])(untyped(x)));
    expect(fixed.message).toContain("4 cells for each sample, expected 9, the cells of (None, 3, 3)");
    const open = await errorOf(() => reshape([3, -1])(untyped(x)));
    expect(open.message).toContain("4 cells for each sample, expected a multiple of 3, for (None, 3, -1)");
  });

  test("of one sample in place of a batch of one", async () => {
    const { message } = await errorOf(() => ten().predict(ndarray(new Float32Array(4), [4])));
    expect(message).toContain("One sample is a batch of one: give it the shape [1, 4].");
  });

  test("of class numbers where one-hot targets are asked for name what takes numbers", async () => {
    const m = ten();
    const numbers = ndarray(Int32Array.of(3, 1), [2]);
    m.compile({ loss: "categorical_crossentropy", device: "interp" });
    const loss = await errorOf(() => m.fit(four(2), numbers));
    expect(loss.message).toContain('For class numbers use "sparse_categorical_crossentropy".');
    m.compile({
      loss: "sparse_categorical_crossentropy",
      metrics: ["categorical_accuracy"],
      device: "interp",
    });
    const metric = await errorOf(() => m.fit(four(2), numbers));
    expect(metric.message).toContain('For class numbers use "sparse_categorical_accuracy".');
    m.compile({ loss: "categorical_crossentropy", device: "interp" });
    const other = await errorOf(() => m.fit(four(2), ndarray(new Float32Array(6), [2, 3])));
    expect(other.message).toContain("Change the last layer or reshape the targets.");
  });

  test("NaN in what is predicted has nothing to do with training", async () => {
    const { message } = await errorOf(() => ten().predict(ndarray(Float32Array.of(1, 2, Number.NaN, 4), [1, 4])));
    expect(message).toContain("the value at [0, 2] is NaN. Replace or remove such values.");
    expect(message).not.toContain("training");
  });

  test("a row without an input has no weights to give yet", async () => {
    expect(await errorOf(() => sequential([dense(2)]).getWeights())).toMatchObject({ code: "not-built" });
  });
});

test("a promise is told as one that was not awaited", async () => {
  const bytes = ten().toBytes();
  const { message } = await errorOf(() => loadModel(untyped(bytes)));
  expect(message).toBe("loadModel: source is a Promise that was not awaited, expected a path, or the bytes of a file.");
  await bytes;
});

test("a layer in place of the tensor that it makes", async () => {
  const { message } = await errorOf(() => model(input([4]), untyped(dense(3))));
  expect(message).toContain("model: output 0 is <dense>, not a tensor.");
});

test("input is told how it is called", async () => {
  expect((await errorOf(() => input(untyped(4)))).message).toContain("For example input([28, 28, 1]).");
});

test("bytes of weights are refused under the name of the method", async () => {
  const { message } = await errorOf(() => ten().weightsToBytes(untyped("hdf5")));
  expect(message).toContain('weightsToBytes: there is no format "hdf5". Did you mean "h5"?');
});

test("tensors and layers print shortly", () => {
  const x = input([28, 28, 1]);
  const inspect = (value: unknown) =>
    (value as Record<symbol, () => string>)[Symbol.for("nodejs.util.inspect.custom")]();
  expect([`${x}`, inspect(x)]).toEqual(["<Tensor (None, 28, 28, 1)>", "<Tensor (None, 28, 28, 1)>"]);
  expect([String(dense(2)), inspect(dense(2, { name: "a" }))]).toEqual(["<dense>", '<dense "a">']);
});
