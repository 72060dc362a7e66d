/** What a network answers, by the definition of its layers and in float64: slow, and as plain as can be. */
import { size } from "./networks.mjs";

const functions = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** The output for one sample. */
export function predictOne({ nodes }, weights, sample) {
  const values = [];
  const valueAt = (n) => (n < 0 ? sample : values[n]);
  for (const node of nodes) {
    const own = node.weights.map(({ shape, offset }) => weights.subarray(offset, offset + size(shape)));
    const from = node.from[0] < 0 ? undefined : nodes[node.from[0]].shape;
    values.push(layers[node.op](node, node.from.map(valueAt), own, from));
  }
  return values.at(-1);
}

/** Calls `visit(output position, input position, tap)` for all that a window meets. */
function eachMeeting({ shape, kernel, stride, before }, pixels, visit) {
  const [outputs] = shape;
  for (let i = 0; i < outputs; i++)
    for (let j = 0; j < outputs; j++)
      for (let k = 0; k < kernel; k++)
        for (let l = 0; l < kernel; l++) {
          const [y, x] = [i * stride + k - before, j * stride + l - before];
          if (y >= 0 && y < pixels && x >= 0 && x < pixels) visit(i * outputs + j, y * pixels + x, k * kernel + l);
        }
}

const layers = {
  conv(node, [x], [kernel, bias]) {
    const [, , channels, filters] = node.weights[0].shape;
    const pixels = Math.sqrt(x.length / channels);
    const y = new Float64Array(size(node.shape));
    eachMeeting(node, pixels, (to, from, tap) => {
      for (let c = 0; c < channels; c++) {
        const [value, at] = [x[from * channels + c], (tap * channels + c) * filters];
        if (value !== 0) for (let f = 0; f < filters; f++) y[to * filters + f] += value * kernel[at + f];
      }
    });
    return y.map((sum, i) => functions[node.activation](sum + (bias?.[i % filters] ?? 0)));
  },
  depthwise(node, [x], [kernel, bias]) {
    const channels = node.shape[2];
    const y = new Float64Array(size(node.shape));
    eachMeeting(node, Math.sqrt(x.length / channels), (to, from, tap) => {
      for (let c = 0; c < channels; c++) y[to * channels + c] += x[from * channels + c] * kernel[tap * channels + c];
    });
    return y.map((sum, i) => sum + (bias?.[i % channels] ?? 0));
  },
  maxPool(node, [x]) {
    const channels = node.shape[2];
    const y = new Float64Array(size(node.shape)).fill(Number.NEGATIVE_INFINITY);
    eachMeeting(node, Math.sqrt(x.length / channels), (to, from) => {
      for (let c = 0; c < channels; c++) y[to * channels + c] = Math.max(y[to * channels + c], x[from * channels + c]);
    });
    return y;
  },
  upSample({ shape: [height, width, channels] }, [x]) {
    return Float64Array.from({ length: height * width * channels }, (_, n) => {
      const [cell, c] = [Math.floor(n / channels), n % channels];
      const [i, j] = [Math.floor(cell / width) >> 1, (cell % width) >> 1];
      return x[(i * (width / 2) + j) * channels + c];
    });
  },
  norm({ epsilon }, [x], [gamma, beta, mean, variance]) {
    const channels = gamma.length;
    return x.map((value, i) => {
      const c = i % channels;
      return ((value - mean[c]) / Math.sqrt(variance[c] + epsilon)) * gamma[c] + beta[c];
    });
  },
  relu6: (_, [x]) => x.map((value) => Math.min(Math.max(value, 0), 6)),
  add: (_, [a, b]) => a.map((value, i) => value + b[i]),
  globalAverage({ shape: [channels] }, [x]) {
    const y = new Float64Array(channels);
    x.forEach((value, i) => {
      y[i % channels] += value;
    });
    return y.map((sum) => sum / (x.length / channels));
  },
  dense({ shape: [units], activation }, [x], [kernel, bias]) {
    const y = Float64Array.from({ length: units }, (_, u) =>
      x.reduce((sum, value, c) => sum + value * kernel[c * units + u], bias[u]),
    );
    if (activation !== "softmax") return y.map(functions[activation]);
    const most = Math.max(...y);
    const powers = y.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  },
};
