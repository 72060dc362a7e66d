import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonOf } from "../../test/support/written.ts";
import { encodeArrays } from "../core/base64.ts";
import { RhytonError } from "../core/errors.ts";
import { atOnce } from "../core/pieces.ts";
import { type Json, parseJson, writingJson } from "./json.ts";

const errorOf = (action: () => unknown): RhytonError => {
  try {
    action();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("no error");
};

describe("parseJson", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 1, 2), (text, indent) => {
        fc.pre(!/__proto__|constructor|prototype/.test(text));
        const value: unknown = JSON.parse(text);
        expect(parseJson(JSON.stringify(value, null, indent))).toEqual(value);
      }),
    );
  });

  it("reads what Python adds", () => {
    expect(parseJson('{"a": NaN, "b": [Infinity, -Infinity, -1.5e-3]}')).toEqual({
      a: Number.NaN,
      b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.0015],
    });
    expect(parseJson(new TextEncoder().encode('"NaN \\u00fc ü"'))).toBe("NaN ü ü");
  });

  it("reads long texts full of escapes", () => {
    const text = '\\"\n'.repeat(1_000_000);
    expect(parseJson(JSON.stringify(text))).toBe(text);
  });

  it.each([
    "",
    " ",
    "{",
    "[1,",
    "[1 2]",
    '{"a" 1}',
    "{a: 1}",
    '{"a": 1,}',
    "01",
    "1.",
    "nul",
    '"a',
    '"\\x"',
    "1 2",
    "'a'",
  ])("refuses %j", (text) => {
    expect(errorOf(() => parseJson(text, "config.json")).message).toContain("config.json: it is not JSON: line 1");
  });

  it("tells line and column", () => {
    expect(errorOf(() => parseJson('{\n  "a": ?}')).message).toContain('line 2, column 8 has "?}", expected a value');
  });

  it.each(["__proto__", "constructor", "prototype"])("refuses the key %s", (key) => {
    expect(errorOf(() => parseJson(`{"a": [{"${key}": {}}]}`)).code).toBe("file-refused");
    expect(errorOf(() => parseJson(`{"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}": 1}`)).code).toBe(
      "file-refused",
    );
  });

  it("refuses what comes twice, is too deep, too large, or not UTF-8", () => {
    expect(errorOf(() => parseJson('{"a": 1, "a": 2}')).code).toBe("file-format");
    expect(errorOf(() => parseJson("[".repeat(100_000))).code).toBe("file-refused");
    expect(errorOf(() => parseJson("[1, 2]", "f", { size: 3 })).code).toBe("file-refused");
    expect(errorOf(() => parseJson(Uint8Array.of(34, 255, 34))).message).toContain("not text in UTF-8");
  });
});

describe("what is written", () => {
  it("writes as Python does", () => {
    const value: Json = {
      a: [1, 0.5, null, true],
      "ü\n": "€😀",
      b: {},
      c: [],
      d: Number.NaN,
      e: Number.NEGATIVE_INFINITY,
    };
    const expected =
      '{"a": [1, 0.5, null, true], "\\u00fc\\n": "\\u20ac\\ud83d\\ude00", "b": {}, "c": [], "d": NaN, "e": -Infinity}';
    expect(jsonOf(value)).toBe(expected);
    expect(parseJson(expected)).toEqual(value);
  });

  it("keeps every value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/__proto__|constructor|prototype/.test(text));
        expect(parseJson(jsonOf(value as Json))).toEqual(value);
      }),
    );
  });

  it("writes numbers of weights as base64, as JSON.stringify does", () => {
    const state = { best: encodeArrays([{ data: Float32Array.of(1, 2, 3), shape: [3] }]) };
    expect(jsonOf(state as unknown as Json)).toBe('{"best": [{"shape": [3], "f32": "AACAPwAAAEAAAEBA"}]}');
    expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(jsonOf(state as unknown as Json)));
  });

  it("writes the same in parts", () => {
    const value = Array.from({ length: 3000 }, (_, i) => ({ name: `ü${i}`, i }));
    const parts = atOnce(writingJson(value));
    expect(parts.length).toBeGreaterThan(10);
    expect(Buffer.concat(parts).toString()).toBe(jsonOf(value));
  });

  it("writes as floats what Python wants as floats", () => {
    const config = { learning_rate: 1, momentum: 0, clipnorm: null, loss_weights: [1, 0.5], units: 1 };
    expect(jsonOf(config)).toBe(
      '{"learning_rate": 1.0, "momentum": 0.0, "clipnorm": null, "loss_weights": [1.0, 0.5], "units": 1}',
    );
  });
});
