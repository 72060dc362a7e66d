/**
 * How large register tiles are, and which rows are long. Two profiles, both measured: `narrow` for plain SIMD, where V8 has 15 vector registers
 * and unrolled bodies lose, `wide` for engines that pair vectors, where more accumulators and unrolling win.
 */
export interface Profile {
  readonly name: "narrow" | "wide";
  /** Copies of the innermost reduction body, for a loop of so many iterations. */
  unroll(size: number): number;
  /** Independent chains of additions where nothing else interleaves. */
  readonly chains: number;
  /**
   * Iterations, some 0.04 ms of optimized code, from which on a row of a nest is a call of its own. An engine puts optimized
   * code in the place of its first, slow code where a function is called: within one long call it would stay slow. Shorter
   * rows are not worth it: such code is 3 % slower then.
   */
  readonly longRow: number;
  /** Rows and vectors of a tile, for so many vectors of lanes and positions of the row loop. */
  tile(laneVectors: number, positions: number, along: boolean, reduces: boolean): { rows: number; vectors: number };
}

/** The largest group of at most `most` that splits `total` evenly or nearly so. */
const even = (total: number, most: number): number => Math.ceil(total / Math.ceil(total / most));

function tileOf(accumulators: number, maps: number) {
  return (laneVectors: number, positions: number, along: boolean, reduces: boolean) => {
    if (along) return { rows: Math.min(positions, even(positions, 8)), vectors: 1 };
    if (!reduces) return { rows: 1, vectors: Math.min(laneVectors, maps) };
    if (positions === 1) return { rows: 1, vectors: even(laneVectors, 8) };
    const vectors = even(laneVectors, 4);
    return { rows: Math.min(positions, even(positions, Math.floor(accumulators / vectors))), vectors };
  };
}

export const narrow: Profile = {
  name: "narrow",
  // Three or four copies gain 1 % from V8 12 on and cost 5 % of a training step before.
  unroll: (size) => (size <= 2 ? size : 1),
  chains: 4,
  longRow: 1 << 20,
  tile: tileOf(8, 2),
};
export const wide: Profile = {
  name: "wide",
  unroll: (size) => (size % 8 === 0 ? 8 : 4),
  chains: 4,
  longRow: 1 << 20,
  tile: tileOf(12, 4),
};
