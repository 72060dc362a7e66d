/**
 * Random numbers that are the same on every machine.
 *
 * One generator, Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): a
 * function from key and counter to 64 bits, without state. What it feeds uses only operations that IEEE 754 fixes to the
 * last bit: `Math.log` and `Math.cos` differ between engines, so the normal distribution has its own.
 */
import { atOnce, type Pieces } from "./pieces.ts";

/** 64 bits as two unsigned words. */
export type Words = readonly [number, number];

const rotations = [13, 15, 26, 6, 17, 29, 16, 24];

/** 64 random bits, as two unsigned words, for a key and a counter. */
export function bits(key: Words, counter: Words): [number, number] {
  const schedule = [key[0] | 0, key[1] | 0, 0x1bd11bda ^ key[0] ^ key[1]];
  let x0 = (counter[0] + schedule[0]) | 0;
  let x1 = (counter[1] + schedule[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = rotations[round % 8];
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if (round % 4 === 3) {
      const step = (round + 1) / 4;
      x0 = (x0 + schedule[step % 3]) | 0;
      x1 = (x1 + schedule[(step + 1) % 3] + step) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The key of a seed: its lower 32 bits, then the upper 21. */
export const keyOf = (seed: number): Words => [seed >>> 0, Math.floor(Math.abs(seed) / 2 ** 32) >>> 0];

/** A seed of its own for the `position`th user of a seed, within one purpose. */
export function deriveSeed(seed: number, purpose: number, position: number): number {
  const [high, low] = bits(keyOf(seed), [purpose, position]);
  return (high >>> 11) * 2 ** 32 + low;
}

/** What seeds are derived for. */
export const purposes = { weights: 1, shuffle: 2, noise: 3, layerNoise: 4 } as const;

// ---- distributions ------------------------------------------------------------------------------------------------

/** Fills with numbers from [low, high), each of the 2²⁴ steps in between equally likely. */
export function fillUniform(values: Float32Array, seed: number, low = 0, high = 1): void {
  const key = keyOf(seed);
  for (let i = 0; i < values.length; i += 2) {
    const pair = bits(key, [i / 2, 0]);
    for (let k = 0; k < 2 && i + k < values.length; k++) {
      values[i + k] = low + (pair[k] >>> 8) * 2 ** -24 * (high - low);
      // Rounding to float32 may reach the excluded bound.
      if (values[i + k] >= high) values[i + k] = low;
    }
  }
}

/** Fills from the normal distribution. */
export function fillNormal(values: Float32Array, seed: number, mean = 0, deviation = 1): void {
  const key = keyOf(seed);
  for (let i = 0; i < values.length; i += 2) {
    const [a, b] = normalPair(key, [i / 2, 0]);
    values[i] = mean + deviation * a;
    if (i + 1 < values.length) values[i + 1] = mean + deviation * b;
  }
}

/** Fills from the normal distribution without what lies beyond two deviations: that is drawn again. */
export function fillTruncatedNormal(values: Float32Array, seed: number, mean = 0, deviation = 1): void {
  const key = keyOf(seed);
  for (let i = 0; i < values.length; i++) {
    let z: number | undefined;
    for (let attempt = 0; z === undefined; attempt++) {
      z = normalPair(key, [i, attempt]).find((value) => Math.abs(value) <= 2);
    }
    values[i] = mean + deviation * z;
  }
}

/** A random order of 0 to n − 1 for an epoch. */
export const permutation = (n: number, seed: number, epoch: number): Uint32Array => atOnce(permuting(n, seed, epoch));

/** The same in pieces of about half a millisecond. */
export function* permuting(n: number, seed: number, epoch: number): Pieces<Uint32Array> {
  const key = keyOf(deriveSeed(seed, purposes.shuffle, epoch));
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor((bits(key, [i, 0])[0] * (i + 1)) / 2 ** 32);
    [order[i], order[j]] = [order[j], order[i]];
    if (i % 4096 === 0) yield;
  }
  return order;
}

/** Two independent normal numbers (Box and Muller): √(−2 ln u)·(cos φ, sin φ). */
function normalPair(key: Words, counter: Words): [number, number] {
  const [a, b] = bits(key, counter);
  const radius = Math.sqrt(-2 * logFraction(a));
  const [cosine, sine] = turn(b);
  return [radius * cosine, radius * sine];
}

/** ln((word + 1) / 2³²), a number ≤ 0. */
function logFraction(word: number): number {
  const n = word + 1;
  let exponent = n > 0xffffffff ? 32 : 31 - Math.clz32(n);
  let m = n / 2 ** exponent;
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  // ln m = 2·artanh(s) = 2·(s + s³/3 + s⁵/5 + …) with |s| ≤ 0.172: ten terms are exact to the last bits.
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let sum = 0;
  for (let k = 19; k >= 1; k -= 2) sum = sum * z + 1 / k;
  return 2 * s * sum + (exponent - 32) * Math.LN2;
}

/** Cosine and sine of 2π·word/2³². */
function turn(word: number): [number, number] {
  // The nearest quarter turn, and the angle from there, at most π/4.
  const quarter = Math.floor(word / 2 ** 30 + 0.5);
  const t = (word / 2 ** 30 - quarter) * (Math.PI / 2);
  const z = t * t;
  let sine = 0;
  let cosine = 0;
  for (let k = 16; k >= 2; k -= 2) {
    sine = (1 + sine) * (-z / (k * (k + 1)));
    cosine = (1 + cosine) * (-z / ((k - 1) * k));
  }
  const [c, s] = [1 + cosine, t * (1 + sine)];
  const turned: readonly [number, number][] = [
    [c, s],
    [-s, c],
    [-c, -s],
    [s, -c],
  ];
  return turned[quarter % 4];
}
