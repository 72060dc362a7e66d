/**
 * NumPy's `.npy`: the magic `\x93NUMPY`, a version, the header's length, the header (a Python dict in words), then the
 * elements. See https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
 *
 * A file is data, never code: the header is read by a small strict parser, and pickled objects are refused.
 */
import { bytesOf, type NdArray, ndarray, showShape, sizeOf, type TypedArray } from "../core/array.ts";
import { argumentError, dataFormat } from "../core/errors.ts";
import { fromHalf } from "../core/half.ts";
import { joining, type Parts } from "../core/parts.ts";
import { atOnce } from "../core/pieces.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER = 10_000; // NumPy's own limit
const MAX_AXES = 32;
const DAMAGED = "The file is damaged or not .npy.";

/** How one kind of element is read: the bytes it takes, and what it becomes. */
interface Element {
  readonly bytes: number;
  /** @param name What errors call the data. */
  readonly read: (view: DataView, count: number, name: string) => TypedArray;
}

const ELEMENTS: Readonly<Record<string, Element>> = {
  "<f2": { bytes: 2, read: (v, n) => fill(new Float32Array(n), (i) => fromHalf(v.getUint16(2 * i, true))) },
  "<f4": { bytes: 4, read: (v, n) => fill(new Float32Array(n), (i) => v.getFloat32(4 * i, true)) },
  "<f8": { bytes: 8, read: (v, n) => fill(new Float32Array(n), (i) => v.getFloat64(8 * i, true)) },
  "|u1": { bytes: 1, read: (v, n) => new Uint8Array(v.buffer.slice(v.byteOffset, v.byteOffset + n)) },
  "|b1": { bytes: 1, read: (v, n) => fill(new Uint8Array(n), (i) => (v.getUint8(i) === 0 ? 0 : 1)) },
  "|i1": { bytes: 1, read: (v, n) => fill(new Int32Array(n), (i) => v.getInt8(i)) },
  "<i4": { bytes: 4, read: (v, n) => fill(new Int32Array(n), (i) => v.getInt32(4 * i, true)) },
  "<i8": { bytes: 8, read: (v, n, name) => fill(new Int32Array(n), (i) => fromInt64(v, i, name)) },
};

function fill<A extends TypedArray>(array: A, at: (i: number) => number): A {
  for (let i = 0; i < array.length; i++) array[i] = at(i);
  return array;
}

function fromInt64(view: DataView, i: number, name: string): number {
  const low = view.getInt32(8 * i, true);
  const high = view.getInt32(8 * i + 4, true);
  if (high !== low >> 31) {
    throw dataFormat({
      where: name,
      got: `${view.getBigInt64(8 * i, true)} at element ${i}`,
      expected: "64-bit integers that fit 32 bits",
      fix: "Save it with array.astype('<f4').",
    });
  }
  return low;
}

/**
 * The array in the bytes of a `.npy` file, copied.
 *
 * `<f2`, `<f4` and `<f8` become float32 (rounded), `|u1` and `|b1` uint8, `|i1`, `<i4` and `<i8` int32. An array in
 * Fortran order is transposed in memory, so that its shape and indices stay what they are in NumPy.
 *
 * @param name What errors call the data: a file name, say.
 * @throws RhytonError `argument` for anything but bytes, a path say; `data-format` when the bytes are not a whole `.npy`
 *   file of one of these kinds.
 * @example
 * const images = readNpy(await readFile("images.npy"), "images.npy");
 */
export function readNpy(bytes: Uint8Array, name = ".npy data"): NdArray {
  checkBytes(bytes);
  const fail = (got: string, expected: string, fix = DAMAGED) => dataFormat({ where: name, got, expected, fix });

  if (bytes.length < 10) throw fail(`${bytes.length} bytes`, "at least 10, the shortest start of a .npy file");
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    throw fail(
      `the first bytes ${bytes.subarray(0, 6).join(" ")}`,
      `${MAGIC.join(" ")}, that is \\x93NUMPY`,
      zip ? "This is a zip (.npz?): unpack it and read the .npy files in it." : DAMAGED,
    );
  }
  const [major, minor] = [bytes[6], bytes[7]];
  if (major < 1 || major > 3 || minor !== 0) throw fail(`format version ${major}.${minor}`, "1.0, 2.0 or 3.0");

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = major === 1 ? 10 : 12;
  if (bytes.length < headerStart) throw fail(`${bytes.length} bytes`, `at least ${headerStart}`);
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > MAX_HEADER) throw fail(`a header of ${headerLength} bytes`, `at most ${MAX_HEADER}`);
  const start = headerStart + headerLength;
  if (bytes.length < start) throw fail(`${bytes.length} bytes`, `a header that ends at ${start}`);

  const header = parseHeader(latin1(bytes.subarray(headerStart, start)), name);
  const element = elementOf(header.descr, name);
  const count = countOf(header.shape);
  if (count === undefined)
    throw fail(`the shape ${showShape(header.shape)}`, "a shape whose bytes can be counted (below 2⁵³)");
  const body = bytes.length - start;
  if (body !== count * element.bytes) {
    const expected = `${count * element.bytes} for the shape ${showShape(header.shape)} of ${header.descr}`;
    throw fail(`${body} bytes of elements`, expected);
  }
  const data = element.read(new DataView(bytes.buffer, bytes.byteOffset + start, body), count, name);
  return ndarray(header.fortranOrder ? fromFortran(data, header.shape) : data, header.shape);
}

/**
 * The bytes of a `.npy` file (version 1.0) of `array`: `<f4`, `|u1` or `<i4`.
 *
 * NumPy knows no `scale`, so an array that has one is written as float32 with the scale multiplied in.
 *
 * @example
 * await writeFile("codes.npy", writeNpy(codes));
 */
export const writeNpy = (array: NdArray): Uint8Array => atOnce(joining(npyParts(array)));

/** The same as the parts of a file: its header, and the numbers themselves. */
export function npyParts(array: NdArray): Parts {
  const { shape } = array;
  const data = array.scale === undefined ? array.data : scaled(array.data, array.scale);
  ndarray(data, shape); // checks that they match
  const descr = data instanceof Float32Array ? "<f4" : data instanceof Uint8Array ? "|u1" : "<i4";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const words = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + words.length + 1) / 64) * 64;

  const header = new Uint8Array(start).fill(0x20);
  header.set(MAGIC);
  header.set([1, 0], 6);
  new DataView(header.buffer).setUint16(8, start - 10, true);
  for (let i = 0; i < words.length; i++) header[10 + i] = words.charCodeAt(i);
  header[start - 1] = 0x0a;
  return [header, bytesOf(data)];
}

const scaled = (data: TypedArray, scale: number): Float32Array => {
  const factor = Math.fround(scale);
  return Float32Array.from(data, (value) => Math.fround(value) * factor);
};

/** Throws unless `value` is the bytes of a file. */
function checkBytes(value: unknown): void {
  // By its tag, so that bytes of another realm (a test's, a frame's) are bytes, too.
  if (Object.prototype.toString.call(value) === "[object Uint8Array]") return;
  const isBuffer = Object.prototype.toString.call(value) === "[object ArrayBuffer]";
  const fix = isBuffer ? "Wrap it: new Uint8Array(buffer)." : `It takes bytes: readNpy(await readFile(path)).`;
  throw argumentError({ where: "readNpy", argument: "bytes", value, expected: "a Uint8Array", fix });
}

// Python's literals in a header are ASCII, in every version of the format; other letters fail to parse.
const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function elementOf(descr: string, name: string): Element {
  // Byte order means nothing for one byte, and some writers say "<" or "=" for it.
  const known = /^[<=][uib]1$/.test(descr) ? `|${descr.slice(1)}` : descr;
  if (Object.hasOwn(ELEMENTS, known)) return ELEMENTS[known];
  const expected = `one of ${Object.keys(ELEMENTS).join(", ")}`;
  if (/^[|<=>]?O/.test(descr)) {
    throw dataFormat({
      where: name,
      got: `pickled Python objects (${descr})`,
      expected,
      fix: "Loading a pickle runs its code, so it is refused. Save an array of numbers: array.astype('<f4').",
    });
  }
  const fix = descr.startsWith(">") ? "It is big-endian: save" : "Save";
  throw dataFormat({ where: name, got: `elements of kind '${descr}'`, expected, fix: `${fix} array.astype('<f4').` });
}

/** The number of elements, or nothing when it is too great to be counted. */
function countOf(shape: readonly number[]): number | undefined {
  const withoutEmpty = sizeOf(shape.map((size) => Math.max(size, 1))); // an empty axis must not hide an overflow
  return Number.isSafeInteger(withoutEmpty * 8) ? sizeOf(shape) : undefined;
}

function fromFortran<A extends TypedArray>(data: A, shape: readonly number[]): A {
  const result = data.slice() as A;
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

// ---- the header ---------------------------------------------------------------------------------------------------

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** Reads exactly `{'descr': STRING, 'fortran_order': BOOLEAN, 'shape': TUPLE}` with its keys in any order. */
function parseHeader(text: string, name: string): Header {
  let at = 0;
  const fail = (expected: string, fix = DAMAGED) => {
    const rest = text.slice(at, at + 20);
    const got = rest === "" ? "the end of the header" : `${JSON.stringify(rest)} at character ${at} of the header`;
    return dataFormat({ where: name, got, expected, fix });
  };
  /** The next piece that matches `pattern` (which must be sticky), past spaces; nothing when there is none. */
  const take = (pattern: RegExp): string | undefined => {
    while (text[at] === " " || text[at] === "\n" || text[at] === "\t") at++;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[0];
  };
  const need = (pattern: RegExp, expected: string, fix?: string): string => {
    const piece = take(pattern);
    if (piece === undefined) throw fail(expected, fix);
    return piece;
  };
  const string = (expected: string, fix?: string): string =>
    need(/'[^'\\\n]{0,100}'|"[^"\\\n]{0,100}"/y, expected, fix).slice(1, -1);
  const tuple = (): number[] => {
    need(/\(/y, "a tuple of sizes");
    const sizes: number[] = [];
    while (take(/\)/y) === undefined) {
      if (sizes.length === MAX_AXES) throw fail(`at most ${MAX_AXES} sizes`);
      sizes.push(Number.parseInt(need(/(0|[1-9][0-9]{0,14})L?(?![0-9A-Za-z_.])/y, "a size below 10¹⁵"), 10));
      const comma = take(/,/y) !== undefined; // Python's (3) is a number; (3,) is a tuple
      if (!comma && (sizes.length === 1 || !/[ \n\t]*\)/y.test(text.slice(at)))) throw fail("a comma after the size");
    }
    return sizes;
  };

  const structured = "Save each field as an array of its own.";
  let descr: string | undefined;
  let fortranOrder: boolean | undefined;
  let shape: number[] | undefined;
  need(/\{/y, "{");
  while (take(/\}/y) === undefined) {
    const keyStart = at;
    const key = string("a key in quotes");
    need(/:/y, ":");
    if (key === "descr" && descr === undefined) descr = string("the name of one kind of number in quotes", structured);
    else if (key === "fortran_order" && fortranOrder === undefined) {
      fortranOrder = need(/(True|False)(?![0-9A-Za-z_])/y, "True or False") === "True";
    } else if (key === "shape" && shape === undefined) shape = tuple();
    else {
      at = keyStart;
      throw fail("the keys 'descr', 'fortran_order' and 'shape', each once");
    }
    if (take(/,/y) === undefined) {
      need(/\}/y, "} or a comma");
      break;
    }
  }
  take(/[ \n\t]*/y);
  if (at !== text.length) throw fail("nothing after }");
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    throw fail("the keys 'descr', 'fortran_order' and 'shape'");
  }
  return { descr, fortranOrder, shape };
}
