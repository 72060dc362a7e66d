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
  typeof value === "string"
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? `[${value.map(showArgument).join(", ")}]`
      : String(value);

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
  return near === undefined
    ? `Known: ${choices.join(", ")}.`
    : `Did you mean ${showArgument(near)}? Known: ${choices.join(", ")}.`;
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

// ---- data files (src/data) ----------------------------------------------------------------------------------------

/** The bytes of a data file (IDX, PNG, .npy) are not what its format promises. `where` names the file or the format. */
export const dataFormat = kind(
  "data-format",
  (d: { where: string; got: string; expected: string; fix: string }) =>
    `${d.where}: got ${d.got}, expected ${d.expected}. ${d.fix}`,
);

/** A data set is not on this machine, or cannot be read here. */
export const datasetMissing = kind(
  "dataset-missing",
  (d: { dataset: string; looked: readonly string[]; problem: string; fix: string }) =>
    `${d.dataset}(): ${d.problem}${d.looked.length > 0 ? ` (looked in ${d.looked.join(", ")})` : ""}. ${d.fix}`,
);

// ---- files --------------------------------------------------------------------------------------------------------

/** The operating system would not read or write a file: missing, a directory, no permission, disk full, too large. */
export const fileError = kind(
  "file",
  (d: { where: string; problem: string; fix: string }) => `${d.where}: ${d.problem}. ${d.fix}`,
);

/** The bytes of a file are not what they should be: damaged, cut off, or another format. */
export const formatError = kind(
  "file-format",
  (d: { where: string; problem: string; fix: string }) => `${d.where}: ${d.problem}. ${d.fix}`,
);

/** A file asks for something that a loader must not do: follow links, leave its folder, unpack a bomb, run code. */
export const unsafeFile = kind(
  "file-refused",
  (d: { where: string; problem: string; fix: string }) => `${d.where}: refused: ${d.problem}. ${d.fix}`,
);

/** A file is well made and needs something that Rhyton has not: a layer, an argument, an optimizer, … */
export const unsupportedFile = kind(
  "file-unsupported",
  (d: { where: string; problem: string; fix: string }) => `${d.where}: ${d.problem}. ${d.fix}`,
);

// ---- training (src/training) --------------------------------------------------------------------------------------

/** A model was asked to train or be judged before `compile`. */
export const notCompiled = kind(
  "not-compiled",
  (d: { where: string }) =>
    `${d.where}: the model has no optimizer and loss yet. Call compile({ optimizer: "adam", loss: … }) first.`,
);

/** A sequential model does not know its input shape yet. */
export const notBuilt = kind(
  "not-built",
  (d: { where: string }) =>
    `${d.where}: the model does not know its input shape yet. Begin it with input([…]), or call build([…]) or fit first.`,
);

/** Arrays given as data do not suit the model or each other. */
export const dataError = kind(
  "data",
  (d: { where: string; got: string; expected: string; fix: string }) =>
    `${d.where}: got ${d.got}, expected ${d.expected}. ${d.fix}`,
);

/** A number of the data is NaN or infinite. */
export const notFiniteData = kind(
  "data-not-finite",
  (d: { where: string; index: readonly number[]; value: number }) =>
    `${d.where}: the value at [${d.index.join(", ")}] is ${d.value}. Replace or remove such values before training.`,
);

/** Loss or gradient became NaN or infinite while training. `epoch` and `step` count from 1. */
export const diverged = kind(
  "diverged",
  (d: { where: string; epoch: number; step: number; steps: number | undefined }) =>
    `${d.where}: loss or gradient became NaN or infinite in epoch ${d.epoch}, step ${d.step}` +
    `${d.steps === undefined ? "" : ` of ${d.steps}`}. ` +
    `The weights are those of the last good step. Try a smaller learning rate, or scale the data to about [0, 1].`,
);

/** A model was used while it trains. */
export const busyError = kind(
  "busy",
  (d: { where: string; running: string }) =>
    `${d.where}: ${d.running} is still running on this model or its weights. Await it first, or do this in a callback.`,
);

// ---- layers and networks ------------------------------------------------------------------------------------------

/** Tensors that do not make a model: an output without its input, two layers of one name, … */
export const networkError = kind("network", (d: { where?: string; problem: string; fix: string }) =>
  `${d.where ?? "model"}: ${d.problem}. ${d.fix}`.trimEnd(),
);

// ---- devices ------------------------------------------------------------------------------------------------------

/** A worker thread ended or trapped while a program was running on it. */
export const workerDied = kind(
  "worker-died",
  (d: { worker: number; reason: string }) =>
    `Worker ${d.worker} died while a program was running on it: ${d.reason}. The run's last whole step counts as not done; weights are those of before the run. Run again; a new worker is started.`,
);

/** No memory for a program or its data. */
export const outOfMemory = kind(
  "out-of-memory",
  (d: { where: string; bytes: number; reason: string }) =>
    `${d.where}: no room for ${Math.ceil(d.bytes / (1 << 20))} MB (${d.reason}). Use a smaller batchSize, or drop models that are no longer needed.`,
);

/** The page's Content-Security-Policy forbids what a device needs. */
export const pagePolicy = kind(
  "page-policy",
  (d: { what: string; directive: string; reason: string }) =>
    `The Content-Security-Policy of this page does not allow ${d.what} (${d.reason}). Add ${d.directive} to it.`,
);
