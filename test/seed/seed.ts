/** The seed network, its digits, and what real Keras made of them: fixtures/seed.json. */
import { readFileSync } from "node:fs";
import type { NdArray } from "../../src/core/array.ts";
import { mnist } from "../../src/data/mnist.ts";
import { conv2d } from "../../src/layers/convolution.ts";
import { input } from "../../src/layers/input.ts";
import { pipe } from "../../src/layers/pipe.ts";
import { maxPooling2d } from "../../src/layers/pooling.ts";
import { upSampling2d } from "../../src/layers/upsampling.ts";
import { model } from "../../src/training/make-model.ts";
import { decode, type Encoded } from "../../src/training/testing.ts";

interface Losses {
  /** One for each step, before its update, in float32. */
  readonly losses: readonly number[];
  /** Of the same training in float64: how far apart rounding alone carries the two. */
  readonly losses_float64: readonly number[];
}

/** What fixtures/seed.json holds; scripts/fixture_seed.py says how it came about. */
export interface SeedFixture extends Losses {
  readonly data: { readonly count: number; readonly sha256: string; readonly batch_size: number };
  readonly initial_weights: readonly (Encoded & { readonly name: string })[];
  readonly weights: readonly (Encoded & { readonly name: string })[];
  readonly predictions: Encoded;
  readonly sgd: Losses;
}

export const fixture: SeedFixture = JSON.parse(
  readFileSync(new URL("../../fixtures/seed.json", import.meta.url), "utf8"),
);

export const arrayFrom = (encoded: Encoded): NdArray<Float32Array> => ({
  data: decode(encoded),
  shape: encoded.shape,
});

const relu = { activation: "relu", padding: "same" } as const;
const half = { padding: "same" } as const;

export function autoencoder(seed = 1) {
  const image = input([28, 28, 1]);
  const picture = pipe(
    image,
    conv2d(16, 3, relu),
    maxPooling2d(2, half),
    conv2d(8, 3, relu),
    maxPooling2d(2, half),
    conv2d(8, 3, relu),
    maxPooling2d(2, half),
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(16, 3, { activation: "relu" }),
    upSampling2d(2),
    conv2d(1, 3, { activation: "sigmoid", padding: "same" }),
  );
  return model(image, picture, { seed });
}

/** The seed network with the weights that Keras began with. */
export function startedLikeKeras() {
  const m = autoencoder();
  m.setWeights(fixture.initial_weights.map(arrayFrom));
  return m;
}

const { train } = await mnist();

/** Training digits `first` to `first + count`, as bytes that are read as numbers in [0, 1]. */
export function digitsFrom(first: number, count: number): NdArray<Uint8Array> {
  const { data, shape, scale } = train.images;
  return { data: data.slice(first * 784, (first + count) * 784), shape: [count, ...shape.slice(1)], scale };
}

/** What they show, shape `[count]`. */
export const labelsFrom = (first: number, count: number): NdArray<Uint8Array> => ({
  data: train.labels.data.slice(first, first + count),
  shape: [count],
});
