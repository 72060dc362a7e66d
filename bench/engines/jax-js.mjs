/** jax-js: WebAssembly on one thread, which is all it has in Node. */

import { transposed } from "../material.mjs";
import { folded, size } from "../networks.mjs";
import { kernelFirst } from "../onnx.mjs";
import { helloOf, importPeer } from "../peers.mjs";

export const hello = () => helloOf("jax-js", "@jax-js/jax", [{ variant: "wasm", label: "wasm", threads: 1 }]);

export async function prepare({ job, weights: given, samples }) {
  const jax = await importPeer("@jax-js/jax");
  const { numpy: np, tree } = jax;
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { network, weights } = folded(job.network, given);
  const [height, width, channels] = network.input;
  const shape = network.nodes.at(-1).shape;

  /** The weights by name, channels first. */
  const parameters = () =>
    Object.fromEntries(
      network.nodes.flatMap(({ op, weights: own }, n) =>
        own.map(({ kind, shape, offset }) => {
          const data = weights.slice(offset, offset + size(shape));
          if (shape.length === 4) {
            const [k, l, c, f] = shape;
            const first = op === "depthwise" ? [c, 1, k, l] : [f, c, k, l];
            return [`${n}.${kind}`, np.array(kernelFirst(data, shape, op === "depthwise")).reshape(first)];
          }
          const wide = op === "dense" ? shape : [...shape, 1, 1];
          return [`${n}.${kind}`, np.array(data).reshape(wide)];
        }),
      ),
    );

  return async ({ kind, batch }) => {
    const first = transposed(samples.subarray(0, batch * size(network.input)), batch, height * width, channels);
    const x = np.array(first).reshape([batch, channels, height, width]);
    const predict = (p, x) => evaluate(jax, network, p, x);
    if (kind === "predict") {
      const p = parameters();
      const compiled = jax.jit(predict);
      return {
        step: () => compiled(tree.ref(p), x.ref).data(),
        answer: (y) => (shape.length === 3 ? transposed(y, batch, shape[2], shape[0] * shape[1]) : y),
      };
    }
    const compiled = jax.jit(jax.valueAndGrad((p, x) => losses[job.loss](np, predict(p, x.ref), x)));
    const update = jax.jit((p, g, m, v, rate) => adam(np, p, g, m, v, rate));
    let p = parameters();
    let [m, v] = [0, 0].map(() => Object.fromEntries(Object.entries(p).map(([k, w]) => [k, np.zeros(w.shape)])));
    let t = 0;
    return {
      async step() {
        t++;
        const [loss, g] = compiled(tree.ref(p), x.ref);
        const rate = (1e-3 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
        [p, m, v] = update(p, g, m, v, np.array([rate]));
        const [value] = await loss.data();
        await jax.blockUntilReady(tree.ref(p));
        return value;
      },
    };
  };
}

/** Uses up its arguments. */
function adam(np, p, g, m, v, rate) {
  const next = [{}, {}, {}];
  for (const k of Object.keys(p)) {
    next[1][k] = m[k].mul(0.9).add(g[k].ref.mul(0.1));
    next[2][k] = v[k].mul(0.999).add(g[k].ref.mul(g[k]).mul(0.001));
    const step = next[1][k].ref.mul(rate.ref).div(np.sqrt(next[2][k].ref).add(1e-7));
    next[0][k] = p[k].sub(step);
  }
  rate.dispose();
  return next;
}

const losses = {
  mean_squared_error: (np, y, x) => {
    const d = y.sub(x);
    return np.mean(d.ref.mul(d));
  },
  binary_crossentropy: (np, y, x) => {
    const p = np.clip(y, 1e-7, 1 - 1e-7);
    const yes = x.ref.mul(np.log(p.ref));
    const no = np
      .array(1)
      .sub(x)
      .mul(np.log(np.array(1).sub(p)));
    return np.mean(yes.add(no)).neg();
  },
};

function evaluate({ numpy: np, lax, nn }, { nodes }, p, x) {
  const activations = { linear: (y) => y, relu: nn.relu, sigmoid: nn.sigmoid, softmax: (y) => nn.softmax(y, -1) };
  const convolve = ({ stride, before, after }, [x], [kernel, bias], groups) =>
    lax
      .convGeneralDilated(
        x,
        kernel,
        [stride, stride],
        [
          [before, after],
          [before, after],
        ],
        { featureGroupCount: groups },
      )
      .add(bias);
  const layers = {
    conv: (node, x, own) => activations[node.activation](convolve(node, x, own, 1)),
    depthwise: (node, x, own) => convolve(node, x, own, node.shape[2]),
    maxPool: ({ kernel, stride, after }, [x]) => {
      const edge = [0, after];
      // What is padded follows a rectifier, so 0 is as good as the least number.
      const padded = after > 0 ? np.pad(x, [[0, 0], [0, 0], edge, edge]) : x;
      return lax.reduceWindow(padded, np.max, [kernel, kernel], [stride, stride]);
    },
    upSample: (_, [x]) => np.repeat(np.repeat(x, 2, 2), 2, 3),
    relu6: (_, [x]) => np.clip(x, 0, 6),
    add: (_, [a, b]) => a.add(b),
    globalAverage: (_, [x]) => np.mean(x, [2, 3]),
    dense: ({ activation }, [x], [kernel, bias]) => activations[activation](np.matmul(x, kernel).add(bias)),
  };
  // A value is used up by its last reader.
  const readers = nodes.flatMap(({ from }) => from);
  const made = [];
  nodes.forEach((node, n) => {
    const inputs = node.from.map((from, k) => {
      const value = from < 0 ? x : made[from];
      const at = nodes.slice(0, n).reduce((sum, { from }) => sum + from.length, 0) + k;
      return readers.indexOf(from, at + 1) >= 0 ? value.ref : value;
    });
    const own = node.weights.map(({ kind }) => p[`${n}.${kind}`]);
    made.push(layers[node.op](node, inputs, own));
  });
  return made.at(-1);
}
