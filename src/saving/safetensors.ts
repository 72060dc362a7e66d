/**
 * The safetensors format: the length of a JSON header (eight bytes, little-endian), the header with type, shape and place
 * of every array by name, then their bytes. A file is data, never code; what the header says is checked before it is
 * believed.
 */
import { bytesOf, type NdArray, showShape, sizeOf } from "../core/array.ts";
import { formatError, unsafeFile, unsupportedFile } from "../core/errors.ts";
import { fromBrain, fromHalf } from "../core/half.ts";
import { encodingTexts, lengthOf, type Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";
import { isJsonObject, type Json, type JsonObject, parseJson } from "./json.ts";

/** The longest header that is read, as in the library of the format. */
const MOST_HEADER = 100_000_000;
const MOST_AXES = 32;
/** So many are read in about a millisecond. */
const NUMBERS_AT_ONCE = 1 << 16;

export type NamedArrays = ReadonlyMap<string, NdArray<Float32Array>>;

/** Texts by name, each as it is or bit by bit. */
type Metadata = Readonly<Record<string, Iterable<string>>>;

/**
 * A file with these arrays, and with texts under `__metadata__`. The same arrays give the same bytes. They are parts of it
 * as they are, and must stay so until it is written.
 */
export function* writingSafetensors(arrays: NamedArrays, metadata: Metadata = {}): Pieces<Parts> {
  const header = yield* encodingTexts(headerOf(arrays, metadata));
  const length = lengthOf(header);
  // Numbers begin at a multiple of 8 bytes.
  const padding = new Uint8Array(-length & 7).fill(0x20);
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, BigInt(length + padding.length), true);
  return [head, ...header, padding, ...[...arrays.values()].map(({ data }) => bytesOf(data))];
}

function* headerOf(arrays: NamedArrays, metadata: Metadata): Generator<string, void> {
  const texts = Object.entries(metadata);
  yield "{";
  for (const [i, [name, text]] of texts.entries()) {
    yield `${i === 0 ? '"__metadata__":{' : ","}${JSON.stringify(name)}:"`;
    for (const some of text) yield JSON.stringify(some).slice(1, -1);
    yield '"';
  }
  let before = texts.length === 0 ? "" : "},";
  let end = 0;
  for (const [name, { data, shape }] of arrays) {
    const entry = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    yield `${before}${JSON.stringify(name)}:${JSON.stringify(entry)}`;
    end += data.byteLength;
    before = ",";
  }
  yield arrays.size === 0 && texts.length > 0 ? "}}" : "}";
}

interface Kind {
  readonly bytes: number;
  readonly at: (view: DataView, byte: number) => number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  F64: { bytes: 8, at: (v, i) => v.getFloat64(i, true) },
  F32: { bytes: 4, at: (v, i) => v.getFloat32(i, true) },
  F16: { bytes: 2, at: (v, i) => fromHalf(v.getUint16(i, true)) },
  BF16: { bytes: 2, at: (v, i) => fromBrain(v.getUint16(i, true)) },
  I64: { bytes: 8, at: (v, i) => Number(v.getBigInt64(i, true)) },
  U64: { bytes: 8, at: (v, i) => Number(v.getBigUint64(i, true)) },
  I32: { bytes: 4, at: (v, i) => v.getInt32(i, true) },
  U32: { bytes: 4, at: (v, i) => v.getUint32(i, true) },
  I16: { bytes: 2, at: (v, i) => v.getInt16(i, true) },
  U16: { bytes: 2, at: (v, i) => v.getUint16(i, true) },
  I8: { bytes: 1, at: (v, i) => v.getInt8(i) },
  U8: { bytes: 1, at: (v, i) => v.getUint8(i) },
  BOOL: { bytes: 1, at: (v, i) => Number(v.getUint8(i) !== 0) },
};

export interface Safetensors {
  /** As float32. */
  readonly arrays: Map<string, NdArray<Float32Array>>;
  /** The texts under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The arrays of a file by name, and its texts.
 *
 * @param name - stands in error messages for the file.
 * @param fix - what to do when the file is damaged.
 * @throws RhytonError `file-format` when it is another kind of file, damaged or cut off; `file-refused` for arrays that
 *   overlap or sizes that no file has; `file-unsupported` for a type of numbers that Rhyton has not.
 */
export function* readingSafetensors(
  bytes: Uint8Array,
  name = "safetensors file",
  fix = "Copy or download the file again, or save the weights again.",
): Pieces<Safetensors> {
  const damaged = (problem: string) => formatError({ where: name, problem, fix });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10) throw damaged(`it has ${bytes.length} bytes, too few for a safetensors file`);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw damaged("it is no safetensors file, or cut off: its header would end behind it");
  const header = parseJson(bytes.subarray(8, 8 + length), `${name}: header`, { size: MOST_HEADER, depth: 8 });
  if (!isJsonObject(header)) throw damaged("its header is no JSON object");
  const body = bytes.length - 8 - length;
  const { __metadata__: metadata = {}, ...entries } = header;
  const isText = (texts: Json): texts is Record<string, string> =>
    isJsonObject(texts) && Object.values(texts).every((text) => typeof text === "string");
  if (!isText(metadata)) throw damaged("its __metadata__ are no texts by name");
  const parts = Object.entries(entries).map(([key, entry]) => {
    return { key, ...checked(`${name}: ${JSON.stringify(key)}`, entry, body, fix) };
  });
  const ordered = [...parts].sort((a, b) => a.from - b.from || a.to - b.to);
  ordered.forEach(({ key, from }, i) => {
    const before = i === 0 ? 0 : ordered[i - 1].to;
    if (from === before) return;
    const problem = `the array ${JSON.stringify(key)} begins at byte ${from}, and the one before ends at ${before}`;
    if (from > before) throw damaged(problem);
    throw unsafeFile({ where: name, problem, fix: "Arrays do not overlap in a file that was saved; do not use it." });
  });
  const end = ordered.at(-1)?.to ?? 0;
  if (end !== body) throw damaged(`its arrays end at byte ${end} of ${body}`);
  const arrays = new Map<string, NdArray<Float32Array>>();
  for (const { key, kind, shape, from, to } of parts) {
    const data = new Float32Array((to - from) / kind.bytes);
    for (let start = 0; start < data.length; start += NUMBERS_AT_ONCE) {
      const end = Math.min(data.length, start + NUMBERS_AT_ONCE);
      for (let i = start; i < end; i++) data[i] = kind.at(view, 8 + length + from + i * kind.bytes);
      yield;
    }
    arrays.set(key, { data, shape });
  }
  return { arrays, metadata };
}

/** One entry of the header. */
function checked(where: string, entry: Json, body: number, fix: string) {
  const damaged = (problem: string) => formatError({ where, problem, fix });
  if (!isJsonObject(entry)) throw damaged("its entry is no object");
  const { dtype, shape, data_offsets: offsets }: JsonObject = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(KINDS, dtype)) {
    const known = `Rhyton reads ${Object.keys(KINDS).join(", ")}.`;
    throw unsupportedFile({ where, problem: `its numbers are ${JSON.stringify(dtype)}`, fix: known });
  }
  const isWhole = (n: Json): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || shape.length > MOST_AXES || !shape.every(isWhole)) throw damaged("its shape is none");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isWhole)) {
    throw damaged("its place in the file is none");
  }
  const [from, to] = offsets as number[];
  const kind = KINDS[dtype];
  const size = sizeOf(shape as number[]) * kind.bytes;
  if (to > body || to - from !== size) {
    const got = `bytes ${from} to ${to} of ${body}`;
    throw damaged(`it takes ${got}, expected ${size} bytes for the shape ${showShape(shape as number[])} of ${dtype}`);
  }
  return { kind, shape: shape as number[], from, to };
}
