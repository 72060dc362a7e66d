/**
 * Writes a network as an ONNX model, so that no exporter is needed: protocol buffers with the few messages it takes.
 * Field numbers are those of onnx.proto. Pictures are [batch, channels, height, width] there; the batch is free.
 */
import { size } from "./networks.mjs";

const FLOAT = 1;
const INT64 = 7;

// ---- protocol buffers -----------------------------------------------------------------------------------------------

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const int = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, value) => Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
const text = (field, value) => bytes(field, Buffer.from(value));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));
function float(field, value) {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), data]);
}

// ---- ONNX -------------------------------------------------------------------------------------------------------------

const attributes = {
  ints: (name, values) => message(5, text(1, name), ...values.map((v) => int(8, v)), int(20, 7)),
  int: (name, value) => message(5, text(1, name), int(3, value), int(20, 2)),
  float: (name, value) => message(5, text(1, name), float(2, value), int(20, 1)),
  string: (name, value) => message(5, text(1, name), text(4, value), int(20, 3)),
};

const node = (op, inputs, output, ...given) =>
  message(1, ...inputs.map((x) => text(1, x)), text(2, output), text(3, output), text(4, op), ...given);

function tensor(name, shape, data, type = FLOAT) {
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return message(5, ...shape.map((n) => int(1, n)), int(2, type), text(8, name), bytes(9, raw));
}

function value(field, name, shape) {
  const dimensions = [message(1, text(2, "batch")), ...shape.map((n) => message(1, int(1, n)))];
  return message(field, text(1, name), message(2, message(1, int(1, FLOAT), message(2, ...dimensions))));
}

const channelsFirst = (shape) => (shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape);

/** A kernel [k, k, c, f] as [f, c, k, k]; a depthwise one [k, k, c, 1] as [c, 1, k, k]. */
export function kernelFirst(data, [height, width, channels, filters], depthwise) {
  const out = new Float32Array(data.length);
  let at = 0;
  const [outer, inner] = depthwise ? [channels, filters] : [filters, channels];
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let k = 0; k < height * width; k++) {
        const [c, f] = depthwise ? [o, i] : [i, o];
        out[at++] = data[(k * channels + c) * filters + f];
      }
  return out;
}

const activations = { relu: "Relu", sigmoid: "Sigmoid", softmax: "Softmax" };

/** The bytes of the model; input `x`, output `y`. */
export function onnxModel({ input, nodes }, weights) {
  const parts = [];
  const constants = [];
  const nameOf = (n) => (n < 0 ? "x" : n === nodes.length - 1 ? "y" : `t${n}`);
  const constant = (name, shape, data, type) => {
    constants.push(tensor(name, shape, data, type));
    return name;
  };
  nodes.forEach(({ op, from, shape, weights: own, ...about }, n) => {
    const inputs = from.map(nameOf);
    const output = nameOf(n);
    const { activation = "linear" } = about;
    const bare = activation === "linear" ? output : `${output}.bare`;
    const named = own.map(({ kind, shape, offset }) => {
      const data = weights.slice(offset, offset + size(shape));
      const name = `${output}.${kind}`;
      if (shape.length !== 4) return constant(name, shape, data);
      const [height, width, channels, filters] = shape;
      const depthwise = op === "depthwise";
      const first = depthwise ? [channels, 1, height, width] : [filters, channels, height, width];
      return constant(name, first, kernelFirst(data, shape, depthwise));
    });
    const { kernel, stride, before, after, epsilon } = about;
    const window = kernel && [
      attributes.ints("kernel_shape", [kernel, kernel]),
      attributes.ints("strides", [stride, stride]),
      attributes.ints("pads", [before, before, after, after]),
    ];
    const makers = {
      conv: () => node("Conv", [...inputs, ...named], bare, ...window),
      depthwise: () => node("Conv", [...inputs, ...named], bare, ...window, attributes.int("group", shape[2])),
      maxPool: () => node("MaxPool", inputs, bare, ...window),
      upSample: () => {
        const scales = constant(`${output}.scales`, [4], Float32Array.of(1, 1, 2, 2));
        const how = [
          attributes.string("mode", "nearest"),
          attributes.string("nearest_mode", "floor"),
          attributes.string("coordinate_transformation_mode", "asymmetric"),
        ];
        return node("Resize", [...inputs, "", scales], bare, ...how);
      },
      norm: () => node("BatchNormalization", [...inputs, ...named], bare, attributes.float("epsilon", epsilon)),
      relu6: () => {
        const [low, high] = [0, 6].map((limit) => constant(`${output}.${limit}`, [], Float32Array.of(limit)));
        return node("Clip", [...inputs, low, high], bare);
      },
      add: () => node("Add", inputs, bare),
      globalAverage: () => {
        const pooled = `${output}.pooled`;
        const flat = constant(`${output}.shape`, [2], BigInt64Array.of(0n, -1n), INT64);
        return Buffer.concat([node("GlobalAveragePool", inputs, pooled), node("Reshape", [pooled, flat], bare)]);
      },
      dense: () => node("Gemm", [...inputs, ...named], bare),
    };
    parts.push(makers[op]());
    if (activation !== "linear") parts.push(node(activations[activation], [bare], output));
  });
  const graph = message(
    7,
    ...parts,
    text(2, "network"),
    ...constants,
    value(11, "x", channelsFirst(input)),
    value(12, "y", channelsFirst(nodes.at(-1).shape)),
  );
  return Buffer.concat([int(1, 8), text(2, "bench"), graph, message(8, text(1, ""), int(2, 17))]);
}
