/**
 * IDX, the format of the MNIST files: two zero bytes, the kind of element, the number of axes, each size as a
 * big-endian 32-bit number, then the elements. See http://yann.lecun.com/exdb/mnist/.
 */
import { type NdArray, ndarray, showShape, sizeOf } from "../core/array.ts";
import { dataFormat } from "../core/errors.ts";

const UNSIGNED_BYTE = 0x08;
const KINDS: Readonly<Record<number, string>> = {
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};
const MAX_AXES = 8;
const FIX = "The file is damaged, compressed (unpack a .gz first), or not IDX.";

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
const bytesOf = (n: number): string => `${n} byte${n === 1 ? "" : "s"}`;

/**
 * The array in IDX `bytes`: a view of them.
 *
 * @param name What errors call the data: a file name, say.
 * @throws RhytonError `data-format` when the bytes are not a whole IDX file of unsigned bytes.
 * @example
 * const labels = readIdx(await readFile("t10k-labels-idx1-ubyte")); // labels.shape is [10000]
 */
export function readIdx(bytes: Uint8Array, name = "IDX data"): NdArray<Uint8Array> {
  const fail = (got: string, expected: string, fix = FIX) => dataFormat({ where: name, got, expected, fix });

  if (bytes.length < 4) throw fail(bytesOf(bytes.length), "at least the 4 bytes of the magic number");
  const [zero, alsoZero, kind, axes] = bytes;
  if (zero !== 0 || alsoZero !== 0) {
    throw fail(`the magic number ${hex(bytes.subarray(0, 4))}`, "00 00 08 and the number of axes");
  }
  if (kind !== UNSIGNED_BYTE) {
    const known = KINDS[kind];
    if (known === undefined) throw fail(`the kind of element 0x${hex(bytes.subarray(2, 3))}`, "0x08, unsigned bytes");
    throw fail(`IDX with ${known}`, "unsigned bytes (0x08)", "Convert the file to unsigned bytes.");
  }
  if (axes < 1 || axes > MAX_AXES) throw fail(`${axes} axes`, `1 to ${MAX_AXES}`);

  const start = 4 + 4 * axes;
  if (bytes.length < start) throw fail(bytesOf(bytes.length), `a header of ${start} bytes for ${axes} axes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = sizeOf(shape); // eight sizes below 2³² may round, but stay finite and never meet a real length
  if (bytes.length - start !== size) {
    throw fail(`${bytesOf(bytes.length - start)} of elements`, `${size} for the shape ${showShape(shape)}`);
  }
  return ndarray(new Uint8Array(bytes.buffer, bytes.byteOffset + start, size), shape);
}
