/**
 * What `compile` was given, checked and resolved: the optimizer, and for each output its loss and metrics.
 */
import { argumentError, internalError, unknownName } from "../core/errors.ts";
import type { Device } from "../device/device.ts";
import { checkOptions } from "../layers/options.ts";
import { checkDevice } from "./device.ts";
import { type LossLike, resolveLoss } from "./loss-names.ts";
import { type MetricLike, resolveMetric } from "./metric-names.ts";
import type { Optimizer } from "./optimizer.ts";
import { type OptimizerName, resolveOptimizer } from "./optimizers.ts";
import { wholeNumber } from "./options.ts";
import type { Judgement } from "./step.ts";

export type { LossLike };

/** One for each output in order, or by the names of outputs. */
type EachOutput<T> = readonly T[] | Readonly<Record<string, T>>;

/** What is measured: for one output a list; for several a list with an entry for each, or lists by name. */
export type MetricsLike = EachOutput<MetricLike | readonly MetricLike[] | null>;

/** Options of `compile`. */
export interface CompileOptions {
  /** Default "rmsprop", as in Keras. */
  readonly optimizer?: OptimizerName | Optimizer;
  /**
   * One loss for every output, or one for each, in order or by name (`null` where an output is not trained). Without any,
   * what layers and weights cost is the loss: then there are no targets, `fit(x, [])`.
   */
  readonly loss?: LossLike | EachOutput<LossLike | null> | null;
  /** How much the loss of each output counts. Default 1. */
  readonly lossWeights?: number | EachOutput<number>;
  /** Sample weights do not count for these. */
  readonly metrics?: MetricsLike;
  /** Metrics in which samples count by their weight. */
  readonly weightedMetrics?: MetricsLike;
  /** Where the model runs: "wasm" (the default), "interp" (the plain definition, slow), or a device of your own. */
  readonly device?: Device | "wasm" | "interp";
  /** Threads to use; default one for each core. */
  readonly threads?: number;
  /** Wide vectors, where the machine has them (experimental in V8). */
  readonly wide?: boolean;
}

const known = ["optimizer", "loss", "lossWeights", "metrics", "weightedMetrics", "device", "threads", "wide"];

/** How an output is trained. */
export type Trained = Pick<Judgement, "name" | "loss" | "weight">;

/** What a model was compiled with. */
export class Compiled {
  readonly optimizer: Optimizer;
  readonly options: CompileOptions;
  /** For each output in order. */
  readonly trained: readonly Trained[];
  /** What was given for each output, for files: names stay as they were typed. */
  readonly given: readonly GivenFor[];
  readonly #loading: () => Promise<readonly Judgement[]>;
  #judgements: readonly Judgement[] | undefined;

  /** @param loading - loads the metrics that were given by name. */
  constructor(
    parts: Pick<Compiled, "optimizer" | "options" | "trained" | "given">,
    loading: () => Promise<readonly Judgement[]>,
  ) {
    this.optimizer = parts.optimizer;
    this.options = parts.options;
    this.trained = parts.trained;
    this.given = parts.given;
    this.#loading = loading;
  }

  /** Makes the judgements ready. */
  async load(): Promise<void> {
    this.#judgements ??= await this.#loading();
  }

  /** How each output is judged, in order. Ready after `load`. */
  get judgements(): readonly Judgement[] {
    if (this.#judgements === undefined) throw internalError({ where: "compile", problem: "no metrics are loaded yet" });
    return this.#judgements;
  }
}

/** What was given for one output. */
export interface GivenFor {
  readonly loss: LossLike | undefined;
  readonly metrics: readonly MetricLike[];
  readonly weightedMetrics: readonly MetricLike[];
}

/** @param outputs - the names of the model's outputs. */
export function resolveCompile(where: string, options: CompileOptions, outputs: readonly string[]): Compiled {
  checkOptions(where, options, known);
  checkDevice(where, options.device);
  if (options.threads !== undefined) wholeNumber(where, "threads", options.threads);
  const optimizer = resolveOptimizer(options.optimizer ?? "rmsprop", where);
  const given = eachOutput(where, "loss", options.loss ?? null, outputs).map((loss) => loss ?? undefined);
  const losses = given.map((loss) => (loss === undefined ? undefined : resolveLoss(loss, where)));
  const weights = readLossWeights(where, options.lossWeights, outputs);
  const metrics = eachMetrics(where, "metrics", options.metrics ?? [], outputs);
  const weightedMetrics = eachMetrics(where, "weightedMetrics", options.weightedMetrics ?? [], outputs);
  const trained = outputs.map((name, i) => ({ name, loss: losses[i], weight: weights[i] }));
  const each = outputs.map((_, i) => ({ loss: given[i], metrics: metrics[i], weightedMetrics: weightedMetrics[i] }));
  const found = each.map((o) =>
    [o.metrics, o.weightedMetrics].map((list) => list.map((metric) => resolveMetric(metric, where))),
  );
  return new Compiled({ optimizer, options, trained, given: each }, () =>
    Promise.all(
      trained.map(async (output, i) => {
        const [own, weighted] = await Promise.all(found[i].map((list) => Promise.all(list.map((load) => load()))));
        return { ...output, metrics: own, weightedMetrics: weighted };
      }),
    ),
  );
}

/** Whether options are given by the names of outputs: a plain object, not something that stands for a loss or metric. */
const isByName = (given: unknown): given is Readonly<Record<string, never>> =>
  typeof given === "object" &&
  given !== null &&
  !Array.isArray(given) &&
  !("call" in given && typeof given.call === "function");

/** What is meant for each output. @throws RhytonError `argument` when a list or the names do not match the outputs. */
function eachOutput<T>(
  where: string,
  argument: string,
  given: T | EachOutput<T>,
  outputs: readonly string[],
): readonly (T | undefined)[] {
  const fix = `The outputs are ${outputs.join(", ")}.`;
  if (isByName(given)) {
    const missing = outputs.find((name) => !Object.hasOwn(given, name));
    checkNames(where, argument, given, outputs);
    if (missing === undefined) return outputs.map((name) => given[name]);
    const expected = "an entry for each output (null for none)";
    throw argumentError({ where, argument, value: `without ${JSON.stringify(missing)}`, expected, fix });
  }
  if (!Array.isArray(given)) return outputs.map(() => given as T);
  if (given.length === outputs.length) return given;
  const expected = `${outputs.length} entries, one for each output`;
  throw argumentError({ where, argument, value: given, expected, fix });
}

/** Throws when an entry belongs to no output. */
function checkNames(where: string, argument: string, given: object, outputs: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!outputs.includes(name)) {
      throw unknownName({ where: `${where}: ${argument}`, what: "output", name, choices: outputs });
    }
  }
}

function readLossWeights(
  where: string,
  given: CompileOptions["lossWeights"],
  outputs: readonly string[],
): readonly number[] {
  if (given === undefined) return outputs.map(() => 1);
  const expected = `${outputs.length} finite number${outputs.length === 1 ? "" : "s"}, one for each output`;
  const bad = () => argumentError({ where, argument: "lossWeights", value: given, expected });
  if (typeof given === "number" ? outputs.length > 1 : Array.isArray(given) && given.length !== outputs.length)
    throw bad();
  const weights = eachOutput(where, "lossWeights", given, outputs);
  if (!weights.every((weight) => Number.isFinite(weight))) throw bad();
  return weights as readonly number[];
}

type MetricEntry = MetricLike | readonly MetricLike[] | null | undefined;
const listed = (entry: MetricEntry): readonly MetricLike[] => {
  if (entry === null || entry === undefined) return [];
  return Array.isArray(entry) ? entry : [entry as MetricLike];
};

function eachMetrics(
  where: string,
  argument: "metrics" | "weightedMetrics",
  given: MetricsLike,
  outputs: readonly string[],
): readonly (readonly MetricLike[])[] {
  if (Array.isArray(given)) {
    if (given.length === 0) return outputs.map(() => []);
    if (outputs.length === 1) return [given.flatMap(listed)];
    return (eachOutput(where, argument, given, outputs) as readonly MetricEntry[]).map(listed);
  }
  if (typeof given === "object" && given !== null && !("sums" in given)) {
    const byName = given as Readonly<Record<string, MetricEntry>>;
    checkNames(where, argument, byName, outputs);
    return outputs.map((name) => listed(Object.hasOwn(byName, name) ? byName[name] : undefined));
  }
  const expected = 'a list, e.g. ["accuracy"], or lists by the names of outputs';
  throw argumentError({ where, argument, value: given, expected });
}
