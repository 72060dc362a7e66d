/**
 * Files that were made to do harm, each kind by name, through the doors by which files come in. Every one is refused with
 * a code and words that say where it is and what is wrong; nothing is written, and no memory is taken that the file does
 * not account for. Damage of every other kind is the affair of `npm run fuzz`.
 */
import "../fuzz/meter.mjs"; // First: what is imported below must see its typed arrays.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dense } from "../../src/layers/dense.ts";
import { input } from "../../src/layers/input.ts";
import { h5Dataset, h5Group } from "../../src/saving/hdf5.ts";
import type { Json } from "../../src/saving/json.ts";
import { readZip } from "../../src/saving/zip.ts";
import { loadModel } from "../../src/training/load.ts";
import { model } from "../../src/training/make-model.ts";
import type { Model } from "../../src/training/model.ts";
import { hdf5Of, jsonOf, zipOf } from "../support/written.ts";
import { errorOf, withConfig, withMembers } from "./edit.ts";

const utf8 = new TextEncoder();
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

/** Files are read in a folder inside of another one; at the end nothing else may be in either. */
const outside = mkdtempSync(join(tmpdir(), "rhyton-hostile-"));
const folder = join(outside, "inside");
beforeAll(() => mkdirSync(folder));
afterAll(() => {
  const appeared = [...readdirSync(outside), ...readdirSync(folder)];
  rmSync(outside, { recursive: true, force: true });
  expect(appeared).toEqual(["inside"]);
});

/** config.layers: 0 the input "x", 1 dense "dense". */
function small(): Model {
  const x = input([3], { name: "x" });
  const made = model(x, dense(2, { name: "dense", activation: "relu" })(x), { name: "net" });
  made.compile({ optimizer: "adam", loss: "mse" });
  return made;
}
const good = await small().toBytes();
const LAYER = "config.layers.1";

/** The error of a file that is read from the disk: a model, or weights for one. */
async function refusal(name: string, bytes: Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  globalThis.takeAllocatedBytes();
  const error = await errorOf(() => (name.endsWith(".keras") ? loadModel(path) : small().loadWeights(path)));
  expect(globalThis.takeAllocatedBytes(), "allocated").toBeLessThan(64 * 2 ** 20 + 1100 * bytes.length);
  rmSync(path);
  expect(error.message).toContain(path);
  return { code: error.code, message: error.message };
}

const refused = (words: string, code = "file-refused") => ({ code, message: expect.stringContaining(words) });

/** An archive with `from` in its names and contents replaced by `to`, of the same length, at every place. */
const renamed = (archive: Uint8Array, from: string, to: string): Uint8Array =>
  bytesOf(latin1(archive).replaceAll(from, to));

/** The model's file with one member more, whose name `zipOf` would refuse. */
const withEntry = (name: string): Uint8Array => {
  const stand = "x".repeat(name.length);
  return renamed(withMembers(good, { [stand]: "harm" }), stand, name);
};

/** The model's file with other weights. */
const withH5 = (bytes: Uint8Array): Uint8Array => withMembers(good, { "model.weights.h5": bytes });

describe("entries that escape the folder", () => {
  test.each([
    ["../escaped", "leads out of its folder"],
    ["assets/../../escaped", "leads out of its folder"],
    ["/tmp/escaped", "absolute path"],
    ["C:\\escaped", "backslash"],
    ["C:escaped", "drive letter"],
  ])("%s", async (name, words) => {
    expect(await refusal("model.keras", withEntry(name))).toEqual(refused(words));
    const npz = renamed(zipOf([["x".repeat(name.length), new Uint8Array(3)]]), "x".repeat(name.length), name);
    expect(await refusal("weights.npz", npz)).toEqual(refused(words));
  });

  test("a symbolic link", async () => {
    const bytes = withMembers(good, { link: "/etc/passwd" });
    const at = latin1(bytes).lastIndexOf("PK\x01\x02");
    new DataView(bytes.buffer).setUint16(at + 40, 0o120777, true);
    expect(await refusal("model.keras", bytes)).toEqual(refused("symbolic link"));
  });
});

describe("bombs", () => {
  const packed = (bytes: number): Uint8Array => zipSync({ bomb: new Uint8Array(bytes) }, { level: 9 });

  test("a member that unpacks to a thousand times its size", async () => {
    const bytes = packed(1000);
    new DataView(bytes.buffer).setUint32(latin1(bytes).indexOf("PK\x01\x02") + 24, 80 * 2 ** 20, true);
    expect(await refusal("model.keras", bytes)).toEqual(refused(`unpack to ${80 * 2 ** 20}`));
  });

  test("members that share their content", async () => {
    const twice = latin1(
      zipOf([
        ["one", utf8.encode("12345678")],
        ["two", utf8.encode("12345678")],
      ]),
    );
    // The second entry of the list gets the first one's place, and the first one's name there.
    const bytes = bytesOf(twice.replaceAll("two", "one"));
    expect(await refusal("model.keras", bytes)).toEqual(refused("two members of this name"));
    const inside = bytesOf(twice);
    const list = twice.indexOf("PK\x01\x02");
    new DataView(inside.buffer).setUint32(list + 20, 30, true);
    expect(await refusal("model.keras", inside)).toEqual(refused('the member lies inside of "one"'));
  });

  test("a member of other size than it declares", async () => {
    const bytes = packed(1000);
    const at = latin1(bytes).indexOf("PK\x01\x02");
    for (const size of [10, 2000]) {
      new DataView(bytes.buffer).setUint32(at + 24, size, true);
      expect(await refusal("model.keras", bytes)).toEqual(refused(`of ${size} bytes`, "file-format"));
    }
  });

  test("more members than an archive needs", async () => {
    const members = Array.from({ length: 10_001 }, (_, i): [string, Uint8Array] => [`${i}`, new Uint8Array(0)]);
    expect(await refusal("model.keras", zipOf(members))).toEqual(refused("10001 members, more than 10000"));
  });

  test("arrays of HDF5 that were never written, each of which is plausible", async () => {
    expect(await refusal("model.keras", withH5(fixture("hdf5/many-large.h5")))).toEqual(
      refused("/c: refused: it declares"),
    );
  });
});

describe("absurd sizes", () => {
  test("a layer", async () => {
    expect(await refusal("model.keras", withConfig(good, `${LAYER}.config.units`, 1e9))).toEqual(
      refused(
        'its weight "kernel" would have 3000000000 numbers, more than there are in the whole file',
        "file-format",
      ),
    );
  });

  test.each(["huge.h5", "huge-plain.h5"])("an array of HDF5: %s", async (name) => {
    expect(await refusal("model.keras", withH5(fixture(`hdf5/${name}`)))).toEqual(refused("it declares"));
    expect(await refusal("a.weights.h5", fixture(`hdf5/${name}`))).toEqual(refused("it declares"));
  });

  test("an array of .npy", async () => {
    const npy = latin1(readZip(await small().weightsToBytes("npz")).get("dense/bias.npy") as Uint8Array);
    const huge = bytesOf(npy.replace(/\(2,\), \} {13}/, "(20000000000000,), }"));
    expect(await refusal("a.npz", zipOf([["dense/bias.npy", huge]]))).toEqual(
      refused("8 bytes of elements, expected 80000000000000 for the shape (20000000000000,)", "data-format"),
    );
  });

  test("an array of safetensors", async () => {
    const text = '{"a": {"dtype": "F32", "shape": [1099511627776, 4], "data_offsets": [0, 17592186044416]}}';
    const bytes = bytesOf(`${String.fromCharCode(text.length)}\0\0\0\0\0\0\0${text}`);
    expect(await refusal("a.safetensors", bytes)).toEqual(refused("17592186044416 of 0", "file-format"));
  });
});

describe("absurd depths", () => {
  test("of JSON", async () => {
    const deep = `${"[".repeat(1e6)}`;
    expect(await refusal("model.keras", withMembers(good, { "config.json": deep }))).toEqual(
      refused("nested more than 256 deep"),
    );
  });

  test("of groups, and a group inside of itself", async () => {
    let group = h5Group([["0", h5Dataset(Float32Array.of(1))]]);
    for (let i = 0; i < 100; i++) group = h5Group([["g", group]]);
    expect(await refusal("model.keras", withH5(hdf5Of(group)))).toEqual(refused("nested more than 64 deep"));
    expect(await refusal("a.weights.h5", fixture("hdf5/loop.h5"))).toEqual(refused("the group contains itself"));
  });
});

test.each([
  ["soft-link.h5", "it is a soft link"],
  ["soft-link-v108.h5", "it is a soft link"],
  ["external-link.h5", 'it is an external link into "/etc/passwd"'],
  ["external-data.h5", "the numbers of the dataset lie in other files"],
  ["virtual.h5", "it is a virtual dataset"],
])("HDF5 that leads elsewhere: %s", async (name, words) => {
  const bytes = fixture(`hdf5/${name}`);
  expect(await refusal("model.keras", withH5(bytes))).toEqual(refused(words));
  expect(await refusal("a.weights.h5", bytes)).toEqual(refused(words));
});

describe("keys and names that JavaScript gives a meaning to", () => {
  const names = ["__proto__", "constructor", "prototype"];

  test.each(names)("the key %s in any JSON of a model, and in a header", async (key) => {
    const harm = `{"${key}": {"polluted": true}}`;
    for (const member of ["config.json", "metadata.json", "rhyton.json"]) {
      expect(await refusal("model.keras", withMembers(good, { [member]: harm }))).toEqual(refused(`the key "${key}"`));
    }
    const config = new TextDecoder().decode(readZip(good).get("config.json"));
    const nested = config.replace('"units"', `"${key}": {"polluted": true}, "units"`);
    expect(await refusal("model.keras", withMembers(good, { "config.json": nested }))).toEqual(
      refused(`the key "${key}"`),
    );
    const header = bytesOf(`${String.fromCharCode(harm.length)}\0\0\0\0\0\0\0${harm}`);
    expect(await refusal("a.safetensors", header)).toEqual(refused(`the key "${key}"`));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([...names, "toString", "hasOwnProperty"])("%s as the name of what is looked up", async (name) => {
    const paths = [
      ...[`${LAYER}.class_name`, `${LAYER}.config.activation`, `${LAYER}.config.kernel_initializer`],
      ...["compile_config.loss", "compile_config.optimizer", "class_name", `${LAYER}.config.dtype`],
    ];
    for (const path of paths) {
      const { message } = await refusal("model.keras", withConfig(good, path, name));
      expect(message, path).toContain(name);
    }
    // As the name of a layer it is one like any other.
    const layer = (old: Json): Json => ({
      ...(old as object),
      name,
      config: { ...small().layers[1].getConfig(), name },
    });
    const called = withConfig(withConfig(good, LAYER, layer), "config.output_layers", [name, 0, 0]);
    expect((await loadModel(called)).layers.map((l) => l.name)).toEqual(["x", name]);
  });
});

describe("code inside of a file", () => {
  const lambda = { class_name: "__lambda__", config: { value: "4wEAAAA=", defaults: null, closure: null } };

  test("a Lambda layer", async () => {
    const layer = (old: Json) => ({ ...(old as object), class_name: "Lambda", config: { function: lambda } });
    expect(await refusal("model.keras", withConfig(good, LAYER, layer as (old: Json) => Json))).toEqual(
      refused("a Lambda layer is Python code inside the file"),
    );
  });

  test.each([`${LAYER}.config.activation`, "compile_config.loss"])("a lambda as %s", async (path) => {
    expect(await refusal("model.keras", withConfig(good, path, lambda))).toEqual(refused("Python code"));
  });

  test("a function of a module", async () => {
    const system = { module: "os", class_name: "function", config: "system", registered_name: "system" };
    const { message } = await refusal("model.keras", withConfig(good, `${LAYER}.config.activation`, system));
    expect(message).toContain("system");
  });

  test("a pickle", async () => {
    const npy = latin1(readZip(await small().weightsToBytes("npz")).get("dense/bias.npy") as Uint8Array);
    const bytes = zipOf([["dense/bias.npy", bytesOf(npy.replace("'<f4'", "'|O' "))]]);
    expect(await refusal("weights.npz", bytes)).toEqual(refused("pickled Python objects", "data-format"));
    expect(await refusal("model.keras", bytesOf("\x80\x04\x95abc"))).toEqual(refused("pickle", "file-format"));
  });
});

describe("the same name twice", () => {
  test("in an archive", async () => {
    const twice = renamed(withMembers(good, { "config.jsoX": "{}" }), "config.jsoX", "config.json");
    expect(await refusal("model.keras", twice)).toEqual(refused("config.json: refused: there are two members"));
  });

  test("in JSON", async () => {
    const bytes = withMembers(good, { "config.json": '{"class_name": "a", "class_name": "b"}' });
    expect(await refusal("model.keras", bytes)).toEqual(refused('"class_name" came before', "file-format"));
  });

  test("in a group of HDF5", async () => {
    const one = h5Dataset(Float32Array.of(1));
    const bytes = hdf5Of(
      h5Group([
        ["aa", one],
        ["ab", one],
      ]),
    );
    const twice = bytesOf(latin1(bytes).replace("aa\0\0", "ab\0\0"));
    expect(await refusal("a.weights.h5", twice)).toEqual(refused('it lists an object called "ab"', "file-format"));
  });

  test("of a layer", async () => {
    const layers = (old: Json) => [...(old as Json[]), (old as Json[])[1]];
    expect((await refusal("model.keras", withConfig(good, "config.layers", layers))).message).toContain('"dense"');
  });
});

describe("wrong checksums", () => {
  test.each(["config.json", "model.weights.h5", "metadata.json", "rhyton.json"])("of %s", async (member) => {
    const content = readZip(good).get(member) as Uint8Array;
    const at = latin1(good).indexOf(latin1(content));
    const bytes = good.slice();
    bytes[at + content.length - 2] ^= 1;
    expect(await refusal("model.keras", bytes)).toEqual(
      refused(`${member}: the ZIP archive is damaged or cut off (the checksum does not fit)`, "file-format"),
    );
  });
});

test("a file cut off anywhere", async () => {
  const bytes = fixture("keras/sequential_conv.keras");
  for (let length = 0; length < bytes.length; length += length < 500 ? 7 : 211) {
    expect((await errorOf(() => loadModel(bytes.subarray(0, length)))).code).toBe("file-format");
  }
});

test("thousands of layers, of calls, and models inside models", async () => {
  const tensor = (name: string, node: number): Json => ({
    class_name: "__keras_tensor__",
    config: { shape: [null, 4], dtype: "float32", keras_history: [name, node, 0] },
  });
  const entry = (className: string, name: string, config: Json, calls: readonly Json[]): Json => ({
    module: "keras.layers",
    class_name: className,
    registered_name: null,
    config: { ...(config as object), name },
    name,
    inbound_nodes: calls.map((x) => ({ args: [x], kwargs: {} })),
  });
  const start = entry("InputLayer", "x", { batch_shape: [null, 4] }, []);
  const graph = (layers: readonly Json[], output: Json): Json => ({
    module: "keras",
    class_name: "Functional",
    registered_name: "Functional",
    config: { name: "g", layers: [start, ...layers], input_layers: ["x", 0, 0], output_layers: output },
  });
  const write = (config: Json) =>
    withMembers(good, {
      "config.json": jsonOf(config),
      "rhyton.json": undefined,
      "model.weights.h5": hdf5Of(h5Group()),
    });

  // Written from the last to the first, so that a loader that starts over for each would take for ever.
  const count = 5000;
  const chain = Array.from({ length: count }, (_, i) => {
    const from = i === count - 1 ? tensor("x", 0) : tensor(`a${i + 1}`, 0);
    return entry("Activation", `a${i}`, { activation: "tanh" }, [from]);
  });
  expect((await loadModel(write(graph(chain, ["a0", 0, 0])))).network.layers).toHaveLength(5001);

  const calls = Array.from({ length: 2000 }, (_, i) => (i === 0 ? tensor("x", 0) : tensor("a", i - 1)));
  const again = entry("Activation", "a", { activation: "tanh" }, calls);
  expect((await loadModel(write(graph([again], ["a", 1999, 0])))).network.layers).toHaveLength(2);

  let deep = graph([entry("Activation", "a", { activation: "relu" }, [tensor("x", 0)])], ["a", 0, 0]);
  for (let level = 0; level < 100; level++) {
    const inside = { ...(deep as object), name: "g", inbound_nodes: [{ args: [tensor("x", 0)], kwargs: {} }] };
    deep = graph([inside as Json], ["g", 1, 0]);
  }
  expect(await refusal("model.keras", write(deep))).toEqual(refused("deep"));
});
