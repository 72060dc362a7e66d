/** Rhyton itself, from a folder with a build of it. */
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { size } from "../networks.mjs";
import { openLayer } from "./rhyton-layer.mjs";

export const hello = () => ({ engine: "Rhyton", variants: [{}] });

/** @param settings - `build` is the folder of a built Rhyton; the rest as in host.mjs. */
export const prepare = (settings) =>
  settings.job.network === undefined ? (measure) => openLayer(settings, measure) : prepareNetwork(settings);

async function prepareNetwork({ build, threads, wide, job, weights, samples }) {
  const rhyton = await import(pathToFileURL(`${build}/index.js`).href);
  const { network, loss = "mean_squared_error" } = job;
  const values = network.nodes.flatMap(({ weights: own }) =>
    own.map(({ shape, offset }) => ({ data: weights.subarray(offset, offset + size(shape)), shape })),
  );
  const per = size(network.input);
  // Digits as `mnist()` gives them: bytes, and what to multiply them by.
  const [data, scale] = job.data === "digits" ? [bytesOf(samples), 1 / 255] : [samples, 1];
  const first = (count) => ({ data: data.subarray(0, count * per), shape: [count, ...network.input], scale });

  return async (measure) => {
    const model = networkOf(rhyton, network);
    model.setWeights(values);
    const programs = [];
    const made = rhyton.wasm({ threads, wide });
    /** The device as `compile({ threads, wide })` makes it, with a look at what it compiles. */
    const device = {
      name: made.name,
      compile(graph) {
        programs.push(made.compile(graph));
        return programs.at(-1);
      },
    };
    const began = performance.now();
    model.compile({ optimizer: "adam", loss, device });
    const batch = first(measure.batch);
    const bytes = () => programs.at(-1)?.generated.module.toBytes().length;
    if (measure.kind === "train") {
      const all = (steps) => first(measure.batch * steps);
      return {
        began,
        bytes,
        step: async () => (await model.trainOnBatch(batch, batch)).loss,
        epoch: (steps) => model.fit(all(steps), all(steps), { batchSize: measure.batch, verbose: 0 }),
      };
    }
    return {
      began,
      bytes,
      step: async () => (await model.predictOnBatch(batch)).data,
      epoch: (steps) => model.predict(first(measure.batch * steps), { batchSize: measure.batch }),
    };
  };
}

function bytesOf(samples) {
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(255 * samples[i]);
  return bytes;
}

/** The network in Rhyton's layers. */
function networkOf(rhyton, { input, nodes }) {
  const makers = {
    conv: ({ weights, kernel, stride, padding, activation }) => {
      const useBias = weights.length > 1;
      return rhyton.conv2d(weights[0].shape[3], kernel, { strides: stride, padding, activation, useBias });
    },
    depthwise: ({ kernel, stride, padding }) =>
      rhyton.depthwiseConv2d(kernel, { strides: stride, padding, useBias: false }),
    maxPool: ({ kernel, stride, padding }) => rhyton.maxPooling2d(kernel, { strides: stride, padding }),
    upSample: () => rhyton.upSampling2d(2),
    norm: ({ epsilon }) => rhyton.batchNormalization({ epsilon }),
    relu6: () => rhyton.reLU({ maxValue: 6 }),
    add: () => rhyton.add(),
    globalAverage: () => rhyton.globalAveragePooling2d(),
    dense: ({ shape, activation }) => rhyton.dense(shape[0], { activation }),
  };
  const image = rhyton.input(input);
  const made = [];
  const valueAt = (n) => (n < 0 ? image : made[n]);
  for (const node of nodes) {
    const layer = makers[node.op](node);
    const inputs = node.from.map(valueAt);
    made.push(inputs.length > 1 ? layer(inputs) : layer(inputs[0]));
  }
  return rhyton.model(image, made.at(-1), { seed: 1 });
}
