/**
 * Every error that Rhyton throws on purpose, in one place.
 *
 * A message says what happened with which values, what was expected, and what to do. Each error has a stable code
 * (listed in docs/errors.md) and carries the values as `details`, so that tools need not parse the words.
 */

/** An error with a stable `code` and the values that caused it. */
export class RhytonError extends Error {
  override readonly name = "RhytonError";
  /** What kind of error it is; stable. docs/errors.md lists them. */
  readonly code: string;
  /** The values that the message speaks of. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
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

/** An error with words before its own that say where it happened; what is not ours is answered as it is. */
export function prefixed(where: string, error: unknown, details: Readonly<Record<string, unknown>> = {}): unknown {
  if (!(error instanceof RhytonError)) return error;
  return new RhytonError(error.code, `${where}: ${error.message}`, { ...error.details, ...details });
}

/** An error with more to do about it at its end; what is not ours is answered as it is. */
export function advised(error: unknown, advice: string): unknown {
  if (!(error instanceof RhytonError)) return error;
  return new RhytonError(error.code, `${error.message} ${advice}`, { ...error.details, advice });
}

/**
 * An error of a layer that stands in a row: `conv2d (layer 3 of the pipe): got …`.
 *
 * @param where - the layer, as it names itself.
 */
export function placed(where: string, place: string, error: unknown): unknown {
  if (!(error instanceof RhytonError)) return error;
  const { code, details, message } = error;
  const words = message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message;
  return new RhytonError(code, `${where} (${place}): ${words}`, details);
}

/** Items of a list and keys of an object that a message shows. */
const SHOWN = 12;

/** A value as it stands in a message: plain values as they are typed, anything else by what kind of thing it is. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value);
  if (typeof value === "function" && !hasOwnText(value)) return describeFunction(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return describeList(value);
  if (ArrayBuffer.isView(value) && "length" in value) return `a ${value.constructor.name} of ${value.length} values`;
  if (hasOwnText(value)) return String(value);
  if (value instanceof Promise) return "a Promise that was not awaited";
  const { data, shape } = value as { readonly data?: unknown; readonly shape?: unknown };
  if (ArrayBuffer.isView(data) && Array.isArray(shape)) return `an array of shape (${shape.join(", ")})`;
  const kind = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  const keys = Object.keys(value);
  const what = kind === "Object" ? "an object" : `${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}`;
  if (keys.length === 0) return kind === "Object" ? "an empty object" : what;
  const more = keys.length > SHOWN ? ", …" : "";
  return `${what} with the key${keys.length === 1 ? "" : "s"} ${keys.slice(0, SHOWN).join(", ")}${more}`;
}

/** Whether a value says itself what it is: a tensor, a layer, an error, a date. */
const hasOwnText = (value: object): boolean =>
  typeof value.toString === "function" &&
  value.toString !== Object.prototype.toString &&
  value.toString !== Function.prototype.toString;

const describeFunction = (value: { readonly name: string }): string => {
  const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "the class" : "the function";
  return value.name === "" ? kind.replace("the", "a") : `${kind} ${value.name}`;
};

function describeList(list: readonly unknown[]): string {
  if (list.length > SHOWN || list.flat(4).length > SHOWN) {
    const kinds: readonly (readonly [string, (item: unknown) => boolean])[] = [
      ["numbers", (item) => typeof item === "number"],
      ["lists", Array.isArray],
    ];
    return `a list of ${list.length} ${kinds.find(([, is]) => list.every(is))?.[0] ?? "values"}`;
  }
  return `[${list.map(describe).join(", ")}]`;
}

/** What Keras, or an older version of it, calls something that has another name here. */
const formerNames: Readonly<Record<string, string>> = {
  lr: "learningRate",
  learning_rate: "learningRate",
  layers: "customObjects",
  custom_objects: "customObjects",
  nb_epoch: "epochs",
  nbEpoch: "epochs",
  samples_per_epoch: "stepsPerEpoch",
  border_mode: "padding",
  borderMode: "padding",
  subsample: "strides",
};

/** The nearest of `choices` to a mistyped `name`, or nothing when none is near. */
export function nearest(name: string, choices: readonly string[]): string | undefined {
  const former = Object.hasOwn(formerNames, name) ? formerNames[name] : undefined;
  if (former !== undefined && choices.includes(former)) return former;
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

const didYouMean = (near: string | undefined, choices: readonly string[]): string =>
  `${near === undefined ? "" : `Did you mean ${describe(near)}? `}Known: ${choices.join(", ")}.`;

// ---- shapes and arguments -----------------------------------------------------------------------------------------

/** A shape does not suit an op or layer. `where` names it: `conv2d "conv2d_3"`. */
export const shapeError = kind(
  "shape",
  (d: { where: string; got: string; expected: string; fix: string }) =>
    `${d.where}: got ${d.got}, expected ${d.expected}. ${d.fix}`,
);

/** A layer or an op needs a size that the input of the model leaves open. `where` names it. */
export const openSizeError = kind(
  "open-size",
  (d: { where: string; got: string; expected: string; fix: string }) =>
    `${d.where}: got ${d.got}, expected ${d.expected}. ${d.fix}`,
);

/** An argument has a value that is not allowed. */
export const argumentError = kind(
  "argument",
  (d: { where: string; argument: string; value: unknown; expected: string; fix?: string }) =>
    `${d.where}: ${d.argument} is ${describe(d.value)}, expected ${d.expected}.${d.fix ? ` ${d.fix}` : ""}`,
);

/** A name (activation, loss, option, layer, …) that does not exist. */
export const unknownName = kind(
  "unknown-name",
  (d: { where: string; what: string; name: string; choices: readonly string[]; near?: string }) =>
    `${d.where}: there is no ${d.what} ${describe(d.name)}. ${didYouMean(d.near ?? nearest(d.name, d.choices), d.choices)}`,
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

/** A label names no class. */
export const labelError = (d: {
  readonly where: string;
  readonly index: readonly number[];
  readonly value: number;
  readonly classes: number;
}): RhytonError =>
  new RhytonError(
    dataError.code,
    `${d.where}: the value at [${d.index.join(", ")}] is ${d.value}, expected a whole number from 0 to ${d.classes - 1} ` +
      `(${d.classes} classes). Number the classes from 0, or change the size of the last layer.`,
    d,
  );

/** A number of the data is NaN or infinite. */
export const notFiniteData = kind(
  "data-not-finite",
  (d: { where: string; index: readonly number[]; value: number }) =>
    `${d.where}: the value at [${d.index.join(", ")}] is ${d.value}. Replace or remove such values.`,
);

/**
 * Loss or gradient became NaN or infinite while training. `epoch` and `step` count from 1; without an epoch, the step is
 * that of the optimizer.
 */
export const diverged = kind(
  "diverged",
  (d: { where: string; epoch?: number; step: number; steps?: number }) =>
    `${d.where}: loss or gradient became NaN or infinite in ` +
    `${d.epoch === undefined ? "" : `epoch ${d.epoch}, `}step ${d.step}${d.steps === undefined ? "" : ` of ${d.steps}`}. ` +
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

/** A class that was given to Rhyton (a layer of one's own) threw, or asks for what it has not made. */
export const ownCodeError = kind(
  "own-code",
  (d: { where: string; problem: string; fix: string; cause?: unknown }) => `${d.where}: ${d.problem}. ${d.fix}`,
);

/** `work` of a layer of one's own: what it throws, unless Rhyton said it already, is the `cause` of an `own-code` error. */
export function runOwn<T>(where: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RhytonError) throw cause;
    const problem = `${what} threw ${String(cause).replace(/\.$/, "")}`;
    throw ownCodeError({ where, problem, fix: "Mend it; the cause of this error says on which line.", cause });
  }
}

// ---- devices ------------------------------------------------------------------------------------------------------

/** A worker thread ended or trapped while a program was running on it. */
export const workerDied = kind(
  "worker-died",
  (d: { worker: number; reason: string }) =>
    `Worker ${d.worker} died while a program was running on it: ${d.reason}. The run's last whole step counts as not done; weights are those of before the run. Run again; a new worker is started.`,
);

/** No memory for a weight, a program or its data. */
export const outOfMemory = kind(
  "out-of-memory",
  (d: { where: string; bytes: number; reason: string; fix?: string }) =>
    `${d.where}: no room for ${Math.ceil(d.bytes / (1 << 20))} MB (${d.reason}). ${d.fix ?? "Use a smaller batchSize, or drop models that are no longer needed."}`,
);

/** The page's Content-Security-Policy forbids what a device needs. */
export const pagePolicy = kind(
  "page-policy",
  (d: { what: string; directive: string; reason: string }) =>
    `The Content-Security-Policy of this page does not allow ${d.what} (${d.reason}). Add ${d.directive} to it.`,
);
