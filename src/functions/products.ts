/**
 * Sums of products: of matrices, of vectors, along axes, and as Einstein writes them. What belongs to samples may meet
 * what they share, and the same sample's; the batch itself is an axis of rows that stays.
 */
import { showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { OpenTensor, Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { atAnySize } from "../ops/open.ts";
import { type ArrayLike, type Numbers, type Operand, toTensor } from "./arrays.ts";
import { aligned, fromLast, ownAxes, ownAxis, rankOf, rowOf, withLast } from "./axes.ts";
import { binary, settle } from "./define.ts";

const show = (x: Tensor): string => showShape(x.shape, x.perSample);
const { multiply, reshape } = own;

const doNotFit = (where: string, a: Tensor, b: Tensor, expected: string) =>
  shapeError({
    where: `ops.${where}`,
    got: `the shapes ${show(a)} and ${show(b)}`,
    expected,
    fix: "Choose other axes, transpose or reshape one of them.",
  });

/** Σₖ a[…, k]·b[…, k] with every row of `a` against every row of `b`: `[rows of a, rows of b]`. */
function rowsByRows(a: Tensor, b: Tensor): Tensor {
  const [rows, columns] = [a.shape.slice(0, -1), b.shape.slice(0, -1)];
  const spread = reshape(a, [...rows, ...columns.map(() => 1), a.shape[rows.length]]);
  return own.sum(multiply(spread, b), [rows.length + columns.length]);
}

/** The matrix product of the last two axes; axes before them are matched as NumPy does it. */
function matrixProduct(where: string, x1: Tensor, x2: Tensor): Tensor {
  const [r1, r2] = [rankOf(x1), rankOf(x2)];
  const inner = [r1 === 1 ? x1.shape[0] : x1.shape[x1.shape.length - 1], x2.shape[Math.max(0, x2.shape.length - 2)]];
  // The batch cannot be summed over by what is left per sample: it must be a row of x1, or stand before the matrices.
  const overBatch = (x1.perSample && x1.shape.length === 0) || (x2.perSample && x2.shape.length < 2);
  if (
    r1 === 0 ||
    r2 === 0 ||
    overBatch ||
    inner[0] !== inner[1] ||
    (x1.perSample && x1.shape.length === 1 && (x2.perSample || r2 > 2))
  ) {
    throw doNotFit(
      where,
      x1,
      x2,
      "as many cells on the last axis of the first as on the last but one of the second, besides the batch",
    );
  }
  // A weight: dense layers are made of this.
  if (!x2.perSample && r2 === 2 && x1.shape.length > 0) return own.matmulLast(x1, x2);
  const a = r1 === 1 ? reshape(x1, [1, ...x1.shape]) : x1;
  const b = r2 === 1 ? reshape(x2, [...x2.shape, 1]) : x2;
  const isRows = a.perSample && a.shape.length === 1;
  const left = isRows ? reshape(a, [1, a.shape[0]]) : a;
  // left […, m, 1, n] · right […, 1, columns, n]
  const turned = withLast(b, b.shape.length - 2);
  const [m, n] = left.shape.slice(-2);
  const columns = turned.shape[turned.shape.length - 2];
  const p = reshape(left, [...left.shape.slice(0, -2), m, 1, n]);
  const q = reshape(turned, [...turned.shape.slice(0, -2), 1, columns, n]);
  const [s, t] = aligned(where, [p, q]);
  const product = multiply(s, t);
  const y = own.sum(product, [product.shape.length - 1]);
  const last = y.shape.length - 1;
  const gone = [...(r1 === 1 || isRows ? [last - 1] : []), ...(r2 === 1 ? [last] : [])];
  return gone.length > 0
    ? reshape(
        y,
        y.shape.filter((_, i) => !gone.includes(i)),
      )
    : y;
}

/** The product of matrices: the last two axes; axes before them are matched. */
export const matmul = binary("matmul", (x1, x2) => matrixProduct("matmul", x1, x2));

/** Σ over the last axis of x1 and the last but one of x2 (its only one, if it has one); numbers just multiply. */
export const dot = binary("dot", (x1: Tensor, x2: Tensor) => {
  if (rankOf(x1) === 0 || rankOf(x2) === 0) return multiply(x1, x2);
  if (rankOf(x2) <= 2) return matrixProduct("dot", x1, x2);
  return contracted("dot", x1, x2, [rankOf(x1) - 1], [rankOf(x2) - 2]);
});

/** Σ over the last axes of both. */
export const inner = binary("inner", (x1: Tensor, x2: Tensor) => {
  if (rankOf(x1) === 0 || rankOf(x2) === 0) return multiply(x1, x2);
  return contracted("inner", x1, x2, [rankOf(x1) - 1], [rankOf(x2) - 1]);
});

/** Every number of x1 times every number of x2: `[cells of x1, cells of x2]`. */
export const outer = binary("outer", (x1: Tensor, x2: Tensor) => {
  const [a, b] = [rowOf("outer", x1), rowOf("outer", x2)];
  return multiply(reshape(a, [a.shape[0], 1]), b);
});

/** Σ of all products of numbers in the same places. */
export const vdot = binary("vdot", (x1: Tensor, x2: Tensor) => {
  const [a, b] = [rowOf("vdot", x1), rowOf("vdot", x2)];
  if (a.shape[0] !== b.shape[0]) throw doNotFit("vdot", x1, x2, "as many cells in both");
  return own.sum(multiply(a, b), [0]);
});

/** Σ over axes of both, the rest of x1 before the rest of x2. Axes are places of Keras. */
function contracted(where: string, x1: Tensor, x2: Tensor, axes1: readonly number[], axes2: readonly number[]): Tensor {
  if (x2.perSample && (x1.perSample || axes1.length < rankOf(x1))) {
    throw doNotFit(where, x1, x2, "what belongs to samples first, and only once: einsum and matmul keep samples apart");
  }
  const [a, b] = [axes1.map((axis) => ownAxis(where, x1, axis)), axes2.map((axis) => ownAxis(where, x2, axis))];
  if (a.some((axis, i) => x1.shape[axis] !== x2.shape[b[i]])) {
    throw doNotFit(
      where,
      x1,
      x2,
      `as many cells on the axes ${axes1.join(", ")} of the first as on ${axes2.join(", ")} of the second`,
    );
  }
  const toRows = (x: Tensor, axes: readonly number[]): Tensor => {
    const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const cells = axes.reduce((n, axis) => n * x.shape[axis], 1);
    return reshape(own.transpose(x, [...rest, ...axes]), [...rest.map((i) => x.shape[i]), cells]);
  };
  return rowsByRows(toRows(x1, a), toRows(x2, b));
}

/** Σ over `axes` of both: a number (2) for the last ones of x1 and the first of x2, or a list for each. */
export const tensordot = binary(
  "tensordot",
  (
    x1: Tensor,
    x2: Tensor,
    { axes = 2 }: { readonly axes?: number | readonly [number | readonly number[], number | readonly number[]] } = {},
  ) => {
    if (typeof axes !== "number") return contracted("tensordot", x1, x2, [axes[0]].flat(), [axes[1]].flat());
    const first = Array.from({ length: axes }, (_, i) => rankOf(x1) - axes + i);
    return contracted(
      "tensordot",
      x1,
      x2,
      first,
      Array.from({ length: axes }, (_, i) => i),
    );
  },
  ["axes"],
);

/** The cross product of vectors of 2 or 3 numbers; where both have 2, its third number. */
export const cross = binary(
  "cross",
  (
    x1: Tensor,
    x2: Tensor,
    {
      axisa = -1,
      axisb = -1,
      axisc = -1,
      axis = null,
    }: {
      readonly axisa?: number;
      readonly axisb?: number;
      readonly axisc?: number;
      readonly axis?: number | null;
    } = {},
  ) => {
    const [a, b] = aligned("cross", [
      withLast(x1, ownAxis("cross", x1, axis ?? axisa)),
      withLast(x2, ownAxis("cross", x2, axis ?? axisb)),
    ]);
    const sizes = [a, b].map((x) => x.shape[x.shape.length - 1]);
    if (!sizes.every((n) => n === 2 || n === 3))
      throw doNotFit("cross", x1, x2, "2 or 3 cells on the axis of the vectors");
    const cell = (x: Tensor, i: number): Tensor => {
      const last = x.shape.length - 1;
      if (i >= x.shape[last]) return own.fill(0, []);
      const start = x.shape.map((_, k) => (k === last ? i : 0));
      return reshape(own.slice(x, { start, size: x.shape.with(last, 1) }), x.shape.slice(0, -1));
    };
    const one = (i: number, j: number): Tensor =>
      own.subtract(multiply(cell(a, i), cell(b, j)), multiply(cell(a, j), cell(b, i)));
    if (sizes[0] === 2 && sizes[1] === 2) return one(0, 1);
    const parts = [one(1, 2), one(2, 0), one(0, 1)];
    const shape = parts[2].shape;
    const joined = own.concatenate(
      parts.map((y) => reshape(own.broadcastTo(y, shape), [...shape, 1])),
      shape.length,
    );
    return fromLast(joined, ownAxis("cross", joined, axis ?? axisc));
  },
  ["axisa", "axisb", "axisc", "axis"],
);

/** Every number of x1 times the whole of x2, side by side. */
export const kron = binary("kron", (x1: Tensor, x2: Tensor) => {
  const rank = Math.max(rankOf(x1), rankOf(x2));
  const wide = (x: Tensor): number[] => [...Array<number>(rank - rankOf(x)).fill(1), ...x.shape];
  ownAxes("kron", x1, null);
  ownAxes("kron", x2, null);
  const [s, t] = [wide(x1), wide(x2)];
  const product = multiply(
    reshape(
      x1,
      s.flatMap((n) => [n, 1]),
    ),
    reshape(
      x2,
      t.flatMap((n) => [1, n]),
    ),
  );
  return reshape(
    product,
    s.map((n, i) => n * t[i]),
  );
});

// ---- Einstein's sums ----------------------------------------------------------------------------------------------

/** The letters of one operand or of the result. */
type Letters = readonly string[];

/** What `subscripts` say, with a letter for each axis that "..." stands for. */
function parse(subscripts: string, xs: readonly Tensor[]): { readonly inputs: Letters[]; readonly output: Letters } {
  const wrong = (expected: string) =>
    argumentError({
      where: "ops.einsum",
      argument: "subscripts",
      value: subscripts,
      expected,
      fix: 'For example "bij,jk->bik".',
    });
  const [left, right, ...more] = subscripts.replace(/\s/g, "").split("->");
  const terms = (left ?? "").split(",");
  if (more.length > 0 || terms.length !== xs.length || !/^[a-zA-Z.,]*$/.test(left + (right ?? ""))) {
    throw wrong(`letters for each of ${xs.length} operands, with commas between them`);
  }
  const dots = (n: number): string[] => Array.from({ length: n }, (_, i) => `.${i}`);
  let most = 0;
  const spread = terms.map((term, i) => {
    const letters = term.replace("...", "");
    const free = rankOf(xs[i]) - letters.length;
    if (free < 0 || (free > 0 && !term.includes("..."))) throw wrong(`a letter for each axis of ${show(xs[i])}`);
    most = Math.max(most, free);
    return { term, free };
  });
  const lettersOf = (term: string, free: number): string[] => {
    const at = term.indexOf("...");
    // Axes of "..." are matched from the last one on.
    return at < 0 ? [...term] : [...term.slice(0, at), ...dots(most).slice(most - free), ...term.slice(at + 3)];
  };
  const inputs = spread.map(({ term, free }) => lettersOf(term, free));
  if (right !== undefined) return { inputs, output: lettersOf(right, most) };
  const all = inputs.flat();
  const once = [...new Set(all)].filter(
    (letter) => letter.length === 1 && all.filter((l) => l === letter).length === 1,
  );
  return { inputs, output: [...dots(most), ...once.sort()] };
}

/** The sum of products that `subscripts` ask for. */
export function einsteinSum(subscripts: string, xs: readonly Tensor[]): Tensor {
  const { inputs, output } = parse(subscripts, xs);
  const batches = new Set(inputs.flatMap((letters, i) => (xs[i].perSample ? [letters[0]] : [])));
  const [batch] = batches;
  const misplaced = inputs.some(
    (letters, i) => letters.indexOf(batch) > 0 || (!xs[i].perSample && letters.includes(batch)),
  );
  if (batches.size > 1 || (batch !== undefined && (misplaced || output.indexOf(batch) > 0))) {
    throw argumentError({
      where: "ops.einsum",
      argument: "subscripts",
      value: subscripts,
      expected: "one letter for the batch, first in what belongs to samples and first in the result, and nowhere else",
      fix: "Samples are worked on one by one.",
    });
  }
  const letters = [...new Set([...output, ...inputs.flat()])].filter((letter) => letter !== batch);
  const sizes = new Map<string, number>();
  const factors = xs.map((x, i) =>
    oneLetterEach(
      x,
      inputs[i].filter((letter) => letter !== batch),
    ),
  );
  factors.forEach(({ x, letters: mine }) => {
    mine.forEach((letter, axis) => {
      const known = sizes.get(letter) ?? 1;
      if (known !== 1 && x.shape[axis] !== 1 && known !== x.shape[axis]) {
        throw shapeError({
          where: "ops.einsum",
          got: `${known} and ${x.shape[axis]} cells for "${letter}" of ${subscripts}`,
          expected: "as many wherever the letter stands",
          fix: "Use another letter, or reshape.",
        });
      }
      sizes.set(letter, Math.max(known, x.shape[axis]));
    });
  });
  const product = factors
    .map(({ x, letters: mine }) => {
      const order = letters.filter((letter) => mine.includes(letter));
      const sorted = own.transpose(
        x,
        order.map((letter) => mine.indexOf(letter)),
      );
      return reshape(
        sorted,
        letters.map((letter) => (mine.includes(letter) ? x.shape[mine.indexOf(letter)] : 1)),
      );
    })
    .reduce((a, b) => multiply(a, b));
  const summed = letters.flatMap((letter, i) => (output.includes(letter) ? [] : [i]));
  return own.sum(product, summed, { overSamples: batch !== undefined && !output.includes(batch) });
}

/** A tensor whose letters all differ: where one stands twice, the diagonal of both axes. */
function oneLetterEach(x: Tensor, letters: Letters): { readonly x: Tensor; readonly letters: Letters } {
  const second = letters.findIndex((letter, i) => letters.indexOf(letter) < i);
  if (second < 0) return { x, letters };
  const first = letters.indexOf(letters[second]);
  const n = x.shape[first];
  const isSame = Float32Array.from({ length: n * n }, (_, i) => (i % n === Math.floor(i / n) ? 1 : 0));
  const shape = x.shape.map((_, i) => (i === first || i === second ? n : 1));
  const kept = own.where(own.constantTensor({ data: isSame, shape }), x, 0);
  return oneLetterEach(own.sum(kept, [second]), letters.toSpliced(second, 1));
}

/**
 * The sum of products over the letters that are not in the result: `einsum("bij,jk->bik", x, w)`. Where tensors belong to
 * samples, the batch has the first letter. "..." stands for any axes.
 */
export function einsum(subscripts: string, ...operands: readonly ArrayLike[]): Numbers;
export function einsum(subscripts: string, ...operands: readonly Operand[]): Tensor;
export function einsum(subscripts: string, ...operands: readonly (Operand | OpenTensor)[]): OpenTensor;
export function einsum(subscripts: string, ...operands: readonly (Operand | OpenTensor)[]): unknown {
  const xs = operands.map((x) => toTensor("einsum", x as Operand));
  return settle(
    operands,
    atAnySize("einsum", xs, (sized) => einsteinSum(subscripts, sized)),
  );
}

/** Distances of every row of `x` from every row of `y`, which may stand in as many leading axes. */
export const cdist = binary("cdist", (x: Tensor, y: Tensor) => {
  const [a, b] = aligned("cdist", [x, y]);
  const last = a.shape.length - 1;
  const p = reshape(a, [...a.shape.slice(0, -1), 1, a.shape[last]]);
  const q = reshape(b, [...b.shape.slice(0, -2), 1, ...b.shape.slice(-2)]);
  const gap = own.subtract(p, q);
  return own.squareRoot(own.sum(multiply(gap, gap), [last + 1]));
});
