/**
 * What the compiler makes of a model, as text: the same in tests, on the command line and in the documentation.
 */
import { showShape } from "../core/array.ts";
import { notCompiled, openSizeError, unknownName } from "../core/errors.ts";
import { isOpen } from "../core/open-shape.ts";
import { atOnce } from "../core/pieces.ts";
import { WasmProgram } from "../device/wasm/device.ts";
import { moduleText } from "../device/wasm/text.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import type { Shape } from "../graph/tensor.ts";
import { lower } from "../kernel/lower.ts";
import { packOperands } from "../kernel/pack.ts";
import { printKernels } from "../kernel/print.ts";
import { SizedNetwork } from "../layers/sized-network.ts";
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
 * @param shapes - of the inputs without the batch axis, where the model leaves sizes open.
 * @throws RhytonError `not-compiled` for the gradient of a model without optimizer and loss; `open-size` without shapes that
 *   are needed.
 * @example
 * console.log(await show(autoencoder, "kernels"));
 */
export async function show(model: Model, stage: Stage, shapes?: readonly Shape[]): Promise<string> {
  const where = `${model.where} show`;
  const network = sizedFor(where, model, shapes);
  await model.compiled?.load();
  switch (stage) {
    case "graph":
      return printGraph(predictionStep(network));
    case "gradient":
      if (model.compiled === undefined) throw notCompiled({ where });
      return printGraph(programOf(model, network));
    case "kernels":
      return printKernels(atOnce(packOperands(lower(prepare(programOf(model, network))))));
    case "wasm":
      return moduleText(new WasmProgram(programOf(model, network), { threads: 1 }).readable);
    default:
      throw unknownName({ where, what: "stage", name: String(stage satisfies never), choices: stages });
  }
}

function sizedFor(where: string, { network }: Model, shapes: readonly Shape[] | undefined): SizedNetwork {
  const own = network.inputs.map((t) => t.shape);
  if (shapes !== undefined || !own.some(isOpen)) return new SizedNetwork(network, shapes ?? (own as readonly Shape[]));
  throw openSizeError({
    where,
    got: `no size for ${own.map((shape) => showShape(shape, true)).join(" and ")}`,
    expected: "the shapes of the inputs: there is a program for every size",
    fix: "Give them, e.g. show(model, stage, [[32, 32, 3]]).",
  });
}

/** The training step where there is one, else the prediction. */
function programOf({ compiled }: Model, network: SizedNetwork): Graph {
  if (compiled === undefined) return predictionStep(network);
  const { judgements, optimizer } = compiled;
  const targets = network.outputs.map(({ shape }, i) => ({
    shape: targetShape(shape, judgements[i]),
    array: network.inputs.length + i,
  }));
  return optimizer.withoutBuilding(() => atOnce(trainingStep(network, targets, judgements, optimizer)).graph);
}

/** The targets that a loss expects: as the output, or the number of a class in place of the last axis. */
const targetShape = (output: Shape, { loss }: Judgement): Shape =>
  loss?.className === "SparseCategoricalCrossentropy" ? output.slice(0, -1) : output;
