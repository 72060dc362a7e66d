/**
 * Files that were cut off, flipped, or made to do harm: whatever is in them, loading gives a model or a RhytonError, soon,
 * and takes no memory that the file does not account for.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { RhytonError } from "../../src/core/errors.ts";
import { type Json, parseJson, writeJson } from "../../src/saving/json.ts";
import { readZip } from "../../src/saving/zip.ts";
import { loadModel } from "../../src/training/load.ts";
import { kinds } from "../support/saved-models.ts";
import { changed, withMembers } from "./edit.ts";

/** Numbers from 0 to below `n`, always the same. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** How often each case is tried: more with RHYTON_FUZZ, for a long run by hand. */
const rounds = Number(process.env.RHYTON_FUZZ ?? 1);

/** Loads; counts what came of it. Anything but a model or a RhytonError fails. */
async function load(bytes: Uint8Array, outcomes: Map<string, number>, what: string): Promise<void> {
  const start = performance.now();
  let outcome = "loaded";
  try {
    await loadModel(bytes);
  } catch (error) {
    if (!(error instanceof RhytonError)) throw new Error(`${what}: ${error}`);
    if (error.code === "internal") throw new Error(`${what}: ${error.message}`);
    outcome = error.code;
  }
  const took = performance.now() - start;
  if (took > 3000) throw new Error(`${what} took ${Math.round(took)} ms`);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/keras/${name}.keras`, import.meta.url)));
const files = new Map<string, Uint8Array>();

beforeAll(async () => {
  for (const kind of kinds.slice(0, 8)) {
    const { model, x, y, compile } = kind.make();
    if (compile !== undefined) {
      model.compile({ ...compile, device: "interp" });
      await model.trainOnBatch(x, y);
    }
    files.set(kind.name, model.toBytes());
  }
  files.set("of Keras", fixture("nested"));
});

test("files cut off anywhere", async () => {
  const outcomes = new Map<string, number>();
  const bytes = fixture("sequential_conv");
  for (let length = 0; length < bytes.length; length += length < 500 ? 7 : 211) {
    await load(bytes.subarray(0, length), outcomes, `the first ${length} bytes`);
  }
  expect([...outcomes.keys()]).toEqual(["file-format"]);
});

test("files with flipped bits", async () => {
  const outcomes = new Map<string, number>();
  const roll = dice(1);
  for (const [name, bytes] of files) {
    for (let k = 0; k < 60 * rounds; k++) {
      const copy = bytes.slice();
      const at = roll(copy.length);
      copy[at] ^= 1 << roll(8);
      await load(copy, outcomes, `${name}, byte ${at}`);
    }
  }
  expect((outcomes.get("file-format") ?? 0) > 400).toBe(true);
});

test("weights and configs with bytes changed, under right checksums", async () => {
  const outcomes = new Map<string, number>();
  const roll = dice(2);
  for (const [name, bytes] of files) {
    for (const member of ["model.weights.h5", "config.json"]) {
      const content = readZip(bytes).get(member) as Uint8Array;
      for (let k = 0; k < 30 * rounds; k++) {
        const copy = content.slice();
        for (let changes = 0; changes <= roll(3); changes++) copy[roll(copy.length)] = roll(256);
        await load(withMembers(bytes, { [member]: copy }), outcomes, `${name}, ${member}, ${k}`);
      }
    }
  }
  expect(outcomes.get("file-format")).toBeGreaterThan(150);
  expect(outcomes.get("loaded")).toBeGreaterThan(50);
});

describe("configs with values that make no sense", () => {
  const odd: readonly (Json | undefined)[] = [
    undefined,
    null,
    true,
    0,
    -1,
    0.5,
    3,
    1e5,
    1e9,
    2 ** 53,
    1e308,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    "x",
    "relu",
    "conv2d",
    "Dense",
    "channels_first",
    "same",
    [],
    [null],
    [0, 0],
    [1e9, 1e9],
    [null, 1e9, 1e9, 1e9],
    ["image", 0, 0],
    {},
    { class_name: "Dense", config: {} },
    { class_name: "__lambda__" },
    { class_name: "__keras_tensor__", config: { keras_history: ["image", 0, 0] } },
  ];

  /** Every place in a value. */
  function placesIn(value: Json, path: readonly string[] = []): (readonly string[])[] {
    if (typeof value !== "object" || value === null) return [path];
    return [path, ...Object.entries(value).flatMap(([key, item]) => placesIn(item as Json, [...path, key]))];
  }

  test("anywhere", async () => {
    const outcomes = new Map<string, number>();
    const roll = dice(3);
    for (const [name, bytes] of files) {
      const config = parseJson(readZip(bytes).get("config.json") ?? "");
      for (let k = 0; k < 80 * rounds; k++) {
        let made = config;
        const places: string[] = [];
        for (let changes = 0; changes <= roll(2); changes++) {
          const all = placesIn(made);
          const path = all[roll(all.length)];
          const value = odd[roll(odd.length)];
          places.push(`${path.join(".")} = ${JSON.stringify(value)}`);
          made = changed(made, path, () => value);
        }
        await load(withMembers(bytes, { "config.json": writeJson(made) }), outcomes, `${name}: ${places.join(", ")}`);
      }
    }
    expect(outcomes.get("loaded")).toBeGreaterThan(30);
    expect(outcomes.get("file-format")).toBeGreaterThan(100);
    expect(outcomes.get("argument")).toBeGreaterThan(5);
  });

  test("thousands of layers, of calls, and models inside models", async () => {
    const outcomes = new Map<string, number>();
    const bytes = files.get("one layer called again and again") as Uint8Array;
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
    const write = (config: Json) => withMembers(bytes, { "config.json": writeJson(config) });

    // Written from the last to the first, so that a loader that starts over for each would take for ever.
    const count = 5000;
    const chain = Array.from({ length: count }, (_, i) => {
      const from = i === count - 1 ? tensor("x", 0) : tensor(`a${i + 1}`, 0);
      return entry("Activation", `a${i}`, { activation: "tanh" }, [from]);
    });
    await load(write(graph(chain, ["a0", 0, 0])), outcomes, "a chain backwards");

    const calls = Array.from({ length: 2000 }, (_, i) => (i === 0 ? tensor("x", 0) : tensor("a", i - 1)));
    const again = entry("Activation", "a", { activation: "tanh" }, calls);
    await load(write(graph([again], ["a", 1999, 0])), outcomes, "a layer called often");

    let deep = graph([entry("Activation", "a", { activation: "relu" }, [tensor("x", 0)])], ["a", 0, 0]);
    for (let level = 0; level < 100; level++) {
      const inside = { ...(deep as object), name: "g", inbound_nodes: [{ args: [tensor("x", 0)], kwargs: {} }] };
      deep = graph([inside as Json], ["g", 1, 0]);
    }
    await load(write(deep), outcomes, "models inside models");
    expect(outcomes.get("loaded")).toBe(2);
    expect(outcomes.get("file-refused")).toBe(1);
  });
});
