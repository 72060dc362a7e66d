/**
 * Functions of tensors of which sizes are open. What a function makes at two sizes is compared: the same ops with the same
 * attributes are applied to the open tensors; where it computes with sizes, one op stands for it until they are known.
 */
import { showShape } from "../core/array.ts";
import { internalError, openSizeError } from "../core/errors.ts";
import { byTrial, isOpen } from "../core/open-shape.ts";
import { apply, type Op } from "../graph/op.ts";
import { type OpenTensor, Tensor } from "../graph/tensor.ts";
import { identity } from "./elementwise.ts";

type Made = Tensor | readonly Tensor[];

interface Trial {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

const listOf = (made: Made): readonly Tensor[] => (made instanceof Tensor ? [made] : made);

/**
 * What a function makes of tensors, of which sizes may be open.
 *
 * @param name - of the function in `ops`.
 * @param f - the function, for tensors of which every size is known.
 * @throws what `f` throws at the sizes that are tried.
 */
export function atAnySize<R extends Made>(name: string, xs: readonly Tensor[], f: (xs: readonly Tensor[]) => R): R {
  const isKnown = xs.map((x) => !isOpen(x.shape));
  if (!isKnown.includes(false)) return f(xs);
  const trials: Trial[] = [];
  let isList = false;
  byTrial(
    `ops.${name}`,
    xs.map((x) => x.shape),
    (sized) => {
      const inputs = xs.map((x, i) =>
        isKnown[i] ? x : new Tensor(x.op, x.inputs, x.attributes, sized[i], x.perSample),
      );
      const made = f(inputs);
      isList = !(made instanceof Tensor);
      trials.push({ inputs, outputs: listOf(made) });
      return listOf(made).map((y) => y.shape);
    },
  );
  const [small, large] = trials.slice(-2);
  if (small.outputs.length !== large.outputs.length) {
    throw openSizeError({
      where: `ops.${name}`,
      got: `a tensor of shape ${xs.map((x) => showShape(x.shape, x.perSample)).join(" and ")}`,
      expected: "as many results at every size",
      fix: "Call it in a layer of your own, where every size is known.",
    });
  }
  const results = repeated(xs, small, large) ?? small.outputs.map((_, i) => waiting(name, xs, f, i));
  return (isList ? results : results[0]) as R;
}

/** An op that stands for a function until sizes are known. */
function waiting(name: string, xs: readonly Tensor[], f: (xs: readonly Tensor[]) => Made, output: number): Tensor {
  const compose = (inputs: readonly Tensor[]): Tensor => {
    const y = listOf(f(inputs))[output];
    return inputs.includes(y) ? identity(y) : y;
  };
  const op: Op = {
    name,
    anySize: true,
    infer: (inputs) => compose(inputs),
    compose,
    lower: () => {
      throw internalError({ where: name, problem: "a program holds an op whose sizes are open" });
    },
  };
  return apply(op, xs, {});
}

/** The ops of a trial applied to tensors of open sizes, if they are the same at both sizes and compute with none. */
function repeated(xs: readonly Tensor[], small: Trial, large: Trial): readonly Tensor[] | undefined {
  const now = new Map<Tensor, Tensor | undefined>(small.inputs.map((x, i) => [x, xs[i]]));
  const twins = new Map<Tensor, Tensor>(small.inputs.map((x, i) => [x, large.inputs[i]]));
  const repeat = (s: Tensor, l: Tensor): Tensor | undefined => {
    if (now.has(s)) return twins.get(s) === l ? now.get(s) : undefined;
    const y = fresh(s, l);
    now.set(s, y);
    twins.set(s, l);
    return y;
  };
  const fresh = (s: Tensor, l: Tensor): Tensor | undefined => {
    if (s.op !== l.op || s.inputs.length !== l.inputs.length || !isSame(s.attributes, l.attributes)) return undefined;
    const inputs = s.inputs.map((x, i) => repeat(x, l.inputs[i]));
    if (!inputs.every((x) => x !== undefined)) return undefined;
    if (inputs.every((x, i) => x === s.inputs[i])) return s;
    return s.op.anySize === true ? apply(s.op, inputs, s.attributes) : undefined;
  };
  const results = small.outputs.map((s, i) => repeat(s, large.outputs[i]));
  return results.every((y) => y !== undefined) ? results : undefined;
}

/** Whether attributes hold the same numbers. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [entries, others] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return entries.length === Object.keys(b).length && entries.every(([key, value]) => isSame(value, others[key]));
}

/** Throws for tensors of open sizes among the options of a function. */
export function checkSizedOptions(name: string, values: readonly unknown[]): void {
  const open = values.find((x): x is OpenTensor => x instanceof Tensor && isOpen(x.shape));
  if (open === undefined) return;
  throw openSizeError({
    where: `ops.${name}`,
    got: `an option that is a tensor of shape ${showShape(open.shape, open.perSample)}`,
    expected: "known sizes in options",
    fix: "Call it in a layer of your own, where every size is known.",
  });
}
