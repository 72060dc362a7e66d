/**
 * What is computed in one step, as a graph: training (forward, loss, gradients, the optimizer's update, totals),
 * evaluation (forward, loss, totals) and prediction (forward).
 */
import { sameShape } from "../core/array.ts";
import { argumentError, prefixed } from "../core/errors.ts";
import type { Pieces } from "../core/pieces.ts";
import { type Graph, MOST_TOTALS, topological } from "../graph/graph.ts";
import type { Shape, Tensor, Variable } from "../graph/tensor.ts";
import type { CallContext } from "../layers/layer.ts";
import type { SizedNetwork } from "../layers/sized-network.ts";
import { add, batchSize, fill, multiply, placeholder, reshape, sum, variableTensor } from "../ops/index.ts";
import { variableOp } from "../ops/leaf.ts";
import { differentiating } from "../passes/gradient.ts";
import { beforeGradient } from "../passes/prepare.ts";
import { allAxes } from "./align.ts";
import { trainingContext } from "./context.ts";
import { type Loss, lossValue } from "./loss.ts";
import { type Metric, metricTotals, type Report, ratio, reportOf } from "./metric.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Leaf, Target } from "./samples.ts";

/** The part of a network that steps need. */
export interface Traceable {
  readonly inputs: readonly Tensor[];
  readonly trainableWeights: readonly Variable[];
  trace(inputs: readonly Tensor[], context: CallContext): readonly Tensor[];
}

/** How one output is judged. */
export interface Judgement {
  /** The name of the output, before the names of its values where there are several outputs. */
  readonly name: string;
  /** Nothing when the output is not trained. */
  readonly loss: Loss | undefined;
  readonly weight: number;
  readonly metrics: readonly Metric[];
  /** Metrics that sample weights count for. */
  readonly weightedMetrics: readonly Metric[];
}

/** Whether anything is asked of an output, so that it needs a target. */
export const isJudged = ({ loss, metrics, weightedMetrics }: Judgement): boolean =>
  loss !== undefined || metrics.length + weightedMetrics.length > 0;

export interface Step {
  readonly graph: Graph;
  /** What the totals are, in order. The first is `loss`. */
  readonly reports: readonly Report[];
}

/** A target and the weights of its samples. */
interface Judged {
  readonly target: Tensor;
  readonly weight: Tensor | undefined;
}

/** The inputs of a step's graph: those of the network, then targets and weights that have data of their own. */
function leaves(network: Pick<Traceable, "inputs">, targets: readonly (Target | undefined)[]) {
  const x = network.inputs.map((input, i) => placeholder(input.shape, `x${i}`));
  const inputs = [...x];
  const leaf = ({ array, shape }: Leaf, name: string): Tensor => {
    inputs[array] ??= placeholder(shape, name);
    return sameShape(inputs[array].shape, shape) ? inputs[array] : reshape(inputs[array], shape);
  };
  const targetTensors = targets.map((given, i) => given && leaf(given, `y${i}`));
  const y = targets.map((given, i): Judged | undefined => {
    const target = targetTensors[i];
    return target && { target, weight: given?.weight && leaf(given.weight, `w${i}`) };
  });
  return { x, y, inputs };
}

/** Sums of terms, left to right. */
const total = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => add(a, b));

/** What the network answers, and what its layers and weights add to the loss. */
function forward(network: Traceable, x: readonly Tensor[], context: CallContext) {
  const costs: Tensor[] = [];
  const addLoss = (loss: Tensor): void => {
    costs.push(sum(loss, allAxes(loss), { overSamples: loss.perSample }));
  };
  const predictions = network.trace(x, { ...context, addLoss });
  for (const weight of network.trainableWeights) {
    if (weight.regularizer !== undefined) addLoss(weight.regularizer.call(variableTensor(weight)));
  }
  return { predictions, costs };
}

/** Loss and totals of predictions. Totals are sums over samples, so batches of different sizes count rightly. */
function judge(
  { predictions, costs }: ReturnType<typeof forward>,
  targets: readonly (Judged | undefined)[],
  judgements: readonly Judgement[],
) {
  const prefix = (name: string): string => (judgements.length > 1 ? `${name}_` : "");
  const taken = new Set(["loss"]);
  const free = (...names: readonly string[]): string => {
    let candidate = names.find((name) => !taken.has(name)) ?? names[names.length - 1];
    for (let i = 1; taken.has(candidate); i++) candidate = `${names[names.length - 1]}_${i}`;
    taken.add(candidate);
    return candidate;
  };
  const losses: Tensor[] = [];
  const lossParts: [Report, readonly Tensor[]][] = [];
  const metricParts: [Report, readonly Tensor[]][] = [];
  const lossPart = (name: string, value: Tensor): [Report, readonly Tensor[]] => {
    const sums = [multiply(value, batchSize()), batchSize()];
    return [reportOf(name, sums, ([total, samples]) => ratio(total[0], samples[0])), sums];
  };
  const metricPart = (name: string, metric: Metric, sums: readonly Tensor[]): [Report, readonly Tensor[]] => {
    return [reportOf(name, sums, (cells) => metric.result(cells)), sums];
  };
  const several = judgements.filter(({ loss }) => loss !== undefined).length > 1;
  judgements.forEach(({ name, loss, weight }, i) => {
    const given = targets[i];
    if (loss === undefined || given === undefined) return;
    const value = lossValue(loss, given.target, predictions[i], given.weight);
    losses.push(weight === 1 ? value : multiply(value, weight));
    if (several) lossParts.push(lossPart(free(`${name}_loss`), value));
  });
  judgements.forEach(({ name, metrics }, i) => {
    const given = targets[i];
    if (given === undefined) return;
    for (const metric of metrics) {
      const sums = metricTotals(metric, given.target, predictions[i]);
      metricParts.push(metricPart(free(prefix(name) + metric.name), metric, sums));
    }
  });
  judgements.forEach(({ name, weightedMetrics }, i) => {
    const given = targets[i];
    if (given === undefined) return;
    for (const metric of weightedMetrics) {
      const sums = metricTotals(metric, given.target, predictions[i], given.weight);
      const own = free(prefix(name) + metric.name, `${prefix(name)}weighted_${metric.name}`);
      metricParts.push(metricPart(own, metric, sums));
    }
  });
  if (losses.length + costs.length === 0) {
    throw argumentError({
      where: "model compile",
      argument: "loss",
      value: null,
      expected: "a loss for at least one output, or layers or weights that cost something",
      fix: 'Give compile a loss, e.g. loss: "mse".',
    });
  }
  const loss = total([...losses, ...costs]);
  const parts = [lossPart("loss", loss), ...lossParts, ...metricParts];
  checkCells(parts.map(([report]) => report));
  return { loss, reports: parts.map(([report]) => report), totals: parts.flatMap(([, sums]) => sums) };
}

/** A target by which losses or metrics cannot judge an output, and why. */
export interface WrongTarget {
  readonly output: number;
  readonly shape: Shape;
  readonly error: unknown;
}

/** The first of these targets by which losses and metrics cannot judge predictions of the network. */
export function wrongTarget(
  network: SizedNetwork,
  targets: readonly (Target | undefined)[],
  judgements: readonly Judgement[],
): WrongTarget | undefined {
  const { y } = leaves(network, targets);
  for (const [output, judgement] of judgements.entries()) {
    const own = y[output];
    if (own === undefined) continue;
    const predictions = [placeholder(network.outputs[output].shape, "prediction")];
    try {
      judge({ predictions, costs: [fill(0, [])] }, [own], [judgement]);
    } catch (error) {
      const named = prefixed(`output ${JSON.stringify(network.outputNames[output])}`, error);
      return { output, shape: own.target.shape, error: named };
    }
  }
  return undefined;
}

/** @throws RhytonError `argument` when all metrics together add up more numbers than a step holds. */
function checkCells(reports: readonly Report[]): void {
  const cellsOf = ({ sizes }: Report): number => sizes.reduce((a, b) => a + b, 0);
  const cells = reports.reduce((sum, report) => sum + cellsOf(report), 0);
  if (cells <= MOST_TOTALS) return;
  const largest = reports.reduce((a, b) => (cellsOf(b) > cellsOf(a) ? b : a));
  throw argumentError({
    where: `metric "${largest.name}"`,
    argument: "numbers to add up",
    value: cellsOf(largest),
    expected: `at most ${MOST_TOTALS} for all metrics together, not ${cells}`,
    fix: "Give fewer thresholds, or judge fewer classes.",
  });
}

/** The gradient of the loss for each weight that it depends on, wherever the network reads that weight. */
function* weightGradients(loss: Tensor, weights: readonly Variable[]): Pieces<Map<Variable, Tensor>> {
  const reads = topological([loss]).filter((t) => t.op === (variableOp as object));
  const slopes = yield* differentiating(loss, reads);
  const result = new Map<Variable, Tensor>();
  for (const weight of weights) {
    const own = slopes.filter((_, i) => reads[i].attributes.variable === weight);
    if (own.length > 0) result.set(weight, total(own));
  }
  return result;
}

/** Not finite when any number of `tensors` is not: everything times 0, added up. */
const finiteGuard = (tensors: readonly Tensor[]): Tensor => total(tensors.map((x) => sum(multiply(x, 0), allAxes(x))));

/**
 * A step that trains, made in pieces. The optimizer gets its slots here.
 *
 * @param seed - of the randomness in the layers.
 */
export function* trainingStep(
  network: Traceable,
  targets: readonly (Target | undefined)[],
  judgements: readonly Judgement[],
  optimizer: Optimizer,
  seed = 0,
): Pieces<Step> {
  const { x, y, inputs } = leaves(network, targets);
  const context = trainingContext(seed);
  const traced = forward(network, x, context);
  yield;
  const judged = judge(traced, y, judgements);
  const { reports } = judged;
  const changes = context.updates;
  const prepared = yield* beforeGradient([judged.loss, ...judged.totals, ...changes.map(({ value }) => value)]);
  const [loss, ...totals] = prepared.slice(0, 1 + judged.totals.length);
  const states = changes.map(({ variable }, i) => ({ variable, value: prepared[1 + judged.totals.length + i] }));
  const weights = network.trainableWeights;
  yield;
  optimizer.build(weights);
  const { lossScaleFactor: scale } = optimizer;
  const slopes = yield* weightGradients(scale === undefined ? loss : multiply(loss, scale), weights);
  const own = yield* optimizer.step(slopes);
  const scalars = [context.step, ...own.scalars];
  const updates = [...own.updates, ...states];
  const guard = finiteGuard([loss, ...slopes.values()]);
  return { graph: { inputs, scalars, outputs: [], totals, updates, guard }, reports };
}

/** The numbers that a training step needs for one iteration, counted from 0. */
export const trainingScalars = (optimizer: Optimizer, iteration: number): number[] => [
  iteration,
  ...optimizer.scalarsAt(iteration),
];

/** A step that judges, and changes nothing; made in pieces. */
export function* evaluationStep(
  network: Traceable,
  targets: readonly (Target | undefined)[],
  judgements: readonly Judgement[],
): Pieces<Step> {
  const { x, y, inputs } = leaves(network, targets);
  const traced = forward(network, x, { training: false });
  yield;
  const { reports, totals } = judge(traced, y, judgements);
  return { graph: { inputs, scalars: [], outputs: [], totals, updates: [], guard: undefined }, reports };
}

/** A step that predicts. */
export function predictionStep(network: Traceable): Graph {
  const { x } = leaves(network, []);
  const outputs = network.trace(x, { training: false });
  return { inputs: x, scalars: [], outputs, totals: [], updates: [], guard: undefined };
}
