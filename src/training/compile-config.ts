/**
 * How a model was compiled, as Keras writes it into `compile_config`, and back. Names stay as they were typed.
 */
import { unsupportedFile } from "../core/errors.ts";
import { brief, isBuiltIn, malformed, objectAt, refuseCode, textAt } from "../saving/config-parts.ts";
import { isJsonObject, type Json, type JsonObject } from "../saving/json.ts";
import type { Compiled, CompileOptions, LossLike } from "./compile.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  type Loss,
  meanAbsoluteError,
  meanSquaredError,
  sparseCategoricalCrossentropy,
} from "./losses.ts";
import {
  binaryAccuracy,
  categoricalAccuracy,
  type Metric,
  type MetricLike,
  ofLoss,
  sparseCategoricalAccuracy,
} from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";
import { type AdamOptions, adam, type SgdOptions, sgd } from "./optimizers.ts";

/** What a config may say for one class: the keys that we have, and what is made from them. */
interface Class<T> {
  readonly keys: readonly string[];
  readonly make: (config: JsonObject) => T;
}

type Classes<T> = ReadonlyMap<string, Class<T>>;

const smoothed = (c: JsonObject) => ({
  fromLogits: c.from_logits as boolean | undefined,
  labelSmoothing: c.label_smoothing as number | undefined,
});
const sparse = (c: JsonObject) => ({ fromLogits: c.from_logits as boolean | undefined });

const crossentropyKeys = ["from_logits", "label_smoothing", "axis"];

const losses: Classes<Loss> = new Map<string, Class<Loss>>([
  ["MeanSquaredError", { keys: [], make: () => meanSquaredError() }],
  ["MeanAbsoluteError", { keys: [], make: () => meanAbsoluteError() }],
  ["BinaryCrossentropy", { keys: crossentropyKeys, make: (c) => binaryCrossentropy(smoothed(c)) }],
  ["CategoricalCrossentropy", { keys: crossentropyKeys, make: (c) => categoricalCrossentropy(smoothed(c)) }],
  [
    "SparseCategoricalCrossentropy",
    { keys: ["from_logits", "axis"], make: (c) => sparseCategoricalCrossentropy(sparse(c)) },
  ],
]);

/** Keras' crossentropies as metrics have other arguments than as losses. */
const metrics: Classes<Metric> = new Map<string, Class<Metric>>([
  [
    "BinaryAccuracy",
    { keys: ["threshold"], make: (c) => binaryAccuracy({ threshold: (c.threshold ?? undefined) as number }) },
  ],
  ["CategoricalAccuracy", { keys: [], make: () => categoricalAccuracy() }],
  ["SparseCategoricalAccuracy", { keys: [], make: () => sparseCategoricalAccuracy() }],
  ["MeanSquaredError", { keys: [], make: () => ofLoss(meanSquaredError()) }],
  ["MeanAbsoluteError", { keys: [], make: () => ofLoss(meanAbsoluteError()) }],
  [
    "BinaryCrossentropy",
    { keys: ["from_logits", "label_smoothing"], make: (c) => ofLoss(binaryCrossentropy(smoothed(c))) },
  ],
  ["CategoricalCrossentropy", { keys: crossentropyKeys, make: (c) => ofLoss(categoricalCrossentropy(smoothed(c))) }],
  [
    "SparseCategoricalCrossentropy",
    { keys: ["from_logits", "axis"], make: (c) => ofLoss(sparseCategoricalCrossentropy(sparse(c))) },
  ],
]);

const shared = (c: JsonObject) => ({
  learningRate: c.learning_rate as number,
  name: (c.name ?? undefined) as string | undefined,
  weightDecay: (c.weight_decay ?? undefined) as number | undefined,
  clipnorm: (c.clipnorm ?? undefined) as number | undefined,
  globalClipnorm: (c.global_clipnorm ?? undefined) as number | undefined,
  clipvalue: (c.clipvalue ?? undefined) as number | undefined,
});
const sharedKeys = ["learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "ema_momentum"];

const optimizers: Classes<Optimizer> = new Map<string, Class<Optimizer>>([
  [
    "SGD",
    {
      keys: [...sharedKeys, "momentum", "nesterov"],
      make: (c) => sgd({ ...shared(c), momentum: c.momentum, nesterov: c.nesterov } as SgdOptions),
    },
  ],
  [
    "Adam",
    {
      keys: [...sharedKeys, "beta_1", "beta_2", "epsilon", "amsgrad"],
      make: (c) => {
        const { beta_1: beta1, beta_2: beta2, epsilon, amsgrad } = c;
        return adam({ ...shared(c), beta1, beta2, epsilon, amsgrad } as AdamOptions);
      },
    },
  ],
]);

// ---- writing ------------------------------------------------------------------------------------------------------

/** The `compile_config` of a model. Functions of one's own are written as Keras does: by name alone. */
export function compileConfig({ optimizer, judgements, options }: Compiled): JsonObject {
  const one = judgements.length === 1;
  const lossOf = (given: LossLike | null, i: number): Json =>
    typeof given === "string" ? given : described("keras.losses", judgements[i].loss, losses);
  const given = judgements.map((_, i) =>
    lossOf(Array.isArray(options.loss) ? (options.loss[i] as LossLike | null) : (options.loss as LossLike), i),
  );
  const metricNames = namesOf(options.metrics, judgements.length);
  const judged = judgements.map(({ metrics: own }, i) =>
    own.map((metric, k) => metricNames[i][k] ?? described("keras.metrics", metric, metrics)),
  );
  const isJudged = judged.some((list) => list.length > 0);
  return {
    optimizer: optimizerObject(optimizer),
    loss: one ? given[0] : given,
    loss_weights: options.lossWeights === undefined ? null : [...options.lossWeights],
    metrics: isJudged ? (one ? judged[0] : judged.map((list) => (list.length > 0 ? list : null))) : null,
    weighted_metrics: null,
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  };
}

/** For every output the metrics that were given by name. */
function namesOf(given: CompileOptions["metrics"] = [], outputs: number): (string | undefined)[][] {
  const listed = given.map((entry) => (Array.isArray(entry) ? entry : [entry]) as readonly MetricLike[]);
  const each = outputs === 1 ? [listed.flat()] : listed;
  return Array.from({ length: outputs }, (_, i) =>
    (each[i] ?? []).map((metric) => (typeof metric === "string" ? metric : undefined)),
  );
}

/** A loss or metric as an object: of Keras' class, or the name of a function of one's own. */
function described(module: string, what: Loss | Metric | undefined, known: Classes<Loss | Metric>): Json {
  if (what === undefined) return null;
  const { className: name, config } = what;
  const keys = known.get(name)?.keys;
  if (keys === undefined) return { module: "builtins", class_name: "function", config: name, registered_name: name };
  const all = module === "keras.losses" ? ["name", "reduction", ...keys] : ["name", ...keys];
  const own = Object.fromEntries(all.filter((key) => config[key] !== undefined).map((key) => [key, config[key]]));
  return { module, class_name: name, config: own as JsonObject, registered_name: null };
}

/** Without the arguments that versions of Keras before 3.3 do not know, as they are not used. */
function optimizerObject({ className, config }: Optimizer): JsonObject {
  const { loss_scale_factor: _, gradient_accumulation_steps: __, ...own } = config;
  return { module: "keras.optimizers", class_name: className, config: own as JsonObject, registered_name: null };
}

// ---- reading ------------------------------------------------------------------------------------------------------

const WITHOUT = "Load it with { compile: false } and call compile.";

/**
 * What `compile` is to be given, or nothing when the model was not compiled.
 *
 * @param outputs - the names of the model's outputs.
 */
export function readCompileConfig(
  where: string,
  config: Json | undefined,
  outputs: readonly string[],
): CompileOptions | undefined {
  if (config === undefined || config === null) return undefined;
  if (!isJsonObject(config)) throw malformed(where, `compile_config is ${brief(config)}, expected an object`);
  if (Object.keys(config).length === 0) return undefined;
  const at = `${where}: compile_config`;
  const weighted = config.weighted_metrics;
  if (!(weighted === undefined || weighted === null || (Array.isArray(weighted) && weighted.length === 0))) {
    throw unsupportedFile({ where: at, problem: "it has weighted_metrics, which Rhyton has not yet", fix: WITHOUT });
  }
  if (config.loss === null || config.loss === undefined) {
    throw unsupportedFile({ where: at, problem: "it has no loss", fix: WITHOUT });
  }
  const weights = config.loss_weights ?? undefined;
  return {
    optimizer: objectOf(`${at}: optimizer`, objectAt(at, config, "optimizer"), optimizers),
    loss: eachOutput(`${at}: loss`, config.loss, outputs, true).map((given) =>
      given === null ? null : nameOrObject(`${at}: loss`, given, losses),
    ) as readonly LossLike[],
    lossWeights:
      weights === undefined
        ? undefined
        : eachOutput(`${at}: loss_weights`, weights, outputs, true).map((weight) => (weight ?? 1) as number),
    metrics: readMetrics(`${at}: metrics`, config.metrics, outputs),
  };
}

/** For every output its entry of a list or of an object by names; one entry alone when there is one output. */
function eachOutput(where: string, given: Json, outputs: readonly string[], forAll: boolean): readonly Json[] {
  if (Array.isArray(given)) {
    if (given.length === outputs.length) return given as readonly Json[];
    throw malformed(where, `it has ${given.length} entries for ${outputs.length} outputs`);
  }
  if (isJsonObject(given) && given.class_name === undefined) {
    const unknown = Object.keys(given).find((name) => !outputs.includes(name));
    if (unknown === undefined) return outputs.map((name) => given[name] ?? null);
    throw malformed(where, `it names the output ${JSON.stringify(unknown)}, and there is ${outputs.join(", ")}`);
  }
  if (forAll) return outputs.map(() => given);
  throw malformed(where, `it is ${brief(given)}, expected a list`);
}

function readMetrics(where: string, given: Json | undefined, outputs: readonly string[]): CompileOptions["metrics"] {
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return undefined;
  const flat = (entry: Json): readonly Json[] => (Array.isArray(entry) ? entry.flatMap(flat) : [entry]);
  const one = outputs.length === 1 && Array.isArray(given);
  const each = one ? [given as Json] : eachOutput(where, given, outputs, false);
  return each.map((entry) =>
    flat(entry)
      .filter((metric) => metric !== null)
      .map((metric) => nameOrObject(where, metric, metrics) as MetricLike),
  );
}

/** A name is looked up by `compile`; an object is of one of the `classes`. */
function nameOrObject<T extends Loss | Metric>(where: string, given: Json, classes: Classes<T>): string | T {
  if (typeof given === "string") return given;
  if (!isJsonObject(given)) throw malformed(where, `it is ${brief(given)}, expected a name or an object`);
  const made = objectOf(where, given, classes);
  const name = isJsonObject(given.config) ? given.config.name : undefined;
  return typeof name === "string" ? { ...made, name, config: { ...made.config, name } } : made;
}

/** What an object of one of the classes stands for. Every key must be ours, or say what is the case anyway. */
function objectOf<T>(where: string, object: JsonObject, classes: Classes<T>): T {
  if (object.class_name === "__lambda__") refuseCode(where, { it: object });
  if (object.class_name === "function") {
    const problem = `it is the function ${brief(object.config)}, which is not in the file`;
    throw unsupportedFile({
      where,
      problem,
      fix: "Load it with { compile: false } and call compile with the function.",
    });
  }
  const name = textAt(where, object, "class_name");
  const found = isBuiltIn(object) ? classes.get(name) : undefined;
  if (found === undefined) {
    const known = `Rhyton has ${[...classes.keys()].join(", ")}.`;
    throw unsupportedFile({ where, problem: `${brief(name)} is not known to Rhyton`, fix: `${known} ${WITHOUT}` });
  }
  const config = objectAt(where, object, "config");
  refuseCode(where, config);
  for (const [key, value] of Object.entries(config)) {
    if (key === "name" || key === "dtype" || value === null || value === false) continue;
    if (found.keys.includes(key) && !(key === "axis" && value !== -1) && !isJsonObject(value)) continue;
    if (key === "reduction" && value === "sum_over_batch_size") continue;
    if (key === "gradient_accumulation_steps" && value === 1) continue;
    const problem = `${key} is ${brief(value)}, which Rhyton has nothing for yet`;
    throw unsupportedFile({ where: `${where}: ${name}`, problem, fix: WITHOUT });
  }
  return found.make(config);
}
