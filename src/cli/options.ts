/** Values of options, checked while the command line is read. */
import { InvalidArgumentError } from "commander";
import { nearest } from "../core/errors.ts";

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

/** A parser of one of `choices`. */
export function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const near = nearest(text, choices);
    const guess = near === undefined ? "" : `Did you mean ${near}? `;
    throw new InvalidArgumentError(`${guess}Known: ${choices.join(", ")}.`);
  };
}

/** A parser of an option that may be given several times. */
export const several = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];
