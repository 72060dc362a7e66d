/**
 * Files as parts that follow one another. Large parts are views of numbers that nobody writes into, not copies: a file
 * takes little more memory than what it holds.
 */
import type { Pieces } from "./pieces.ts";

/** The bytes of a file, one part behind the other. */
export type Parts = readonly Uint8Array[];

/** So much is copied, or summed up, in about a millisecond. */
const CUT_BYTES = 1 << 18;

/** The bytes of all parts. */
export const lengthOf = (parts: Parts): number => parts.reduce((n, { length }) => n + length, 0);

/** What is encoded at once takes well below a millisecond. */
const TEXT_LENGTH = 4096;

/** Texts, one behind the other, as UTF-8. */
export function* encodingTexts(texts: Iterable<string>): Pieces<Parts> {
  const utf8 = new TextEncoder();
  const parts: Uint8Array[] = [];
  let waiting = "";
  for (const text of texts) {
    waiting += text;
    if (waiting.length < TEXT_LENGTH) continue;
    parts.push(utf8.encode(waiting));
    waiting = "";
    yield;
  }
  return [...parts, utf8.encode(waiting)];
}

/** The same bytes in parts of at most 256 KiB. */
export function* cut(parts: Parts): Generator<Uint8Array, void> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += CUT_BYTES) yield part.subarray(at, at + CUT_BYTES);
  }
}

/** A file in one array. */
export function* joining(parts: Parts): Pieces<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of cut(parts)) {
    bytes.set(part, at);
    at += part.length;
    yield;
  }
  return bytes;
}

/** A file in arrays of 256 KiB. Each is valid until the next is asked for. */
export function* blocksOf(parts: Parts): Generator<Uint8Array, void> {
  const block = new Uint8Array(Math.min(CUT_BYTES, lengthOf(parts)));
  let used = 0;
  for (let part of cut(parts)) {
    while (part.length > 0) {
      const some = part.subarray(0, block.length - used);
      block.set(some, used);
      used += some.length;
      part = part.subarray(some.length);
      if (used < block.length) continue;
      yield block;
      used = 0;
    }
  }
  if (used > 0) yield block.subarray(0, used);
}
