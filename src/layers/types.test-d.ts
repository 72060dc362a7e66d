/** Type tests of layers, rules and `pipe`: checked by `npm run types`, never run. */
import type { Shape, Tensor } from "../graph/tensor.ts";
import { add } from "../ops/index.ts";
import { activation } from "./activation.ts";
import { leakyReLU, pReLU, reLU, softmax } from "./activation-layers.ts";
import { adaptiveAveragePooling2d, adaptiveMaxPooling1d } from "./adaptive-pooling.ts";
import { cropping1d, cropping2d, cropping3d, zeroPadding1d, zeroPadding2d, zeroPadding3d } from "./borders.ts";
import { concatenate } from "./concatenate.ts";
import { type Conv2D, type Conv2DOptions, conv1d, conv2d, conv3d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { depthwiseConv1d, depthwiseConv2d, separableConv1d, separableConv2d } from "./depthwise-convolution.ts";
import { dot } from "./dot.ts";
import { globalAveragePooling2d, globalMaxPooling1d, globalMaxPooling3d } from "./global-pooling.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import { add as addLayer, average, multiply as multiplyLayer, subtract } from "./merging.ts";
import { pipe } from "./pipe.ts";
import {
  averagePooling1d,
  averagePooling2d,
  averagePooling3d,
  type MaxPooling2D,
  maxPooling1d,
  maxPooling2d,
  maxPooling3d,
} from "./pooling.ts";
import { flatten, permute, repeatVector, reshape } from "./reshaping.ts";
import type { Rule, Same, ShapeError } from "./rule.ts";
import { conv1dTranspose, conv2dTranspose, conv3dTranspose } from "./transposed-convolution.ts";
import { upSampling1d, upSampling2d, upSampling3d } from "./upsampling.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles when `x` has exactly the shape `S`. */
type Exact<S extends Shape> = <T extends Shape>(x: Tensor<T>, same: Equal<T, S>) => void;
declare function shape<S extends Shape>(): Exact<S>;

const same = { padding: "same" } as const;
const relu = { activation: "relu", padding: "same" } as const;
const image = input([28, 28, 1]);
declare const n: number;
declare const anyShape: Tensor;

// ---- the seed model ---------------------------------------------------------------------------------------------

const code = pipe(
  image,
  conv2d(16, 3, relu),
  maxPooling2d(2, same),
  conv2d(8, 3, relu),
  maxPooling2d(2, same),
  conv2d(8, 3, relu),
  maxPooling2d(2, same),
);
shape<[4, 4, 8]>()(code, true);

const picture = pipe(
  code,
  conv2d(8, 3, relu),
  upSampling2d(2),
  conv2d(8, 3, relu),
  upSampling2d(2),
  conv2d(16, 3, { activation: "relu" }),
  upSampling2d(2),
  conv2d(1, 3, { activation: "sigmoid", padding: "same" }),
);
shape<[28, 28, 1]>()(picture, true);

// ---- one layer at a time ----------------------------------------------------------------------------------------

shape<[28, 28, 1]>()(image, true);
shape<[26, 26, 4]>()(conv2d(4, 3)(image), true);
shape<[26, 24, 4]>()(conv2d(4, [3, 5])(image), true);
shape<[14, 28, 4]>()(conv2d(4, 3, { strides: [2, 1], padding: "same" })(image), true);
shape<[24, 24, 4]>()(conv2d(4, 3, { dilationRate: 2 })(image), true);
shape<[13, 13, 4]>()(conv2d(4, 3, { strides: 2 })(image), true);
shape<[26, 26, 4]>()(conv2d(4, 3, {})(image), true);
shape<[26, 26, 4]>()(conv2d(4, 3, { padding: undefined })(image), true);
shape<[14, 14, 1]>()(maxPooling2d()(image), true);
shape<[9, 9, 1]>()(maxPooling2d(3)(image), true);
shape<[10, 10, 1]>()(maxPooling2d(3, same)(image), true);
shape<[26, 26, 1]>()(averagePooling2d(3, { strides: 1 })(image), true);
shape<[14, 28, 1]>()(averagePooling2d(2, { strides: [2, 1], padding: "same" })(image), true);
shape<[14, 14, 1]>()(maxPooling2d(2, { strides: null })(image), true);
shape<[56, 84, 1]>()(upSampling2d([2, 3])(image), true);
shape<[56, 56, 1]>()(upSampling2d()(image), true);
shape<[784]>()(flatten()(image), true);
shape<[12544]>()(flatten()(input([14, 14, 64])), true);
shape<[150528]>()(flatten()(input([224, 224, 3])), true);
shape<[28, 28, 10]>()(dense(10)(image), true);
shape<[10]>()(dense(10, { activation: "softmax" })(input([784])), true);
shape<[7, 112]>()(reshape([7, 112])(image), true);
shape<[7, 7, 16]>()(reshape([7, -1, 16])(image), true);
shape<[28, 28, 1]>()(activation("relu")(image), true);
shape<[341, 256, 3]>()(maxPooling2d(3)(input([1024, 768, 3])), true);

// signals and volumes
const signal = input([100, 3]);
const volume = input([10, 12, 14, 2]);
shape<[98, 8]>()(conv1d(8, 3)(signal), true);
shape<[50, 8]>()(conv1d(8, [5], { padding: "causal", strides: 2 })(signal), true);
shape<[8, 10, 12, 4]>()(conv3d(4, 3)(volume), true);
shape<[10, 6, 14, 4]>()(conv3d(4, 3, { padding: "same", strides: [1, 2, 1] })(volume), true);
shape<[50, 3]>()(maxPooling1d()(signal), true);
shape<[34, 3]>()(averagePooling1d(3, same)(signal), true);
shape<[5, 6, 7, 2]>()(maxPooling3d()(volume), true);
shape<[5, 4, 14, 2]>()(averagePooling3d([2, 3, 1])(volume), true);

// transposed: the table of placements
shape<[8, 8, 1]>()(conv2dTranspose(1, 3, { strides: 2, padding: "same" })(input([4, 4, 2])), true);
shape<[9, 9, 1]>()(conv2dTranspose(1, 3, { strides: 2 })(input([4, 4, 2])), true);
shape<[12, 12, 1]>()(conv2dTranspose(1, 2, { strides: 3 })(input([4, 4, 2])), true);
shape<[13, 14, 1]>()(conv2dTranspose(1, 3, { strides: 2, ...same, outputPadding: [0, 1] })(input([7, 7, 2])), true);
shape<[10, 1]>()(conv1dTranspose(1, 3, { strides: 2, outputPadding: 1 })(input([4, 1])), true);
shape<[7, 1]>()(conv1dTranspose(1, 4, { strides: 2, padding: "same", outputPadding: 1 })(input([4, 1])), true);
shape<[8, 1]>()(conv1dTranspose(1, 3, { strides: 2, padding: "same", outputPadding: null })(input([4, 1])), true);
shape<[8, 1]>()(conv1dTranspose(1, 3, { dilationRate: 2 })(input([4, 1])), true);
shape<[20, 24, 28, 5]>()(conv3dTranspose(5, 3, { strides: 2, padding: "same" })(volume), true);
shape<[number, 8, 1]>()(conv2dTranspose(1, 3, { strides: 2, padding: "same" })(input([n, 4, 2])), true);
shape<[number, number, 1]>()(conv2dTranspose(1, n)(input([4, 4, 2])), true);

// depthwise and separable
shape<[26, 26, 6]>()(depthwiseConv2d(3, { depthMultiplier: 2 })(input([28, 28, 3])), true);
shape<[14, 14, 3]>()(depthwiseConv2d(3, { strides: 2, padding: "same" })(input([28, 28, 3])), true);
shape<[98, 3]>()(depthwiseConv1d(3)(signal), true);
shape<[26, 26, 8]>()(separableConv2d(8, 3, { depthMultiplier: 2 })(input([28, 28, 3])), true);
shape<[100, 8]>()(separableConv1d(8, 3, same)(signal), true);

// pooling over everything, and to a size
shape<[1]>()(globalAveragePooling2d()(image), true);
shape<[1, 1, 1]>()(globalAveragePooling2d({ keepdims: true })(image), true);
shape<[3]>()(globalMaxPooling1d()(signal), true);
shape<[2, 1, 1, 1]>()(globalMaxPooling3d({ keepdims: true, dataFormat: "channels_first" })(input([2, 3, 4, 5])), true);
shape<[7, 5, 1]>()(adaptiveAveragePooling2d([7, 5])(image), true);
shape<[7, 3]>()(adaptiveMaxPooling1d(7)(signal), true);
shape<[number]>()(globalAveragePooling2d()(anyShape), true);

// borders, upsampling
shape<[30, 30, 1]>()(zeroPadding2d()(image), true);
shape<[32, 30, 1]>()(zeroPadding2d([2, 1])(image), true);
shape<[29, 31, 1]>()(
  zeroPadding2d([
    [0, 1],
    [1, 2],
  ])(image),
  true,
);
shape<[103, 3]>()(zeroPadding1d([1, 2])(signal), true);
shape<[12, 13, 14, 2]>()(zeroPadding3d([1, [0, 1], 0])(volume), true);
shape<[98, 3]>()(cropping1d()(signal), true);
shape<[28, 28, 1]>()(cropping2d()(image), true);
shape<[26, 25, 1]>()(cropping2d([1, [0, 3]])(image), true);
shape<[8, 10, 12, 2]>()(cropping3d()(volume), true);
shape<[number, number, 1]>()(zeroPadding2d(n)(image), true);
shape<[200, 3]>()(upSampling1d()(signal), true);
shape<[20, 24, 28, 2]>()(upSampling3d()(volume), true);
shape<[112, 56, 1]>()(upSampling2d([4, 2], { interpolation: "bilinear" })(image), true);

// axes, activations
shape<[1, 28, 28]>()(permute([3, 1, 2])(image), true);
shape<[5, 16]>()(repeatVector(5)(input([16])), true);
shape<[28, 28, 1]>()(pipe(image, reLU({ maxValue: 6 }), leakyReLU(), pReLU({ sharedAxes: [1, 2] }), softmax()), true);

// merging
const deep = input([28, 28, 4]);
shape<[28, 28, 4]>()(addLayer([deep, deep, deep]), true);
shape<[28, 28, 4]>()(addLayer()([deep, image]), true);
shape<[28, 28, 4]>()(multiplyLayer([deep, input([1, 1, 4])]), true);
shape<[28, 28, 4]>()(average([input([4]), deep]), true);
shape<[28, 28, 4]>()(subtract([deep, image]), true);
shape<[28, 28, 1]>()(addLayer([image]), true);
shape<[28, 28, 5]>()(concatenate([deep, image]), true);
shape<[28, 28, 9]>()(concatenate([deep, image, deep]), true);
shape<[56, 28, 4]>()(concatenate([deep, deep], { axis: 1 }), true);
shape<[56, 28, 4]>()(concatenate({ axis: -3 })([deep, deep]), true);
shape<[28, number, 4]>()(concatenate([deep, input([28, n, 4])], { axis: 2 }), true);
shape<[1]>()(dot([input([8]), input([8])], 1), true);
shape<[3, 5]>()(dot([input([3, 4]), input([5, 4])], 2), true);
shape<[3, 5]>()(dot([input([3, 4]), input([4, 5])], [2, 1]), true);
shape<[4, 5]>()(dot([2, -1])([input([4, 3]), input([5, 3])]), true);
shape<number[]>()(addLayer([image, anyShape]), true);

// channels_first
const first = { dataFormat: "channels_first" } as const;
const chw = input([3, 32, 30]);
shape<[8, 30, 28]>()(conv2d(8, 3, first)(chw), true);
shape<[3, 16, 15]>()(maxPooling2d(2, first)(chw), true);
shape<[3, 64, 90]>()(upSampling2d([2, 3], first)(chw), true);

// A function as activation is fine, and its parameter is known to be a tensor.
shape<[26, 26, 4]>()(conv2d(4, 3, { activation: (x) => add(x, 1) })(image), true);

// ---- what is unknown stays unknown ------------------------------------------------------------------------------

const options: Conv2DOptions = {};
const padding = "same" as "same" | "valid";
shape<[number, number, 4]>()(conv2d(4, 3)(input([n, n, 1])), true);
shape<[number, 26, 4]>()(conv2d(4, 3)(input([n, 28, 1])), true);
shape<[number, number, 4]>()(conv2d(4, n)(image), true);
shape<[28, 28, 4]>()(conv2d(4, n, same)(image), true);
shape<[26, 26, number]>()(conv2d(n, 3)(image), true);
const someConvolution: Conv2D = conv2d(4, 3, { padding: "same" });
const somePooling: MaxPooling2D = maxPooling2d(2);
const someFormat: Tensor<[number, number, 4] | [4, number, number]> = conv2d(4, 3, options)(image);

export { someConvolution, someFormat, somePooling };

shape<[26 | 28, 26 | 28, 4]>()(conv2d(4, 3, { padding })(image), true);
shape<[number, number, 4]>()(conv2d(4, 3)(anyShape), true);
shape<[number]>()(flatten()(anyShape), true);
shape<[number]>()(flatten()(input([n, 28, 1])), true);
shape<[2, number]>()(reshape([2, -1])(input([n])), true);
shape<[number, number, number]>()(maxPooling2d(2)(anyShape), true);

// ---- what does not fit ------------------------------------------------------------------------------------------

// @ts-expect-error a window of 9 does not fit a height of 8
conv2d(4, 9)(input([8, 28, 1]));
// @ts-expect-error a window of 9 does not fit a width of 8
conv2d(4, 9)(input([28, 8, 1]));
// @ts-expect-error a window of 5 (3 with dilation 2) does not fit a height of 4
conv2d(4, 3, { dilationRate: 2 })(input([4, 4, 1]));
// @ts-expect-error a window of 3 does not fit a height of 2
maxPooling2d(3)(input([2, 2, 1]));
// @ts-expect-error needs three axes
conv2d(4, 3)(input([28, 28]));
// @ts-expect-error needs three axes
upSampling2d(2)(input([16]));
// @ts-expect-error needs an axis
dense(3)(input([]));
// @ts-expect-error 784 cells do not fill [10, 10]
reshape([10, 10])(image);
// @ts-expect-error 784 is no multiple of 5
reshape([5, -1])(image);
// @ts-expect-error needs two axes
conv1d(4, 3)(image);
// @ts-expect-error a window of 3 does not fit a width of 2
maxPooling3d(3)(input([3, 3, 2, 1]));
// @ts-expect-error needs three axes
conv2dTranspose(4, 3)(signal);
// @ts-expect-error needs three axes
globalAveragePooling2d()(signal);
// @ts-expect-error cannot crop 28 cells from a height of 28
cropping2d([14, 0])(image);
// @ts-expect-error names two axes
permute([2, 1])(image);
// @ts-expect-error needs one axis
repeatVector(2)(image);
// @ts-expect-error sizes of 4 and 3 on the same axis
addLayer([deep, input([28, 28, 3])]);
// @ts-expect-error a list of tensors, not one
addLayer()(deep);
// @ts-expect-error a list of 2 tensors
subtract([deep, deep, deep]);
// @ts-expect-error sizes of 28 and 14 on an axis that is not joined
concatenate([deep, input([14, 28, 4])]);
// @ts-expect-error as many axes everywhere
concatenate([deep, signal]);
// @ts-expect-error 4 cells on axis 2 of the first tensor and 5 on axis 2 of the second
dot([input([3, 4]), input([3, 5])], 2);
pipe(
  input([8, 8, 3]),
  conv2d(4, 3),
  conv2d(4, 3),
  // @ts-expect-error after two convolutions 4 × 4 is left: a window of 5 does not fit, and this is the line it says so
  conv2d(8, 5),
  upSampling2d(2),
);

// ---- options ----------------------------------------------------------------------------------------------------

// @ts-expect-error it is strides
conv2d(4, 3, { stride: 2 });
// @ts-expect-error also beside an option that exists
conv2d(4, 3, { stride: 2, padding: "same" });
// @ts-expect-error no such padding
conv2d(4, 3, { padding: "full" });
// @ts-expect-error no such activation
conv2d(4, 3, { activation: "rellu" });
// @ts-expect-error a pair has two numbers
conv2d(4, [3, 3, 3]);
// @ts-expect-error the pool size of averages has no default
averagePooling2d();
// @ts-expect-error no such interpolation
upSampling2d(2, { interpolation: "linear" });
// @ts-expect-error causal is for signals
conv2d(4, 3, { padding: "causal" });
// @ts-expect-error groups are for forward convolutions
conv2dTranspose(4, 3, { groups: 2 });
// @ts-expect-error it is depthwiseInitializer
depthwiseConv2d(3, { kernelInitializer: "zeros" });
// @ts-expect-error it is useBias
dense(3, { bias: false });

// ---- layers of one's own ----------------------------------------------------------------------------------------

class Double extends Layer<Same> {
  call(x: Tensor) {
    return add(x, x);
  }
}
class Untyped extends Layer {
  call(x: Tensor) {
    return x;
  }
}
interface HeadRule extends Rule {
  readonly out: this["in"] extends readonly [infer H extends number, infer W extends number, number]
    ? [H, W, 10]
    : ShapeError<"head: needs a picture">;
}
class Head extends Layer<HeadRule> {
  readonly size: number;
  constructor(size: number) {
    super({ name: "head" });
    this.size = size;
  }
  call(x: Tensor) {
    return conv2d(10, this.size, same)(x);
  }
}
interface MergeRule extends Rule {
  readonly out: this["in"] extends readonly [infer A extends Shape, Shape] ? A : ShapeError<"merge: needs two tensors">;
}
class Merge extends Layer<MergeRule> {
  call([a, b]: readonly Tensor[]) {
    return add(a, b);
  }
}
interface SplitRule extends Rule {
  readonly out: [this["in"], [1]];
}
class Split extends Layer<SplitRule> {
  call(x: Tensor) {
    return [x, reshape([1])(x)];
  }
}

shape<[28, 28, 1]>()(new Double()(image), true);
shape<[28, 28, 10]>()(pipe(image, new Double(), new Head(3)), true);
shape<Shape>()(new Untyped()(image), true);
shape<[number, number, 3]>()(pipe(image, new Untyped(), conv2d(3, 3)), true);
shape<[28, 28, 1]>()(new Merge()([image, image]), true);
const [left, right] = new Split()(image);
shape<[28, 28, 1]>()(left, true);
shape<[1]>()(right, true);
// @ts-expect-error needs a picture
new Head(3)(input([3]));
// @ts-expect-error needs two
new Merge()(image);

// Every layer is a `Layer`, and as such gives a tensor of any shape.
const layers: Layer[] = [
  conv2d(4, 3),
  conv1dTranspose(2, 3),
  maxPooling3d(),
  addLayer(),
  concatenate(),
  dot(1),
  new Double(),
  new Head(3),
  new Untyped(),
  flatten(),
  dense(3),
];
const plain: Layer = new Double() as Layer<Same>;
shape<Shape>()(layers[0](image), true);
shape<Shape>()(pipe(image, plain), true);
const [aName, aFlag]: readonly [string, boolean] = [layers[0].name, layers[0].trainable];

export { aFlag, aName };

// ---- long pipes and large pictures ------------------------------------------------------------------------------

shape<[28, 28, 31]>()(
  pipe(
    image,
    conv2d(2, 3, relu),
    conv2d(3, 3, relu),
    conv2d(4, 3, relu),
    conv2d(5, 3, relu),
    conv2d(6, 3, relu),
    conv2d(7, 3, relu),
    conv2d(8, 3, relu),
    conv2d(9, 3, relu),
    conv2d(10, 3, relu),
    conv2d(11, 3, relu),
    conv2d(12, 3, relu),
    conv2d(13, 3, relu),
    conv2d(14, 3, relu),
    conv2d(15, 3, relu),
    conv2d(16, 3, relu),
    conv2d(17, 3, relu),
    conv2d(18, 3, relu),
    conv2d(19, 3, relu),
    conv2d(20, 3, relu),
    conv2d(21, 3, relu),
    conv2d(22, 3, relu),
    conv2d(23, 3, relu),
    conv2d(24, 3, relu),
    conv2d(25, 3, relu),
    conv2d(26, 3, relu),
    conv2d(27, 3, relu),
    conv2d(28, 3, relu),
    conv2d(29, 3, relu),
    conv2d(30, 3, relu),
    conv2d(31, 3, relu),
  ),
  true,
);

shape<[1000]>()(
  pipe(
    input([1024, 768, 3]),
    conv2d(64, 7, { strides: 2 }),
    conv2d(64, 3),
    maxPooling2d(3, { strides: 2 }),
    conv2d(128, 3),
    conv2d(128, 3),
    maxPooling2d(2),
    conv2d(256, 3),
    conv2d(256, 3, { dilationRate: 2 }),
    maxPooling2d(2),
    conv2d(512, 3),
    conv2d(512, 3),
    maxPooling2d([3, 2]),
    conv2d(512, 3),
    flatten(),
    dense(4096, { activation: "relu" }),
    dense(1000, { activation: "softmax" }),
  ),
  true,
);
