/** What layers say about their weights: a regularizer and a constraint for each, under Keras' names. */
import type { Constraint, Regularizer } from "../graph/tensor.ts";
import { type ConstraintLike, constraintConfig, constraintOf } from "./constraints.ts";
import { type Config, snakeCase } from "./options.ts";
import { type RegularizerLike, regularizerConfig, regularizerOf } from "./regularizers.ts";

/**
 * `kernelRegularizer`, what large weights of the kernel cost (added to the loss), and `kernelConstraint`, what it is made
 * to be after each step; for each of the weights named.
 */
export type WeightRuleOptions<Name extends string> = { readonly [K in `${Name}Regularizer`]?: RegularizerLike } & {
  readonly [K in `${Name}Constraint`]?: ConstraintLike;
};

/** The names of these options. */
export const weightRuleNames = <const Name extends string>(...names: readonly Name[]) =>
  names.flatMap((name) => [`${name}Regularizer`, `${name}Constraint`] as const);

/** The rules of one weight. */
interface Rules {
  readonly regularizer?: Regularizer;
  readonly constraint?: Constraint;
}

/** The rules of all weights of a layer. */
export class WeightRules {
  readonly #where: string;
  readonly #rules: ReadonlyMap<string, Rules>;

  /** @param names - of the weights: `kernel`, `bias`. */
  constructor(where: string, names: readonly string[], options: object) {
    this.#where = where;
    const given = options as Readonly<Record<string, unknown>>;
    const rulesOf = (name: string): Rules => ({
      regularizer: regularizerOf(where, `${name}Regularizer`, given[`${name}Regularizer`]),
      constraint: constraintOf(where, `${name}Constraint`, given[`${name}Constraint`]),
    });
    this.#rules = new Map(names.map((name) => [name, rulesOf(name)]));
  }

  /** For `addWeight`. */
  of(name: string): Rules {
    return this.#rules.get(name) ?? {};
  }

  /** As the regularizers stand in a config, in order. */
  regularizerConfig(): Config {
    return this.#config("regularizer", ({ regularizer }) => regularizerConfig(this.#where, regularizer));
  }

  constraintConfig(): Config {
    return this.#config("constraint", ({ constraint }) => constraintConfig(this.#where, constraint));
  }

  #config(what: string, value: (rules: Rules) => unknown): Config {
    return Object.fromEntries([...this.#rules].map(([name, rules]) => [`${snakeCase(name)}_${what}`, value(rules)]));
  }
}
