/**
 * What `compile` was given, checked and resolved: the optimizer, and for each output its loss and metrics.
 */
import { argumentError } from "../core/errors.ts";
import type { Device } from "../device/device.ts";
import { checkOptions } from "../layers/options.ts";
import { type Loss, type LossFunction, type LossName, resolveLoss } from "./losses.ts";
import { type MetricLike, resolveMetric } from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";
import { type OptimizerName, resolveOptimizer } from "./optimizers.ts";
import { wholeNumber } from "./options.ts";
import type { Judgement } from "./step.ts";

/** What stands for a loss. */
export type LossLike = LossName | Loss | LossFunction;

export interface CompileOptions {
  readonly optimizer: OptimizerName | Optimizer;
  /** One loss for every output, or a list with one for each (`null` where an output is not trained). */
  readonly loss: LossLike | readonly (LossLike | null)[];
  /** How much the loss of each output counts. Default 1. */
  readonly lossWeights?: readonly number[];
  /** For one output a list of metrics; for several a list with one metric, or list of metrics, for each. */
  readonly metrics?: readonly (MetricLike | readonly MetricLike[])[];
  /** Where the model runs: "wasm" (the default), "interp" (the plain definition, slow), or a device of your own. */
  readonly device?: Device | "wasm" | "interp";
  /** Threads to use; default one for each core. */
  readonly threads?: number;
  /** Wide vectors, where the machine has them (experimental in V8). */
  readonly wide?: boolean;
}

const known = ["optimizer", "loss", "lossWeights", "metrics", "device", "threads", "wide"];

export interface Compiled {
  readonly optimizer: Optimizer;
  /** For each output in order. */
  readonly judgements: readonly Judgement[];
  /** As they were given, for files. */
  readonly options: CompileOptions;
}

/** @param outputs - the names of the model's outputs. */
export function resolveCompile(where: string, options: CompileOptions, outputs: readonly string[]): Compiled {
  checkOptions(where, options, known);
  if (options.threads !== undefined) wholeNumber(where, "threads", options.threads);
  const optimizer = resolveOptimizer(options.optimizer, where);
  const losses = eachOutput(where, "loss", options.loss, outputs).map((given) =>
    given === null ? undefined : resolveLoss(given, where),
  );
  if (losses.every((loss) => loss === undefined)) {
    throw argumentError({ where, argument: "loss", value: options.loss, expected: "a loss for at least one output" });
  }
  const weights = options.lossWeights ?? outputs.map(() => 1);
  if (weights.length !== outputs.length || !weights.every(Number.isFinite)) {
    const expected = `${outputs.length} finite number${outputs.length === 1 ? "" : "s"}, one for each output`;
    throw argumentError({ where, argument: "lossWeights", value: options.lossWeights, expected });
  }
  const metrics = eachMetrics(where, options.metrics ?? [], outputs);
  const judgements = outputs.map((name, i) => ({
    name,
    loss: losses[i],
    weight: weights[i],
    metrics: metrics[i].map((given) => resolveMetric(given, where)),
  }));
  return { optimizer, judgements, options };
}

function eachOutput<T>(
  where: string,
  argument: string,
  given: T | readonly T[],
  outputs: readonly string[],
): readonly T[] {
  if (!Array.isArray(given)) return outputs.map(() => given as T);
  if (given.length !== outputs.length) {
    const fix = `The outputs are ${outputs.join(", ")}.`;
    throw argumentError({
      where,
      argument,
      value: given,
      expected: `${outputs.length} entries, one for each output`,
      fix,
    });
  }
  return given;
}

function eachMetrics(where: string, given: NonNullable<CompileOptions["metrics"]>, outputs: readonly string[]) {
  if (!Array.isArray(given)) {
    throw argumentError({ where, argument: "metrics", value: given, expected: 'a list, e.g. ["accuracy"]' });
  }
  const isList = (entry: MetricLike | readonly MetricLike[]): entry is readonly MetricLike[] => Array.isArray(entry);
  if (given.length === 0) return outputs.map(() => []);
  if (outputs.length === 1) return [given.flatMap((entry) => (isList(entry) ? [...entry] : [entry]))];
  return eachOutput(where, "metrics", given, outputs).map((entry) => (isList(entry) ? [...entry] : [entry]));
}
