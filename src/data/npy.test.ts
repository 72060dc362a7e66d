import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../core/array.ts";
import { readNpy, writeNpy } from "./npy.ts";

const MAGIC = [0x93, ...new TextEncoder().encode("NUMPY")];
const format = expect.objectContaining({ code: "data-format" });

/** A .npy file with any header and body. */
function npy(header: string, body: ArrayLike<number> = [], version = 1): Uint8Array {
  const words = new TextEncoder().encode(header);
  const length =
    version === 1 ? [words.length & 255, words.length >> 8] : [words.length & 255, words.length >> 8, 0, 0];
  return Uint8Array.from([...MAGIC, version, 0, ...length, ...words, ...Array.from(body)]);
}
const dict = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

describe("readNpy", () => {
  test.each<[string, ArrayBufferView, NdArray["data"]]>([
    ["<f4", Float32Array.of(1.5, -2, Number.NaN), Float32Array.of(1.5, -2, Number.NaN)],
    ["<f8", Float64Array.of(0.1, 1e300, -0), Float32Array.of(0.1, Number.POSITIVE_INFINITY, -0)],
    ["<f2", Uint16Array.of(0x3c00, 0xc000, 0x0001), Float32Array.of(1, -2, 2 ** -24)],
    ["<f2", Uint16Array.of(0x7bff, 0xfc00, 0x7e00), Float32Array.of(65504, Number.NEGATIVE_INFINITY, Number.NaN)],
    ["<f2", Uint16Array.of(0x3555, 0x0400, 0x8000), Float32Array.of(0.333251953125, 2 ** -14, -0)],
    ["|u1", Uint8Array.of(0, 128, 255), Uint8Array.of(0, 128, 255)],
    ["<u1", Uint8Array.of(0, 128, 255), Uint8Array.of(0, 128, 255)],
    ["|b1", Uint8Array.of(0, 1, 7), Uint8Array.of(0, 1, 1)],
    ["|i1", Int8Array.of(-128, 0, 127), Int32Array.of(-128, 0, 127)],
    ["<i4", Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1), Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1)],
    ["<i8", BigInt64Array.of(-(2n ** 31n), -1n, 2n ** 31n - 1n), Int32Array.of(-(2 ** 31), -1, 2 ** 31 - 1)],
  ])("reads %s", (descr, stored, expected) => {
    for (const version of [1, 2, 3]) {
      expect(readNpy(npy(dict(descr, "(3,)"), bytesOf(stored), version))).toEqual({ data: expected, shape: [3] });
    }
  });

  test("reads shapes of any rank", () => {
    expect(readNpy(npy(dict("|u1", "()"), [7]))).toEqual({ data: Uint8Array.of(7), shape: [] });
    expect(readNpy(npy(dict("|u1", "(2, 0, 3)"))).shape).toEqual([2, 0, 3]);
    expect(readNpy(npy(dict("|u1", "(1, 2,)"), [1, 2])).shape).toEqual([1, 2]);
    expect(readNpy(npy(dict("|u1", "(2L,)"), [1, 2])).shape).toEqual([2]);
  });

  test("transposes Fortran order", () => {
    const shape = [2, 3, 4];
    const stored: number[] = []; // element [i, j, k] is 100 i + 10 j + k; the first axis runs fastest
    for (let k = 0; k < 4; k++)
      for (let j = 0; j < 3; j++) for (let i = 0; i < 2; i++) stored.push(100 * i + 10 * j + k);
    const { data } = readNpy(npy(dict("|u1", "(2, 3, 4)", "True"), stored));
    expect([...data]).toEqual([...stored].sort((a, b) => a - b));
    expect(readNpy(npy(dict("|u1", "(3, 2, 0)", "True"))).shape).toEqual([3, 2, 0]);
    expect(shape).toEqual([2, 3, 4]);
  });

  test("reads keys in any order, in any quotes", () => {
    const header = `{"shape": (2,), "fortran_order": False,\t"descr": "|u1"}   \n`;
    expect([...readNpy(npy(header, [1, 2])).data]).toEqual([1, 2]);
  });

  test("refuses pickled objects by name", () => {
    for (const descr of ["|O", "O", "|O8", "<O"]) {
      expect(() => readNpy(npy(dict(descr, "(1,)"), [0x80, 4, 0x4b, 1, 0x2e]))).toThrow(
        `got pickled Python objects (${descr}), expected one of <f2, <f4`,
      );
    }
  });

  test("refuses what it cannot hold", () => {
    expect(() => readNpy(npy(dict(">f4", "(1,)"), [0, 0, 0, 0]))).toThrow("It is big-endian");
    expect(() => readNpy(npy(dict("<c8", "(1,)")))).toThrow("got elements of kind '<c8'");
    expect(() => readNpy(npy(dict("constructor", "(1,)")))).toThrow("got elements of kind 'constructor'");
    expect(() => readNpy(npy(dict("<i8", "(1,)"), bytesOf(BigInt64Array.of(2n ** 31n))))).toThrow(
      "got 2147483648 at element 0",
    );
    expect(() => readNpy(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"))).toThrow(
      "Save each field as an array of its own.",
    );
    expect(() => readNpy(Uint8Array.from([0x50, 0x4b, 3, 4, ...new Array<number>(9).fill(0)]))).toThrow(".npz");
    for (const version of [0, 4, 255]) expect(() => readNpy(npy(dict("|u1", "()"), [1], version))).toThrow("version");
  });

  test.each([
    "",
    "{}",
    "[]",
    "{'descr': '|u1'}",
    "{'descr': '|u1', 'fortran_order': False}",
    "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': Falsey, 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': 1}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': [1]}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1.0,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1e0,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0x1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (01,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1 1)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), '__proto__': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} + exit()",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (len('a'),)}",
    "{'descr': '|\\x75\\x31', 'fortran_order': False, 'shape': (1,)}",
    "{'descr' '|u1', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}",
    `{'descr': '|u1', 'fortran_order': False, 'shape': (${"1, ".repeat(33)})}`,
    `{'descr': '|u1', 'fortran_order': False, 'shape': (${"9".repeat(400)},)}`,
    `{'descr': '|u1', 'fortran_order': False, 'shape': (${"999999999999999, ".repeat(32)})}`,
    `{'descr': '|u1', 'fortran_order': False, 'shape': (${"999999999999999, ".repeat(31)}0)}`,
    `{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}`,
  ])("refuses the header %s", (header) => {
    expect(() => readNpy(npy(header, [1]))).toThrow(format);
  });

  test("refuses a header that is too long, whatever it says", () => {
    expect(() => readNpy(npy(dict("|u1", "()") + " ".repeat(10_000), [1]))).toThrow("expected at most 10000");
    const lie = npy(dict("|u1", "()"), [1], 2);
    lie.fill(255, 8, 12);
    expect(() => readNpy(lie)).toThrow("a header of 4294967295 bytes");
  });

  test("refuses every truncation, and bytes too many", () => {
    for (const version of [1, 2]) {
      const file = npy(dict("<f4", "(2,)"), new Array<number>(8).fill(1), version);
      expect(readNpy(file).shape).toEqual([2]);
      for (let length = 0; length < file.length; length++) {
        expect(() => readNpy(file.subarray(0, length)), `${length} bytes`).toThrow(format);
      }
      expect(() => readNpy(Uint8Array.from([...file, 0]), "x.npy")).toThrow(
        "x.npy: got 9 bytes of elements, expected 8 for the shape (2,) of <f4.",
      );
    }
  });
});

describe("writeNpy", () => {
  test.each<NdArray>([
    ndarray(Float32Array.of(1, -0.5, Number.NaN, 3e38, 0, -0), [2, 3]),
    ndarray(Uint8Array.of(1, 2, 255), [3]),
    ndarray(Int32Array.of(-(2 ** 31)), []),
    ndarray(new Float32Array(0), [0, 28, 28, 1]),
    ndarray(new Uint8Array(1), new Array<number>(30).fill(1)),
  ])("round trip of shape $shape", (array) => {
    const file = writeNpy(array);
    expect(readNpy(file)).toEqual(array);
    expect((file.length - array.data.byteLength) % 64).toBe(0);
  });

  test("writes the bytes that NumPy writes", () => {
    // numpy.save of numpy.arange(3, dtype="<i4")
    const header = "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }".padEnd(117, " ");
    const expected = npy(`${header}\n`, bytesOf(Int32Array.of(0, 1, 2)));
    expect(writeNpy(ndarray(Int32Array.of(0, 1, 2), [3]))).toEqual(expected);
  });

  test("multiplies a scale in", () => {
    const { data, shape } = readNpy(writeNpy(ndarray(Uint8Array.of(0, 51, 255), [3], 1 / 255)));
    expect(shape).toEqual([3]);
    expect(data).toEqual(Float32Array.of(0, Math.fround(51 * Math.fround(1 / 255)), 1));
  });

  test("reads from a view into a greater buffer", () => {
    const file = writeNpy(ndarray(Uint8Array.of(5, 6), [2]));
    const shifted = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
    expect([...readNpy(shifted).data]).toEqual([5, 6]);
  });
});
