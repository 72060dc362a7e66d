/**
 * Scalar arithmetic inside a loop: expressions as a graph of small nodes, read from tensors at affine indices.
 *
 * Nodes are shared, never copied; two equal subterms that are one object are computed once.
 */

/** A loop variable, running from 0 to `size` − 1. */
export interface Loop {
  readonly name: string;
  readonly size: number;
}

/** How often the body of these loops is done. */
export const iterationsOf = (loops: readonly Loop[]): number => loops.reduce((n, l) => n * l.size, 1);

/** `offset + Σ coefficient · loop`. */
export interface Affine {
  readonly offset: number;
  readonly terms: readonly (readonly [loop: Loop, coefficient: number])[];
}

export const constantIndex = (offset: number): Affine => ({ offset, terms: [] });
export const loopIndex = (loop: Loop, coefficient = 1, offset = 0): Affine =>
  loop.size === 1 || coefficient === 0 ? { offset, terms: [] } : { offset, terms: [[loop, coefficient]] };

export function addIndex(a: Affine, b: Affine): Affine {
  const sum = new Map<Loop, number>(a.terms);
  for (const [loop, c] of b.terms) sum.set(loop, (sum.get(loop) ?? 0) + c);
  return { offset: a.offset + b.offset, terms: [...sum].filter(([, c]) => c !== 0) };
}

export const scaleIndex = (a: Affine, factor: number, offset = 0): Affine => ({
  offset: a.offset * factor + offset,
  terms: factor === 0 ? [] : a.terms.map(([loop, c]) => [loop, c * factor] as const),
});

export function coefficientOf({ terms }: Affine, loop: Loop): number {
  for (let k = 0; k < terms.length; k++) if (terms[k][0] === loop) return terms[k][1];
  return 0;
}

export const sameAffine = (a: Affine, b: Affine): boolean =>
  a === b ||
  (a.offset === b.offset &&
    a.terms.length === b.terms.length &&
    a.terms.every(([loop, c]) => coefficientOf(b, loop) === c));

export const sameIndex = (a: readonly Affine[], b: readonly Affine[]): boolean =>
  a.length === b.length && a.every((x, i) => sameAffine(x, b[i]));

/** The smallest and largest value that an affine index takes. */
export function rangeOf({ offset, terms }: Affine): { readonly low: number; readonly high: number } {
  let low = offset;
  let high = offset;
  for (let k = 0; k < terms.length; k++) {
    const reach = terms[k][1] * (terms[k][0].size - 1);
    if (reach > 0) high += reach;
    else low += reach;
  }
  return { low, high };
}

export type UnaryName =
  | "neg"
  | "abs"
  | "sqrt"
  | "exp"
  | "log"
  | "tanh"
  | "sin"
  | "cos"
  | "sigmoid"
  | "softplus"
  | "erf"
  | "sign"
  | "floor"
  | "round";
/** Comparisons give 1 or 0. `max` and `min` give the first operand on a tie. */
export type BinaryName = "add" | "sub" | "mul" | "div" | "max" | "min" | "gt" | "ge" | "eq";

/** `Source` is whatever a load reads: a tensor while lowering, a buffer afterwards. */
export type Expr<Source = unknown> =
  | { readonly kind: "const"; readonly value: number }
  /** The result of the kernel's reduction, inside its epilogue. */
  | { readonly kind: "reduced" }
  | {
      readonly kind: "load";
      readonly source: Source;
      readonly index: readonly Affine[];
      readonly outside: "zero" | "skip";
    }
  | { readonly kind: "unary"; readonly name: UnaryName; readonly x: Expr<Source> }
  | { readonly kind: "binary"; readonly name: BinaryName; readonly a: Expr<Source>; readonly b: Expr<Source> }
  /** `yes` where `condition` is not 0, else `no`. */
  | {
      readonly kind: "select";
      readonly condition: Expr<Source>;
      readonly yes: Expr<Source>;
      readonly no: Expr<Source>;
    }
  /** The cell of `from`'s source (a load at index 0) whose place in a row is `cell`, cut to whole and to the source. */
  | { readonly kind: "gather"; readonly from: Expr<Source>; readonly cell: Expr<Source> }
  /**
   * A number in [0, 1) that depends on nothing but its operands: the first word of Threefry-2x32 for the key
   * `[key[0], key[1] + step]` and the counter `[sample, cell]`, its upper 24 bits.
   */
  | {
      readonly kind: "random";
      readonly key: readonly [number, number];
      readonly step: Expr<Source>;
      readonly sample: Expr<Source>;
      readonly cell: Expr<Source>;
    };

export const constant = (value: number): Expr<never> => ({ kind: "const", value });
export const unary = <S>(name: UnaryName, x: Expr<S>): Expr<S> => ({ kind: "unary", name, x });
export const binary = <S>(name: BinaryName, a: Expr<S>, b: Expr<S>): Expr<S> => ({ kind: "binary", name, a, b });
export const select = <S>(condition: Expr<S>, yes: Expr<S>, no: Expr<S>): Expr<S> => ({
  kind: "select",
  condition,
  yes,
  no,
});

const none: readonly Expr<never>[] = [];

/** The direct subterms. */
export function operandsOf<S>(e: Expr<S>): readonly Expr<S>[] {
  switch (e.kind) {
    case "unary":
      return [e.x];
    case "binary":
      return [e.a, e.b];
    case "select":
      return [e.condition, e.yes, e.no];
    case "gather":
      return [e.from, e.cell];
    case "random":
      return [e.step, e.sample, e.cell];
    default:
      return none;
  }
}

/** Rebuilds an expression bottom-up, each shared node once. `change` sees a node whose operands are rebuilt already. */
export function rewrite<S, T>(e: Expr<S>, change: (node: Expr<S>, operands: readonly Expr<T>[]) => Expr<T>): Expr<T> {
  const done = new Map<Expr<S>, Expr<T>>();
  const visit = (node: Expr<S>): Expr<T> => {
    let result = done.get(node);
    if (result === undefined) {
      result = change(node, operandsOf(node).map(visit));
      done.set(node, result);
    }
    return result;
  };
  return visit(e);
}

/** The same node over other operands. Loads, constants and `reduced` have none and come back as they are. */
export function withOperands<T>(node: Expr<T>, operands: readonly Expr<T>[]): Expr<T> {
  switch (node.kind) {
    case "unary":
      return operands[0] === node.x ? node : { ...node, x: operands[0] };
    case "binary":
      return operands[0] === node.a && operands[1] === node.b ? node : { ...node, a: operands[0], b: operands[1] };
    case "select":
      return { ...node, condition: operands[0], yes: operands[1], no: operands[2] };
    case "gather":
      return { ...node, from: operands[0], cell: operands[1] };
    case "random":
      return { ...node, step: operands[0], sample: operands[1], cell: operands[2] };
    default:
      return node;
  }
}

/** Visits every node of an expression once, operands first. */
export function visitExpr<S>(e: Expr<S>, visit: (node: Expr<S>) => void, seen = new Set<Expr<S>>()): void {
  if (seen.has(e)) return;
  seen.add(e);
  const operands = operandsOf(e);
  for (let k = 0; k < operands.length; k++) visitExpr(operands[k], visit, seen);
  visit(e);
}
