/**
 * The optimizers of Keras 3, by name.
 */
import { argumentError, unknownName } from "../core/errors.ts";
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

/** The optimizer that a name or an object stands for. */
export function resolveOptimizer(given: unknown, where: string): Optimizer {
  if (given instanceof Optimizer) return given;
  if (typeof given === "string") return optimizerMaker(where, given)();
  const expected = "the name of an optimizer, or one made by adam(…), sgd(…) or another";
  throw argumentError({ where, argument: "optimizer", value: given, expected });
}

/** What makes the optimizer of a name. @throws RhytonError `unknown-name` when there is none. */
export function optimizerMaker(where: string, name: string): (options?: OptimizerOptions) => Optimizer {
  const make = Object.entries(classes).find(([className]) => className.toLowerCase() === name.toLowerCase())?.[1];
  if (make !== undefined) return make;
  throw unknownName({ where, what: "optimizer", name, choices: optimizerClasses.map((c) => c.toLowerCase()) });
}
