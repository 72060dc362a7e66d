import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hdf5Of, kerasOf, zipOf } from "../../test/support/written.ts";
import { RhytonError } from "../core/errors.ts";
import { readKeras } from "./container.ts";
import { type H5Dataset, h5Dataset, h5Get, h5Group } from "./hdf5.ts";
import { readZip } from "./zip.ts";

const utf8 = new TextEncoder();
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/hdf5/${name}`, import.meta.url)));
const errorOf = (action: () => unknown): RhytonError => {
  try {
    action();
  } catch (error) {
    if (error instanceof RhytonError) return error;
    throw error;
  }
  throw new Error("no error");
};

const content = {
  config: { class_name: "Sequential", config: { name: "net", rate: Number.POSITIVE_INFINITY } },
  weights: h5Group([["layers", h5Group([["0", h5Dataset(Float32Array.of(1, 2))]])]]),
  rhyton: { seed: 1 },
};

describe("readKeras and kerasOf", () => {
  it("read what Keras saved", () => {
    const file = readKeras(fixture("model.keras"), "model.keras");
    expect(file.kerasVersion).toBe("3.15.1");
    expect(file.dateSaved).toMatch(/^\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d$/);
    expect(file.config).toMatchObject({ class_name: "Functional", config: { name: "net" } });
    expect((h5Get(file.weights, "layers/dense/vars/0") as H5Dataset).shape).toEqual([128, 3]);
    expect(file.rhyton).toBeUndefined();
  });

  it("keep the content", () => {
    const bytes = kerasOf(content, new Date(2025, 0, 31, 9, 5, 7));
    expect([...readZip(bytes).keys()]).toEqual(["metadata.json", "config.json", "model.weights.h5", "rhyton.json"]);
    const file = readKeras(bytes);
    expect(file.metadata).toEqual({ keras_version: "3.15.1", date_saved: "2025-01-31@09:05:07" });
    expect(file.config).toEqual(content.config);
    expect(file.rhyton).toEqual(content.rhyton);
    expect((h5Get(file.weights, "layers/0") as H5Dataset).data).toEqual(Float32Array.of(1, 2));
    expect(kerasOf(content, new Date(2025, 0, 31, 9, 5, 7))).toEqual(bytes);
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "it is empty"],
    ["weights alone", fixture("model.weights.h5"), "Load weights with loadWeights"],
    ["text", utf8.encode("hello there"), 'it is text ("hello there")'],
    ["JSON", utf8.encode('{"a": 1}'), "looks like JSON"],
    ["TensorFlow.js", utf8.encode('{"format": "layers-model", "modelTopology": {}}'), "tensorflowjs_converter"],
    ["a web page", utf8.encode("<!DOCTYPE html><html>"), "is a web page"],
    ["Git LFS", utf8.encode("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), "gunzip"],
    ["a pickle", Uint8Array.of(0x80, 4, 0x95), "pickle"],
    ["zeros", new Uint8Array(100), "nothing but zeros"],
    ["a picture", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10), "does not begin as a ZIP archive"],
    ["half an archive", fixture("model.keras").subarray(0, 5000), "cut off"],
  ])("tell about %s", (_what, bytes, words) => {
    const error = errorOf(() => readKeras(bytes, "m.keras"));
    expect(error.code).toBe("file-format");
    expect(error.message).toContain("m.keras: ");
    expect(error.message).toContain(words);
  });

  it.each<[string, [string, Uint8Array][], string]>([
    ["no weights", [["config.json", utf8.encode("{}")]], "it lacks model.weights.h5"],
    ["no config", [["model.weights.h5", new Uint8Array(1)]], "it lacks config.json"],
    [
      "npz",
      [
        ["config.json", utf8.encode("{}")],
        ["model.weights.npz", new Uint8Array(1)],
      ],
      "model.weights.npz",
    ],
    [
      "shards",
      [
        ["config.json", utf8.encode("{}")],
        ["model.weights.json", new Uint8Array(1)],
      ],
      "in several files",
    ],
    ["a folder", [["m/config.json", utf8.encode("{}")]], "in a folder of the archive"],
    ["NumPy", [["a.npy", new Uint8Array(1)]], "NumPy's .npz"],
    [
      "a list",
      [
        ["config.json", utf8.encode("[]")],
        ["model.weights.h5", hdf5Of(h5Group())],
      ],
      "config.json: it holds no JSON object",
    ],
    [
      "no HDF5",
      [
        ["config.json", utf8.encode("{}")],
        ["model.weights.h5", new Uint8Array(9)],
      ],
      "model.weights.h5: this is not an HDF5 file",
    ],
  ])("tell about an archive with %s", (_what, members, words) => {
    const error = errorOf(() => readKeras(zipOf(members), "m.keras"));
    expect(error.code).toBe("file-format");
    expect(error.message).toContain(words);
  });
});
