/** What the page of a user who trains and asks a model needs: the seed network, through the public names. */
import { conv2d, input, maxPooling2d, model, type NdArray, pipe, upSampling2d } from "../../src/index.ts";

/** Trains the seed for one epoch and answers its loss and what it makes of the pictures. */
export async function trainSeed(x: NdArray) {
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
  const autoencoder = model(image, picture, { seed: 1 });
  autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
  const { history } = await autoencoder.fit(x, x, { epochs: 1, verbose: 0 });
  return { loss: history.loss[0], pictures: await autoencoder.predict(x, { verbose: 0 }) };
}
