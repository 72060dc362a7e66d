/** The example of the documentation, as the compiler sees it, and a layer of one's own from the public names alone. */
import { mnist } from "./data/datasets.ts";
import {
  conv2d,
  dense,
  input,
  Layer,
  maxPooling2d,
  model,
  type NdArray,
  ops,
  pipe,
  type Same,
  type Tensor,
  upSampling2d,
} from "./index.ts";

const relu = { activation: "relu", padding: "same" } as const;
const image = input([28, 28, 1]);
const code = pipe(
  image,
  conv2d(16, 3, relu),
  maxPooling2d(2, { padding: "same" }),
  conv2d(8, 3, relu),
  maxPooling2d(2, { padding: "same" }),
  conv2d(8, 3, relu),
  maxPooling2d(2, { padding: "same" }),
);
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
image satisfies Tensor<[28, 28, 1]>;
code satisfies Tensor<[4, 4, 8]>;
picture satisfies Tensor<[28, 28, 1]>;

const autoencoder = model(image, picture);
autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
const { train, test } = await mnist();
await autoencoder.fit(train.images, train.images, {
  epochs: 10,
  batchSize: 128,
  validationData: [test.images, test.images],
});
await autoencoder.save("autoencoder.keras");
(await autoencoder.predict(test.images)) satisfies NdArray<Float32Array>;

class Double extends Layer<Same> {
  call(x: Tensor) {
    return ops.add(x, x);
  }
}
pipe(input([3]), new Double(), dense(2)) satisfies Tensor<[2]>;
