/** Other sizes for an axis, by interpolation: each cell of the result is a weighted sum, so resizing is a matrix. */

/** The ways to interpolate, by Keras' names. */
export const interpolations = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area"] as const;

export type Interpolation = (typeof interpolations)[number];

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (radius: number) => ({ radius, weight: (x: number): number => sinc(x) * sinc(x / radius) });

/** What a cell at distance `x` counts, for `x` up to the radius. */
const kernels = {
  bilinear: { radius: 1, weight: (x: number): number => 1 - x },
  // Keys' cubic with a = −1/2
  bicubic: {
    radius: 2,
    weight: (x: number): number => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2),
  },
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
} as const;

/**
 * The matrix `[output, size]`, row-major, that resizes an axis. Cells are compared at their centres: cell `i` of the
 * result lies at (i + ½)·size/output − ½. Beyond the edge there is nothing, and the weights of a cell sum to 1.
 *
 * @param antialias - widens the window where the result is smaller, so that every cell counts.
 */
export function resizeMatrix(
  interpolation: Interpolation,
  size: number,
  output: number,
  antialias = false,
): Float32Array {
  const matrix = new Float32Array(output * size);
  const scale = size / output;
  for (let i = 0; i < output; i++) {
    const row = Array.from({ length: size }, (_, j) => weightOf(interpolation, i, j, scale, size, antialias));
    const total = row.reduce((a, b) => a + b, 0);
    row.forEach((weight, j) => {
      matrix[i * size + j] = weight / total;
    });
  }
  return matrix;
}

/**
 * The matrix `[output, size]`, row-major, that resizes an axis by `scale` and then moves it by `translation`, in cells of
 * the result. A cell whose centre comes from beyond the edge is 0.
 *
 * @param antialias - widens the window where the result is smaller, so that every cell counts.
 */
export function placedMatrix(
  interpolation: keyof typeof kernels,
  size: number,
  output: number,
  scale: number,
  translation: number,
  antialias: boolean,
): Float32Array {
  const { radius, weight } = kernels[interpolation];
  const wide = antialias ? Math.max(1 / scale, 1) : 1;
  const matrix = new Float32Array(output * size);
  for (let i = 0; i < output; i++) {
    const centre = (i + 0.5 - translation) / scale - 0.5;
    if (centre < -0.5 || centre > size - 0.5) continue;
    const row = Array.from({ length: size }, (_, j) => {
      const distance = Math.abs(j - centre) / wide;
      return distance < radius ? weight(distance) : 0;
    });
    const total = row.reduce((a, b) => a + b, 0);
    if (Math.abs(total) < 1e-4) continue;
    row.forEach((value, j) => {
      matrix[i * size + j] = value / total;
    });
  }
  return matrix;
}

/** How much cell `j` counts for cell `i` of the result. */
function weightOf(
  interpolation: Interpolation,
  i: number,
  j: number,
  scale: number,
  size: number,
  antialias: boolean,
): number {
  if (interpolation === "nearest") return j === Math.min(Math.floor((i + 0.5) * scale), size - 1) ? 1 : 0;
  if (interpolation === "area") return Math.max(Math.min((i + 1) * scale, j + 1) - Math.max(i * scale, j), 0);
  const { radius, weight } = kernels[interpolation];
  const wide = antialias ? Math.max(scale, 1) : 1;
  const centre = (i + 0.5) * scale - 0.5;
  // TensorFlow looks these weights up in a table of 1024 steps between two cells.
  const place = interpolation === "bicubic" && !antialias ? Math.round(centre * 1024) / 1024 : centre;
  const distance = Math.abs(j - place) / wide;
  return distance < radius ? weight(distance) : 0;
}
