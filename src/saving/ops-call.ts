/**
 * One call of an op of Keras in a file: its arguments, read for our ops. Axes and shapes of Keras count the batch, ours do
 * not: a call that mixes samples is refused.
 */
import { sizeOf } from "../core/array.ts";
import { type RhytonError, unsupportedFile } from "../core/errors.ts";
import { type Shape, Tensor } from "../graph/tensor.ts";
import { constantTensor, reshape } from "../ops/index.ts";
import { brief, malformed } from "./config-parts.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** What stands at the place of an argument: tensors of the model are in their places. */
export type Argument = Tensor | Json | readonly Argument[];

export class Call {
  readonly where: string;
  readonly config: JsonObject;
  readonly args: readonly Argument[];

  constructor(where: string, config: JsonObject, args: readonly Argument[]) {
    this.where = where;
    this.config = config;
    this.args = args;
  }

  /** The tensors among the arguments, in lists, too. */
  tensors(): readonly Tensor[] {
    const found: Tensor[] = [];
    const look = (value: Argument): void => {
      if (value instanceof Tensor) found.push(value);
      else if (Array.isArray(value)) value.forEach(look);
    };
    this.args.forEach(look);
    return found;
  }

  /** The same call of other tensors. */
  withTensors(tensors: readonly Tensor[]): Call {
    let next = 0;
    const given = (value: Argument): Argument => {
      if (value instanceof Tensor) return tensors[next++];
      return Array.isArray(value) ? value.map(given) : value;
    };
    return new Call(this.where, this.config, this.args.map(given));
  }

  refuse(problem: string): RhytonError {
    const fix = "Use a layer of Keras in its place and save the model again.";
    return unsupportedFile({ where: this.where, problem, fix });
  }

  /** A tensor, or a constant made one. */
  tensor(i: number): Tensor {
    return this.asTensor(this.args[i]);
  }

  asTensor(value: Argument | undefined): Tensor {
    if (value instanceof Tensor) return value;
    if (typeof value === "number") return constantTensor(value);
    const found = constantOf(value);
    if (found === undefined) throw this.refuse(`an argument is ${showArgument(value)}, expected a tensor`);
    return constantTensor(found);
  }

  /** All arguments, as what works cell by cell takes them. */
  cells(count: number): Tensor[] {
    if (this.args.length !== count) throw malformed(this.where, `it has ${this.args.length} arguments, not ${count}`);
    const xs = this.args.map((_, i) => this.tensor(i));
    const rank = Math.max(0, ...xs.map((x) => (x.perSample ? x.shape.length : -1)));
    return xs.map((x) => {
      if (x.perSample && x.shape.length !== rank) {
        throw this.refuse(`its inputs have ${rank + 1} and ${x.shape.length + 1} axes, which mixes samples`);
      }
      if (x.perSample || x.shape.length <= rank) return x;
      if (x.shape.length === rank + 1 && x.shape[0] === 1) return reshape(x, x.shape.slice(1));
      throw this.refuse("a constant has another value for each sample");
    });
  }

  number(key: string, otherwise?: number): number {
    const value = this.config[key] ?? otherwise;
    if (typeof value === "number") return value;
    throw malformed(this.where, `${key} is ${brief(value)}, expected a number`);
  }

  /** The place among the axes of a sample of an axis of Keras. */
  axis(value: Argument | undefined, rank: number): number {
    if (!Number.isInteger(value)) throw this.refuse(`an axis is ${showArgument(value)}, which takes in the batch`);
    const at = (value as number) < 0 ? (value as number) + rank : (value as number) - 1;
    if (at < 0 || at >= rank) throw this.refuse(`its axis ${value} is the batch, or there is none`);
    return at;
  }

  axes(x: Tensor): number[] {
    const { axis } = this.config;
    return (Array.isArray(axis) ? (axis as readonly Json[]) : [axis]).map((one) => this.axis(one, x.shape.length));
  }

  keepDims(): boolean {
    return this.config.keepdims === true;
  }

  /** The tensors of a list. */
  list(): Tensor[] {
    const [given] = this.args;
    if (!Array.isArray(given) || given.length === 0) throw malformed(this.where, "it is called without a list");
    return given.map((item: Argument) => this.asTensor(item));
  }
}

export const showArgument = (value: Argument | undefined): string =>
  value instanceof Tensor ? "a tensor" : Array.isArray(value) ? "a list" : brief(value as Json | undefined);

const MOST_NUMBERS = 2 ** 24;

/** The array that Keras writes as nested lists. */
function constantOf(value: Argument | undefined): { data: Float32Array; shape: Shape } | undefined {
  if (!isJsonObject(value as Json) || value instanceof Tensor) return undefined;
  const { class_name: name, config } = value as JsonObject;
  if ((name !== "__numpy__" && name !== "__tensor__") || !isJsonObject(config)) return undefined;
  const shape: number[] = [];
  for (let inner: Json = config.value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const numbers: number[] = [];
  const isWhole = (list: Json, depth: number): boolean => {
    if (depth === shape.length) return numbers.push(Number(list)) > 0 && ["number", "boolean"].includes(typeof list);
    return Array.isArray(list) && list.length === shape[depth] && list.every((item: Json) => isWhole(item, depth + 1));
  };
  if (sizeOf(shape) > MOST_NUMBERS || !isWhole(config.value, 0)) return undefined;
  return { data: Float32Array.from(numbers), shape };
}
