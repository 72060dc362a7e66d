/**
 * A Tensor is one symbolic value: an op, its inputs and attributes, a shape and a kind. It never holds data.
 *
 * Shapes leave out the batch axis. A size may be open (`null`) in tensors that models are made of; programs are made of
 * tensors whose sizes are all known, so ops and passes see numbers only. A tensor either belongs to a sample (`perSample`: there is one value for each sample
 * of a batch) or is shared by all of them (weights, statistics, gradients of weights, losses).
 */
import { type DType, showShape } from "../core/array.ts";
import { ownCodeError } from "../core/errors.ts";
import type { OpenShape } from "../core/open-shape.ts";
import type { Op } from "./op.ts";

/** The sizes of all axes; without the batch, where it is that of a tensor. */
export type Shape = readonly number[];

/** Attributes of an op: plain values, so that graphs print and compare. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Which call of which layer made a tensor, and which of its outputs it is. Set by layers, ignored by the compiler. */
export interface Origin {
  readonly call: object;
  readonly output: number;
}

/** One symbolic value: what an op makes of its inputs. It has a shape and never holds data. */
export class Tensor<out S extends OpenShape = Shape> {
  /** What makes it of its inputs. */
  readonly op: Op;
  /** The tensors it is made of. */
  readonly inputs: readonly Tensor[];
  /** The arguments of the op. */
  readonly attributes: Attributes;
  /** The shape without the batch axis; null where a size is open. */
  readonly shape: S;
  /** Whether there is one for each sample of a batch, or one that all share. */
  readonly perSample: boolean;
  /** Which layer answered it; undefined for what ops made inside. */
  origin: Origin | undefined;

  /** Use `apply` of an op's record; a constructor call checks nothing. */
  constructor(op: Op, inputs: readonly Tensor[], attributes: Attributes, shape: S, perSample: boolean) {
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.shape = shape;
    this.perSample = perSample;
  }

  /** `<Tensor (None, 28, 28, 1)>`; without None where the samples share it. */
  toString(): string {
    return `<Tensor ${showShape(this.shape, this.perSample)}>`;
  }

  /** Its text, and nothing else: `x > 0` and `x + 1` would compare and add that text, which is never what is meant. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    const problem = "a tensor has no value while the graph is built, so that it is no number";
    const fix =
      "Instead of +, *, > and the like use ops.add, ops.multiply, ops.greater, …; instead of if use ops.where. For a text use String(x).";
    throw ownCodeError({ where: this.toString(), problem, fix });
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** A tensor of which sizes may be open. */
export type OpenTensor = Tensor<OpenShape>;

/** How the values of a new variable are drawn: filled in place, from a generator that belongs to this variable alone. */
export interface Initializer {
  /** The name of its class in Keras. */
  readonly className: string;
  /** Its arguments under Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Writes the first values of a weight of this shape. */
  fill(values: Float32Array, shape: Shape, seed: number): void;
}

/** What a weight (or what a layer answers) costs: a shared scalar that is added to the loss. */
export interface Regularizer {
  /** The name of its class in Keras. */
  readonly className: string;
  /** Its arguments under Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The sum over all cells; for a tensor that belongs to a sample, over those of that sample. */
  call(x: Tensor): Tensor;
}

/** What a weight is made to be after each step. */
export interface Constraint {
  /** The name of its class in Keras. */
  readonly className: string;
  /** Its arguments under Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The weight as it must be. */
  call(weight: Tensor): Tensor;
}

/**
 * A value that is kept between runs: the specification and, once a model owns it, the value.
 *
 * `value` is undefined until the first model that owns the variable draws it from (seed, position). Writers call
 * `assign`, so that devices notice.
 */
export class Variable {
  /** The name under which files have it: `kernel`, `bias`. */
  readonly name: string;
  /** Its sizes. */
  readonly shape: Shape;
  /** What it begins with. */
  readonly initializer: Initializer;
  /** Whether training changes it. */
  trainable: boolean;
  /** What it costs in the loss. */
  regularizer: Regularizer | undefined;
  /** What it is made to be after each step. */
  constraint: Constraint | undefined;
  /**
   * Its numbers, row-major; undefined until a model owns it. They are not written into: a change is another array, given to
   * `assign`. So a file that is being written, or a callback that keeps them, has what was there at the time.
   */
  value: Float32Array | undefined;
  /** Grows with every assignment; devices compare it to know whether their copy is old. */
  version = 0;

  constructor(name: string, shape: Shape, initializer: Initializer, trainable = true) {
    this.name = name;
    this.shape = shape;
    this.initializer = initializer;
    this.trainable = trainable;
  }

  /** Gives it other numbers, as many as before. */
  assign(value: Float32Array): void {
    this.value = value;
    this.version++;
  }

  /** `<Variable kernel (3, 3, 1, 16)>`; its numbers are in `value`. */
  toString(): string {
    return `<Variable ${this.name} ${showShape(this.shape)}${this.trainable ? "" : ", not trainable"}>`;
  }

  /** What `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

export type { DType, OpenShape };
