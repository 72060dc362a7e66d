import { readFileSync } from "node:fs";
import fc from "fast-check";
import { ready } from "h5wasm";
import { describe, expect, it } from "vitest";
import { hdf5Of } from "../../test/support/written.ts";
import { RhytonError } from "../core/errors.ts";
import { type H5Dataset, type H5Group, type H5Node, h5Dataset, h5Get, h5Group, isHdf5, readHdf5 } from "./hdf5.ts";

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/hdf5/${name}`, import.meta.url)));

const dataset = (tree: H5Group, path: string): H5Dataset => {
  const node = h5Get(tree, path);
  if (node?.kind !== "dataset") throw new Error(`no dataset ${path}`);
  return node;
};

const group = (tree: H5Group, path: string): H5Group => {
  const node = h5Get(tree, path);
  if (node?.kind !== "group") throw new Error(`no group ${path}`);
  return node;
};

const errorOf = (action: () => unknown): RhytonError => {
  try {
    action();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("no error");
};

/** Maps as lists, so that their order is compared too. */
const plain = (node: H5Node): unknown =>
  node.kind === "dataset"
    ? { ...node, attributes: [...node.attributes] }
    : { attributes: [...node.attributes], children: [...node.children].map(([name, child]) => [name, plain(child)]) };

describe("readHdf5", () => {
  // Superblocks 0, 2 and 3; symbol tables and fractal heaps; layouts 3 and 5.
  describe.each(["oldest.h5", "v108.h5", "latest.h5"])("%s", (name) => {
    const tree = readHdf5(fixture(name), name);

    it("reads numbers of every type", () => {
      const signed = [-2, -1, 0, 1, 2, 3];
      const types = group(tree, "types");
      const dtypes = new Map<string, string>();
      for (const [key, node] of types.children) {
        if (node.kind !== "dataset" || !/^[<>]|bool|bfloat/.test(key)) continue;
        dtypes.set(key, node.dtype);
        expect(node.shape).toEqual([2, 3]);
        const expected = key === "bool" ? [0, 1, 0, 1, 0, 1] : key.includes("u") ? [0, 1, 2, 3, 4, 5] : signed;
        expect(Array.from(node.data as ArrayLike<number | bigint>, Number), key).toEqual(expected);
      }
      expect(Object.fromEntries(dtypes)).toMatchObject({
        "<f2": "float16",
        ">f4": "float32",
        "<f8": "float64",
        ">i1": "int8",
        "<i2": "int16",
        ">i8": "int64",
        "<u8": "uint64",
        bool: "bool",
        bfloat16: "bfloat16",
      });
    });

    it("reads scalars, empty arrays and arrays that were never written", () => {
      expect(dataset(tree, "types/scalar")).toMatchObject({ shape: [], data: Float32Array.of(0.5) });
      expect(dataset(tree, "types/count").data).toEqual(BigInt64Array.of(2n ** 40n));
      expect(dataset(tree, "types/empty")).toMatchObject({ shape: [0, 3], data: new Float32Array(0) });
      expect(dataset(tree, "types/unwritten").data).toEqual(new Float32Array(4));
      expect(dataset(tree, "types/filled").data).toEqual(new Float32Array(4).fill(1.5));
    });

    it("reads chunks, packed or not, that do not fit the shape", () => {
      const expected = Float32Array.from({ length: 35 }, (_, i) => i);
      for (const key of ["plain", "gzip", "shuffle", "checksum", "whole", "big-endian"]) {
        expect(dataset(tree, `chunks/${key}`).data, key).toEqual(expected);
      }
      const part = new Float32Array(35).fill(-1);
      part[0] = 7;
      expect(dataset(tree, "chunks/part").data).toEqual(part);
    });

    it("reads attributes and leaves out what is neither number nor text", () => {
      const { attributes } = group(tree, "attributes");
      expect(attributes.get("text")).toBe("Grüße");
      expect(attributes.get("fixed")).toBe("plain");
      expect(attributes.get("texts")).toEqual(["a", "bé", ""]);
      expect(attributes.get("fixed texts")).toEqual(["one", "three"]);
      expect(attributes.get("none")).toEqual(new Float64Array(0));
      expect(attributes.get("int")).toBe(3n);
      expect(attributes.get("float")).toBe(0.5);
      expect(attributes.get("true")).toBe(true);
      expect(attributes.get("list")).toEqual(Float32Array.of(0, 1, 2));
      expect(attributes.get("many 29")).toBe(29n);
      expect(attributes.has("empty") || attributes.has("complex")).toBe(false);
    });

    it("reads groups of many entries, in order", () => {
      const { children } = group(tree, "many");
      expect([...children.keys()]).toEqual(Array.from({ length: 700 }, (_, i) => String(i)).sort());
      for (const [key, node] of children) expect((node as H5Dataset).data[0]).toBe(Number(key));
      expect([...group(tree, "ordered").children.keys()]).toEqual(["b", "c", "a"]);
    });
  });

  it("reads the weights that Keras saves", () => {
    const tree = readHdf5(fixture("model.weights.h5"));
    const known = JSON.parse(new TextDecoder().decode(fixture("model.weights.json"))) as [string, number[], number[]][];
    const paths = ["conv2d/vars/0", "conv2d/vars/1", ...[0, 1, 2, 3].map((i) => `batch_normalization/vars/${i}`)];
    paths.push("dense/vars/0", "dense/vars/1");
    expect(known).toHaveLength(paths.length);
    for (const [i, path] of paths.entries()) {
      const { shape, data } = dataset(tree, `layers/${path}`);
      expect([...shape], path).toEqual(known[i][1]);
      expect(data, path).toEqual(Float32Array.from(known[i][2]));
    }
    expect(group(tree, "layers/dense/vars").attributes.get("name")).toBe("head");
    expect(group(tree, "layers/flatten/vars").children.size).toBe(0);
    expect(dataset(tree, "optimizer/vars/0").data).toEqual(BigInt64Array.of(1n));
    expect(group(tree, "optimizer/vars").children.size).toBe(14);
  });

  it("reads the attributes of Keras's old format", () => {
    const tree = readHdf5(fixture("legacy.h5"));
    expect(JSON.parse(String(tree.attributes.get("model_config")))).toMatchObject({ class_name: "Functional" });
    const { attributes } = group(tree, "model_weights");
    expect(attributes.get("layer_names")).toEqual(["img", "conv2d", "batch_normalization", "flatten", "head"]);
    expect(dataset(tree, "model_weights/head/head/bias").shape).toEqual([3]);
  });

  it.each([
    ["soft-link.h5", "file-refused", '/a/link: refused: it is a soft link to "/a"'],
    ["soft-link-v108.h5", "file-refused", '/a/link: refused: it is a soft link to "/a"'],
    ["external-link.h5", "file-refused", '/a/link: refused: it is an external link into "/etc/passwd"'],
    ["external-data.h5", "file-refused", "/a/data: refused: the numbers of the dataset lie in other files"],
    ["virtual.h5", "file-refused", "/a/virtual: refused: it is a virtual dataset"],
    ["loop.h5", "file-refused", "/a/b/again: refused: the group contains itself"],
    ["huge.h5", "file-refused", "/a: refused: it declares 4398046511104 bytes in a file of"],
    ["huge-plain.h5", "file-refused", "/a: refused: it declares 4294967296 bytes in a file of"],
    ["compound.h5", "file-format", "/a/compound: the dataset does not hold numbers"],
    ["strings.h5", "file-format", "/a/strings: the dataset does not hold numbers"],
    ["lzf.h5", "file-format", '/a/packed: it is packed with the filter 32000 "lzf"'],
    ["growing.h5", "file-format", "/a: the dataset can grow and was written in HDF5's newest form"],
  ])("does not read %s", (name, code, words) => {
    const error = errorOf(() => readHdf5(fixture(name), name));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`${name}: ${words}`);
  });

  it("tells what is no HDF5 file", () => {
    expect(errorOf(() => readHdf5(new Uint8Array(0), "w.h5")).message).toContain("w.h5: the file is empty");
    expect(errorOf(() => readHdf5(new Uint8Array(99), "w.h5")).message).toContain("this is not an HDF5 file");
    expect(isHdf5(fixture("small.h5"))).toBe(true);
  });

  it("keeps to the limits", () => {
    const bytes = fixture("small.h5");
    expect(errorOf(() => readHdf5(bytes, "f", { depth: 2 })).message).toContain(
      "/layers/dense/vars: refused: groups are nested more than 2 deep",
    );
    expect(errorOf(() => readHdf5(bytes, "f", { objects: 4 })).message).toContain("more than 4 groups and datasets");
    expect(errorOf(() => readHdf5(bytes, "f", { bytes: 30 })).message).toContain("more than 30 bytes together");
  });

  it.each(["small.h5", "small-v108.h5", "latest.h5"])("reports every %s that is cut off", (name) => {
    const bytes = fixture(name);
    const step = Math.max(1, Math.floor(bytes.length / 1500));
    for (let length = 0; length < bytes.length; length += step) {
      expect(errorOf(() => readHdf5(bytes.subarray(0, length))).code).toBe("file-format");
    }
  });

  it.each(["small.h5", "small-v108.h5", "model.weights.h5"])("survives any damage to %s", (name) => {
    const good = fixture(name);
    const used = [...good.keys()].filter((i) => i >= 8 && good[i] !== 0);
    const change = fc.tuple(fc.constantFrom(...used), fc.integer({ min: 0, max: 255 }), fc.constantFrom(...used));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), fc.boolean(), (changes, copy) => {
        const bytes = good.slice();
        for (const [at, value, from] of changes) {
          if (copy) bytes.copyWithin(at & ~7, from & ~7, (from & ~7) + 8);
          else bytes[at] = value;
        }
        try {
          readHdf5(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RhytonError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("reads from the middle of a buffer, into copies", () => {
    const bytes = fixture("small.h5");
    const around = new Uint8Array(bytes.length + 3);
    around.set(bytes, 3);
    const tree = readHdf5(around.subarray(3));
    around.fill(0);
    expect(dataset(tree, "layers/dense/vars/0").data).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  });
});

const sample = (): H5Group =>
  h5Group(
    [
      ["empty", h5Group()],
      [
        "vars",
        h5Group(
          [
            ["0", h5Dataset(Float32Array.of(1, -2.5, Number.NaN, Number.POSITIVE_INFINITY), [2, 2], [["unit", "m"]])],
            ["1", h5Dataset(Float64Array.of(0.1))],
            ["2", h5Dataset(Int32Array.of(-7), [])],
            ["3", h5Dataset(BigInt64Array.of(-(2n ** 60n)), [])],
            ["4", h5Dataset(Uint8Array.of(0, 255))],
            ["5", h5Dataset(new Float32Array(0), [0, 3])],
          ],
          [
            ["count", 3n],
            ["list", Float32Array.of(1, 2)],
            ["name", "dense_ü"],
            ["rate", 0.5],
            ["texts", ["a", "", "bé"]],
          ],
        ),
      ],
    ],
    [["backend", "rhyton"]],
  );

describe("hdf5Of", () => {
  it("writes what readHdf5 reads", () => {
    expect(plain(readHdf5(hdf5Of(sample())))).toEqual(plain(sample()));
  });

  it("writes the same bytes for the same tree", () => {
    expect(hdf5Of(sample())).toEqual(hdf5Of(sample()));
  });

  it("writes groups of any size", () => {
    for (const count of [1, 8, 9, 256, 257, 5000]) {
      const names = Array.from({ length: count }, (_, i) => `läyer ${i}`);
      const tree = h5Group(names.map((name, i) => [name, h5Dataset(Int32Array.of(i), [])]));
      const { children } = readHdf5(hdf5Of(tree));
      expect(children.size).toBe(count);
      for (const [i, name] of names.entries()) expect((children.get(name) as H5Dataset).data[0]).toBe(i);
    }
  });

  it("writes many and long texts", () => {
    const texts = Array.from({ length: 2000 }, (_, i) => "x".repeat(i % 50));
    const long = "ü".repeat(100_000);
    const { attributes } = readHdf5(
      hdf5Of(
        h5Group(
          [],
          [
            ["texts", texts],
            ["long", long],
            ["none", []],
          ],
        ),
      ),
    );
    expect(attributes.get("texts")).toEqual(texts);
    expect(attributes.get("long")).toBe(long);
    expect(attributes.get("none")).toEqual(new Float64Array(0));
  });

  it("refuses what HDF5 cannot hold", () => {
    const one = (name: string) => h5Group([[name, h5Group()]]);
    for (const name of ["", ".", "a/b", "a\0"]) expect(errorOf(() => hdf5Of(one(name))).code).toBe("argument");
    const wrong = h5Group([["a", h5Dataset(new Float32Array(3), [2, 2])]]);
    expect(errorOf(() => hdf5Of(wrong)).message).toContain("/a: shape is [2, 2], expected a shape of 3 elements");
    const large = h5Group([], [["large", new Float32Array(20_000)]]);
    expect(errorOf(() => hdf5Of(large)).message).toContain("Store it as a dataset");
  });

  it("writes files that the HDF5 library reads alike", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
    const many = h5Group(names.map((name, i) => [name, h5Dataset(Int32Array.of(i), [])]));
    const tree = h5Group([...sample().children, ["many", many]], sample().attributes);
    const module = await ready;
    const { File, Dataset, Group } = await import("h5wasm");
    module.FS.writeFile("/written.h5", hdf5Of(tree));
    const file = new File("/written.h5", "r");
    const compare = (path: string, node: H5Node): void => {
      const theirs = file.get(path);
      if (node.kind === "dataset") {
        if (!(theirs instanceof Dataset)) throw new Error(`${path} is no dataset`);
        expect(theirs.shape).toEqual([...node.shape]);
        if (node.data.length > 0) expect(theirs.value).toEqual(node.shape.length === 0 ? node.data[0] : node.data);
      } else {
        if (!(theirs instanceof Group)) throw new Error(`${path} is no group`);
        expect(theirs.keys().sort()).toEqual([...node.children.keys()].sort());
        for (const [name, child] of node.children) compare(`${path === "/" ? "" : path}/${name}`, child);
      }
      for (const [name, value] of node.attributes) {
        expect((theirs as InstanceType<typeof Group>).attrs[name].value, `${path} ${name}`).toEqual(value);
      }
    };
    compare("/", tree);
    file.close();
    module.FS.unlink("/written.h5");
  });
});
