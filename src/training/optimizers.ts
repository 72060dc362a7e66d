/**
 * The optimizers of Keras 3, by name and from files.
 */
import { argumentError, unknownName } from "../core/errors.ts";
import { camelCase, isRecord } from "../layers/options.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions } from "./optimizer-options.ts";
import { adadelta } from "./optimizers/adadelta.ts";
import { adagrad } from "./optimizers/adagrad.ts";
import { adam, adamw } from "./optimizers/adam.ts";
import { adamax } from "./optimizers/adamax.ts";
import { ftrl } from "./optimizers/ftrl.ts";
import { lamb } from "./optimizers/lamb.ts";
import { lion } from "./optimizers/lion.ts";
import { nadam } from "./optimizers/nadam.ts";
import { rmsprop } from "./optimizers/rmsprop.ts";
import { sgd } from "./optimizers/sgd.ts";
import { scheduleFromConfig } from "./schedules.ts";

export { Adadelta, type AdadeltaOptions, adadelta } from "./optimizers/adadelta.ts";
export { Adagrad, type AdagradOptions, adagrad } from "./optimizers/adagrad.ts";
export { Adam, type AdamOptions, AdamW, adam, adamw, type BetaOptions } from "./optimizers/adam.ts";
export { Adamax, adamax } from "./optimizers/adamax.ts";
export { Ftrl, type FtrlOptions, ftrl } from "./optimizers/ftrl.ts";
export { Lamb, lamb } from "./optimizers/lamb.ts";
export { Lion, type LionOptions, lion } from "./optimizers/lion.ts";
export { Nadam, nadam } from "./optimizers/nadam.ts";
export { RMSprop, type RmspropOptions, rmsprop } from "./optimizers/rmsprop.ts";
export { SGD, type SgdOptions, sgd } from "./optimizers/sgd.ts";

/** In the order of Keras' documentation. */
const classes = {
  SGD: sgd,
  RMSprop: rmsprop,
  Adam: adam,
  AdamW: adamw,
  Adadelta: adadelta,
  Adagrad: adagrad,
  Adamax: adamax,
  Nadam: nadam,
  Ftrl: ftrl,
  Lion: lion,
  Lamb: lamb,
} as const satisfies Readonly<Record<string, (options?: OptimizerOptions) => Optimizer>>;

type ClassName = keyof typeof classes;

/** The name of an optimizer, as Keras spells it; upper and lower case are the same. */
export type OptimizerName = ClassName | Lowercase<ClassName>;

/** The classes of optimizers by their names in Keras. */
export const optimizerClasses: readonly string[] = Object.keys(classes);

/** The optimizer that a name, an object, or `{ class_name, config }` as files have it stands for. */
export function resolveOptimizer(given: unknown, where: string): Optimizer {
  if (given instanceof Optimizer) return given;
  if (typeof given === "string") return find(where, given)();
  if (isRecord(given) && typeof given.class_name === "string") {
    const make = find(where, given.class_name);
    return make(optionsOf(where, isRecord(given.config) ? given.config : {}));
  }
  const expected = "the name of an optimizer, or one made by adam(…), sgd(…) or another";
  throw argumentError({ where, argument: "optimizer", value: given, expected });
}

function find(where: string, name: string): (options?: OptimizerOptions) => Optimizer {
  const make = Object.entries(classes).find(([className]) => className.toLowerCase() === name.toLowerCase())?.[1];
  if (make !== undefined) return make;
  throw unknownName({ where, what: "optimizer", name, choices: optimizerClasses.map((c) => c.toLowerCase()) });
}

/** Keys of older versions that change nothing. */
const ignored = ["jit_compile", "is_legacy_optimizer"];

/** What a config says, as options. */
function optionsOf(where: string, config: Readonly<Record<string, unknown>>): OptimizerOptions {
  const options = Object.entries(config)
    .filter(([key, value]) => !ignored.includes(key) && value !== null)
    // Early versions of Keras 3 write 1 for none.
    .filter(([key, value]) => !(key === "gradient_accumulation_steps" && value === 1))
    .map(([key, value]) => [camelCase(key), key === "learning_rate" ? rateOf(where, value) : value]);
  return Object.fromEntries(options);
}

function rateOf(where: string, value: unknown): unknown {
  if (!isRecord(value) || typeof value.class_name !== "string") return value;
  return scheduleFromConfig(where, value.class_name, isRecord(value.config) ? value.config : {});
}
