/** What is run in a process of its own: `node scripts.mjs NAME`. Each prints its result as JSON, and must then end. */
import { readFileSync } from "node:fs";
import type { NdArray } from "../../src/core/array.ts";
import type { Device } from "../../src/device/device.ts";
import { wasm } from "../../src/device/wasm/device.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { Variable } from "../../src/graph/tensor.ts";
import { conv2d } from "../../src/layers/convolution.ts";
import { input } from "../../src/layers/input.ts";
import * as ops from "../../src/ops/index.ts";
import { model } from "../../src/training/make-model.ts";

/** A new program: x·w, and w grows. */
function tiny(): { graph: Graph; samples(count: number): NdArray } {
  const constant = { className: "constant", config: {}, fill: (values: Float32Array) => void values.fill(0.1) };
  const variable = new Variable("w", [64, 64], constant);
  variable.assign(new Float32Array(4096).fill(0.1));
  const x = ops.placeholder([64], "x");
  const w = ops.variableTensor(variable);
  const y = ops.sumSamples(ops.mean(ops.matmulLast(x, w), [0]));
  const updates = [{ variable, value: ops.multiply(w, 1.5) }];
  return {
    graph: { inputs: [x], scalars: [], outputs: [], totals: [y], guard: undefined, updates },
    samples: (count) => ({ data: new Float32Array(count * 64).fill(1), shape: [count, 64] }),
  };
}

/** A short run on the calling thread and a long one in workers, of a new program. */
async function use(device: Device): Promise<number[]> {
  const { graph, samples } = tiny();
  const program = device.compile(graph);
  const short = await program.run({ inputs: [samples(4)], batchSize: 4 });
  const long = await program.run({ inputs: [samples(4096)], batchSize: 4096 });
  return [short.totals[0], long.totals[0]];
}

/** The address space of this process in GB. */
const addressSpace = (): number =>
  Number(/VmSize:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / (1 << 20);

/** Makes and drops programs; the address space after a while, and at the end. */
async function dropped(device: Device): Promise<[number, number]> {
  let early = 0;
  for (let i = 1; i <= 200; i++) {
    await use(device);
    if (i % 10 === 0) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (i === 20) early = addressSpace();
  }
  return [early, addressSpace()];
}

/** Feeds a model of open sizes another size each time; the address space after a while, and at the end. */
async function evicted(
  options: { readonly threads: number } | { readonly shared: boolean },
): Promise<[number, number]> {
  const x = input([null, null, 1]);
  const made = model(x, conv2d(1, 3)(x));
  made.compile({ optimizer: "sgd", loss: "mse", device: wasm(options) });
  let early = 0;
  for (let i = 1; i <= 120; i++) {
    const shape = [4, 3 + i, 5, 1];
    await made.predict({ data: new Float32Array(20 * (3 + i)), shape });
    if (i % 10 === 0) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (i === 30) early = addressSpace();
  }
  return [early, addressSpace()];
}

const scripts: Readonly<Record<string, () => Promise<unknown>>> = {
  once: () => use(wasm({ threads: 2 })),
  onceUnshared: () => use(wasm({ shared: false })),
  dropped: () => dropped(wasm({ threads: 2 })),
  evicted: () => evicted({ threads: 2 }),
  evictedUnshared: () => evicted({ shared: false }),
  droppedUnshared: () => dropped(wasm({ shared: false })),
};

console.log(JSON.stringify(await scripts[process.argv[2]]()));
