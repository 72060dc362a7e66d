/**
 * Arguments and inputs that Keras refuses, and what is said here: fixtures/refusals.json holds the cases and what Keras
 * made of each (scripts/fixture_refusals.py).
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RhytonError } from "../core/errors.ts";
import { input } from "./input.ts";
import type { Layer } from "./layer.ts";
import { type Config, whereOf } from "./options.ts";
import { layerRegistry } from "./registry.ts";

type Sizes = readonly (number | null)[];

interface Case {
  readonly condition: string;
  readonly class_name: string;
  readonly config: Config;
  /** The inputs of each call: a shape, or a list of shapes. */
  readonly calls: readonly (Sizes | readonly Sizes[])[];
  /** What Keras throws. */
  readonly refused: string | null;
}

const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/refusals.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};

const nameOf = ({ class_name: className, condition, config }: Case): string =>
  `${className}: ${condition}, ${JSON.stringify(config)}`;

/** What Keras takes, and fails at or ignores only when it runs, if at all. */
const stricter: readonly RegExp[] = [
  /^Adaptive.*: (output_size 0|an input of another rank)/,
  /^ZeroPadding[23]D: padding -1/,
  /^UpSampling2D: no such interpolation/,
  /^Softmax: no such axis/,
  /^Resizing: (no such interpolation|crop and pad)/,
  /^CenterCrop: an input of another rank/,
  /^RandomFlip: no such mode/,
];
const isStricter = (given: Case): boolean => stricter.some((pattern) => pattern.test(nameOf(given)));

function run({ class_name: className, config, calls }: Case): unknown {
  const tensors = (shapes: Sizes | readonly Sizes[]): unknown =>
    Array.isArray(shapes[0]) ? shapes.map((shape) => input(shape as number[])) : input(shapes as number[]);
  try {
    const layer = layerRegistry.get(className)?.fromConfig({ ...config, name: "it" }) as Layer;
    for (const shapes of calls) (layer as unknown as (x: unknown) => unknown)(tensors(shapes));
  } catch (error) {
    return error;
  }
  return undefined;
}

const refused = cases.filter((given) => given.refused !== null || isStricter(given));
const taken = cases.filter((given) => !refused.includes(given));

test("there are cases for most layers", () => {
  expect(refused.length).toBeGreaterThanOrEqual(500);
  expect(new Set(cases.map((given) => given.class_name)).size).toBeGreaterThanOrEqual(60);
});

const byKeras = refused.filter((given) => given.refused !== null).length;

describe(`Keras refuses ${byKeras} of these ${refused.length} argument sets; we refuse all`, () => {
  test.each(refused.map((given) => [nameOf(given), given] as const))("%s", (_, given) => {
    const error = run(given) as RhytonError;
    expect(error).toBeInstanceOf(RhytonError);
    if (given.calls.flat(2).includes(null)) return;
    // The layer, the value, what was expected or what there is, and a way out.
    expect(error.message.startsWith(whereOf(given.class_name, undefined))).toBe(true);
    expect(error.message).toMatch(/ (is|got|no) .*(expected|Known|Did you mean)/s);
    expect(error.message).toMatch(/\.( .+\.)$/s);
  });
});

describe(`Keras takes these ${taken.length}; so do we`, () => {
  test.each(taken.map((given) => [nameOf(given), given] as const))("%s", (_, given) => {
    expect(run(given)).toBeUndefined();
  });
});
