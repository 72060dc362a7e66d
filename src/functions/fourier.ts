/**
 * Fourier transforms. Complex numbers are pairs [real part, imaginary part], as in Keras. A transform is two matrices, the
 * cosines and the sines, along the last axis: n² multiplications, for axes of at most 4096.
 */
import { sameShape, showShape } from "../core/array.ts";
import { argumentError, shapeError } from "../core/errors.ts";
import type { OpenTensor, Tensor } from "../graph/tensor.ts";
import { checkOptions } from "../layers/options.ts";
import * as own from "../ops/index.ts";
import { atAnySize } from "../ops/open.ts";
import { type ArrayLike, type Numbers, type Operand, toNumbers, toTensor } from "./arrays.ts";
import { ownAxis } from "./axes.ts";
import { settle, several } from "./define.ts";
import { overlapped, sequencesOf } from "./frames.ts";
import { pad, part } from "./places.ts";

const { add, multiply, subtract } = own;

/** A real and an imaginary part. */
type Pair<T> = readonly [real: T, imaginary: T];
const MOST_CELLS = 4096;

/** Functions of a complex operand. */
interface OfPair<A extends readonly unknown[], Result extends "pair" | "one"> {
  (x: Pair<ArrayLike>, ...rest: A): Result extends "pair" ? Numbers[] : Numbers;
  (x: Pair<Operand>, ...rest: A): Result extends "pair" ? Tensor[] : Tensor;
  (x: Pair<Operand | OpenTensor>, ...rest: A): Result extends "pair" ? OpenTensor[] : OpenTensor;
}

/** @param options - the names of the options, which come after `required` other arguments. */
const ofPair = <A extends readonly unknown[], Result extends "pair" | "one">(
  name: string,
  f: (x: Pair<Tensor>, ...rest: A) => Tensor | readonly Tensor[],
  options: readonly string[] = [],
  required = 0,
): OfPair<A, Result> =>
  ((x: Pair<Operand>, ...rest: A) => {
    if (options.length > 0) checkOptions(`ops.${name}`, (rest[required] ?? {}) as object, options);
    if (!Array.isArray(x) || x.length !== 2) {
      throw argumentError({
        where: `ops.${name}`,
        argument: "x",
        value: x,
        expected: "a pair [real part, imaginary part]",
      });
    }
    const parts = x.map((one) => toTensor(name, one as Operand));
    const [real, imaginary] = parts;
    if (!sameShape(real.shape, imaginary.shape) || real.perSample !== imaginary.perSample) {
      throw shapeError({
        where: `ops.${name}`,
        got: `parts of the shapes ${parts.map((one) => showShape(one.shape, one.perSample)).join(" and ")}`,
        expected: "the same shape for both",
        fix: "The imaginary part of real numbers is ops.zerosLike(x).",
      });
    }
    return settle(
      x,
      atAnySize(name, parts, (sized) => f([sized[0], sized[1]], ...rest)),
    );
  }) as OfPair<A, Result>;

/** Cosines or sines of 2π·k·i/n: `[rows, columns]`, each times the weight of its place. */
function waves(
  wave: (angle: number) => number,
  n: number,
  rows: number,
  columns: number,
  weight: (row: number, column: number) => number = () => 1,
): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return weight(row, column) * wave((2 * Math.PI * ((row * column) % n)) / n);
  });
}

function cellsAlong(where: string, x: Tensor, axis: number, n: number): void {
  if (n >= 1 && n <= MOST_CELLS) return;
  throw argumentError({
    where: `ops.${where}`,
    argument: "the axis",
    value: n,
    expected: `1 to ${MOST_CELLS} cells on axis ${axis} of ${showShape(x.shape, x.perSample)}, as every one is multiplied with every other`,
    fix: "Transform shorter parts: ops.extractSequences cuts them.",
  });
}

/** Both ways along one axis; the way back divides by the number of cells. */
function transformed(where: string, [real, imaginary]: Pair<Tensor>, axis: number, back: boolean): Pair<Tensor> {
  const at = ownAxis(where, real, axis);
  const n = real.shape[at];
  cellsAlong(where, real, axis, n);
  const scale = back ? 1 / n : 1;
  const cosines = waves(Math.cos, n, n, n, () => scale);
  const sines = waves(Math.sin, n, n, n, () => (back ? -scale : scale));
  const times = (x: Tensor, matrix: Float32Array): Tensor => own.contractAxis(x, at, n, matrix);
  return [add(times(real, cosines), times(imaginary, sines)), subtract(times(imaginary, cosines), times(real, sines))];
}

/** The Fourier transform of the last axis of a pair. */
export const fft = ofPair<[], "pair">("fft", (x) => transformed("fft", x, -1, false));
/** The Fourier transform of the last two axes of a pair. */
export const fft2 = ofPair<[], "pair">("fft2", (x) =>
  transformed("fft2", transformed("fft2", x, -1, false), -2, false),
);
/** The inverse of `fft2`. */
export const ifft2 = ofPair<[], "pair">("ifft2", (x) =>
  transformed("ifft2", transformed("ifft2", x, -1, true), -2, true),
);

interface LengthOption {
  /** The length that is transformed: shorter data has zeros behind it, longer data is cut. Default: what there is. */
  readonly fftLength?: number | null;
}

/** The last axis cut or filled with zeros to `n` cells. */
function fitted(x: Tensor, n: number): Tensor {
  const last = x.shape.length - 1;
  const size = x.shape[last];
  if (size === n) return x;
  if (size > n) return part(x, last, 0, n);
  const none = x.shape.map(() => 0);
  return own.pad(x, none, none.with(last, n - size));
}

function realTransform(where: string, x: Tensor, n: number): Tensor[] {
  const at = ownAxis(where, x, -1);
  cellsAlong(where, x, -1, n);
  const rows = Math.floor(n / 2) + 1;
  const y = fitted(x, n);
  return [
    own.contractAxis(y, at, rows, waves(Math.cos, n, rows, n)),
    own.contractAxis(
      y,
      at,
      rows,
      waves(Math.sin, n, rows, n, () => -1),
    ),
  ];
}
/** The Fourier transform of real numbers along the last axis: the first ⌊n/2⌋ + 1 of n, as [real part, imaginary part]. */
export const rfft = several(
  "rfft",
  (x: Tensor, { fftLength = null }: LengthOption = {}) =>
    realTransform("rfft", x, fftLength ?? x.shape[ownAxis("rfft", x, -1)]),
  ["fftLength"],
);

function realInverse(where: string, [real, imaginary]: Pair<Tensor>, fftLength: number | null): Tensor {
  const at = ownAxis(where, real, -1);
  const n = fftLength ?? 2 * (real.shape[at] - 1);
  cellsAlong(where, real, -1, n);
  const columns = Math.floor(n / 2) + 1;
  // What is left out is the mirror image of what is there, but for the ends.
  const weight = (_: number, k: number): number => (k === 0 || 2 * k === n ? 1 : 2) / n;
  const times = (x: Tensor, wave: (angle: number) => number): Tensor =>
    own.contractAxis(fitted(x, columns), at, n, waves(wave, n, n, columns, weight));
  return subtract(times(real, Math.cos), times(imaginary, Math.sin));
}
/** The inverse of `rfft`: real numbers, 2·(n − 1) of them unless `fftLength` says otherwise. */
export const irfft = ofPair<[options?: LengthOption], "one">(
  "irfft",
  (x, { fftLength = null }: LengthOption = {}) => realInverse("irfft", x, fftLength),
  ["fftLength"],
);

// ---- short times --------------------------------------------------------------------------------------------------

interface StftOptions {
  /** "hann" (the default), "hamming", a weight for each cell of a sequence, or null: all cells of a transform count. */
  readonly window?: "hann" | "hamming" | ArrayLike | null;
  /** Whether sequence i has cell i·stride in its middle, the ends being reflected. Default true. */
  readonly center?: boolean;
}
interface IstftOptions extends StftOptions {
  /** The most cells of the result; by default what the sequences cover. */
  readonly length?: number | null;
}

/** The window in the middle of a transform's length. */
function windowOf(
  where: string,
  sequenceLength: number,
  fftLength: number,
  window: "hann" | "hamming" | ArrayLike | null,
): Float32Array {
  if (!(fftLength >= sequenceLength)) {
    throw argumentError({
      where: `ops.${where}`,
      argument: "fftLength",
      value: fftLength,
      expected: `at least sequenceLength, which is ${sequenceLength}`,
    });
  }
  if (window === null) return new Float32Array(fftLength).fill(1);
  // Periodic, as sequences follow each other.
  const cosine = (a: number) => (_: unknown, i: number) => a - (1 - a) * Math.cos((2 * Math.PI * i) / sequenceLength);
  const named = { hann: 0.5, hamming: 0.54 } as const;
  const weights =
    window === "hann" || window === "hamming"
      ? Float32Array.from({ length: sequenceLength }, cosine(named[window]))
      : toNumbers(where, window).data;
  if (weights.length !== sequenceLength) {
    throw argumentError({
      where: `ops.${where}`,
      argument: "window",
      value: window,
      expected: `"hann", "hamming", null, or ${sequenceLength} numbers`,
    });
  }
  const whole = new Float32Array(fftLength);
  whole.set(weights, Math.floor((fftLength - sequenceLength) / 2));
  return whole;
}

/**
 * The Fourier transforms of sequences of the last axis, each under a window: [real part, imaginary part], `[…, sequences,
 * fftLength/2 + 1]`.
 */
export const stft = several(
  "stft",
  (
    x: Tensor,
    sequenceLength: number,
    sequenceStride: number,
    fftLength: number,
    { window = "hann", center = true }: StftOptions = {},
  ) => {
    const weights = windowOf("stft", sequenceLength, fftLength, window);
    const last = ownAxis("stft", x, -1);
    const half = Math.floor(fftLength / 2);
    const widths = x.shape.map((_, i) => (i === last ? [half, half] : [0, 0]));
    const y = center ? (pad(x, x.perSample ? [[0, 0], ...widths] : widths, { mode: "reflect" }) as Tensor) : x;
    const sequences = sequencesOf("stft", y, fftLength, sequenceStride);
    const weighted = multiply(sequences, own.constantTensor({ data: weights, shape: [fftLength] }));
    return realTransform("stft", weighted, fftLength);
  },
  ["window", "center"],
  3,
);

/** The inverse of `stft`, where its sequences overlap enough that no cell has only weights of 0. */
export const istft = ofPair<
  [sequenceLength: number, sequenceStride: number, fftLength: number, options?: IstftOptions],
  "one"
>(
  "istft",
  (
    x,
    sequenceLength: number,
    sequenceStride: number,
    fftLength: number,
    { length = null, window = "hann", center = true }: IstftOptions = {},
  ) => {
    const weights = windowOf("istft", sequenceLength, fftLength, window);
    // Every cell counts once when the squares of all weights that fall on it are divided by their sum.
    const sums = new Float32Array(sequenceStride);
    weights.forEach((w, i) => {
      sums[i % sequenceStride] += w * w;
    });
    const balanced = window === null ? weights : weights.map((w, i) => w / sums[i % sequenceStride]);
    const sequences = realInverse("istft", x, fftLength);
    const joined = overlapped(
      multiply(sequences, own.constantTensor({ data: balanced, shape: [fftLength] })),
      sequenceStride,
    );
    const last = joined.shape.length - 1;
    const start = center ? Math.floor(fftLength / 2) : 0;
    const rest = joined.shape[last] - start;
    return part(joined, last, start, Math.min(length ?? rest - start, rest));
  },
  ["length", "window", "center"],
  3,
);
