/**
 * How a model was compiled, as Keras writes it into `compile_config`, and back. Names stay as they were typed.
 */
import { argumentError, RhytonError, unsupportedFile } from "../core/errors.ts";
import { isRecord } from "../layers/options.ts";
import { brief, isBuiltIn, malformed, objectAt, refuseCode, textAt, within } from "../saving/config-parts.ts";
import { CustomObjects } from "../saving/custom.ts";
import { isJsonObject, type Json, type JsonObject } from "../saving/json.ts";
import type { Compiled, CompileOptions, LossLike } from "./compile.ts";
import { lossClasses, lossFromConfig, metricClasses, metricFromConfig, optimizerFromConfig } from "./from-config.ts";
import type { Loss, LossFunction } from "./losses.ts";
import { type Metric, meanMetricWrapper } from "./metric.ts";
import { type MetricLike, metricOf } from "./metric-names.ts";
import * as metrics from "./metrics.ts";
import type { Optimizer } from "./optimizer.ts";
import { optimizerClasses } from "./optimizers.ts";

// ---- writing ------------------------------------------------------------------------------------------------------

/** The `compile_config` of a model. Functions of one's own are written as Keras does: by name alone. */
export function compileConfig({ optimizer, trained, given, options }: Compiled): JsonObject {
  const one = trained.length === 1;
  const losses = given.map(({ loss }, i) =>
    typeof loss === "string" ? loss : described("keras.losses", trained[i].loss, lossClasses),
  );
  const madeOf = (metric: Metric | LossFunction): Metric =>
    typeof metric === "function" ? metricOf(metric, Object.values(metrics)) : metric;
  const measured = (which: "metrics" | "weightedMetrics"): Json => {
    const each = given.map((typed) =>
      typed[which].map(
        (metric): Json =>
          typeof metric === "string" ? metric : described("keras.metrics", madeOf(metric), metricClasses),
      ),
    );
    if (each.every((list) => list.length === 0)) return null;
    return one ? each[0] : each.map((list) => (list.length > 0 ? list : null));
  };
  return {
    optimizer: optimizerObject(optimizer),
    loss: one ? losses[0] : losses,
    loss_weights: options.lossWeights === undefined ? null : trained.map(({ weight }) => weight),
    metrics: measured("metrics"),
    weighted_metrics: measured("weightedMetrics"),
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  };
}

/** A loss or metric as an object: of Keras' class, or the name of a function of one's own. */
function described(module: string, what: Loss | Metric | undefined, known: readonly string[]): Json {
  if (what === undefined) return null;
  const { className, name, config } = what;
  if (known.includes(className)) {
    return { module, class_name: className, config: config as JsonObject, registered_name: null };
  }
  return { module: "builtins", class_name: "function", config: name, registered_name: name };
}

/** Without the arguments that versions of Keras before 3.3 do not know, where they are not used. */
function optimizerObject({ className, config }: Optimizer): JsonObject {
  const late = ["loss_scale_factor", "gradient_accumulation_steps"];
  const own = Object.entries(config).filter(([key, value]) => value !== null || !late.includes(key));
  const entries = Object.fromEntries(own) as JsonObject;
  return { module: "keras.optimizers", class_name: className, config: entries, registered_name: null };
}

// ---- reading ------------------------------------------------------------------------------------------------------

const WITHOUT = "Load it with { compile: false } and call compile.";

/**
 * What `compile` is to be given, or nothing when the model was not compiled.
 *
 * @param outputs - the names of the model's outputs.
 * @param custom - losses and metrics of the caller's own.
 */
export function readCompileConfig(
  where: string,
  config: Json | undefined,
  outputs: readonly string[],
  custom: CustomObjects = new CustomObjects(),
): CompileOptions | undefined {
  if (config === undefined || config === null) return undefined;
  if (!isJsonObject(config)) throw malformed(where, `compile_config is ${brief(config)}, expected an object`);
  if (Object.keys(config).length === 0) return undefined;
  const at = `${where}: compile_config`;
  const weights = config.loss_weights ?? undefined;
  return {
    optimizer: readOptimizer(at, config),
    loss: eachOutput(`${at}: loss`, config.loss ?? null, outputs, true).map((given) =>
      given === null ? null : nameOrObject(`${at}: loss`, given, lossClasses, lossFromConfig, custom),
    ) as readonly LossLike[],
    lossWeights:
      weights === undefined
        ? undefined
        : eachOutput(`${at}: loss_weights`, weights, outputs, true).map((weight) => (weight ?? 1) as number),
    metrics: readMetrics(`${at}: metrics`, config.metrics, outputs, custom),
    weightedMetrics: readMetrics(`${at}: weighted_metrics`, config.weighted_metrics, outputs, custom),
  };
}

/** Keras before 3.4 writes what `compile` was given: maybe a name, in any case, of an optimizer with its defaults. */
function optimizerNamed(given: Json | undefined): JsonObject | undefined {
  if (typeof given !== "string") return undefined;
  const className = optimizerClasses.find((name) => name.toLowerCase() === given.toLowerCase()) ?? given;
  return { module: "keras.optimizers", class_name: className, config: {}, registered_name: null };
}

function readOptimizer(at: string, config: JsonObject): Optimizer {
  const where = `${at}: optimizer`;
  const object = optimizerNamed(config.optimizer) ?? objectAt(at, config, "optimizer");
  refuseCode(where, { it: object });
  const name = textAt(where, object, "class_name");
  if (!isBuiltIn(object) || !optimizerClasses.includes(name)) {
    const known = `Rhyton has ${optimizerClasses.join(", ")}.`;
    throw unsupportedFile({ where, problem: `${brief(name)} is not known to Rhyton`, fix: `${known} ${WITHOUT}` });
  }
  const own = objectAt(where, object, "config");
  refuseCode(where, own);
  return within(where, () => optimizerFromConfig(`${where}: ${name}`, name, own));
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

function readMetrics(
  where: string,
  given: Json | undefined,
  outputs: readonly string[],
  custom: CustomObjects,
): CompileOptions["metrics"] {
  if (given === undefined || given === null || (Array.isArray(given) && given.length === 0)) return undefined;
  const flat = (entry: Json): readonly Json[] => (Array.isArray(entry) ? entry.flatMap(flat) : [entry]);
  const one = outputs.length === 1 && Array.isArray(given);
  const each = one ? [given as Json] : eachOutput(where, given, outputs, false);
  return each.map((entry) =>
    flat(entry)
      .filter((metric) => metric !== null)
      .map((metric) => nameOrObject(where, metric, metricClasses, metricFromConfig, custom) as MetricLike),
  );
}

/** A name is looked up by `compile`; an object is of one of the `classes`. */
function nameOrObject<T extends Loss | Metric>(
  where: string,
  given: Json,
  classes: readonly string[],
  make: (where: string, className: string, config: JsonObject) => T,
  custom: CustomObjects,
): string | T | LossFunction {
  if (typeof given === "string") return ownOf<T>(given, undefined, custom.named(given)) ?? given;
  if (!isJsonObject(given)) throw malformed(where, `it is ${brief(given)}, expected a name or an object`);
  const inner = isJsonObject(given.config) ? given.config : undefined;
  const own = ownOf<T>(String(given.class_name), inner, custom.find(given));
  if (own !== undefined) return own;
  // A mean of what a function of one's own gives.
  const fn = isJsonObject(inner?.fn) ? custom.find(inner.fn) : undefined;
  if (typeof fn === "function") {
    const name = typeof inner?.name === "string" ? inner.name : undefined;
    return meanMetricWrapper(fn as LossFunction, { name }) as Loss | Metric as T;
  }
  const name = classOf(where, given, classes);
  const config = objectAt(where, given, "config");
  refuseCode(where, config);
  const at = `${where}: ${name}`;
  for (const [key, value] of Object.entries(config)) {
    if (key !== "dtype" && isJsonObject(value)) throw malformed(at, `${key} is ${brief(value)}`);
  }
  try {
    return make(at, name, config);
  } catch (error) {
    if (!(error instanceof RhytonError)) throw error;
    throw unsupportedFile({ where: at, problem: error.message.replace(/\.$/, ""), fix: WITHOUT });
  }
}

/** A loss or metric that the caller gave: as it is, or made from the config by its `fromConfig`. */
function ownOf<T>(name: string, config: JsonObject | undefined, given: unknown): T | LossFunction | undefined {
  if (given === undefined) return undefined;
  if (isRecord(given) && typeof given.fromConfig === "function") return given.fromConfig(config ?? {}) as T;
  if (typeof given === "function" || isRecord(given)) return given as T | LossFunction;
  const expected = "a loss or metric, or a function (target, prediction) => tensor";
  throw argumentError({ where: "loadModel", argument: `customObjects.${name}`, value: given, expected });
}

/** The class of an object, which is one of Keras that there is. */
function classOf(where: string, object: JsonObject, classes: readonly string[]): string {
  if (object.class_name === "__lambda__") refuseCode(where, { it: object });
  if (object.class_name === "function") {
    const problem = `it is the function ${brief(object.config)}, which is not in the file`;
    throw unsupportedFile({
      where,
      problem,
      fix: "Give it: loadModel(file, { customObjects: { … } }), or load with { compile: false } and call compile.",
    });
  }
  const name = textAt(where, object, "class_name");
  if (isBuiltIn(object) && classes.includes(name)) return name;
  const known = `Rhyton has ${classes.join(", ")}.`;
  throw unsupportedFile({ where, problem: `${brief(name)} is not known to Rhyton`, fix: `${known} ${WITHOUT}` });
}
