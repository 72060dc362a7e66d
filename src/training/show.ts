/**
 * What the compiler makes of a model, as text: the same in tests, on the command line and in the documentation.
 */
import { notCompiled, unknownName } from "../core/errors.ts";
import { WasmProgram } from "../device/wasm/device.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import type { Shape } from "../graph/tensor.ts";
import { lower } from "../kernel/lower.ts";
import { packOperands } from "../kernel/pack.ts";
import { printKernels } from "../kernel/print.ts";
import { prepare } from "../passes/prepare.ts";
import type { Model } from "./model.ts";
import { type Judgement, predictionStep, trainingStep } from "./step.ts";

/** In the order in which they are made. */
export const stages = ["graph", "gradient", "kernels", "wasm"] as const;

/**
 * `"graph"`: the prediction as ops. `"gradient"`: a training step, with gradient and update. `"kernels"`: its loops after
 * fusion. `"wasm"`: the text of the generated module. The last two show the prediction when the model is not compiled.
 */
export type Stage = (typeof stages)[number];

/**
 * A stage of compilation, as text.
 *
 * @throws RhytonError `not-compiled` for the gradient of a model without optimizer and loss.
 * @example
 * console.log(show(autoencoder, "kernels"));
 */
export function show(model: Model, stage: Stage): string {
  const where = `${model.where} show`;
  switch (stage) {
    case "graph":
      return printGraph(predictionStep(model.network));
    case "gradient":
      if (model.compiled === undefined) throw notCompiled({ where });
      return printGraph(programOf(model));
    case "kernels":
      return printKernels(packOperands(lower(prepare(programOf(model)))));
    case "wasm":
      return new WasmProgram(programOf(model), { threads: 1 }).text();
    default:
      throw unknownName({ where, what: "stage", name: String(stage satisfies never), choices: stages });
  }
}

/** The training step where there is one, else the prediction. */
function programOf({ network, compiled }: Model): Graph {
  if (compiled === undefined) return predictionStep(network);
  const { judgements, optimizer } = compiled;
  const targets = network.outputs.map(({ shape }, i) => ({
    shape: targetShape(shape, judgements[i]),
    array: network.inputs.length + i,
  }));
  return optimizer.withoutBuilding(() => trainingStep(network, targets, judgements, optimizer).graph);
}

/** The targets that a loss expects: as the output, or the number of a class in place of the last axis. */
const targetShape = (output: Shape, { loss }: Judgement): Shape =>
  loss?.className === "SparseCategoricalCrossentropy" ? output.slice(0, -1) : output;
