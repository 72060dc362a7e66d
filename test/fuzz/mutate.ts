/** Damage to bytes, whatever they mean: bits, numbers, parts, ends, and parts of other files. */
import type { Dice } from "../support/dice.ts";

/** Numbers at which sizes, signs and additions go wrong. */
const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 4n, 7n, 8n, 16n, 32n, 64n, 100n, 255n, 1000n, 4096n],
  ...[7n, 8n, 15n, 16n, 20n, 24n, 28n, 31n, 32n, 40n, 53n, 63n, 64n].flatMap((n) => [2n ** n - 1n, 2n ** n]),
];

/** Words that formats begin their parts with: what follows one is worth more damage than what does not. */
const MARKS = [
  "TREE",
  "SNOD",
  "HEAP",
  "GCOL",
  "OHDR",
  "OCHK",
  "FRHP",
  "FHIB",
  "BTHD",
  "BTLF",
  "FAHD",
  "FADB",
  "PK",
].map((text) => new TextEncoder().encode(text));

/** A place in the bytes: anywhere, near the beginning, near the end, or behind a mark. */
function placeIn(bytes: Uint8Array, dice: Dice): number {
  const kind = dice.below(4);
  if (kind === 1) return dice.below(Math.min(64, bytes.length));
  if (kind === 2) return bytes.length - 1 - dice.below(Math.min(64, bytes.length));
  if (kind === 3) {
    const mark = dice.pick(MARKS);
    const from = dice.below(bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      const at = (from + i) % bytes.length;
      if (mark.every((byte, k) => bytes[at + k] === byte)) return Math.min(bytes.length - 1, at + dice.below(64));
    }
  }
  return dice.below(bytes.length);
}

/** A number written over what is there, in 1 to 8 bytes of either order: an edge, or a neighbour of the old one. */
function overwrite(bytes: Uint8Array, dice: Dice): Uint8Array {
  const out = bytes.slice();
  const width = dice.pick([1, 2, 4, 8]);
  const at = Math.min(placeIn(out, dice), Math.max(0, out.length - width));
  const little = !dice.oneIn(4);
  const places = Array.from({ length: Math.min(width, out.length) }, (_, i) => at + i);
  if (!little) places.reverse();
  let old = 0n;
  for (const [i, place] of places.entries()) old |= BigInt(out[place]) << BigInt(8 * i);
  const near = [old + 1n, old - 1n, old * 2n, old + 8n, old / 2n, BigInt(out.length), BigInt(out.length + 1)];
  const value = dice.oneIn(2) ? dice.pick(EDGES) : dice.pick(near);
  for (const [i, place] of places.entries()) out[place] = Number((value >> BigInt(8 * i)) & 255n);
  return out;
}

/** A part of `bytes`, mostly short. */
function partOf(bytes: Uint8Array, dice: Dice): Uint8Array {
  const at = placeIn(bytes, dice);
  const most = dice.oneIn(4) ? bytes.length : 64;
  return bytes.subarray(at, at + 1 + dice.below(most));
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

type Mutation = (bytes: Uint8Array, dice: Dice, others: readonly Uint8Array[]) => Uint8Array;

const flip: Mutation = (bytes, dice) => {
  const out = bytes.slice();
  out[placeIn(out, dice)] ^= 1 << dice.below(8);
  return out;
};

const cut: Mutation = (bytes, dice) => bytes.slice(0, dice.oneIn(3) ? dice.below(bytes.length) : placeIn(bytes, dice));

const remove: Mutation = (bytes, dice) => {
  const part = partOf(bytes, dice);
  return joined(bytes.subarray(0, part.byteOffset - bytes.byteOffset), bytes.subarray(endOf(part, bytes)));
};

const endOf = (part: Uint8Array, bytes: Uint8Array): number => part.byteOffset - bytes.byteOffset + part.length;

const insert: Mutation = (bytes, dice, others) => {
  const at = placeIn(bytes, dice);
  return joined(bytes.subarray(0, at), partOf(dice.pick(others), dice), bytes.subarray(at));
};

const copyOver: Mutation = (bytes, dice, others) => {
  const out = bytes.slice();
  const at = placeIn(out, dice);
  out.set(partOf(dice.pick(others), dice).subarray(0, out.length - at), at);
  return out;
};

const fill: Mutation = (bytes, dice) => {
  const out = bytes.slice();
  const at = placeIn(out, dice);
  return out.fill(dice.pick([0, 255, 32, 128]), at, at + 1 + dice.below(32));
};

/** The head of one file and the tail of another. */
const splice: Mutation = (bytes, dice, others) => {
  const other = dice.pick(others);
  const at = placeIn(bytes, dice);
  return joined(
    bytes.subarray(0, at),
    other.subarray(dice.oneIn(2) ? Math.min(at, other.length) : placeIn(other, dice)),
  );
};

const append: Mutation = (bytes, dice, others) => joined(bytes, partOf(dice.pick(others), dice));

const MUTATIONS: readonly Mutation[] = [
  ...[flip, flip, overwrite, overwrite, overwrite],
  ...[cut, remove, insert, copyOver, fill, splice, append],
];

/** One or a few mutations. */
export function mutate(bytes: Uint8Array, dice: Dice, others: readonly Uint8Array[]): Uint8Array {
  let out = bytes;
  for (let count = 1 + dice.below(dice.pick([1, 1, 2, 5])); count > 0 && out.length > 0; count--) {
    out = dice.pick(MUTATIONS)(out, dice, others);
  }
  return out;
}
