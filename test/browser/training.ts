/** Trainings that must leave the same bits in Node and in every page. */
import { makeAutoencoder } from "../../src/cli/autoencoder.ts";
import { fillUniform } from "../../src/core/random.ts";
import {
  conv2d,
  input,
  type Model,
  maxPooling2d,
  model,
  type NdArray,
  pipe,
  upSampling2d,
  type WasmOptions,
  wasm,
} from "../../src/index.ts";

/** What a training leaves: losses as they are, arrays as base64. */
export interface Result {
  readonly losses: readonly number[];
  readonly weights: readonly string[];
  readonly pictures: string;
}

function base64(values: Float32Array): string {
  let text = "";
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}

/** Bytes like those of pictures. */
function pictures(count: number, size: number): NdArray {
  const values = new Float32Array(count * size * size);
  fillUniform(values, 7, 0, 256);
  return { data: Uint8Array.from(values, Math.floor), shape: [count, size, size, 1], scale: 1 / 255 };
}

/** The seed's shape of network for pictures of 8 × 8. */
function smallAutoencoder(): Model {
  const relu = { activation: "relu", padding: "same" } as const;
  const image = input([8, 8, 1]);
  const picture = pipe(
    image,
    conv2d(4, 3, relu),
    maxPooling2d(2, { padding: "same" }),
    conv2d(3, 3, relu),
    maxPooling2d(2, { padding: "same" }),
    upSampling2d(2),
    conv2d(3, 3, relu),
    upSampling2d(2),
    conv2d(1, 3, { activation: "sigmoid", padding: "same" }),
  );
  return model(image, picture, { seed: 3 }) as unknown as Model;
}

const trainings = {
  small: { make: smallAutoencoder, size: 8, batchSize: 16 },
  seed: { make: () => makeAutoencoder(3).autoencoder as unknown as Model, size: 28, batchSize: 64 },
};
export type TrainingName = keyof typeof trainings;

/** Ten steps, two epochs; then some pictures. */
export async function train(name: TrainingName, options: WasmOptions = {}): Promise<Result> {
  const { make, size, batchSize } = trainings[name];
  const autoencoder = make();
  autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy", device: wasm(options) });
  const x = pictures(10 * batchSize - 5, size);
  const { history } = await autoencoder.fit(x, x, { epochs: 2, batchSize, verbose: 0 });
  const answer = (await autoencoder.predict(pictures(3, size), { verbose: 0 })) as NdArray<Float32Array>;
  return {
    losses: history.loss,
    weights: autoencoder.getWeights().map(({ data }) => base64(data)),
    pictures: base64(answer.data),
  };
}

/** Trains for a while and then changes its mind: how long that took, and what was heard meanwhile. */
export async function trainAndStop(ms: number): Promise<{ tookMs: number; longestPauseMs: number; stopped: boolean }> {
  const autoencoder = smallAutoencoder();
  autoencoder.compile({ optimizer: "adam", loss: "binary_crossentropy" });
  const x = pictures(64, 8);
  await autoencoder.fit(x, x, { verbose: 0 });
  const many = pictures(20_000, 8);
  const stop = new AbortController();
  const start = performance.now();
  let last = start;
  let longestPauseMs = 0;
  const clock = setInterval(() => {
    longestPauseMs = Math.max(longestPauseMs, performance.now() - last);
    last = performance.now();
  }, 10);
  setTimeout(() => stop.abort(), ms);
  const error: unknown = await autoencoder
    .fit(many, many, { epochs: 1000, batchSize: 2000, verbose: 0, signal: stop.signal })
    .catch((e: unknown) => e);
  clearInterval(clock);
  return { tookMs: performance.now() - start, longestPauseMs, stopped: (error as Error)?.name === "AbortError" };
}
