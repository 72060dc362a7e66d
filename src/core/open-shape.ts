/**
 * Shapes with open sizes: `null` where any size may come. What follows from them has no formulas of its own: `byTrial`
 * computes with two sizes in the place of the open ones. What comes out alike is known, what differs is open in its turn.
 */
import { openSizeError, placed, RhytonError, shapeError } from "./errors.ts";

/** The sizes of axes; null for an open one. */
export type OpenShape = readonly (number | null)[];

type Sized = readonly number[];

export const isOpen = (shape: OpenShape): boolean => shape.includes(null);

/** Whether every size is known. */
export const isSized = (shape: OpenShape): shape is Sized => !isOpen(shape);

/** Whether both may be the same shape: equal wherever both are known. */
export const agree = (a: OpenShape, b: OpenShape): boolean =>
  a.length === b.length && a.every((size, i) => size === null || b[i] === null || size === b[i]);

/** What both shapes have in common: open where they differ. Nothing when they have different numbers of axes. */
export const common = (a: OpenShape, b: OpenShape): OpenShape | undefined =>
  a.length === b.length ? a.map((size, i) => (size === b[i] ? size : null)) : undefined;

/**
 * The sizes that are tried: multiples of many numbers, so that what must be divided can be. The larger pair is for windows
 * that the smaller does not hold.
 */
const trials = [
  [48, 96],
  [7680, 15360],
] as const;

/**
 * The shapes that `work` answers to shapes of which some sizes are open.
 *
 * @param where - what is tried, as it names itself in messages.
 * @param work - answers as many shapes at every size.
 * @throws what `work` throws for sizes that it cannot take, with the size that was tried.
 */
export function byTrial(
  where: string,
  shapes: readonly OpenShape[],
  work: (sized: readonly Sized[]) => readonly Sized[],
): OpenShape[] {
  const at = (size: number): readonly Sized[] => {
    try {
      return work(shapes.map((shape) => shape.map((n) => n ?? size)));
    } catch (error) {
      // That a size is needed has nothing to do with the one that was tried.
      if (error instanceof RhytonError && error.code === openSizeError.code) throw error;
      throw placed(where, `with ${size} for None`, error);
    }
  };
  const pair = ([small, large]: readonly [number, number]): OpenShape[] => {
    const [first, second] = [at(small), at(large)];
    return first.map((shape, i) => common(shape, second[i]) ?? second[i]);
  };
  try {
    return pair(trials[0]);
  } catch (error) {
    if (!(error instanceof RhytonError) || error.code !== shapeError.code) throw error;
    try {
      return pair(trials[1]);
    } catch {
      throw error;
    }
  }
}
