/** `pictures()`: the PNG files of a folder as one array, to train on. */
import { type NdArray, ndarray } from "../core/array.ts";
import { dataFormat, datasetMissing } from "../core/errors.ts";
import { inNode, nodeModule } from "../core/node.ts";
import { readFile, systemError } from "../saving/atomic.ts";
import { decodePicture, type Picture } from "./png.ts";

/** The pictures of a folder. */
export interface Pictures {
  /** Shape `[n, height, width, channels]`, 1 channel for gray and 3 for RGB: bytes with `scale: 1 / 255`. */
  readonly images: NdArray<Uint8Array>;
  /** The name of the file of each picture. */
  readonly names: readonly string[];
}

/** What a file of one picture is read up to; unpacked it may have half as much. */
const MOST_FILE_BYTES = 2 ** 29;

/**
 * All PNG files of a folder, sorted by name; other files and folders in it are left alone. They are gray or RGB, of 8 or
 * 16 bits a channel (of 16 the 8 nearest remain), all of one size. Alpha is left out, as if every pixel were opaque.
 * Node only. After Keras' `image_dataset_from_directory`, without its resizing and its labels.
 *
 * @throws RhytonError `dataset-missing` when the folder has no PNG files, or in a browser;
 *   `file` when the folder or a file cannot be read;
 *   `data-format` when a file is damaged, is another kind of PNG, or has another size or other channels than the first.
 * @example
 * const { images, names } = await pictures("my-pictures");
 * images.shape; // [500, 28, 28, 1]
 * await autoencoder.fit(images, images, { epochs: 10 });
 */
export async function pictures(folder: string): Promise<Pictures> {
  const missing = (problem: string, fix: string) =>
    datasetMissing({ dataset: "pictures", looked: [folder], problem, fix });
  if (!inNode()) {
    const fix = "Read the pixels of an <img> from a canvas, and make an ndarray of them.";
    throw missing("a browser cannot read a folder", fix);
  }
  const { readdir }: typeof import("node:fs/promises") = await nodeModule("node:fs/promises");
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
    Promise.reject(systemError(folder, error)),
  );
  const names = entries
    .filter((entry) => /\.png$/i.test(entry.name) && !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  if (names.length === 0) throw missing("the folder has no PNG files", "Give a folder of .png files of one size.");
  const read: Picture[] = [];
  for (const name of names) {
    const path = `${folder}/${name}`;
    const picture = decodePicture(await readFile(path, MOST_FILE_BYTES), path);
    const [got, expected] = [sizeText(picture), sizeText(read[0] ?? picture)];
    if (got !== expected) {
      throw dataFormat({
        where: path,
        got,
        expected: `${expected}, as ${names[0]} has`,
        fix: "Bring all pictures of the folder to one size and to gray or RGB, or move this one elsewhere.",
      });
    }
    read.push(picture);
  }
  const [{ width, height, channels }] = read;
  const size = height * width * channels;
  const data = new Uint8Array(read.length * size);
  read.forEach(({ pixels }, i) => {
    data.set(pixels, i * size);
  });
  return { images: ndarray(data, [read.length, height, width, channels], 1 / 255), names };
}

const sizeText = ({ width, height, channels }: Picture): string =>
  `${width} × ${height} pixels in ${channels === 1 ? "gray" : "RGB"}`;
