/**
 * The bytes of TensorBoard's event files: records (TFRecord) of protocol buffers (`Event` and what it holds), written by
 * hand. Only the fields that are used here.
 */

import type { Pieces } from "../core/pieces.ts";
import { Bytes } from "../saving/bytes.ts";

/** One value of a summary: a number, how many numbers lie where, or a model as JSON for the page of graphs. */
export type Summary =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly model: string }
  | { readonly tag: string; readonly histogram: Histogram };

export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** The upper ends of the buckets, and how many numbers lie in each. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

// ---- protocol buffers ---------------------------------------------------------------------------------------------

/** A message that grows. Numbers of fields and kinds are those of tensorflow/core/framework/summary.proto and event.proto. */
class Message {
  readonly #bytes = new Bytes();

  get bytes(): Uint8Array {
    return this.#bytes.done();
  }

  #key(field: number, kind: 0 | 1 | 2 | 5): void {
    this.#number(field * 8 + kind);
  }

  /** A whole number ≥ 0, seven bits a byte, lowest first. */
  #number(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.u8((rest % 128) + 128);
    this.#bytes.u8(rest);
  }

  #float(size: 4 | 8, value: number): void {
    const view = new DataView(new ArrayBuffer(size));
    if (size === 4) view.setFloat32(0, value, true);
    else view.setFloat64(0, value, true);
    this.#bytes.bytes(new Uint8Array(view.buffer));
  }

  whole(field: number, value: number): this {
    this.#key(field, 0);
    this.#number(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#key(field, 5);
    this.#float(4, value);
    return this;
  }

  double(field: number, value: number): this {
    this.#key(field, 1);
    this.#float(8, value);
    return this;
  }

  doubles(field: number, values: readonly number[]): this {
    this.#key(field, 2);
    this.#number(8 * values.length);
    for (const value of values) this.#float(8, value);
    return this;
  }

  text(field: number, value: string): this {
    return this.part(field, new TextEncoder().encode(value));
  }

  part(field: number, bytes: Uint8Array): this {
    this.#key(field, 2);
    this.#number(bytes.length);
    this.#bytes.bytes(bytes);
    return this;
  }
}

/** The type of tensors of texts. */
const STRING = 7;

const histogramMessage = (h: Histogram): Uint8Array =>
  new Message()
    .double(1, h.min)
    .double(2, h.max)
    .double(3, h.count)
    .double(4, h.sum)
    .double(5, h.sumOfSquares)
    .doubles(6, h.limits)
    .doubles(7, h.counts).bytes;

function valueMessage(summary: Summary): Uint8Array {
  const message = new Message().text(1, summary.tag);
  if ("scalar" in summary) return message.float(2, summary.scalar).bytes;
  if ("model" in summary) {
    // A tensor of one text, and the plugin that reads it with the version of what it reads.
    const plugin = new Message().text(1, "graph_keras_model").text(2, "1").bytes;
    const tensor = new Message().whole(1, STRING).part(2, new Uint8Array()).text(8, summary.model).bytes;
    return message.part(8, tensor).part(9, new Message().part(1, plugin).bytes).bytes;
  }
  return message.part(5, histogramMessage(summary.histogram)).bytes;
}

/** The first record of a file. */
export const versionEvent = (seconds: number): Uint8Array =>
  new Message().double(1, seconds).text(3, "brain.Event:2").bytes;

/** A value at a step, at a time. */
export const summaryEvent = (seconds: number, step: number, summary: Summary): Uint8Array =>
  new Message()
    .double(1, seconds)
    .whole(2, step)
    .part(5, new Message().part(1, valueMessage(summary)).bytes).bytes;

// ---- records ------------------------------------------------------------------------------------------------------

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c;
});

/** CRC-32C (Castagnoli). */
export function crc32c(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/** A checksum turned and shifted, since data with checksums inside are common. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Length, checksum of the length, data, checksum of the data. */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return bytes;
}

// ---- histograms ---------------------------------------------------------------------------------------------------

const BUCKETS = 30;
/** So many are counted in less than a millisecond. */
const NUMBERS_AT_ONCE = 1 << 15;

/** Numbers counted in equal buckets between the smallest and the largest. */
export function* countingHistogram(values: Float32Array): Pieces<Histogram> {
  let [min, max, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let start = 0; start < values.length; start += NUMBERS_AT_ONCE) {
    for (const value of values.subarray(start, start + NUMBERS_AT_ONCE)) {
      min = Math.min(min, value);
      max = Math.max(max, value);
      sum += value;
      sumOfSquares += value * value;
    }
    yield;
  }
  const count = values.length;
  // One bucket, one wide, around a single number.
  if (!(max > min)) {
    const only = count === 0 ? 0 : min;
    return { min: only, max: only, count, sum, sumOfSquares, limits: [only + 0.5], counts: [count] };
  }
  const width = (max - min) / BUCKETS;
  const counts = Array<number>(BUCKETS).fill(0);
  for (let start = 0; start < values.length; start += NUMBERS_AT_ONCE) {
    for (const value of values.subarray(start, start + NUMBERS_AT_ONCE)) {
      counts[Math.min(BUCKETS - 1, Math.floor((value - min) / width))]++;
    }
    yield;
  }
  const limits = counts.map((_, i) => (i === BUCKETS - 1 ? max : min + (i + 1) * width));
  return { min, max, count, sum, sumOfSquares, limits, counts };
}
