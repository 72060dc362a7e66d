/**
 * JSON as Python writes it: with bare NaN, Infinity and -Infinity. Files are not trusted, so their size and depth are
 * limited, and keys that reach into JavaScript's prototypes are refused.
 */
import { EncodedArray } from "../core/base64.ts";
import { formatError, unsafeFile } from "../core/errors.ts";
import { encodingTexts, type Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export interface JsonLimits {
  /** Lists and objects inside each other. */
  readonly depth: number;
  /** Characters of the text, or bytes. */
  readonly size: number;
}

export const JSON_LIMITS: JsonLimits = { depth: 256, size: 256 * 2 ** 20 };

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** Whether a value is an object, neither a list nor null. */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The value of a JSON text or of its UTF-8 bytes. `name` stands in error messages for the file.
 *
 * @throws RhytonError `file-format` when it is not JSON; `file-refused` beyond `limits`, or for a key such as `__proto__`.
 */
export function parseJson(source: string | Uint8Array, name = "JSON", limits: Partial<JsonLimits> = {}): Json {
  const all = { ...JSON_LIMITS, ...limits };
  if (source.length > all.size) {
    throw unsafeFile({
      where: name,
      problem: `the JSON has ${source.length} bytes, more than ${all.size}`,
      fix: "If the file is trustworthy, raise the limit.",
    });
  }
  return new Parser(typeof source === "string" ? source : decode(source, name), name, all.depth).parse();
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw formatError({ where: name, problem: "it is not text in UTF-8", fix: "Save the file again." });
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

const WORDS: readonly (readonly [string, Json])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];

class Parser {
  readonly text: string;
  readonly name: string;
  readonly depth: number;
  at = 0;

  constructor(text: string, name: string, depth: number) {
    this.text = text;
    this.name = name;
    this.depth = depth;
  }

  parse(): Json {
    this.space();
    const value = this.value(0);
    if (this.at < this.text.length) this.fail("the end");
    return value;
  }

  fail(expected: string): never {
    const lines = this.text.slice(0, this.at).split("\n");
    const found = this.at < this.text.length ? JSON.stringify(this.text.slice(this.at, this.at + 20)) : "the end";
    throw formatError({
      where: this.name,
      problem: `it is not JSON: line ${lines.length}, column ${lines[lines.length - 1].length + 1} has ${found}, expected ${expected}`,
      fix: "Save or download the file again.",
    });
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  space(): void {
    this.match(SPACE);
  }

  /** Skips `token` and the space behind it, if it is there. */
  skip(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    this.space();
    return true;
  }

  /** The value here; skips the space behind it. */
  value(depth: number): Json {
    if (depth > this.depth) {
      throw unsafeFile({
        where: this.name,
        problem: `lists and objects are nested more than ${this.depth} deep`,
        fix: "No model needs this; do not use the file.",
      });
    }
    const value = this.bare(depth);
    this.space();
    return value;
  }

  bare(depth: number): Json {
    const first = this.text[this.at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.list(depth);
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.match(NUMBER);
    return number === undefined ? this.fail("a value") : Number(number);
  }

  string(): string {
    const start = this.at;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    try {
      const text: unknown = JSON.parse(this.text.slice(start, end + 1));
      this.at = end + 1;
      return String(text);
    } catch {
      return this.fail("a text in quotes");
    }
  }

  list(depth: number): Json {
    const list: Json[] = [];
    this.skip("[");
    if (this.skip("]")) return list;
    do list.push(this.value(depth + 1));
    while (this.skip(","));
    if (this.text[this.at] !== "]") this.fail("a comma or ]");
    this.at++;
    return list;
  }

  object(depth: number): Json {
    const object: { [key: string]: Json } = {};
    this.skip("{");
    if (this.skip("}")) return object;
    do {
      if (this.text[this.at] !== '"') this.fail("a key in quotes");
      const key = this.string();
      if (FORBIDDEN.has(key)) {
        throw unsafeFile({
          where: this.name,
          problem: `it has the key ${JSON.stringify(key)}`,
          fix: "Rename whatever is called so; keys that JavaScript gives a meaning to are not read.",
        });
      }
      if (Object.hasOwn(object, key)) this.fail(`each key once, but ${JSON.stringify(key)} came before`);
      this.space();
      if (!this.skip(":")) this.fail("a colon");
      object[key] = this.value(depth + 1);
    } while (this.skip(","));
    if (this.text[this.at] !== "}") this.fail("a comma or }");
    this.at++;
    return object;
  }
}

/** Keys whose numbers Python code wants as floats: a learning rate of `1` is refused by Keras, `1.0` is not. */
const FLOATS = new Set([
  "learning_rate",
  "momentum",
  "weight_decay",
  "clipnorm",
  "global_clipnorm",
  "clipvalue",
  "loss_weights",
  "beta",
  "threshold",
]);

/**
 * The parts of a file that holds a value as Python's `json.dumps` writes it: `, ` and `: ` between, NaN and Infinity bare,
 * everything else in ASCII. Keys whose value is undefined are left out.
 */
export const writingJson = (value: Json | undefined): Pieces<Parts> => encodingTexts(jsonTexts(value));

/** The same as text, bit by bit. */
export function* jsonTexts(value: Json | undefined, asFloat = false): Generator<string, void> {
  if (value instanceof EncodedArray) {
    yield `{"shape": [${value.shape.join(", ")}], "f32": "`;
    yield* value.texts();
    yield '"}';
  } else if (value === null || value === undefined) yield "null";
  else if (typeof value === "number") yield showNumber(value, asFloat);
  else if (typeof value === "boolean") yield String(value);
  else if (typeof value === "string") yield quote(value);
  else if (Array.isArray(value)) {
    yield "[";
    for (const [i, item] of value.entries()) {
      if (i > 0) yield ", ";
      yield* jsonTexts(item as Json, asFloat);
    }
    yield "]";
  } else {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    yield "{";
    for (const [i, [key, item]] of entries.entries()) {
      yield `${i > 0 ? ", " : ""}${quote(key)}: `;
      yield* jsonTexts(item, FLOATS.has(key));
    }
    yield "}";
  }
}

/** Python reads 1e+21, the form of JavaScript, as it does 1e21. -0 would lose its sign. */
function showNumber(value: number, asFloat: boolean): string {
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  return asFloat && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const quote = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
