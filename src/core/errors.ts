/**
 * Every error that Rhyton throws on purpose, in one place.
 *
 * A message says what happened with which values, what was expected, and what to do. Each error has a stable code
 * (listed in docs/errors.md) and carries the values as `details`, so that tools need not parse the words.
 */

/** An error with a stable `code` and the values that caused it. */
export class RhytonError extends Error {
  override readonly name = "RhytonError";
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** A function that makes one kind of error: `code`, then words made from the details. */
function kind<D extends Readonly<Record<string, unknown>>>(code: string, words: (d: D) => string) {
  const make = (details: D): RhytonError => new RhytonError(code, words(details), details);
  make.code = code;
  return make;
}

/** A value as it stands in a message. */
export const showArgument = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? `[${value.map(showArgument).join(", ")}]` : String(value);

/** The nearest of `choices` to a mistyped `name`, or nothing when none is near. */
export function nearest(name: string, choices: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const choice of choices) {
    const distance = editDistance(name.toLowerCase(), choice.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [choice, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

const didYouMean = (name: string, choices: readonly string[]): string => {
  const near = nearest(name, choices);
  return near === undefined ? `Known: ${choices.join(", ")}.` : `Did you mean ${showArgument(near)}? Known: ${choices.join(", ")}.`;
};

// ---- shapes and arguments -----------------------------------------------------------------------------------------

/** A shape does not suit an op or layer. `where` names it: `conv2d "conv2d_3"`. */
export const shapeError = kind(
  "shape",
  (d: { where: string; got: string; expected: string; fix: string }) =>
    `${d.where}: got ${d.got}, expected ${d.expected}. ${d.fix}`,
);

/** An argument has a value that is not allowed. */
export const argumentError = kind(
  "argument",
  (d: { where: string; argument: string; value: unknown; expected: string; fix?: string }) =>
    `${d.where}: ${d.argument} is ${showArgument(d.value)}, expected ${d.expected}.${d.fix ? ` ${d.fix}` : ""}`,
);

/** A name (activation, loss, option, layer, …) that does not exist. */
export const unknownName = kind(
  "unknown-name",
  (d: { where: string; what: string; name: string; choices: readonly string[] }) =>
    `${d.where}: there is no ${d.what} ${showArgument(d.name)}. ${didYouMean(d.name, d.choices)}`,
);

// ---- internal -----------------------------------------------------------------------------------------------------

/** A promise inside the compiler was broken: a defect of Rhyton, not of the caller. */
export const internalError = kind(
  "internal",
  (d: { where: string; problem: string }) => `${d.where}: ${d.problem}. This is a defect of Rhyton; please report it.`,
);
