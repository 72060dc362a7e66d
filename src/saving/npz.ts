/** NumPy's `.npz`: a ZIP archive of `.npy` files, one for each array. */
import type { NdArray } from "../core/array.ts";
import { formatError } from "../core/errors.ts";
import { readNpy, writeNpy } from "../data/npy.ts";
import { readZip, writeZip } from "./zip.ts";

/** The bytes of a file that `numpy.load` reads. */
export const writeNpz = (arrays: ReadonlyMap<string, NdArray>): Uint8Array<ArrayBuffer> =>
  writeZip([...arrays].map(([name, array]): [string, Uint8Array] => [`${name}.npy`, writeNpy(array)]));

/**
 * The arrays of a file by name, stored or compressed.
 *
 * @throws RhytonError `file-format` or `file-refused` for what is no such archive or unsafe; `data-format` for arrays of
 *   Python objects and of other kinds that Rhyton does not read.
 */
export function readNpz(bytes: Uint8Array, name = ".npz file"): Map<string, NdArray> {
  const arrays = new Map<string, NdArray>();
  for (const [member, content] of readZip(bytes, name)) {
    if (!member.endsWith(".npy")) {
      const problem = `it holds ${JSON.stringify(member)}, which is no array`;
      throw formatError({ where: name, problem, fix: "Give a file written by numpy.savez or saveWeights." });
    }
    arrays.set(member.slice(0, -4), readNpy(content, `${name}: ${member}`));
  }
  return arrays;
}
