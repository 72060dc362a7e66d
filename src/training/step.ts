/**
 * What is computed in one step, as a graph: training (forward, loss, gradients, the optimizer's update, totals),
 * evaluation (forward, loss, totals) and prediction (forward).
 */
import { sameShape } from "../core/array.ts";
import { type Graph, topological, type Update } from "../graph/graph.ts";
import type { Tensor, Variable } from "../graph/tensor.ts";
import { add, batchSize, multiply, placeholder, reshape, stepScalar, sum, variableTensor } from "../ops/index.ts";
import { variableOp } from "../ops/leaf.ts";
import { gradients } from "../passes/gradient.ts";
import { beforeGradient } from "../passes/prepare.ts";
import { allAxes } from "./align.ts";
import type { Target } from "./data.ts";
import { type Loss, lossValue } from "./losses.ts";
import { type Metric, metricSum } from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";

/** The part of a network that steps need. */
export interface Traceable {
  readonly inputs: readonly Tensor[];
  readonly trainableWeights: readonly Variable[];
  trace(inputs: readonly Tensor[], context: { readonly training: boolean }): readonly Tensor[];
}

/** How one output is judged. */
export interface Judgement {
  /** The name of the output, before the names of its values where there are several outputs. */
  readonly name: string;
  /** Nothing when the output is not trained. */
  readonly loss: Loss | undefined;
  readonly weight: number;
  readonly metrics: readonly Metric[];
}

export interface Step {
  readonly graph: Graph;
  /** What each total is; divided by the number of samples it is the mean. The first is `loss`. */
  readonly names: readonly string[];
}

/** The inputs of a step's graph: those of the network, then the targets that have data of their own. */
function leaves(network: Traceable, targets: readonly Target[]) {
  const x = network.inputs.map((input, i) => placeholder(input.shape, `x${i}`));
  const own: Tensor[] = [];
  const y = targets.map(({ shape, input }, i) => {
    if (input !== undefined) return sameShape(x[input].shape, shape) ? x[input] : reshape(x[input], shape);
    own.push(placeholder(shape, `y${i}`));
    return own[own.length - 1];
  });
  return { x, y, inputs: [...x, ...own] };
}

/** Sums of terms, left to right. */
const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));

/** Loss and totals of predictions. Totals are sums over samples, so batches of different sizes count rightly. */
function judge(predictions: readonly Tensor[], targets: readonly Tensor[], judgements: readonly Judgement[]) {
  const several = judgements.length > 1;
  const losses: Tensor[] = [];
  const lossTotals: [string, Tensor][] = [];
  const metricTotals: [string, Tensor][] = [];
  const taken = new Set(["loss"]);
  const free = (name: string): string => {
    let candidate = name;
    for (let i = 1; taken.has(candidate); i++) candidate = `${name}_${i}`;
    taken.add(candidate);
    return candidate;
  };
  const overBatch = (x: Tensor): Tensor => multiply(x, batchSize());
  judgements.forEach(({ name, loss, weight, metrics }, i) => {
    if (loss !== undefined) {
      const value = lossValue(loss, targets[i], predictions[i]);
      losses.push(weight === 1 ? value : multiply(value, weight));
      if (several) lossTotals.push([free(`${name}_loss`), overBatch(value)]);
    }
    for (const metric of metrics) {
      metricTotals.push([
        free(several ? `${name}_${metric.name}` : metric.name),
        metricSum(metric, targets[i], predictions[i]),
      ]);
    }
  });
  const loss = total(losses);
  const totals: [string, Tensor][] = [["loss", overBatch(loss)], ...lossTotals, ...metricTotals];
  return { loss, names: totals.map(([name]) => name), totals: totals.map(([, tensor]) => tensor) };
}

/** The gradient of the loss for each weight that it depends on, wherever the network reads that weight. */
function weightGradients(loss: Tensor, weights: readonly Variable[]): Map<Variable, Tensor> {
  const reads = topological([loss]).filter((t) => t.op.name === variableOp.name);
  const slopes = gradients(loss, reads);
  const result = new Map<Variable, Tensor>();
  for (const weight of weights) {
    const own = slopes.filter((_, i) => reads[i].attributes.variable === weight);
    if (own.length > 0) result.set(weight, total(own));
  }
  return result;
}

/** Not finite when any number of `tensors` is not: everything times 0, added up. */
const finiteGuard = (tensors: readonly Tensor[]): Tensor => total(tensors.map((x) => sum(multiply(x, 0), allAxes(x))));

/** A step that trains. The optimizer gets its slots here. */
export function trainingStep(
  network: Traceable,
  targets: readonly Target[],
  judgements: readonly Judgement[],
  optimizer: Optimizer,
): Step {
  const { x, y, inputs } = leaves(network, targets);
  const judged = judge(network.trace(x, { training: true }), y, judgements);
  const { names } = judged;
  const [loss, ...totals] = beforeGradient([judged.loss, ...judged.totals]);
  const weights = network.trainableWeights;
  optimizer.build(weights);
  const scalars = optimizer.scalarNames.map((name) => stepScalar(name));
  const slopes = weightGradients(loss, weights);
  const trained = [...slopes.keys()];
  const after = optimizer.step(
    trained.map((weight) => ({
      weight: variableTensor(weight),
      gradient: slopes.get(weight) as Tensor,
      slots: optimizer.slotsOf(weight).map((slot) => variableTensor(slot)),
    })),
    scalars,
  );
  const updates = trained.flatMap((variable, i): Update[] => [
    { variable, value: after[i].value },
    ...optimizer.slotsOf(variable).map((slot, k) => ({ variable: slot, value: after[i].slots[k] })),
  ]);
  const guard = finiteGuard([loss, ...slopes.values()]);
  return { graph: { inputs, scalars, outputs: [], totals, updates, guard }, names };
}

/** A step that judges, and changes nothing. */
export function evaluationStep(network: Traceable, targets: readonly Target[], judgements: readonly Judgement[]): Step {
  const { x, y, inputs } = leaves(network, targets);
  const { names, totals } = judge(network.trace(x, { training: false }), y, judgements);
  return { graph: { inputs, scalars: [], outputs: [], totals, updates: [], guard: undefined }, names };
}

/** A step that predicts. */
export function predictionStep(network: Traceable): Graph {
  const { x } = leaves(network, []);
  const outputs = network.trace(x, { training: false });
  return { inputs: x, scalars: [], outputs, totals: [], updates: [], guard: undefined };
}
