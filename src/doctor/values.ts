/** Seeded values for checks of ops, from domains in which an op is well behaved; and how far two arrays differ. */
import { bits, keyOf } from "../core/random.ts";

export type Numbers = ArrayLike<number>;

/**
 * Where the values of an array come from:
 * - `any`: [−2, 2);
 * - `positive`: [0.3, 3);
 * - `nonzero`: 0.3 to 2 on either side of 0;
 * - `fractions`: at least 0.1 away from every multiple of 1/2, so that neither floor nor round is near a jump;
 * - `apart`: no two alike, neighbours in size at least 0.05 apart, and no zero;
 * - `ties`: small whole numbers, zero among them.
 */
export type Domain = "any" | "positive" | "nonzero" | "fractions" | "apart" | "ties";

/** `n` numbers from [0, 1). */
export function uniform(n: number, seed: number): number[] {
  const key = keyOf(seed);
  return Array.from({ length: n }, (_, i) => bits(key, [i, 0])[0] / 2 ** 32);
}

/** A random order of 0 to n − 1. */
export function shuffled(n: number, seed: number): number[] {
  const keys = uniform(n, seed);
  return keys.map((_, i) => i).sort((a, b) => keys[a] - keys[b]);
}

export function randomArray(n: number, seed: number, domain: Domain = "any"): Float32Array {
  const u = uniform(n, seed);
  switch (domain) {
    case "any":
      return Float32Array.from(u, (x) => 4 * x - 2);
    case "positive":
      return Float32Array.from(u, (x) => 0.3 + 2.7 * x);
    case "nonzero":
      return Float32Array.from(u, (x) => (x < 0.5 ? -2 + 3.4 * x : 0.3 + 3.4 * (x - 0.5)));
    case "fractions":
      return Float32Array.from(u, (x) => {
        const half = Math.floor(8 * x) / 2 - 2;
        return half + 0.1 + 0.3 * ((8 * x) % 1);
      });
    case "apart": {
      const order = shuffled(n, seed);
      return Float32Array.from(u, (x, i) => 0.1 * (order[i] - Math.floor(n / 2)) + 0.025 + 0.05 * x);
    }
    case "ties":
      return Float32Array.from(u, (x) => Math.floor(4 * x) - 1);
  }
}

export const largest = (values: Numbers): number => Array.from(values).reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/** The largest difference; infinite where lengths differ or one value is NaN and the other is not. */
export function difference(actual: Numbers, expected: Numbers): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const d = Math.abs(actual[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
  }
  return worst;
}
