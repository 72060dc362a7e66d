/** Every output from every input. */

import { shapeError } from "../core/errors.ts";
import type { Size } from "../core/shape-types.ts";
import type { OpenShape, Shape, Tensor, Variable } from "../graph/tensor.ts";
import { add, matmulLast } from "../ops/index.ts";
import { type Activation, type ActivationLike, activationConfig, activationOf } from "./activations.ts";
import { type Initializer, type InitializerLike, initializerConfig, initializerOf } from "./initializers.ts";
import { Layer, type LayerOptions, layerOptions } from "./layer.ts";
import { type Config, checkBoolean, checkCount, checkOptions, type None, type Only, readConfig } from "./options.ts";
import type { Rule, ShapeError } from "./rule.ts";
import { type WeightRuleOptions, WeightRules, weightRuleNames } from "./weight-rules.ts";

/** Options of `dense`. */
export interface DenseOptions extends LayerOptions, WeightRuleOptions<"kernel" | "bias"> {
  /** A function of the result: a name or a function. Default none. */
  readonly activation?: ActivationLike;
  /** Whether a learned number is added to each unit. Default true. */
  readonly useBias?: boolean;
  /** What the kernel begins with. Default `"glorot_uniform"`. */
  readonly kernelInitializer?: InitializerLike;
  /** What the bias begins with. Default `"zeros"`. */
  readonly biasInitializer?: InitializerLike;
}

const optionNames = [
  "activation",
  "useBias",
  "kernelInitializer",
  "biasInitializer",
  ...weightRuleNames("kernel", "bias"),
  ...layerOptions,
] as const satisfies readonly (keyof DenseOptions)[];

export interface DenseRule<U extends number> extends Rule {
  readonly out: this["in"] extends infer S extends OpenShape
    ? S extends readonly []
      ? ShapeError<"dense: needs at least one axis besides the batch">
      : S extends readonly [...infer Front extends Size[], infer Last extends Size]
        ? [Last] extends [null]
          ? ShapeError<"dense: needs a last axis of known size, and it is open">
          : [...Front, U]
        : number[]
    : ShapeError<"dense: takes one tensor, not a list">;
}

/** The layer that `dense` makes: Keras' `Dense`. Its arguments are properties. */
export class Dense<const U extends number = number> extends Layer<DenseRule<U>> {
  readonly units: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  readonly weightRules: WeightRules;
  /** `[inputs, units]`, once built. */
  kernel: Variable | undefined;
  /** `[units]`, once built, unless `useBias` is false. */
  bias: Variable | undefined;

  constructor(units: U, options: DenseOptions = {}) {
    super(options);
    const { where } = this;
    checkOptions(where, options, optionNames);
    this.units = checkCount(where, "units", units);
    this.activation = activationOf(where, options.activation);
    this.useBias = checkBoolean(where, "useBias", options.useBias ?? true);
    this.kernelInitializer = initializerOf(where, "kernelInitializer", options.kernelInitializer ?? "glorot_uniform");
    this.biasInitializer = initializerOf(where, "biasInitializer", options.biasInitializer ?? "zeros");
    this.weightRules = new WeightRules(where, ["kernel", "bias"], options);
  }

  override get className(): string {
    return "Dense";
  }

  protected override build(shape: Shape): void {
    if (shape.length === 0) {
      throw shapeError({
        where: this.where,
        got: "one number for each sample, (None,)",
        expected: "at least one axis besides the batch",
        fix: "Reshape it to [1].",
      });
    }
    const { weightRules: rules } = this;
    const kernelShape = [shape[shape.length - 1], this.units];
    this.kernel = this.addWeight("kernel", kernelShape, this.kernelInitializer, rules.of("kernel"));
    if (this.useBias) this.bias = this.addWeight("bias", [this.units], this.biasInitializer, rules.of("bias"));
  }

  /** Only the last axis must stay. */
  protected override suits([built]: readonly Shape[], [now]: readonly Shape[]): boolean {
    return now.length > 0 && now[now.length - 1] === built[built.length - 1];
  }

  call(x: Tensor): Tensor {
    const y = matmulLast(x, this.read(this.kernel));
    return this.activation.apply(this.useBias ? add(y, this.read(this.bias)) : y);
  }

  override getConfig(): Config {
    return {
      ...super.getConfig(),
      units: this.units,
      activation: activationConfig(this.where, this.activation),
      use_bias: this.useBias,
      kernel_initializer: initializerConfig(this.kernelInitializer),
      bias_initializer: initializerConfig(this.biasInitializer),
      ...this.weightRules.regularizerConfig(),
      ...this.weightRules.constraintConfig(),
    };
  }

  static fromConfig(config: Config): Dense {
    const { units, ...options } = readConfig("Dense", config, ["units", ...optionNames]);
    return new Dense<number>(units as number, options);
  }
}

/**
 * Every output from every input along the last axis: `dense(10, { activation: "softmax" })`.
 *
 * @param units - size of the last axis of the result.
 */
export function dense<const U extends number, const O extends DenseOptions = None>(
  units: U,
  options?: Only<O, DenseOptions>,
): Dense<U> {
  return new Dense<U>(units, options);
}
