/**
 * The networks of the jobs, in words of no engine: a list of nodes, each with what it reads, its shape and where its
 * weights lie. An engine builds its own model from this list, so all of them do the same arithmetic.
 *
 * A node is `{ op, from, shape, weights, … }`: `from` are the numbers of the nodes it reads (−1 is the input), `shape`
 * is [height, width, channels] or [channels], without the batch. `weights` are `{ kind, shape, offset }` in the order
 * and the layout of Keras, offsets counted in numbers. `before` and `after` are the padded cells on each axis.
 */

/** Collects nodes; every method answers the number of the node it made. */
class Builder {
  nodes = [];
  weightCount = 0;

  constructor(input) {
    this.input = input;
  }

  shapeOf = (node) => (node < 0 ? this.input : this.nodes[node].shape);

  #push(op, from, shape, rest, weights = []) {
    const placed = weights.map(([kind, shape]) => {
      const weight = { kind, shape, offset: this.weightCount };
      this.weightCount += size(shape);
      return weight;
    });
    this.nodes.push({ op, from, shape, ...rest, weights: placed });
    return this.nodes.length - 1;
  }

  #window(x, op, kernel, channels, { stride = 1, padding = "same", ...rest }, weights) {
    const [pixels] = this.shapeOf(x);
    const outputs = padding === "same" ? Math.ceil(pixels / stride) : Math.floor((pixels - kernel) / stride) + 1;
    const padded = Math.max(0, (outputs - 1) * stride + kernel - pixels);
    const before = padded >> 1;
    const about = { kernel, stride, padding, before, after: padded - before, ...rest };
    return this.#push(op, [x], [outputs, outputs, channels], about, weights);
  }

  conv(x, filters, kernel, { bias = true, activation = "linear", ...options } = {}) {
    const weights = [["kernel", [kernel, kernel, this.shapeOf(x)[2], filters]]];
    if (bias) weights.push(["bias", [filters]]);
    return this.#window(x, "conv", kernel, filters, { ...options, activation }, weights);
  }

  depthwise(x, kernel, options = {}) {
    const channels = this.shapeOf(x)[2];
    return this.#window(x, "depthwise", kernel, channels, options, [["kernel", [kernel, kernel, channels, 1]]]);
  }

  maxPool(x) {
    return this.#window(x, "maxPool", 2, this.shapeOf(x)[2], { stride: 2 });
  }

  upSample(x) {
    const [height, width, channels] = this.shapeOf(x);
    return this.#push("upSample", [x], [2 * height, 2 * width, channels]);
  }

  /** Batch normalization. */
  norm(x, epsilon) {
    const channels = this.shapeOf(x).at(-1);
    const weights = ["gamma", "beta", "mean", "variance"].map((kind) => [kind, [channels]]);
    return this.#push("norm", [x], this.shapeOf(x), { epsilon }, weights);
  }

  relu6(x) {
    return this.#push("relu6", [x], this.shapeOf(x));
  }

  add(a, b) {
    return this.#push("add", [a, b], this.shapeOf(a));
  }

  globalAverage(x) {
    return this.#push("globalAverage", [x], [this.shapeOf(x)[2]]);
  }

  dense(x, units, activation) {
    const weights = [
      ["kernel", [this.shapeOf(x)[0], units]],
      ["bias", [units]],
    ];
    return this.#push("dense", [x], [units], { activation }, weights);
  }

  done() {
    const { input, nodes, weightCount } = this;
    return { input, nodes, weightCount };
  }
}

export const size = (shape) => shape.reduce((product, n) => product * n, 1);

/** The convolutional autoencoder of the README: 4385 weights. */
export function seed() {
  const b = new Builder([28, 28, 1]);
  const relu = { activation: "relu" };
  let x = b.maxPool(b.conv(-1, 16, 3, relu));
  x = b.maxPool(b.conv(x, 8, 3, relu));
  x = b.maxPool(b.conv(x, 8, 3, relu));
  x = b.upSample(b.conv(x, 8, 3, relu));
  x = b.upSample(b.conv(x, 8, 3, relu));
  x = b.upSample(b.conv(x, 16, 3, { ...relu, padding: "valid" }));
  b.conv(x, 1, 3, { activation: "sigmoid" });
  return b.done();
}

/** A larger autoencoder: 128 × 128 × 3, 32 to 128 channels. */
export function big() {
  const b = new Builder([128, 128, 3]);
  const relu = { activation: "relu" };
  let x = -1;
  for (const filters of [32, 64, 128]) x = b.maxPool(b.conv(x, filters, 3, relu));
  x = b.conv(x, 128, 3, relu);
  for (const filters of [128, 64, 32]) x = b.upSample(b.conv(x, filters, 3, relu));
  b.conv(x, 3, 3, { activation: "sigmoid" });
  return b.done();
}

/** MobileNetV2 (Sandler et al., 2018) as Keras has it, width 1, 1000 classes. */
export function mobilenet() {
  const b = new Builder([224, 224, 3]);
  const epsilon = 1e-3;
  const plain = { bias: false };
  let x = b.relu6(b.norm(b.conv(-1, 32, 3, { ...plain, stride: 2 }), epsilon));
  const stages = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  for (const [expansion, filters, count, firstStride] of stages) {
    for (let block = 0; block < count; block++) {
      const channels = b.shapeOf(x)[2];
      const stride = block === 0 ? firstStride : 1;
      let y = x;
      if (expansion > 1) y = b.relu6(b.norm(b.conv(y, expansion * channels, 1, plain), epsilon));
      y = b.relu6(b.norm(b.depthwise(y, 3, { stride }), epsilon));
      y = b.norm(b.conv(y, filters, 1, plain), epsilon);
      x = stride === 1 && channels === filters ? b.add(x, y) : y;
    }
  }
  x = b.relu6(b.norm(b.conv(x, 1280, 1, plain), epsilon));
  b.dense(b.globalAverage(x), 1000, "softmax");
  return b.done();
}

/**
 * Floating-point operations for one sample, a multiplication and an addition each counted, of convolutions and dense
 * layers as they are written. A training step adds the gradient to each kernel and to the input of each layer but the
 * first. What an engine saves by rewriting the network counts for it.
 */
export function operations({ nodes }) {
  let [predict, train] = [0, 0];
  for (const { from, shape, weights } of nodes) {
    const kernel = weights.find(({ kind }) => kind === "kernel");
    if (kernel === undefined) continue;
    const positions = shape.length === 3 ? shape[0] * shape[1] : 1;
    const forward = 2 * positions * size(kernel.shape);
    predict += forward;
    train += forward * (from[0] < 0 ? 2 : 3);
  }
  return { predict, train };
}

/**
 * The network without its batch normalizations, for engines whose model files have them folded into the kernels before:
 * their converters do so. Answers the network and its weights.
 */
export function folded({ input, nodes }, weights) {
  const parts = [];
  let offset = 0;
  const place = (kind, shape, data) => {
    parts.push(data);
    const weight = { kind, shape, offset };
    offset += data.length;
    return weight;
  };
  const valuesOf = ({ shape, offset }) => weights.subarray(offset, offset + size(shape));
  const renamed = new Map([[-1, -1]]);
  const made = [];
  nodes.forEach((node, n) => {
    if (node.op !== "norm") {
      const own = node.weights.map((w) => place(w.kind, w.shape, valuesOf(w)));
      made.push({ ...node, from: node.from.map((x) => renamed.get(x)), weights: own });
      renamed.set(n, made.length - 1);
      return;
    }
    const [gamma, beta, mean, variance] = node.weights.map(valuesOf);
    const target = made[renamed.get(node.from[0])];
    const scale = gamma.map((g, c) => g / Math.sqrt(variance[c] + node.epsilon));
    // The channel is the last axis but one of a depthwise kernel, whose last axis has size 1, and the last of any other.
    const kernel = parts[parts.length - 1];
    parts[parts.length - 1] = kernel.map((w, i) => w * scale[i % scale.length]);
    const bias = beta.map((b, c) => b - mean[c] * scale[c]);
    target.weights.push(place("bias", [bias.length], bias));
    renamed.set(n, made.length - 1);
  });
  const all = new Float32Array(offset);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return { network: { input, nodes: made, weightCount: offset }, weights: all };
}
