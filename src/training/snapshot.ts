/**
 * Weights and a text in one file, as safetensors: the length of a JSON header (eight bytes, little-endian), the header
 * with name, type, shape and place of every array, then their bytes.
 */
import { type NdArray, sizeOf } from "../core/array.ts";
import { formatError } from "../core/errors.ts";

export interface Snapshot {
  readonly arrays: ReadonlyMap<string, NdArray<Float32Array>>;
  /** Stands under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function encodeSnapshot({ arrays, metadata }: Snapshot): Uint8Array {
  const header: Record<string, Entry | Snapshot["metadata"]> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { data, shape }] of arrays) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((8 + text.length) / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let at = start;
  for (const { data } of arrays.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** @throws RhytonError `file-format` when the bytes are damaged or cut off. */
export function decodeSnapshot(where: string, bytes: Uint8Array): Snapshot {
  const damaged = (problem: string) =>
    formatError({ where, problem, fix: "Delete the file to train from the beginning." });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Number.NaN : Number(view.getBigUint64(0, true));
  if (!(length <= bytes.length - 8)) throw damaged("the file is cut off");
  const start = 8 + length;
  let header: Readonly<Record<string, Entry>>;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    throw damaged("its header is no JSON");
  }
  const { __metadata__: metadata, ...entries } = header as Readonly<Record<string, unknown>>;
  const arrays = new Map<string, NdArray<Float32Array>>();
  for (const [name, entry] of Object.entries(entries as Readonly<Record<string, Entry>>)) {
    const [from, to] = entry?.data_offsets ?? [];
    const isWhole = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && start + to <= bytes.length;
    if (entry?.dtype !== "F32" || !Array.isArray(entry.shape) || !isWhole || to - from !== 4 * sizeOf(entry.shape)) {
      throw damaged(`the entry ${JSON.stringify(name)} makes no sense`);
    }
    arrays.set(name, { data: new Float32Array(bytes.slice(start + from, start + to).buffer), shape: entry.shape });
  }
  return { arrays, metadata: (metadata ?? {}) as Snapshot["metadata"] };
}
