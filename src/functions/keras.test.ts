/** Functions of plain data, and losses and metrics as functions, against Keras (fixtures/ops.json), over the arguments that change what they do. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { camelCase } from "../layers/options.ts";
import * as losses from "../training/losses.ts";
import * as metrics from "../training/metrics.ts";
import type { Numbers } from "./arrays.ts";
import * as ops from "./index.ts";

interface Encoded {
  readonly shape: readonly number[];
  readonly f32: string;
}
interface Case {
  readonly name: string;
  readonly op: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly results: readonly Encoded[];
}

const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/ops.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

const decode = ({ shape, f32 }: Encoded): Numbers => {
  const bytes = Buffer.from(f32, "base64");
  return { data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)), shape };
};

/** An argument as the fixture has it. */
function argument(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if ("f32" in value) return decode(value as Encoded);
  if ("list" in value) return (value.list as Encoded[]).map(decode);
  return (value as { readonly infinity: number }).infinity * Number.POSITIVE_INFINITY;
}

type AnyFunction = (...args: readonly unknown[]) => Numbers | readonly Numbers[];

function functionOf(name: string): AnyFunction {
  const found = name.split(".").reduce<unknown>((from, part) => (from as Record<string, unknown>)[camelCase(part)], {
    ...ops,
    losses,
    metrics,
  });
  if (typeof found !== "function") throw new Error(`there is no ops.${name}`);
  return found as AnyFunction;
}

/** Differences count relative to the largest finite number. */
function expectClose(actual: Numbers, expected: Numbers): void {
  expect(actual.shape).toEqual([...expected.shape]);
  const scale = Math.max(1e-3, ...Array.from(expected.data, (x) => (Number.isFinite(x) ? Math.abs(x) : 0)));
  expected.data.forEach((x, i) => {
    const y = actual.data[i];
    const same = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-5 * scale;
    if (!same) expect(`[${i}] ${y}`).toBe(`[${i}] ${x}`);
  });
}

describe("as in Keras", () => {
  test.each(cases.map((c) => [c.name, c] as const))("%s", (_, c) => {
    const options = Object.fromEntries(
      Object.entries(c.options).map(([key, value]) => [camelCase(key), argument(value)]),
    );
    const args = [...c.args.map(argument), ...(Object.keys(options).length > 0 ? [options] : [])];
    const result = functionOf(c.op)(...args);
    const list = Array.isArray(result) ? (result as readonly Numbers[]) : [result as Numbers];
    expect(list.length).toBe(c.results.length);
    list.forEach((one, i) => {
      expectClose(one, decode(c.results[i]));
    });
  });
});
