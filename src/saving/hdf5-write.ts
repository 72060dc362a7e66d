/**
 * Writes HDF5 files in the oldest form, which everything reads: superblock 0, groups as symbol tables, contiguous
 * little-endian arrays, text as UTF-8 of any length in global heaps. It is what Keras writes.
 *
 * Everything is laid down once, children before their group, so that every address is known when it is needed.
 */
import { bytesOf } from "../core/array.ts";
import { argumentError } from "../core/errors.ts";
import type { Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";
import { Bytes } from "./bytes.ts";
import type { H5Attributes, H5Data, H5Dataset, H5Group, H5Value } from "./hdf5.ts";

/** Entries of a symbol table node, and children of a B-tree node, at most: twice the file's two "K" values. */
const SYMBOLS = 8;
const CHILDREN = 32;
const NOWHERE = 2n ** 64n - 1n;
const SUPERBLOCK_BYTES = 96;
/** The smallest heap for texts, and the most that a message of an object header can hold. */
const HEAP_BYTES = 4096;
const MOST_MESSAGE_BYTES = 65_535 - 8;

const utf8 = new TextEncoder();

export function* writingTree(tree: H5Group): Pieces<Parts> {
  const writer = new Writer();
  const root = yield* writer.group("", tree);
  return writer.finish(root);
}

/** Where the parts of a group are: its object header, B-tree and local heap. */
interface Place {
  readonly header: number;
  readonly tree: number;
  readonly heap: number;
}

class Writer {
  readonly parts: Uint8Array[] = [];
  end = SUPERBLOCK_BYTES;

  /** Lays `data` down at the next multiple of 8 and gives its address. */
  put(data: Uint8Array): number {
    const address = this.end;
    const padding = (8 - (data.length % 8)) % 8;
    this.parts.push(data);
    if (padding > 0) this.parts.push(new Uint8Array(padding));
    this.end += data.length + padding;
    return address;
  }

  finish(root: Place): Parts {
    const head = new Bytes()
      .u8(0x89)
      .ascii("HDF\r\n")
      .u8(0x1a, 0x0a)
      // Versions of the parts, bytes of addresses and lengths.
      .u8(0, 0, 0, 0, 0, 8, 8, 0)
      .u16(SYMBOLS / 2)
      .u16(CHILDREN / 2)
      .u32(0)
      .u64(0, NOWHERE, this.end, NOWHERE)
      // The root group, with its tree and heap at hand.
      .u64(0, root.header)
      .u32(1)
      .u32(0)
      .u64(root.tree, root.heap);
    return [head.done(), ...this.parts];
  }

  // ---- groups

  *group(path: string, group: H5Group): Pieces<Place> {
    const entries: { name: Uint8Array; header: number; place?: Place }[] = [];
    for (const [name, node] of group.children) {
      checkName(path, "name", name);
      const child = `${path}/${name}`;
      if (node.kind === "group") {
        const place = yield* this.group(child, node);
        entries.push({ name: utf8.encode(name), header: place.header, place });
      } else {
        entries.push({ name: utf8.encode(name), header: this.dataset(child, node) });
      }
      yield;
    }
    entries.sort((a, b) => compareBytes(a.name, b.name));
    // Names, each ended by a zero and padded; the empty name comes first.
    const names = new Bytes().zeros(8);
    const offsets = entries.map(({ name }) => {
      const offset = names.length;
      names.bytes(name).u8(0).pad();
      return offset;
    });
    const namesAt = this.put(names.done());
    // 1: there is no free space in the heap.
    const heap = this.put(new Bytes().ascii("HEAP").u32(0).u64(names.length, 1, namesAt).done());
    // Symbol table nodes, then levels of the tree above them. Each is known by its address and its last name.
    let level: { at: number; last: number }[] = [];
    for (let i = 0; i < entries.length; i += SYMBOLS) {
      const some = entries.slice(i, i + SYMBOLS);
      const node = new Bytes().ascii("SNOD").u8(1, 0).u16(some.length);
      some.forEach(({ header, place }, j) => {
        node
          .u64(offsets[i + j], header)
          .u32(place === undefined ? 0 : 1)
          .u32(0);
        if (place === undefined) node.zeros(16);
        else node.u64(place.tree, place.heap);
      });
      node.zeros(40 * (SYMBOLS - some.length));
      level.push({ at: this.put(node.done()), last: offsets[i + some.length - 1] });
    }
    let tree = 0;
    for (let height = 0; tree === 0; height++) {
      const above = this.level(level, height);
      if (above.length === 1) tree = above[0].at;
      level = above;
    }
    const header = this.header(path, [[0x11, new Bytes().u64(tree, heap).done()]], group.attributes);
    return { header, tree, heap };
  }

  /** The nodes of a B-tree above `below`. They know their neighbours, so their addresses are worked out beforehand. */
  level(below: readonly { at: number; last: number }[], height: number): { at: number; last: number }[] {
    const nodeBytes = 24 + 16 * CHILDREN + 8;
    const count = Math.max(1, Math.ceil(below.length / CHILDREN));
    const first = this.end;
    return Array.from({ length: count }, (_, n) => {
      const some = below.slice(n * CHILDREN, (n + 1) * CHILDREN);
      const left = n === 0 ? NOWHERE : first + (n - 1) * nodeBytes;
      const right = n === count - 1 ? NOWHERE : first + (n + 1) * nodeBytes;
      const node = new Bytes().ascii("TREE").u8(0, height).u16(some.length).u64(left, right);
      // A key is the last name before it.
      node.u64(n === 0 ? 0 : below[n * CHILDREN - 1].last);
      for (const { at, last } of some) node.u64(at, last);
      node.zeros(nodeBytes - node.length);
      return { at: this.put(node.done()), last: some.at(-1)?.last ?? 0 };
    });
  }

  // ---- datasets

  dataset(path: string, { data, shape, attributes }: H5Dataset): number {
    const fits = shape.every((size) => Number.isInteger(size) && size >= 0);
    if (!fits || shape.reduce((n, size) => n * size, 1) !== data.length) {
      throw argumentError({
        where: `HDF5 file: ${path}`,
        argument: "shape",
        value: [...shape],
        expected: `a shape of ${data.length} elements`,
      });
    }
    const raw = bytesOf(data);
    const address = raw.length === 0 ? NOWHERE : this.put(raw);
    // The fill value: written when set, not set. The layout: contiguous.
    const fill = new Bytes().u8(2, 2, 2, 1).u32(0).done();
    const layout = new Bytes().u8(3, 1).u64(address, raw.length).done();
    const messages: [number, Uint8Array][] = [
      [0x01, extent(shape)],
      [0x03, numberType(data)],
      [0x05, fill],
      [0x08, layout],
    ];
    return this.header(path, messages, attributes);
  }

  // ---- object headers and attributes

  header(path: string, messages: readonly (readonly [number, Uint8Array])[], attributes: H5Attributes): number {
    const all = [...messages, ...this.attributes(path, attributes)];
    const body = new Bytes();
    for (const [type, data] of all) {
      const size = Math.ceil(data.length / 8) * 8;
      body.u16(type).u16(size).u8(0, 0, 0, 0).bytes(data).pad();
    }
    const head = new Bytes().u8(1, 0).u16(all.length).u32(1).u32(body.length).u32(0);
    return this.put(head.bytes(body.done()).done());
  }

  attributes(path: string, attributes: H5Attributes): [number, Uint8Array][] {
    return [...attributes].map(([name, value]) => {
      checkName(path, "attribute", name);
      const { type, shape, data } = this.value(value);
      const encoded = utf8.encode(name);
      const message = new Bytes()
        .u8(1, 0)
        .u16(encoded.length + 1)
        .u16(type.length)
        .u16(shape.length)
        .bytes(encoded)
        .u8(0)
        .pad()
        .bytes(type)
        .pad()
        .bytes(shape)
        .pad()
        .bytes(data);
      if (message.length > MOST_MESSAGE_BYTES) {
        throw argumentError({
          where: `HDF5 file: ${path || "/"}`,
          argument: `attribute ${JSON.stringify(name)}`,
          value: `${message.length} bytes`,
          expected: `at most ${MOST_MESSAGE_BYTES}`,
          fix: "Store it as a dataset.",
        });
      }
      return [0x0c, message.done()];
    });
  }

  value(value: H5Value): { type: Uint8Array; shape: Uint8Array; data: Uint8Array } {
    if (typeof value === "string") return { type: TEXT, shape: extent([]), data: this.texts([value]) };
    // An empty list of texts becomes an empty list of numbers, as h5py makes of it.
    if (isTexts(value) && value.length > 0) {
      return { type: TEXT, shape: extent([value.length]), data: this.texts(value) };
    }
    const one = typeof value !== "object";
    const data = one ? scalar(value) : isTexts(value) ? new Float64Array(0) : value;
    return {
      type: numberType(data),
      shape: extent(one ? [] : [data.length]),
      data: bytesOf(data),
    };
  }

  /** Lays texts down in global heaps; for each, its bytes, the address of the heap, and its number there. */
  texts(texts: readonly string[]): Uint8Array {
    const refs = new Bytes();
    let heap: Bytes | undefined;
    let waiting: [number, number][] = [];
    const close = (): void => {
      if (heap === undefined) return;
      const size = Math.max(HEAP_BYTES, heap.length);
      // The rest is one free entry, number 0, whose size counts itself. Smaller rests have no entry.
      const rest = size - heap.length;
      if (rest >= 16)
        heap
          .u16(0)
          .u16(0)
          .u32(0)
          .u64(rest)
          .zeros(rest - 16);
      else heap.zeros(rest);
      heap.setU64(8, size);
      const address = this.put(heap.done());
      for (const [bytes, number] of waiting) refs.u32(bytes).u64(address).u32(number);
      heap = undefined;
      waiting = [];
    };
    for (const text of texts) {
      const encoded = utf8.encode(text);
      const bytes = 16 + Math.ceil(encoded.length / 8) * 8;
      if (heap !== undefined && heap.length + bytes > HEAP_BYTES) close();
      heap ??= new Bytes().ascii("GCOL").u8(1, 0, 0, 0).u64(0);
      waiting.push([encoded.length, waiting.length + 1]);
      heap.u16(waiting.length).u16(1).u32(0).u64(encoded.length).bytes(encoded).pad();
    }
    close();
    return refs.done();
  }
}

const isTexts = (value: H5Value): value is readonly string[] => Array.isArray(value);

function scalar(value: number | bigint | boolean): H5Data {
  if (typeof value === "bigint") return BigInt64Array.of(value);
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  return Number.isSafeInteger(value) ? BigInt64Array.of(BigInt(value)) : Float64Array.of(value);
}

/** A shape as HDF5 describes it, with the same sizes as the most that it may grow to. */
function extent(shape: readonly number[]): Uint8Array {
  const bytes = new Bytes().u8(1, shape.length, shape.length > 0 ? 1 : 0, 0).u32(0);
  return bytes.u64(...shape, ...shape).done();
}

/** The type of an array: class and version, flags, bytes of an element, and its bits. */
function numberType(data: H5Data): Uint8Array {
  const size = data.BYTES_PER_ELEMENT;
  const bits = 8 * size;
  if (data instanceof Float32Array) {
    return new Bytes().u8(0x11, 0x20, 31, 0).u32(size).u16(0).u16(bits).u8(23, 8, 0, 23).u32(127).done();
  }
  if (data instanceof Float64Array) {
    return new Bytes().u8(0x11, 0x20, 63, 0).u32(size).u16(0).u16(bits).u8(52, 11, 0, 52).u32(1023).done();
  }
  const signed = data instanceof Uint8Array ? 0 : 8;
  return new Bytes().u8(0x10, signed, 0, 0).u32(size).u16(0).u16(bits).done();
}

/** Text of any length in UTF-8: made of unsigned bytes, kept elsewhere as length, address and number. */
const TEXT = new Bytes()
  .u8(0x19, 1, 1, 0)
  .u32(16)
  .bytes(numberType(new Uint8Array(0)))
  .done();

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function checkName(path: string, argument: string, name: string): void {
  if (name === "" || name === "." || name.includes("/") || name.includes("\0")) {
    throw argumentError({
      where: `HDF5 file: ${path || "/"}`,
      argument,
      value: name,
      expected: 'a text that is not empty, not "." and has no "/"',
    });
  }
}
