/** Type tests of layers, rules and `pipe`: checked by `npm run types`, never run. */
import type { Shape, Tensor } from "../graph/tensor.ts";
import { add } from "../ops/index.ts";
import { activation } from "./activation.ts";
import { Conv2D, type Conv2DOptions, conv2d } from "./convolution.ts";
import { dense } from "./dense.ts";
import { input } from "./input.ts";
import { Layer } from "./layer.ts";
import { pipe } from "./pipe.ts";
import { averagePooling2d, MaxPooling2D, maxPooling2d } from "./pooling.ts";
import { flatten, reshape } from "./reshaping.ts";
import type { Rule, Same, ShapeError } from "./rule.ts";
import { upSampling2d } from "./upsampling.ts";

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
shape<[26, 26, 4]>()(new Conv2D(4, 3, {})(image), true);
shape<[14, 14, 1]>()(maxPooling2d()(image), true);
shape<[9, 9, 1]>()(maxPooling2d(3)(image), true);
shape<[10, 10, 1]>()(maxPooling2d(3, same)(image), true);
shape<[26, 26, 1]>()(averagePooling2d(3, { strides: 1 })(image), true);
shape<[14, 28, 1]>()(averagePooling2d(2, { strides: [2, 1], padding: "same" })(image), true);
shape<[14, 14, 1]>()(new MaxPooling2D(2, { strides: null })(image), true);
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
const someFormat: Tensor<[number, number, 4] | [4, number, number]> = conv2d(4, 3, options)(image);

export { someFormat };

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
const layers: Layer[] = [conv2d(4, 3), new Double(), new Head(3), new Untyped(), flatten(), dense(3)];
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
