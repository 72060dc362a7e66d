/** The convolutional autoencoder that `rhyton train` trains: 28 × 28 pictures to a code of 4 × 4 × 8 and back. */
import { conv2d, input, maxPooling2d, model, pipe, upSampling2d } from "../index.ts";

/**
 * The whole and its first half, which share their weights.
 *
 * @param seed - for the first values of the weights and for the order of samples.
 */
export function makeAutoencoder(seed: number) {
  const relu = { activation: "relu", padding: "same" } as const;
  const image = input([28, 28, 1]);
  const code = pipe(
    image,
    conv2d(16, 3, relu),
    maxPooling2d(2, { padding: "same" }), // [14, 14, 16]
    conv2d(8, 3, relu),
    maxPooling2d(2, { padding: "same" }), // [7, 7, 8]
    conv2d(8, 3, relu),
    maxPooling2d(2, { padding: "same" }), // [4, 4, 8]: 7 is padded by one row and one column
  );
  const picture = pipe(
    code,
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(16, 3, { activation: "relu" }), // "valid" on purpose: 16 becomes 14 again
    upSampling2d(2),
    conv2d(1, 3, { activation: "sigmoid", padding: "same" }),
  );
  const autoencoder = model(image, picture, { seed, name: "autoencoder" });
  return { autoencoder, encoder: model(image, code, { seed, name: "encoder" }) };
}
