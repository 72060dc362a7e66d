/**
 * Helpers for the tests of training: a small model with data that it can learn, and what the tests of losses have.
 */
import type { Device } from "../device/device.ts";
import { interp } from "../device/interp.ts";
import type { Graph } from "../graph/graph.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import { input } from "../layers/input.ts";
import { Layer } from "../layers/layer.ts";
import { add, matmulLast, sigmoid } from "../ops/index.ts";
import { model } from "./make-model.ts";
import type { Model } from "./model.ts";
import { arrayOf } from "./testing-graphs.ts";

export { arrayOf, decode, type Encoded, gradientOf, scalarOf } from "./testing-graphs.ts";

import { sgd } from "./optimizers.ts";

/** y = x·w + b, drawn from the seed. */
export class Linear extends Layer {
  readonly units: number;
  #w: Variable | undefined;
  #b: Variable | undefined;

  constructor(units: number, name?: string) {
    super({ name });
    this.units = units;
  }

  protected override build(shape: Shape): void {
    const draw = (values: Float32Array, _: Shape, seed: number) => {
      values.forEach((_value, i) => {
        values[i] = ((seed % 97) + i + 1) / 200;
      });
    };
    const initializer = { className: "Test", config: {}, fill: draw };
    this.#w = this.addWeight("kernel", [shape[shape.length - 1], this.units], initializer);
    this.#b = this.addWeight("bias", [this.units], initializer);
  }

  call(x: Tensor): Tensor {
    return add(matmulLast(x, this.read(this.#w)), this.read(this.#b));
  }
}

export class Sigmoid extends Layer {
  call(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The plain device, counting what it is asked. */
export function counting() {
  const plain = interp();
  const counts = { compiled: [] as Graph[], runs: 0 };
  const device: Device = {
    name: "counting",
    compile: (graph) => {
      counts.compiled.push(graph);
      const program = plain.compile(graph);
      return {
        run: (work) => {
          counts.runs++;
          return program.run(work);
        },
      };
    },
  };
  return { device, counts };
}

export const x = arrayOf([[0], [1], [2], [3], [4], [5], [6]]);
export const y = arrayOf([[1], [3], [5], [7], [9], [11], [13]]);

export function line(seed = 0): Model {
  const v = input([1], { name: "v" });
  const m = model(v, new Linear(1, "line")(v), { seed, name: "lines" });
  m.compile({ optimizer: sgd({ learningRate: 0.02 }), loss: "mse", metrics: ["mae"], device: interp() });
  return m;
}

export const silent = { verbose: 0 } as const;
