/** The convolutional autoencoder that `rhyton train` trains: digits of 28 × 28 to a code of 4 × 4 × 8 and back. */
import { conv2d, cropping2d, input, maxPooling2d, model, pipe, upSampling2d } from "../index.ts";

/**
 * The whole and its first half, which share their weights.
 *
 * Pooled three times, a side of n becomes m = ⌈n / 8⌉, and upsampled again 8 m. Where both sides are 8 m - 4, a
 * convolution without padding takes the 4 away, as in the autoencoder for digits; others are cropped at the end.
 *
 * @param seed - for the first values of the weights and for the order of samples.
 * @param shape - height, width and channels of the pictures; without it those of digits.
 */
export function makeAutoencoder(seed: number, shape: readonly number[] = [28, 28, 1]) {
  const [height, width, channels] = shape;
  const relu = { activation: "relu", padding: "same" } as const;
  const image = input([height, width, channels]);
  const code = pipe(
    image,
    conv2d(16, 3, relu),
    maxPooling2d(2, { padding: "same" }), // [14, 14, 16]
    conv2d(8, 3, relu),
    maxPooling2d(2, { padding: "same" }), // [7, 7, 8]
    conv2d(8, 3, relu),
    maxPooling2d(2, { padding: "same" }), // [4, 4, 8]: 7 is padded by one row and one column
  );
  const isShorter = height % 8 === 4 && width % 8 === 4;
  const whole = pipe(
    code,
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(16, 3, { activation: "relu", padding: isShorter ? "valid" : "same" }), // for digits 16 becomes 14 again
    upSampling2d(2),
    conv2d(channels, 3, { activation: "sigmoid", padding: "same" }),
  );
  const [below, right] = [height, width].map((side) => Math.ceil(side / 8) * 8 - side);
  const isWhole = isShorter || below + right === 0;
  const picture = isWhole ? whole : cropping2d([[0, below], [0, right]])(whole); // biome-ignore format: pairs
  const autoencoder = model(image, picture, { seed, name: "autoencoder" });
  return { autoencoder, encoder: model(image, code, { seed, name: "encoder" }) };
}
