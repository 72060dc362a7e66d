/** What the type checker knows about models. Checked by `npm run types`, never run. */
import type { NdArray } from "../core/array.ts";
import type { Tensor } from "../graph/tensor.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import type { Same } from "../layers/rule.ts";
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

// Any model serves where a model is wanted.
const all: readonly Model[] = [one, two, row];

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
