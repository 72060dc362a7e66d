/**
 * The `.keras` container: a ZIP archive of `metadata.json`, `config.json` and `model.weights.h5`. Rhyton adds
 * `rhyton.json` with the state of the training, which Keras ignores.
 */
import { formatError } from "../core/errors.ts";
import type { Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";
import { type H5Group, type H5Limits, isHdf5, readHdf5, writingHdf5 } from "./hdf5.ts";
import { isJsonObject, type JsonObject, parseJson, writingJson } from "./json.ts";
import { isZip, readZip, type ZipLimits } from "./zip.ts";
import { writingZip } from "./zip-write.ts";

/** The version of Keras whose files we write. */
export const KERAS_VERSION = "3.15.1";

const METADATA = "metadata.json";
const CONFIG = "config.json";
const WEIGHTS = "model.weights.h5";
const RHYTON = "rhyton.json";

/** What a `.keras` file holds. */
export interface KerasFile {
  readonly metadata: JsonObject;
  /** The model as Keras serialises it. */
  readonly config: JsonObject;
  /** The variables of the model and of its optimizer. */
  readonly weights: H5Group;
  /** The state of the training, if Rhyton wrote the file. */
  readonly rhyton?: JsonObject;
  /** The Keras that wrote the file, as `metadata.json` tells: "3.15.1", or "unknown". */
  readonly kerasVersion: string;
  /** When, as Keras writes it: "2025-01-31@12:00:00", or "unknown". */
  readonly dateSaved: string;
}

export interface KerasLimits {
  readonly zip?: Partial<ZipLimits>;
  readonly hdf5?: Partial<H5Limits>;
}

/**
 * The contents of a `.keras` file. `name` stands in error messages for the file.
 *
 * @throws RhytonError `file-format` when it is another kind of file, damaged, or incomplete; `file-refused` for what no
 *   loader should follow.
 */
export function readKeras(bytes: Uint8Array, name = "model.keras", limits: KerasLimits = {}): KerasFile {
  if (!isZip(bytes)) {
    const [what, fix] = looksLike(bytes);
    throw formatError({ where: name, problem: `this is not a .keras file: it ${what}`, fix });
  }
  const members = readZip(bytes, name, limits.zip);
  const weights = members.get(WEIGHTS);
  if (weights === undefined || !members.has(CONFIG)) throw incomplete(name, [...members.keys()]);
  const metadata = members.has(METADATA) ? json(members, METADATA, name) : {};
  const text = (key: string): string => (typeof metadata[key] === "string" ? metadata[key] : "unknown");
  return {
    metadata,
    config: json(members, CONFIG, name),
    weights: readHdf5(weights, `${name}: ${WEIGHTS}`, limits.hdf5),
    ...(members.has(RHYTON) ? { rhyton: json(members, RHYTON, name) } : {}),
    kerasVersion: text("keras_version"),
    dateSaved: text("date_saved"),
  };
}

function json(members: ReadonlyMap<string, Uint8Array>, member: string, name: string): JsonObject {
  const value = parseJson(members.get(member) ?? "", `${name}: ${member}`);
  if (isJsonObject(value)) return value;
  throw formatError({
    where: `${name}: ${member}`,
    problem: "it holds no JSON object",
    fix: "Save the model again.",
  });
}

function incomplete(name: string, members: readonly string[]) {
  const has = (test: (member: string) => boolean): boolean => members.some(test);
  const advice = (): [string, string] => {
    if (has((m) => m === "model.weights.npz")) {
      return [`its weights are in model.weights.npz`, "Load it in Keras and save it where h5py is installed."];
    }
    if (has((m) => m.startsWith("model.weights") && m !== WEIGHTS)) {
      return ["its weights are in several files", "Load it in Keras and save it in one file."];
    }
    if (has((m) => m.endsWith(`/${CONFIG}`))) {
      return [`its files are in a folder of the archive`, "Pack the files themselves, not the folder."];
    }
    if (has((m) => m.endsWith(".npy"))) return ["it looks like NumPy's .npz", "Give a file saved by model.save()."];
    if (has((m) => m.endsWith("saved_model.pb"))) {
      return ["it looks like a TensorFlow SavedModel", "Load it in Keras and save it as .keras."];
    }
    const missing = [CONFIG, WEIGHTS].filter((m) => !members.includes(m));
    return [`it lacks ${missing.join(" and ")}`, "Give a file saved by model.save()."];
  };
  const [problem, fix] = advice();
  return formatError({ where: name, problem: `the .keras file is incomplete: ${problem}`, fix });
}

/** What a file that is no archive looks like, and what to do about it. */
function looksLike(bytes: Uint8Array): [what: string, fix: string] {
  const begins = (...head: number[]): boolean => head.every((byte, i) => bytes[i] === byte);
  const again = "Copy or download it again.";
  if (bytes.length === 0) return ["is empty", again];
  if (isHdf5(bytes)) {
    return [
      "is an HDF5 file, weights alone or a model in Keras's old format",
      "Load weights with loadWeights; load an old model in Keras and save it as .keras.",
    ];
  }
  if (begins(0x1f, 0x8b)) return ["is packed with gzip", "Unpack it first (gunzip)."];
  if (begins(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59))
    return ["is a NumPy array (.npy)", "Give a file saved by model.save()."];
  if (begins(0x80) && bytes[1] <= 5) return ["looks like a Python pickle", "Pickles run code and are not read."];
  if (bytes.every((byte) => byte === 0)) return ["holds nothing but zeros", again];
  const head = bytes.subarray(0, 512);
  const start = new TextDecoder().decode(head);
  const readable =
    head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13)) && !start.slice(0, -4).includes("\ufffd");
  if (!readable) return ["does not begin as a ZIP archive does", "Give a file saved by model.save()."];
  if (/^\s*\{/.test(start)) {
    return start.includes('"modelTopology"') || start.includes('"weightsManifest"')
      ? ["looks like a model.json of TensorFlow.js", "Convert it with tensorflowjs_converter."]
      : ["looks like JSON", "Give the .keras archive itself, not a part of it."];
  }
  if (start.startsWith("version https://git-lfs")) return ["is a pointer of Git LFS", "Run git lfs pull."];
  if (/^\s*<(!doctype|html)/i.test(start))
    return ["is a web page", "Download the file itself; the link may have led to an error page."];
  return [`is text (${JSON.stringify(start.slice(0, 24))})`, "Give a file saved by model.save()."];
}

/**
 * A `.keras` file that Keras loads. The same contents and date give the same bytes.
 *
 * @param content `config` as Keras serialises models, `weights` as the tree of `model.weights.h5`, and `rhyton` for what
 *   only we read.
 * @param date when the file is saved; now unless given.
 */
export function* writingKeras(
  content: { readonly config: JsonObject; readonly weights: H5Group; readonly rhyton?: JsonObject },
  date: Date = new Date(),
): Pieces<Parts> {
  const metadata = { keras_version: KERAS_VERSION, date_saved: showDate(date) };
  const members: [string, Parts][] = [
    [METADATA, yield* writingJson(metadata)],
    [CONFIG, yield* writingJson(content.config)],
    [WEIGHTS, yield* writingHdf5(content.weights)],
  ];
  if (content.rhyton !== undefined) members.push([RHYTON, yield* writingJson(content.rhyton)]);
  return yield* writingZip(members);
}

/** Local time, as Keras writes it. */
function showDate(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}@${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}
