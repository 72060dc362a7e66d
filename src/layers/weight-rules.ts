/** What layers with a kernel and a bias say about these: regularizers and constraints, under Keras' names. */
import type { Constraint, Regularizer } from "../graph/tensor.ts";
import { type ConstraintLike, constraintConfig, constraintOf } from "./constraints.ts";
import type { Config } from "./options.ts";
import { type RegularizerLike, regularizerConfig, regularizerOf } from "./regularizers.ts";

export interface WeightRuleOptions {
  /** What large weights of the kernel cost; added to the loss. */
  readonly kernelRegularizer?: RegularizerLike;
  readonly biasRegularizer?: RegularizerLike;
  /** What the kernel is made to be after each step. */
  readonly kernelConstraint?: ConstraintLike;
  readonly biasConstraint?: ConstraintLike;
}

/** The names of these options; `activityRegularizer` is one of every layer. */
export const weightRuleNames = [
  "kernelRegularizer",
  "biasRegularizer",
  "kernelConstraint",
  "biasConstraint",
] as const satisfies readonly (keyof WeightRuleOptions)[];

/** The options, resolved. `kernel` and `bias` are for `addWeight`. */
export interface WeightRules {
  readonly kernel: { readonly regularizer?: Regularizer; readonly constraint?: Constraint };
  readonly bias: { readonly regularizer?: Regularizer; readonly constraint?: Constraint };
}

export const weightRulesOf = (where: string, o: WeightRuleOptions): WeightRules => ({
  kernel: {
    regularizer: regularizerOf(where, "kernelRegularizer", o.kernelRegularizer),
    constraint: constraintOf(where, "kernelConstraint", o.kernelConstraint),
  },
  bias: {
    regularizer: regularizerOf(where, "biasRegularizer", o.biasRegularizer),
    constraint: constraintOf(where, "biasConstraint", o.biasConstraint),
  },
});

/** As they stand in a config, in Keras' order. */
export const weightRulesConfig = (where: string, { kernel, bias }: WeightRules): Config => ({
  kernel_regularizer: regularizerConfig(where, kernel.regularizer),
  bias_regularizer: regularizerConfig(where, bias.regularizer),
  kernel_constraint: constraintConfig(where, kernel.constraint),
  bias_constraint: constraintConfig(where, bias.constraint),
});
