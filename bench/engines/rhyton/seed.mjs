/** The job `seed` on Rhyton. */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { decode, digits } from "../../data.mjs";

const BATCH = 128;
const STEPS = 100;
const CALLS = 300;
const TOLERANCE = 1e-4;
const fixture = JSON.parse(readFileSync(new URL("../../../fixtures/seed.json", import.meta.url), "utf8"));

/** @param build - the folder of a built Rhyton. */
export async function start({ build, threads, wide }) {
  const rhyton = await import(pathToFileURL(`${build}/index.js`).href);
  const bytes = digits(BATCH * STEPS);
  /** The first `count` digits as `mnist()` gives them. */
  const first = (count) => ({
    data: bytes.data.subarray(0, count * 784),
    shape: [count, 28, 28, 1],
    scale: 1 / 255,
  });

  const fresh = () => {
    const m = autoencoder(rhyton);
    m.setWeights(fixture.initial_weights.map(decode));
    m.compile({ optimizer: "adam", loss: "binary_crossentropy", threads, wide });
    return m;
  };
  const model = fresh();
  const [all, one] = [first(BATCH * STEPS), first(1)];

  return {
    /** That it learns what Keras learns. */
    async check() {
      const m = fresh();
      const x = first(fixture.data.count);
      const { history } = await m.fit(x, x, { batchSize: BATCH, shuffle: false, verbose: 0 });
      const expected = fixture.losses.reduce((sum, loss) => sum + loss, 0) / fixture.losses.length;
      near("mean loss", history.loss, [expected]);
      near("pictures", (await m.predict(first(2))).data, decode(fixture.predictions).data);
    },
    measures: {
      "seed train": async () => {
        const ms = await timed(() => model.fit(all, all, { batchSize: BATCH, verbose: 0 }));
        return { ms: ms / STEPS, steps: STEPS };
      },
      "seed predict": async () => {
        const ms = await timed(() => model.predict(all, { batchSize: BATCH }));
        return { ms: ms / STEPS, steps: STEPS };
      },
      "seed predict 1": async () => {
        const times = [];
        for (let call = 0; call < CALLS; call++) times.push(await timed(() => model.predictOnBatch(one)));
        return { ms: times.sort((a, b) => a - b)[CALLS >> 1], steps: CALLS };
      },
    },
  };
}

function autoencoder({ conv2d, input, maxPooling2d, model, pipe, upSampling2d }) {
  const relu = { activation: "relu", padding: "same" };
  const image = input([28, 28, 1]);
  const picture = pipe(
    image,
    conv2d(16, 3, relu),
    maxPooling2d(2, { padding: "same" }),
    conv2d(8, 3, relu),
    maxPooling2d(2, { padding: "same" }),
    conv2d(8, 3, relu),
    maxPooling2d(2, { padding: "same" }),
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(8, 3, relu),
    upSampling2d(2),
    conv2d(16, 3, { activation: "relu" }),
    upSampling2d(2),
    conv2d(1, 3, { activation: "sigmoid", padding: "same" }),
  );
  return model(image, picture, { seed: 1 });
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function near(what, actual, expected) {
  const worst = Math.max(...Array.from(expected, (value, i) => Math.abs(actual[i] - value)));
  if (actual.length !== expected.length || !(worst <= TOLERANCE)) {
    throw new Error(`seed: the ${what} is ${worst} from that of Keras, allowed are ${TOLERANCE}`);
  }
}
