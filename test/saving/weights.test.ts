/** Files of weights alone: all three kinds come back, and what is not one of them, or of another model, changes nothing. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NdArray } from "../../src/core/array.ts";
import { atOnce } from "../../src/core/pieces.ts";
import { writeNpy } from "../../src/data/npy.ts";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import type { Layer } from "../../src/layers/layer.ts";
import { readNpz, writeNpz } from "../../src/saving/npz.ts";
import { readingSafetensors, writingSafetensors } from "../../src/saving/safetensors.ts";
import { readZip } from "../../src/saving/zip.ts";
import { sequential } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { weightNames } from "../../src/training/weights-file.ts";
import { compiledKinds } from "../support/saved-compiles.ts";
import { kinds, noise } from "../support/saved-models.ts";
import { written, zipOf } from "../support/written.ts";
import { errorOf } from "./edit.ts";

const device = { device: "interp" } as const;
const formats = ["h5", "npz", "safetensors"] as const;
const small = () => sequential([input([3]), dense(2), dense(4, { name: "head" })]) as unknown as Model;
const stateOf = ({ compiled }: Model) =>
  compiled && [compiled.optimizer.iterations, ...compiled.optimizer.variables.map(({ value }) => value)];

describe("every kind of model", () => {
  const some = [
    ...kinds,
    ...compiledKinds.filter(({ name }) => /optimizer (Adam|SGD, grad|Expo)|every reg/.test(name)),
  ];
  test.each(some.map((kind) => [kind.name, kind] as const))("%s", async (_, kind) => {
    const { model: saved, x, y, compile } = kind.make();
    saved.setWeights(saved.weights.map(({ shape }, i) => noise(shape, i + 2)));
    if (compile !== undefined) saved.compile({ ...compile, ...device });
    for (let step = 0; step < kind.steps; step++) await saved.trainOnBatch(x, y);
    expect(new Set(weightNames(saved).values()).size).toBe(saved.weights.length);
    for (const format of formats) {
      const { model: other, compile: same } = kind.make();
      if (same !== undefined) other.compile({ ...same, ...device });
      await other.loadWeights(await saved.weightsToBytes(format));
      expect(other.getWeights()).toEqual(saved.getWeights());
      if (format === "h5") expect(stateOf(other)).toEqual(stateOf(saved));
    }
  });
});

describe("paths", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rhyton-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(["a.weights.h5", "a.npz", "a.safetensors"])("%s", async (name) => {
    const [saved, other] = [small(), small()];
    saved.setWeights(saved.weights.map(({ shape }, i) => noise(shape, i + 2)));
    await saved.saveWeights(join(folder, name));
    await other.loadWeights(join(folder, name));
    expect(other.getWeights()).toEqual(saved.getWeights());
    expect(await readdir(folder)).toContain(name);
  });

  test("that say no kind of file", async () => {
    expect((await errorOf(() => small().saveWeights("a.h5"))).message).toContain('".weights.h5"');
    expect((await errorOf(() => small().saveWeights("a.keras"))).message).toContain("use save");
    expect((await errorOf(() => small().loadWeights("nowhere.npz"))).code).toBe("file");
    expect((await errorOf(() => small().loadWeights(3 as never))).code).toBe("argument");
    const late = sequential([dense(2)]) as unknown as Model;
    expect((await errorOf(async () => late.weightsToBytes("npz"))).code).toBe("not-built");
    expect((await errorOf(() => late.loadWeights(new Uint8Array(20)))).code).toBe("not-built");
    expect((await errorOf(async () => small().weightsToBytes("h6" as never))).code).toBe("unknown-name");
  });
});

test("names lead through models and layers", async () => {
  const inner = sequential([input([3]), dense(3)], { name: "inner" });
  const made = sequential([input([3]), inner, dense(3)] as unknown as readonly Layer[]) as unknown as Model;
  expect([...weightNames(made).keys()]).toEqual([
    "inner/dense/kernel",
    "inner/dense/bias",
    "dense/kernel",
    "dense/bias",
  ]);
  expect(Object.keys(readNpz(await made.weightsToBytes("npz")))).toEqual([...weightNames(made).keys()]);
});

test("arrays of a .npz file by name, of every kind, under any name", () => {
  const arrays: Record<string, NdArray> = {
    x: noise([2, 3], 1),
    "a/b": { data: Uint8Array.of(1, 2), shape: [2] },
    ["__proto__"]: { data: Int32Array.of(-1), shape: [] },
  };
  const read = readNpz(writeNpz(arrays));
  expect(Object.entries(read)).toEqual(Object.entries(arrays));
  expect(() => readNpz(writeNpy(arrays.x), "x.npz")).toThrow("x.npz");
});

test("arrays in the order of the weights, of other types", async () => {
  const model = small();
  const arrays = model.getWeights().map(({ shape }, i) => noise(shape, i + 5));
  const named = arrays.map((array, i): [string, Uint8Array] => [`arr_${i}.npy`, writeNpy(array)]);
  await model.loadWeights(zipOf(named.reverse()));
  expect(model.getWeights()).toEqual(arrays);
  const whole = { data: Int32Array.of(1, 2, 3, 4), shape: [4] };
  const names = [...weightNames(model).keys()];
  const mixed = new Map<string, NdArray>(names.map((name, i) => [name, i === 3 ? whole : arrays[i]]));
  await model.loadWeights(writeNpz(Object.fromEntries(mixed)));
  expect(model.getWeights()[3].data).toEqual(Float32Array.of(1, 2, 3, 4));
});

describe("another model's weights", () => {
  test.each(formats)("%s", async (format) => {
    const other = sequential([input([3]), dense(2), dense(5, { name: "head" })]) as unknown as Model;
    const model = small();
    const before = model.getWeights();
    const error = await errorOf(async () => model.loadWeights(await other.weightsToBytes(format)));
    expect(error.code).toBe("file-format");
    expect(error.message).toContain("(2, 5)");
    expect(error.message).toContain("(2, 4)");
    expect(error.message).toContain("head");
    expect(error.message).toContain("These are the weights of another model: give a file");
    expect(error.message).not.toContain("model.weights.h5");
    const more = sequential([input([3]), dense(2), dense(4, { name: "haed" })]) as unknown as Model;
    if (format !== "h5") {
      const { message } = await errorOf(async () => model.loadWeights(await more.weightsToBytes(format)));
      expect(message).toContain("head/kernel: got nothing (but haed/kernel)");
    }
    const fewer = sequential([input([3]), dense(2)]) as unknown as Model;
    await errorOf(async () => model.loadWeights(await fewer.weightsToBytes(format)));
    expect(model.getWeights()).toEqual(before);
  });

  test("with the state of another optimizer", async () => {
    const [a, b] = [small(), small()];
    a.compile({ optimizer: "sgd", loss: "mse", ...device });
    b.compile({ optimizer: "adam", loss: "mse", ...device });
    await a.trainOnBatch(noise([2, 3]), noise([2, 4]));
    await b.loadWeights(await a.weightsToBytes("h5"));
    expect([b.getWeights(), b.optimizer.iterations]).toEqual([a.getWeights(), 0]);
  });
});

describe("safetensors", () => {
  const arrays = new Map([
    ["a/b", noise([2, 3])],
    ["ü", noise([])],
    ["none", noise([0, 4])],
  ]);
  const bytes = written(writingSafetensors(arrays, { format: "pt" }));
  /** A file with this header before `body` bytes. */
  const file = (header: string, body = 8): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const made = new Uint8Array(8 + text.length + body);
    new DataView(made.buffer).setBigUint64(0, BigInt(text.length), true);
    made.set(text, 8);
    return made;
  };
  const entry = (dtype: string, shape: unknown, ...offsets: unknown[]) =>
    JSON.stringify({ a: { dtype, shape, data_offsets: offsets } });

  test("comes back", () => {
    expect(atOnce(readingSafetensors(bytes))).toEqual({ arrays, metadata: { format: "pt" } });
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  test.each([
    ["F64", new Float64Array([1.5, -2])],
    ["F32", new Float32Array([1.5, -2])],
    ["F16", new Uint16Array([0x3e00, 0xc000])],
    ["BF16", new Uint16Array([0x3fc0, 0xc000])],
    ["I64", new BigInt64Array([3n, -2n])],
    ["I32", new Int32Array([3, -2])],
    ["I8", new Int8Array([3, -2])],
    ["U8", new Uint8Array([3, 254])],
    ["BOOL", new Uint8Array([0, 1])],
  ])("reads %s", (dtype, values) => {
    const made = file(entry(dtype, [2], 0, values.byteLength), values.byteLength);
    made.set(new Uint8Array(values.buffer), made.length - values.byteLength);
    const want = dtype === "BOOL" ? [0, 1] : dtype === "U8" ? [3, 254] : [dtype.includes("F") ? 1.5 : 3, -2];
    expect([...(atOnce(readingSafetensors(made)).arrays.get("a")?.data ?? [])]).toEqual(want);
  });

  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "0 bytes"],
    ["a text", new TextEncoder().encode("hello, this is no such file"), "header would end behind"],
    ["a cut file", bytes.subarray(0, bytes.length - 4), "bytes 24 to 28 of 24"],
    ["more bytes than arrays", file(entry("F32", [1], 0, 4)), "end at byte 4 of 8"],
    ["a header that is no JSON", file("{a"), "not JSON"],
    ["a header that is a list", file("[1]"), "no JSON object"],
    ["prototypes", file('{"__proto__": {}}'), "__proto__"],
    ["the same name twice", file('{"a": 1, "a": 2}'), "came before"],
    ["types that are none", file(entry("toString", [2], 0, 8)), "toString"],
    ["shapes that are none", file(entry("F32", [-2], 0, 8)), "shape"],
    ["absurd shapes", file(entry("F32", [2 ** 40, 2 ** 40], 0, 8)), "expected"],
    ["places behind the end", file(entry("F32", [4], 0, 16)), "bytes 0 to 16 of 8"],
    ["places that are none", file(entry("F32", [2], 0, -8)), "place"],
    ["places before the start", file(entry("F32", [2], -8, 0)), "place"],
    ["broken places", file(entry("F32", [2], 0.5, 8.5)), "place"],
    ["holes", file(entry("F32", [1], 4, 8)), "begins at byte 4"],
    [
      "arrays that overlap",
      file(
        '{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
      ),
      "begins at byte 4",
    ],
    ["texts that are none", file('{"__metadata__": {"a": 3}}'), "no texts"],
    ["entries that are no objects", file('{"a": 3}'), "no object"],
  ])("refuses %s", async (_, damaged, part) => {
    const error = await errorOf(async () => atOnce(readingSafetensors(damaged, "w.safetensors")));
    expect(error.message).toContain(part);
    expect(error.message).toMatch(/^w\.safetensors/);
  });
});

describe(".npz", () => {
  test.each<[string, (members: Map<string, Uint8Array>) => void, string]>([
    ["what is no array", (m) => m.set("notes.txt", new Uint8Array(3)), "notes.txt"],
    ["names that lead out", (m) => m.set("../a.npy", new Uint8Array(3)), ".."],
    ["a damaged array", (m) => m.set("dense/bias.npy", new Uint8Array(30)), "dense/bias.npy"],
    ["Python's objects", (m) => m.set("dense/bias.npy", pickled), "O"],
  ])("refuses %s", async (_, change, part) => {
    const members = readZip(await small().weightsToBytes("npz"));
    change(members);
    const error = await errorOf(() => small().loadWeights(zipOf([...members])));
    expect(error.message).toContain(part);
  });
});

/** An array of objects, which NumPy would unpickle. */
const pickled = (() => {
  const bytes = writeNpy({ data: Float32Array.of(1, 2), shape: [2] });
  const text = new TextDecoder("latin1").decode(bytes).replace("'<f4'", "'|O' ");
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
})();
