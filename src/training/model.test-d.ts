/** What the type checker knows about models. Checked by `npm run types`, never run. */
import type { NdArray } from "../core/array.ts";
import type { OpenTensor, Shape, Tensor } from "../graph/tensor.ts";
import { conv2d } from "../layers/convolution.ts";
import { dense } from "../layers/dense.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import { flatten } from "../layers/reshaping.ts";
import type { Same, Shapes } from "../layers/rule.ts";
import { loadModel } from "./load.ts";
import { model, sequential } from "./make-model.ts";
import type { Model } from "./model.ts";

class Keep extends Layer<Same> {
  call(x: Tensor): Tensor {
    return x;
  }
}

const x: NdArray = { data: new Float32Array(4), shape: [1, 4] };
const image = input([28, 28, 1]);
const wide = input([4]);

const one = model(image, image);
const answer: NdArray<Float32Array> = await one.predict(x);

const two = model([image, wide], [image, wide, wide]);
const [first, second, third] = await two.predict([x, x]);

const row = sequential([input([4]), new Keep()]);
const rowAnswer: NdArray<Float32Array> = await row.predict(x);

// Layers in a row carry shapes from an input on.
const digits = sequential([image, conv2d(8, 3), flatten(), dense(10)], { seed: 1 });
digits(image) satisfies Tensor<[10]>;
// @ts-expect-error the input has another shape than the one the model was made for
digits(wide);
sequential([sequential([input([4]), dense(3)]), dense(2)]);
// @ts-expect-error a window of 3 does not fit a height of 2
sequential([input([2, 2, 1]), conv2d(8, 3)]);
// @ts-expect-error the inner model was made for another shape
sequential([input([2]), sequential([input([4]), dense(3)])]);
const someLayers: Layer[] = [];
sequential([wide, ...someLayers])(wide) satisfies Tensor<Shape>;

// A file is taken to hold a model of one output; type arguments say more.
const loaded = await loadModel("one.keras");
(await loaded.predict(x)).shape satisfies readonly number[];
loaded(image) satisfies Tensor<Shape>;
const known = await loadModel<[28, 28, 1], [10]>("known.keras");
known(image) satisfies Tensor<[10]>;
const double = await loadModel<Shapes, [Shape, Shape]>("double.keras");
const [left, right] = await double.predict(x);
[left, right] satisfies NdArray<Float32Array>[];

// Tensors of a model: lists, as in Keras. A list of one is that one.
one.inputs satisfies readonly [Tensor<[28, 28, 1]>];
two.outputs satisfies readonly [Tensor<[28, 28, 1]>, Tensor<[4]>, Tensor<[4]>];
loaded.getLayer("code").output satisfies OpenTensor;
const encoder = model(loaded.inputs, loaded.getLayer("code").output);
(await encoder.predict(x)) satisfies NdArray<Float32Array>;
model(one.inputs, one.outputs)(image) satisfies Tensor<[28, 28, 1]>;

// Any model serves where a model is wanted.
const all: readonly Model[] = [one, two, row, digits, loaded, double];

// A model is a layer: it keeps the shapes it was made with, and refuses others.
const again: Tensor<[28, 28, 1]> = one(image);
// @ts-expect-error the input has another shape than the one the model was made for
one(wide);
const unknownSize: number = 28;
one(input([unknownSize, 28, 1]));

one.compile({ optimizer: "adam", loss: "binary_crossentropy", metrics: ["accuracy", (_, p) => p] });
// @ts-expect-error no such loss
one.compile({ optimizer: "adam", loss: "binary_crosentropy" });
// @ts-expect-error no such option
await one.fit(x, x, { epoch: 3 });

export { again, all, answer, first, rowAnswer, second, third };
