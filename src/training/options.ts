/**
 * Checks of numbers in options, and names in messages, shared by all of training.
 */
import { argumentError } from "../core/errors.ts";

/** `value` when it is a whole number from `least` on. */
export function wholeNumber(where: string, argument: string, value: number, least = 1): number {
  if (!Number.isInteger(value) || value < least) {
    throw argumentError({ where, argument, value, expected: `a whole number of at least ${least}` });
  }
  return value;
}

/** `value` when it lies in [`low`, `high`), or in [`low`, `high`] when `closed`. */
export function numberIn(
  where: string,
  argument: string,
  value: number,
  low: number,
  high: number,
  closed = false,
): number {
  if (!(value >= low && (value < high || (closed && value === high)))) {
    const expected =
      high === Infinity ? `a finite number ≥ ${low}` : `a number in [${low}, ${high}${closed ? "]" : ")"}`;
    throw argumentError({ where, argument, value, expected });
  }
  return value;
}

/** Names in a message: all but those of classes, which say the same once more. */
export const shownNames = (entries: readonly { readonly names: readonly string[] }[]): string[] =>
  entries.flatMap(({ names }) => names.filter((name) => name === name.toLowerCase()));
