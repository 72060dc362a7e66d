/** NumPy's `.npz`: a ZIP archive of `.npy` files, one for each array. */
import type { NdArray } from "../core/array.ts";
import { formatError } from "../core/errors.ts";
import { joining, type Parts } from "../core/parts.ts";
import { atOnce, type Pieces } from "../core/pieces.ts";
import { npyParts, readNpy } from "../data/npy.ts";
import { readZip } from "./zip.ts";
import { writingZip } from "./zip-write.ts";

/**
 * The bytes of a `.npz` file, which `numpy.load` reads: an array under each name, of `<f4`, `|u1` or `<i4`, not packed.
 *
 * @throws RhytonError `argument` for a name that cannot be a path in an archive, or more than 4 GiB.
 * @example
 * await writeFile("pairs.npz", writeNpz({ x: images, y: labels }));
 */
export const writeNpz = (arrays: Readonly<Record<string, NdArray>>): Uint8Array<ArrayBuffer> =>
  atOnce(joining(atOnce(writingNpz(Object.entries(arrays)))));

/** The same as the parts of a file, of arrays that stay as they are until it is written. */
export const writingNpz = (arrays: Iterable<readonly [string, NdArray]>): Pieces<Parts> =>
  writingZip([...arrays].map(([name, array]) => [`${name}.npy`, npyParts(array)] as const));

/**
 * The arrays in the bytes of a `.npz` file by their names, stored or compressed: what `numpy.savez` and
 * `numpy.savez_compressed` write. Elements become those of `readNpy`.
 *
 * @typeParam Names - of arrays that you know to be there.
 * @param name What errors call the data: a file name, say.
 * @throws RhytonError `file-format` or `file-refused` for what is no such archive or unsafe; `data-format` for arrays of
 *   Python objects and of other kinds that Rhyton does not read.
 * @example
 * const { x, y } = readNpz<"x" | "y">(await readFile("pairs.npz"), "pairs.npz");
 */
export function readNpz<Names extends string = string>(bytes: Uint8Array, name = ".npz file"): Record<Names, NdArray> {
  const arrays = [...readZip(bytes, name)].map(([member, content]): [string, NdArray] => {
    if (!member.endsWith(".npy")) {
      const problem = `it holds ${JSON.stringify(member)}, which is no array`;
      throw formatError({ where: name, problem, fix: "Give a file written by numpy.savez or saveWeights." });
    }
    return [member.slice(0, -4), readNpy(content, `${name}: ${member}`)];
  });
  return Object.fromEntries(arrays) as Record<Names, NdArray>;
}
