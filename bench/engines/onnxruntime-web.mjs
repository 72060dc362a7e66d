/** ONNX Runtime Web: WebAssembly, with threads. It does not train. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transposed } from "../material.mjs";
import { size } from "../networks.mjs";
import { helloOf, importPeer } from "../peers.mjs";

const name = "onnxruntime-web";

export const hello = () => helloOf("ONNX Runtime Web", name, [{}]);

export async function prepare({ folder, threads, job, samples }) {
  const ort = await importPeer(name);
  ort.env.wasm.numThreads = threads;
  const { input, nodes } = job.network;
  const [height, width, channels] = input;
  const shape = nodes.at(-1).shape;

  return async ({ kind, batch }) => {
    if (kind === "train") return { unable: "it does not train" };
    const model = new Uint8Array(readFileSync(join(folder, "model.onnx")));
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    const first = transposed(samples.subarray(0, batch * size(input)), batch, height * width, channels);
    const x = new ort.Tensor("float32", first, [batch, channels, height, width]);
    return {
      step: async () => (await session.run({ x })).y.data,
      answer: (y) => (shape.length === 3 ? transposed(y, batch, shape[2], shape[0] * shape[1]) : y),
    };
  };
}
