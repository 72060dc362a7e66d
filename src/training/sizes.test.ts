/** Models whose input leaves sizes open: programs for the sizes that come, over one set of weights. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type NdArray, ndarray, sizeOf } from "../core/array.ts";
import { fillUniform } from "../core/random.ts";
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import type { OpenTensor, Tensor } from "../graph/tensor.ts";
import { concatenate } from "../layers/concatenate.ts";
import { conv1d, conv2d } from "../layers/convolution.ts";
import { dense } from "../layers/dense.ts";
import { globalAveragePooling2d } from "../layers/global-pooling.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import { add } from "../layers/merging.ts";
import { batchNormalization } from "../layers/normalization-batch.ts";
import { maxPooling2d } from "../layers/pooling.ts";
import { MOST_SIZES } from "../layers/sized-network.ts";
import { upSampling2d } from "../layers/upsampling.ts";
import { loadModel } from "./load.ts";
import { model, sequential } from "./make-model.ts";
import type { Model } from "./model.ts";
import { show } from "./show.ts";

const noise = (shape: readonly number[], seed = 1): NdArray<Float32Array> => {
  const data = new Float32Array(sizeOf(shape));
  fillUniform(data, seed);
  return ndarray(data, shape);
};

/** A device that notes what it compiles: the sizes of the first input. */
function counting(): { readonly device: Device; readonly compiled: string[] } {
  const plain = interp();
  const compiled: string[] = [];
  const device: Device = {
    name: "counting",
    compile(graph) {
      compiled.push(graph.inputs[0].shape.join("×"));
      return plain.compile(graph);
    },
  };
  return { device, compiled };
}

const same = { padding: "same" } as const;
const anySize = () => {
  const x = input([null, null, 2]);
  return model(x, conv2d(2, 3, same)(batchNormalization()(conv2d(3, 3, same)(x))), { seed: 3 }) as unknown as Model;
};
const fixed = (height: number, width: number) => {
  const x = input([height, width, 2]);
  return model(x, conv2d(2, 3, same)(batchNormalization()(conv2d(3, 3, same)(x))), { seed: 3 }) as unknown as Model;
};
const dataOf = (array: unknown) => (array as NdArray<Float32Array>).data;

test("every size has a program, which is compiled once", async () => {
  const { device, compiled } = counting();
  const made = anySize();
  made.compile({ optimizer: "adam", loss: "mse", device });
  await made.predict(noise([2, 4, 5, 2]));
  await made.predict(noise([7, 4, 5, 2]));
  expect(compiled).toEqual(["4×5×2"]);
  await made.predict(noise([2, 6, 3, 2]));
  await made.predict(noise([2, 1, 1, 2]));
  await made.predict(noise([2, 4, 5, 2]));
  expect(compiled).toEqual(["4×5×2", "6×3×2", "1×1×2"]);
  await made.trainOnBatch(noise([2, 4, 5, 2]), noise([2, 4, 5, 2]));
  await made.trainOnBatch(noise([3, 4, 5, 2]), noise([3, 4, 5, 2]));
  await made.evaluate(noise([2, 4, 5, 2]), noise([2, 4, 5, 2]));
  expect(compiled.slice(3)).toEqual(["4×5×2", "4×5×2"]);
});

test(`the programs of the ${MOST_SIZES} sizes that were used last are kept`, async () => {
  const { device, compiled } = counting();
  const made = anySize();
  made.compile({ optimizer: "adam", loss: "mse", device });
  for (let size = 1; size <= MOST_SIZES; size++) await made.predict(noise([1, size, 1, 2]));
  await made.predict(noise([1, 1, 1, 2]));
  expect(compiled).toHaveLength(MOST_SIZES);
  await made.predict(noise([1, 20, 1, 2])); // in the place of 2 × 1
  await made.predict(noise([1, 1, 1, 2]));
  expect(compiled).toHaveLength(MOST_SIZES + 1);
  await made.predict(noise([1, 2, 1, 2]));
  expect(compiled.at(-1)).toBe("2×1×2");
});

test.each(["wasm", "interp"] as const)(
  "answers and learns at every size as a model of that size does: %s",
  async (device) => {
    const open = anySize();
    const compile = { optimizer: "adam", loss: "mse", device } as const;
    open.compile(compile);
    for (const [step, [height, width]] of [
      [6, 5],
      [3, 8],
      [6, 5],
      [7, 7],
    ].entries()) {
      const one = fixed(height, width);
      one.compile(compile);
      one.setWeights(open.getWeights());
      const x = noise([4, height, width, 2], step + 10);
      expect(dataOf(await open.predict(x))).toEqual(dataOf(await one.predict(x)));
      expect(await open.evaluate(x, x)).toEqual(await one.evaluate(x, x));
      // The optimizer of the other goes on where this one stands.
      if (step > 0) {
        one.optimizer.build(one.trainableWeights);
        for (const [i, { value = new Float32Array() }] of open.optimizer.variables.entries()) {
          one.optimizer.variables[i].assign(Float32Array.from(value));
        }
        one.optimizer.iterations = open.optimizer.iterations;
      }
      expect(await open.trainOnBatch(x, x)).toEqual(await one.trainOnBatch(x, x));
      expect(open.getWeights()).toEqual(one.getWeights());
    }
  },
);

test("fit takes batches of several sizes, and other sizes to validate", async () => {
  const { device, compiled } = counting();
  const made = anySize();
  made.compile({ optimizer: "adam", loss: "mse", device });
  const batch = (height: number, width: number) => {
    const x = noise([2, height, width, 2], height);
    return [x, x] as const;
  };
  const before = made.getWeights();
  const { history } = await made.fit([batch(4, 4), batch(5, 3), batch(4, 4)], {
    epochs: 2,
    verbose: 0,
    validationData: batch(2, 9),
  });
  expect(history.loss).toHaveLength(2);
  expect(history.val_loss[1]).toBeLessThan(history.val_loss[0] * 2);
  expect(made.getWeights()).not.toEqual(before);
  expect(compiled).toEqual(["4×4×2", "5×3×2", "2×9×2"]);
});

test("predict joins answers of one size, whatever the sizes of the inputs", async () => {
  const x = input([null, null, 1]);
  const scores = model(x, dense(2)(globalAveragePooling2d()(conv2d(3, 3)(x))));
  const batches = [noise([2, 5, 5, 1]), noise([1, 9, 4, 1])].map((batch) => [batch] as const);
  expect((await scores.predict(batches)).shape).toEqual([3, 2]);
  const pictures = model(x, conv2d(3, 3)(x));
  await expect(pictures.predict(batches)).rejects.toThrow(
    "functional predict: got an answer of shape (None, 7, 2, 3) after answers of (None, 3, 3, 3), " +
      "expected one size, so that all answers make one array. Call predict once for each size.",
  );
});

test("a size that the network cannot take is told with the layer, before anything changes", async () => {
  const x = input([null, null, 1]);
  const y = conv2d(2, 3, same)(x);
  const skip = model(x, add([y, upSampling2d(2)(maxPooling2d(2)(y))]));
  skip.compile({ optimizer: "adam", loss: "mse" });
  expect((await skip.predict(noise([1, 8, 6, 1]))).shape).toEqual([1, 8, 6, 2]);
  const before = skip.getWeights();
  const odd = noise([1, 9, 6, 1]);
  const words =
    'model with an input of shape (None, 9, 6, 1): add "add": got the shapes (None, 9, 6, 2) and (None, 8, 6, 2), expected';
  await expect(skip.predict(odd)).rejects.toThrow(words);
  await expect(skip.fit(odd, noise([1, 9, 6, 2]), { verbose: 0 })).rejects.toThrow(words);
  await expect(skip.evaluate(odd, noise([1, 9, 6, 2]))).rejects.toThrow(words);
  expect(skip.getWeights()).toEqual(before);
  await expect(skip.predict(noise([1, 8, 6, 3]))).rejects.toThrow(
    'x for input "input_layer": got the shape (1, 8, 6, 3), expected (None, None, None, 1), with any number of samples first',
  );
  await expect(skip.fit(noise([1, 8, 6, 1]), noise([1, 8, 7, 2]), { verbose: 0 })).rejects.toThrow("(None, 8, 7, 2)");
});

test("an axis of 1 may be missing from the data, as ever", async () => {
  const made = sequential([input([null, 1]), conv1d(2, 2)]);
  expect((await made.predict(noise([3, 5]))).shape).toEqual([3, 4, 2]);
});

test("several inputs have sizes of their own", async () => {
  const [a, b] = [input([null, 2]), input([null, 2])];
  const both = model([a, b], concatenate([a, b], { axis: 1 }));
  expect((await both.predict([noise([3, 4, 2]), noise([3, 6, 2])])).shape).toEqual([3, 10, 2]);
});

test("a model goes to a file and comes back with its sizes open", async () => {
  const made = anySize();
  made.compile({ optimizer: "adam", loss: "mse" });
  await made.trainOnBatch(noise([2, 4, 5, 2]), noise([2, 4, 5, 2]));
  const again = await loadModel(await made.toBytes());
  expect(again.network.inputs[0].shape).toEqual([null, null, 2]);
  const x = noise([2, 3, 7, 2]);
  expect(dataOf(await again.predict(x))).toEqual(dataOf(await made.predict(x)));
  expect(await again.trainOnBatch(x, x)).toEqual(await made.trainOnBatch(x, x));
});

test.each([[[4, 5, 2]], [[null, null, 2]]])(
  "a model in a row that is part of a layer of one's own is trained as a model: %s",
  async (shape) => {
    class Block extends Layer {
      readonly row = sequential([conv2d(2, 3, same), batchNormalization({ name: "moves" })]);
      call(x: Tensor) {
        return this.row(x) as Tensor;
      }
    }
    const block = new Block();
    const x = input(shape);
    const made = model(x, block.enter(x) as OpenTensor);
    made.compile({ optimizer: "sgd", loss: "mse" });
    const movingMean = block.row.getLayer("moves").nonTrainableWeights[0];
    expect(movingMean.value).toEqual(new Float32Array(2));
    await made.trainOnBatch(noise([2, 4, 5, 2]), noise([2, 4, 5, 2]));
    expect(movingMean.value).not.toEqual(new Float32Array(2));
  },
);

test("show wants to know the sizes", async () => {
  expect(await show(anySize(), "graph", [[4, 5, 2]])).toContain('placeholder "x0" : sample [4,5,2]');
  await expect(show(anySize(), "graph")).rejects.toThrow(
    "functional show: got no size for (None, None, None, 2), expected the shapes of the inputs: there is a program for " +
      "every size. Give them, e.g. show(model, stage, [[32, 32, 3]]).",
  );
});

interface Values {
  readonly shape: readonly number[];
  readonly f32: string;
}
const arrayOf = ({ shape, f32 }: Values): NdArray<Float32Array> => {
  const bytes = Buffer.from(f32, "base64");
  return { data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)), shape };
};

test("a network of Keras for pictures of any size: summary, answers at three sizes, before and after a step", async () => {
  const folder = new URL("../../fixtures/sizes/", import.meta.url);
  const { summary, inputs, predictions, step } = JSON.parse(readFileSync(new URL("model.json", folder), "utf8"));
  const loaded = await loadModel(new Uint8Array(readFileSync(new URL("model.keras", folder))));
  expect(loaded.summary({ lineLength: 88, print: () => {} }).trimEnd()).toBe(summary.trimEnd());
  const expectAnswers = async (want: readonly (readonly Values[])[]) => {
    for (const [i, x] of (inputs as Values[]).entries()) {
      const answers = (await loaded.predict(arrayOf(x))) as unknown as readonly NdArray<Float32Array>[];
      for (const [k, expected] of want[i].map(arrayOf).entries()) {
        expect(answers[k].shape).toEqual(expected.shape);
        const worst = Math.max(...expected.data.map((v, at) => Math.abs(v - answers[k].data[at])));
        expect(worst).toBeLessThan(1e-5);
      }
    }
  };
  await expectAnswers(predictions);
  const { loss } = await loaded.trainOnBatch(arrayOf(inputs[0]), (step.targets as Values[]).map(arrayOf));
  expect(loss).toBeCloseTo(step.loss, 5);
  await expectAnswers(step.predictions);
});
