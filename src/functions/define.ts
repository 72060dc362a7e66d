/**
 * How the functions of `ops` are made. Each is written once, for tensors; given tensors it makes a graph, given nothing
 * but plain data it works at once. Arguments come as in Keras: what is required by position, the rest as options.
 */
import { type OpenTensor, Tensor } from "../graph/tensor.ts";
import { checkOptions } from "../layers/options.ts";
import { atAnySize, checkSizedOptions } from "../ops/open.ts";
import { type ArrayLike, isArrayLike, type Numbers, type Operand, toTensor } from "./arrays.ts";
import { evaluate } from "./evaluate.ts";

/** A function of one operand. */
export interface Unary<A extends readonly unknown[] = []> {
  (x: Tensor, ...rest: A): Tensor;
  (x: OpenTensor, ...rest: A): OpenTensor;
  (x: ArrayLike, ...rest: A): Numbers;
  (x: Operand, ...rest: A): Tensor | Numbers;
}

/** A function of two operands; one tensor is enough to make a graph. */
export interface Binary<A extends readonly unknown[] = []> {
  (x1: ArrayLike, x2: ArrayLike, ...rest: A): Numbers;
  (x1: Tensor, x2: Operand, ...rest: A): Tensor;
  (x1: Operand, x2: Tensor, ...rest: A): Tensor;
  (x1: Operand | OpenTensor, x2: OpenTensor, ...rest: A): OpenTensor;
  (x1: OpenTensor, x2: Operand, ...rest: A): OpenTensor;
  (x1: Operand, x2: Operand, ...rest: A): Tensor | Numbers;
}

/** A function of three operands. */
export interface Ternary<A extends readonly unknown[] = []> {
  (x1: ArrayLike, x2: ArrayLike, x3: ArrayLike, ...rest: A): Numbers;
  (x1: Tensor, x2: Operand, x3: Operand, ...rest: A): Tensor;
  (x1: Operand, x2: Tensor, x3: Operand, ...rest: A): Tensor;
  (x1: Operand, x2: Operand, x3: Tensor, ...rest: A): Tensor;
  (x1: OpenTensor, x2: Operand | OpenTensor, x3: Operand | OpenTensor, ...rest: A): OpenTensor;
  (x1: Operand, x2: Operand, x3: Operand, ...rest: A): Tensor | Numbers;
}

/** A function of a list of operands. */
export interface Listed<A extends readonly unknown[] = []> {
  (xs: readonly ArrayLike[], ...rest: A): Numbers;
  (xs: readonly Operand[], ...rest: A): Tensor;
  (xs: readonly (Operand | OpenTensor)[], ...rest: A): OpenTensor;
}

/** A function of one operand that gives several results. */
export interface Several<A extends readonly unknown[] = []> {
  (x: Tensor, ...rest: A): Tensor[];
  (x: OpenTensor, ...rest: A): OpenTensor[];
  (x: ArrayLike, ...rest: A): Numbers[];
  (x: Operand, ...rest: A): Tensor[] | Numbers[];
}

const isTensor = (x: unknown): boolean =>
  x instanceof Tensor || (Array.isArray(x) && x.some((item) => item instanceof Tensor));

const isOptions = (x: unknown): x is object =>
  typeof x === "object" && x !== null && !(x instanceof Tensor) && !isArrayLike(x);

/** Whether an argument is a tensor, or a list or options that hold one. */
const holdsTensor = (x: unknown): boolean => isTensor(x) || (isOptions(x) && Object.values(x).some(isTensor));

/** What a function made of its arguments, worked out where no tensor is among them. */
export function settle(args: readonly unknown[], result: Tensor | readonly Tensor[]): unknown {
  if (args.some(holdsTensor)) return result;
  return result instanceof Tensor ? evaluate([result])[0] : evaluate(result);
}

/** Refuses options that a function has not. `required` arguments come before them. */
function check(name: string, args: readonly unknown[], required: number, options: readonly string[]): void {
  const given = args[required];
  if (given !== undefined) checkOptions(`ops.${name}`, given, options);
}

type Rest = readonly unknown[];

/** @param options - the names of the options, which come after `f`'s other arguments. */
const made =
  <R extends Tensor | readonly Tensor[]>(
    name: string,
    count: number,
    options: readonly string[],
    f: (xs: readonly Tensor[], rest: Rest) => R,
    required = 0,
  ) =>
  (...args: Rest): unknown => {
    if (options.length > 0) check(name, args, count + required, options);
    const xs = args.slice(0, count).map((x) => toTensor(name, x as Operand));
    const rest = args.slice(count);
    for (const x of rest) if (isOptions(x)) checkSizedOptions(name, Object.values(x));
    return settle(
      args,
      atAnySize(name, xs, (sized) => f(sized, rest)),
    );
  };

/**
 * A function of one operand.
 *
 * @param name - in `ops`, for errors.
 * @param f - the function, for tensors.
 * @param options - the names of its options.
 * @param required - its arguments between the operand and the options.
 */
export const unary = <A extends Rest = []>(
  name: string,
  f: (x: Tensor, ...rest: A) => Tensor,
  options: readonly string[] = [],
  required = 0,
): Unary<A> => made(name, 1, options, ([x], rest) => f(x, ...(rest as unknown as A)), required) as Unary<A>;

/** As `unary`, for two operands. */
export const binary = <A extends Rest = []>(
  name: string,
  f: (x1: Tensor, x2: Tensor, ...rest: A) => Tensor,
  options: readonly string[] = [],
  required = 0,
): Binary<A> => made(name, 2, options, ([a, b], rest) => f(a, b, ...(rest as unknown as A)), required) as Binary<A>;

/** As `unary`, for three operands. */
export const ternary = <A extends Rest = []>(
  name: string,
  f: (x1: Tensor, x2: Tensor, x3: Tensor, ...rest: A) => Tensor,
  options: readonly string[] = [],
  required = 0,
): Ternary<A> =>
  made(name, 3, options, ([a, b, c], rest) => f(a, b, c, ...(rest as unknown as A)), required) as Ternary<A>;

/** As `unary`, for several results. */
export const several = <A extends Rest = []>(
  name: string,
  f: (x: Tensor, ...rest: A) => readonly Tensor[],
  options: readonly string[] = [],
  required = 0,
): Several<A> => made(name, 1, options, ([x], rest) => f(x, ...(rest as unknown as A)), required) as Several<A>;

/** As `unary`, for a list of operands. */
export const listed =
  <A extends Rest = []>(
    name: string,
    f: (xs: readonly Tensor[], ...rest: A) => Tensor,
    options: readonly string[] = [],
  ): Listed<A> =>
  (...args: Rest) => {
    check(name, args, 1, options);
    const [xs, ...rest] = args as [readonly Operand[], ...A];
    const tensors = Array.from(xs, (x) => toTensor(name, x));
    return settle(
      args,
      atAnySize(name, tensors, (sized) => f(sized, ...(rest as unknown as A))),
    ) as never;
  };
