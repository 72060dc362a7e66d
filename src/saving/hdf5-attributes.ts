/** Types, extents, and the attributes that consist of them. */
import type { H5Attributes, H5Dtype, H5Value } from "./hdf5.ts";
import { Damage, type H5File, LIMIT_FIX, MOST_ATTRIBUTE_BYTES, SIZE_FIX } from "./hdf5-file.ts";
import { visitHeap } from "./hdf5-groups.ts";
import type { Message } from "./hdf5-header.ts";
import { convert, FLOATS, isDtype } from "./hdf5-numbers.ts";

/** The type of an element, as far as it matters here. */
export interface Type {
  readonly kind: "number" | "text" | "long-text" | "other";
  readonly size: number;
  readonly dtype?: H5Dtype;
  readonly bigEndian: boolean;
  /** Two bytes of no declared meaning: bfloat16, when an attribute says so. */
  readonly opaque: boolean;
}

export function readType(file: H5File, at: number, end: number): Type {
  const kind = file.u8(at) & 15;
  const version = file.u8(at) >> 4;
  const bits = file.u8(at + 1) | (file.u8(at + 2) << 8);
  const size = file.u32(at + 4);
  const other: Type = { kind: "other", size, bigEndian: false, opaque: false };
  if (size === 0 || at + 8 > end) throw new Damage(`the type at byte ${at} makes no sense`);
  if (kind === 0) {
    const whole = file.u16(at + 8) === 0 && file.u16(at + 10) === 8 * size;
    const dtype = `${bits & 8 ? "" : "u"}int${8 * size}`;
    if (!whole || !isDtype(dtype)) return other;
    return { kind: "number", size, dtype, bigEndian: (bits & 1) !== 0, opaque: false };
  }
  if (kind === 1) {
    // Of a float: where its sign, exponent and fraction are, and the exponent's bias.
    const form = [bits >> 8, ...[12, 13, 14, 15].map((i) => file.u8(at + i)), file.u32(at + 16)].join();
    const dtype = FLOATS.get(form);
    if (dtype === undefined || bits & 0x40) return other;
    return { kind: "number", size, dtype, bigEndian: (bits & 1) !== 0, opaque: false };
  }
  if (kind === 3) return { ...other, kind: "text" };
  if (kind === 5) return { ...other, opaque: size === 2 };
  if (kind === 8 && size === 1 && bits === 2) {
    // The base type takes 12 bytes; then names and values, FALSE and TRUE when h5py wrote it.
    const names = file
      .text(at + 20, Math.min(24, end - at - 20))
      .split("\0")
      .filter(Boolean);
    const is = version < 3 ? names[0] === "FALSE" && names[1] === "TRUE" : names.join().startsWith("FALSE,TRUE");
    return is ? { kind: "number", size, dtype: "bool", bigEndian: false, opaque: false } : other;
  }
  if (kind === 9 && (bits & 15) === 1) return { ...other, kind: "long-text" };
  return other;
}

/** The shape at `at`, or nothing when there is no value. */
export function readShape(file: H5File, path: string, at: number, end: number): number[] | undefined {
  const version = file.version(at, "the extent", 1, 2);
  const rank = file.u8(at + 1);
  if (version === 2 && file.u8(at + 3) === 2) return undefined;
  const first = at + (version === 1 ? 8 : 4);
  if (rank > 32 || first + rank * file.L > end) throw new Damage(`the shape at byte ${at} makes no sense`);
  const shape = Array.from({ length: rank }, (_, i) => file.length(first + i * file.L));
  if (!Number.isSafeInteger(shape.reduce((n, size) => n * size, 1))) {
    file.refuse(path, `it declares the impossible shape [${shape.join(", ")}]`, SIZE_FIX);
  }
  return shape;
}

export function readAttributes(file: H5File, path: string, messages: readonly Message[]): H5Attributes {
  const attributes = new Map<string, H5Value>();
  const add = (at: number, size: number): void => {
    file.attributeCount++;
    if (file.attributeCount > file.limits.objects) {
      file.refuse(path, `the file has more than ${file.limits.objects} attributes`, LIMIT_FIX);
    }
    const [name, value] = readAttribute(file, path, at, at + size);
    if (value !== undefined) attributes.set(name, value);
  };
  for (const { type, at, size, shared } of messages) {
    if (type === 0x0c && !shared) add(at, size);
    if (type === 0x15) {
      const heap = at + 2 + (file.u8(at + 1) & 1 ? 2 : 0);
      visitHeap(file, file.address(heap), file.address(heap + file.O), add);
    }
  }
  return attributes;
}

/** The name and the value of an attribute; no value when it is of a kind that is not used here. */
function readAttribute(file: H5File, path: string, start: number, end: number): [string, H5Value | undefined] {
  const version = file.version(start, "the attribute", 1, 2, 3);
  const sizes = [2, 4, 6].map((i) => file.u16(start + i));
  const [nameBytes, typeBytes, shapeBytes] = version === 1 ? sizes.map((n) => (n + 7) & ~7) : sizes;
  const nameAt = start + (version === 3 ? 9 : 8);
  const typeAt = nameAt + nameBytes;
  const shapeAt = typeAt + typeBytes;
  const dataAt = shapeAt + shapeBytes;
  if (dataAt > end || sizes[0] === 0) throw new Damage(`the attribute at byte ${start} makes no sense`);
  const name = file.text(nameAt, sizes[0]).split("\0")[0];
  // Types and shapes that are kept elsewhere are of no interest in attributes.
  if (version > 1 && file.u8(start + 1) & 3) return [name, undefined];
  const type = readType(file, typeAt, typeAt + typeBytes);
  const shape = readShape(file, path, shapeAt, shapeAt + shapeBytes);
  if (shape === undefined || type.kind === "other") return [name, undefined];
  const count = shape.reduce((n, size) => n * size, 1);
  file.attributeBytes += count * type.size;
  if (file.attributeBytes > MOST_ATTRIBUTE_BYTES) file.refuseAttributes(path);
  if (dataAt + count * type.size > end) throw new Damage(`the attribute ${JSON.stringify(name)} is cut off`);
  const one = shape.length === 0;
  if (type.dtype !== undefined) {
    const data = convert(file.part(dataAt, count * type.size).slice(), type.dtype, type.bigEndian, file.where(path));
    if (!one) return [name, data];
    return [name, type.dtype === "bool" ? data[0] !== 0 : data[0]];
  }
  const texts = Array.from({ length: count }, (_, i) => {
    const at = dataAt + i * type.size;
    const text = type.kind === "text" ? file.text(at, type.size) : readLongText(file, path, at);
    return text.split("\0", 1)[0];
  });
  return [name, one ? texts[0] : texts];
}

/** A text in a global heap: its length, the address of the collection, the number of the object in it. */
function readLongText(file: H5File, path: string, at: number): string {
  const length = file.u32(at);
  const collection = file.address(at + 4);
  const index = file.u32(at + 4 + file.O);
  if (length === 0) return "";
  file.signature(collection, "GCOL");
  const end = collection + file.length(collection + 8);
  file.part(collection, end - collection);
  file.attributeBytes += length;
  if (file.attributeBytes > MOST_ATTRIBUTE_BYTES) file.refuseAttributes(path);
  for (let object = collection + 8 + file.L; object + 8 + file.L <= end; ) {
    file.step();
    const number = file.u16(object);
    const size = file.length(object + 8);
    if (number === index) {
      if (length > size || object + 8 + file.L + size > end) break;
      return file.text(object + 8 + file.L, length);
    }
    // Number 0 is the free space, which ends the collection.
    if (number === 0) break;
    object += 8 + file.L + Math.ceil(size / 8) * 8;
  }
  throw new Damage("a text is not where it should be");
}
