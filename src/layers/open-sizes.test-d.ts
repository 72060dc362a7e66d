/** Type tests of open sizes: what layers, `pipe` and models make of `null`. Checked by `npm run types`, never run. */
import type { OpenShape, OpenTensor, Tensor } from "../graph/tensor.ts";
import { add as addTensors, mean, relu } from "../ops/index.ts";
import { model } from "../training/make-model.ts";
import { cropping2d, zeroPadding2d } from "./borders.ts";
import { concatenate } from "./concatenate.ts";
import { conv1d, conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { depthwiseConv2d } from "./depthwise-convolution.ts";
import { dot } from "./dot.ts";
import { globalAveragePooling2d } from "./global-pooling.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import { add } from "./merging.ts";
import { batchNormalization } from "./normalization-batch.ts";
import { pipe } from "./pipe.ts";
import { averagePooling2d, maxPooling2d } from "./pooling.ts";
import { resizing } from "./preprocessing.ts";
import { flatten, permute, repeatVector, reshape } from "./reshaping.ts";
import { conv2dTranspose } from "./transposed-convolution.ts";
import { upSampling2d } from "./upsampling.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles when `x` has exactly the shape `S`. */
type Exact<S extends OpenShape> = <T extends OpenShape>(x: Tensor<T>, same: Equal<T, S>) => void;
declare function shape<S extends OpenShape>(): Exact<S>;

const first = { dataFormat: "channels_first" } as const;
const picture = input([null, null, 3]);
const strip = input([null, 32, 3]);
const signal = input([null, 8]);

// What slides, enlarges, pads or crops leaves an open size open.
shape<[null, null, 3]>()(picture, true);
shape<[null, null, 4]>()(conv2d(4, 3)(picture), true);
shape<[null, 15, 4]>()(conv2d(4, 3, { strides: 2 })(strip), true);
shape<[null, 16, 4]>()(conv2d(4, 3, { strides: 2, padding: "same" })(strip), true);
shape<[4, null, null]>()(conv2d(4, 3, first)(input([3, null, null])), true);
shape<[null, 4]>()(conv1d(4, 5, { padding: "causal" })(signal), true);
shape<[null, 64, 2]>()(conv2dTranspose(2, 3, { strides: 2, padding: "same" })(strip), true);
shape<[null, null, 6]>()(depthwiseConv2d(3, { depthMultiplier: 2 })(picture), true);
shape<[null, 16, 3]>()(maxPooling2d(2)(strip), true);
shape<[null, null, 3]>()(averagePooling2d(3, { padding: "same" })(picture), true);
shape<[null, 64, 3]>()(upSampling2d(2)(strip), true);
shape<[null, 34, 3]>()(zeroPadding2d(1)(strip), true);
shape<[null, 30, 3]>()(cropping2d(1)(strip), true);
shape<[null, null, 3]>()(batchNormalization()(picture), true);

// What makes one size of all makes a known one.
shape<[3]>()(globalAveragePooling2d()(picture), true);
shape<[8, 9, 3]>()(resizing(8, 9)(picture), true);

// Other shapes.
shape<[null]>()(flatten()(picture), true);
shape<[null, 3, 32]>()(permute([1, 3, 2])(strip), true);
shape<[5, null]>()(repeatVector(5)(input([null])), true);
shape<[null, 3]>()(reshape([-1, 3])(picture), true);
shape<[null, 2]>()(dense(2)(signal), true);

// Several tensors: a size that is open in one is open in the result.
shape<[null, null, 3]>()(add([picture, strip]), true);
shape<[null, null, 6]>()(concatenate([picture, strip]), true);
shape<[null, 8]>()(concatenate([signal, input([4, 8])], { axis: 1 }), true);
shape<[8, 8]>()(dot([signal, signal], 1), true);

// Known sizes are checked as ever.
// @ts-expect-error 32 and 33 do not go together
add([strip, input([null, 33, 3])]);
// @ts-expect-error the channels are too many
add([picture, input([null, null, 4])]);
// @ts-expect-error a window of 33 does not fit 32
conv2d(1, [3, 33])(strip);
// @ts-expect-error two axes, not three
conv2d(1, 3)(signal);
// @ts-expect-error weights cannot lie along an open size
dense(2)(flatten()(picture));

// Through `pipe` and models.
const code = pipe(picture, conv2d(4, 3), maxPooling2d(2), globalAveragePooling2d(), dense(2));
shape<[2]>()(code, true);
// @ts-expect-error the same in a row
pipe(picture, conv2d(4, 3), flatten(), dense(2));
const anySize = model(picture, conv2d(4, 3)(picture));
shape<[null, null, 4]>()(anySize(picture), true);
// Which size follows from a known one is not worked out.
shape<[number, number, 4]>()(anySize(input([9, 9, 3])), true);
// @ts-expect-error other channels
anySize(input([null, null, 4]));

// A layer that says nothing: sizes are known where those of the input are.
class Own extends Layer {
  call(x: Tensor) {
    return x;
  }
}
const open: OpenTensor = new Own()(picture);
const known: Tensor = new Own()(input([4]));
// @ts-expect-error a size may be open
const wrong: Tensor = new Own()(picture);

// Ops between layers: those that compute with sizes want them known.
const sum: OpenTensor = addTensors(relu(picture), 1);
// @ts-expect-error which cells to divide by is not known
mean(picture, [0]);
export const used = [open, known, wrong, sum];
