/**
 * TensorFlow.js: its plain JavaScript and its WebAssembly, on one thread, which is all there is in Node. Batch
 * normalizations are folded into the convolutions before them, as its converter does, for prediction.
 */
import { folded, size } from "../networks.mjs";
import { folderOf, helloOf, importPeer } from "../peers.mjs";

const variants = [
  { variant: "wasm", label: "wasm", threads: 1 },
  { variant: "cpu", label: "cpu", threads: 1 },
];

export const hello = () => helloOf("TensorFlow.js", "@tensorflow/tfjs", variants);

export async function prepare({ variant, job, weights, samples }) {
  const { default: tf } = await importPeer("@tensorflow/tfjs");
  if (variant === "wasm") {
    const { default: backend } = await importPeer("@tensorflow/tfjs-backend-wasm");
    backend.setWasmPaths(folderOf("@tensorflow/tfjs-backend-wasm/dist"));
  }
  await tf.setBackend(variant);
  await tf.ready();
  const small = folded(job.network, weights);

  return async ({ kind, batch }) => {
    if (kind === "train" && variant === "wasm") return { unable: "it has no gradient of a convolution to its kernel" };
    const { input } = small.network;
    const x = tf.tensor4d(samples.slice(0, batch * size(input)), [batch, ...input]);
    const values = small.network.nodes.map(({ weights: own }) =>
      own.map(({ shape, offset }) => tf.variable(tf.tensor(small.weights.slice(offset, offset + size(shape)), shape))),
    );
    if (kind === "predict") {
      return {
        step: async () => {
          const y = tf.tidy(() => fused(tf, small.network, values, x));
          const data = await y.data();
          y.dispose();
          return data;
        },
      };
    }
    const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-7);
    const lossOf = losses[job.loss](tf);
    let steps = 0;
    return {
      step: async () => {
        // Keras adds its epsilon before the bias of the second moment is taken out, TensorFlow.js after.
        optimizer.epsilon = 1e-7 / Math.sqrt(1 - 0.999 ** ++steps);
        const loss = optimizer.minimize(() => lossOf(apart(tf, small.network, values, x), x), true);
        const [value] = await loss.data();
        loss.dispose();
        return value;
      },
    };
  };
}

/** Keras clips probabilities before it takes logarithms. */
const losses = {
  mean_squared_error: (tf) => (y, x) => tf.mean(tf.squaredDifference(y, x)),
  binary_crossentropy: (tf) => (y, x) => {
    const p = tf.clipByValue(y, 1e-7, 1 - 1e-7);
    return tf.neg(tf.mean(tf.add(tf.mul(x, tf.log(p)), tf.mul(tf.sub(1, x), tf.log(tf.sub(1, p))))));
  },
};

const others = (tf) => ({
  maxPool: ({ kernel, stride, padding }, [x]) => tf.maxPool(x, kernel, stride, padding),
  upSample: ({ shape }, [x]) => tf.image.resizeNearestNeighbor(x, shape.slice(0, 2)),
  relu6: (_, [x]) => tf.relu6(x),
  add: (_, [a, b]) => tf.add(a, b),
  globalAverage: (_, [x]) => tf.mean(x, [1, 2]),
  dense: ({ activation }, [x], [kernel, bias]) => tf[activation](tf.add(tf.matMul(x, kernel), bias)),
});

/** The network with bias and activation inside convolutions. */
function fused(tf, { nodes }, values, x) {
  const clipped = (n) => nodes[n + 1]?.op === "relu6";
  const options = ({ stride, padding: pad, activation }, n, x, filter, bias) => {
    // A fused operation has no sigmoid in every backend.
    const inside = clipped(n) ? "relu6" : activation === "relu" ? "relu" : "linear";
    return { x, filter, strides: stride, pad, bias, activation: inside };
  };
  return evaluate({ nodes, x, values }, others(tf), {
    conv: (node, [x], [filter, bias], n) => {
      const y = tf.fused.conv2d(options(node, n, x, filter, bias));
      return node.activation === "sigmoid" ? tf.sigmoid(y) : y;
    },
    depthwise: (node, [x], [filter, bias], n) => tf.fused.depthwiseConv2d(options(node, n, x, filter, bias)),
    relu6: (_, [x]) => x,
  });
}

/** The network with every operation by itself, for gradients. */
function apart(tf, { nodes }, values, x) {
  const activations = { linear: (x) => x, relu: tf.relu, sigmoid: tf.sigmoid };
  return evaluate({ nodes, x, values }, others(tf), {
    conv: ({ stride, padding, activation }, [x], [filter, bias]) =>
      activations[activation](tf.add(tf.conv2d(x, filter, stride, padding), bias)),
  });
}

function evaluate({ nodes, x, values }, base, own) {
  const layers = { ...base, ...own };
  const made = [];
  nodes.forEach((node, n) => {
    const inputs = node.from.map((from) => (from < 0 ? x : made[from]));
    made.push(layers[node.op](node, inputs, values[n], n));
  });
  return made.at(-1);
}
