/**
 * Reads HDF5 files without the HDF5 library, which can be made to loop for ever by a damaged file.
 *
 * Understood is what numeric files are made of: superblocks 0 to 3, object headers 1 and 2, groups as symbol tables, as
 * link messages and as fractal heaps, arrays that lie contiguous, compact or in chunks (with deflate and shuffle).
 * Every address and length is checked against the file, every step is counted, and nothing outside of the file is read.
 * The names are those of the "HDF5 File Format Specification", version 3.
 */
import { unzlibSync } from "fflate";
import { fileError, formatError, RhytonError, unsafeFile } from "../core/errors.ts";
import type { H5Attributes, H5Data, H5Dataset, H5Dtype, H5Group, H5Limits, H5Node, H5Value } from "./hdf5.ts";

/** An address that points nowhere: all bits set. */
const NOWHERE = -1;

/** More structures than this are in no sensible file, whatever its limits. */
const MOST_STEPS = 20_000_000;
const MOST_ATTRIBUTE_BYTES = 64 * 2 ** 20;

const LIMIT_FIX = "If the file is trustworthy, raise the limit.";
const SIZE_FIX = "The file is damaged or was made to exhaust memory; do not use it.";
const LINK_FIX = "Save the file again with the data in place of the link.";
const REWRITE_FIX = "Save it again with h5py's default settings.";

/** Why the bytes make no sense; becomes a RhytonError with the path of the object. */
class Damage extends Error {}

interface Message {
  readonly type: number;
  readonly at: number;
  readonly size: number;
  readonly shared: boolean;
}

interface Link {
  readonly name: string;
  readonly order: number | undefined;
  readonly to: { readonly address: number } | { readonly soft: string } | { readonly external: string };
}

/** The type of an element, as far as it matters here. */
interface Type {
  readonly kind: "number" | "text" | "long-text" | "other";
  readonly size: number;
  readonly dtype?: H5Dtype;
  readonly bigEndian: boolean;
  /** Two bytes of no declared meaning: bfloat16, when an attribute says so. */
  readonly opaque: boolean;
}

interface Layout {
  readonly kind: "inside" | "contiguous" | "chunks";
  /** Where the array or the index of its chunks is. */
  readonly address: number;
  readonly bytes: number;
  readonly chunk: readonly number[];
  /** How chunks are found: a version 1 B-tree, or one of the forms of layout version 4. */
  readonly index: "tree" | "single" | "implicit" | "fixed";
  /** Of a single chunk that is filtered: its stored bytes and which filters were skipped. */
  readonly stored: number;
  readonly mask: number;
}

interface Heap {
  readonly idBytes: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly width: number;
  readonly start: number;
  readonly maxDirect: number;
  readonly root: number;
  readonly rows: number;
  readonly filtered: boolean;
}

/** The tree of `bytes`, which are known to begin with the signature of HDF5. */
export function readTree(bytes: Uint8Array, name: string, limits: H5Limits): H5Group {
  return new Reader(bytes, name, limits).read();
}

class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly name: string;
  readonly limits: H5Limits;
  /** Bytes of an address and of a length. */
  O = 8;
  L = 8;
  steps = 0;
  objects = 0;
  attributeCount = 0;
  attributeBytes = 0;
  arrayBytes = 0;
  /** Bytes of arrays that lie in the file as they are. */
  plainBytes = 0;
  /** Datasets by their address: several links may lead to one. */
  readonly datasets = new Map<number, H5Dataset>();
  /** Addresses of the groups from the root to here. */
  readonly above: number[] = [];

  constructor(bytes: Uint8Array, name: string, limits: H5Limits) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = name;
    this.limits = limits;
  }

  // ---- numbers

  u8(at: number): number {
    return this.view.getUint8(at);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** A number of `size` bytes. */
  uint(at: number, size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.view.getUint8(at + i);
    if (value > Number.MAX_SAFE_INTEGER) throw new Damage(`the number at byte ${at} is too large`);
    return value;
  }

  /** An address inside of the file, or NOWHERE. */
  address(at: number): number {
    if (this.part(at, this.O).every((byte) => byte === 255)) return NOWHERE;
    const address = this.uint(at, this.O);
    if (address >= this.bytes.length) throw new Damage(`byte ${at} points behind the end of the file`);
    return address;
  }

  length(at: number): number {
    return this.uint(at, this.L);
  }

  /** The bytes of a part of the file. */
  part(at: number, size: number): Uint8Array {
    if (at < 0 || size < 0 || at + size > this.bytes.length) {
      throw new Damage(`${size} bytes at byte ${at} go beyond the end of the file`);
    }
    return this.bytes.subarray(at, at + size);
  }

  text(at: number, size: number): string {
    return new TextDecoder().decode(this.part(at, size));
  }

  signature(at: number, expected: string): void {
    this.step();
    if (at < 0 || at + 4 > this.bytes.length || this.text(at, 4) !== expected) {
      throw new Damage(`there is no ${expected} at byte ${at}`);
    }
  }

  version(at: number, what: string, ...allowed: number[]): number {
    const version = this.u8(at);
    if (!allowed.includes(version)) throw new Damage(`${what} at byte ${at} has the unknown version ${version}`);
    return version;
  }

  step(count = 1): void {
    this.steps += count;
    if (this.steps > MOST_STEPS) throw new Damage("its structures go round in circles");
  }

  // ---- errors

  where(path: string): string {
    return `${this.name}: ${path}`;
  }

  refuse(path: string, problem: string, fix: string): never {
    throw unsafeFile({ where: this.where(path), problem, fix });
  }

  refuseObjects(path: string): never {
    this.refuse(path, `the file has more than ${this.limits.objects} groups and datasets`, LIMIT_FIX);
  }

  unsupported(path: string, problem: string, fix = REWRITE_FIX): never {
    throw formatError({ where: this.where(path), problem, fix });
  }

  /** Runs `action`; whatever it stumbles over is told with the path. */
  within<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof RhytonError) throw error;
      const why = error instanceof Damage ? error.message : "an address or a length makes no sense";
      throw formatError({
        where: this.where(path),
        problem: `the HDF5 data is damaged or cut off (${why})`,
        fix: "Copy or download the file again, or save the model again.",
      });
    }
  }

  // ---- the file

  read(): H5Group {
    const root = this.within("/", () => this.superblock());
    const node = this.object("/", root, 0);
    if (node.kind !== "group") this.unsupported("/", "the root of the file is not a group");
    return node;
  }

  /** The address of the root group. */
  superblock(): number {
    const version = this.version(8, "the superblock", 0, 1, 2, 3);
    const sizesAt = version < 2 ? 13 : 9;
    this.O = this.u8(sizesAt);
    this.L = this.u8(sizesAt + 1);
    if (![4, 8].includes(this.O) || ![4, 8].includes(this.L)) {
      throw new Damage(`addresses of ${this.O} bytes and lengths of ${this.L} bytes are not possible`);
    }
    const at = version === 0 ? 24 : version === 1 ? 28 : 12;
    if (this.uint(at, this.O) !== 0) throw new Damage("the file does not begin at its first byte");
    const end = this.uint(at + 2 * this.O, this.O);
    if (end > this.bytes.length) {
      throw new Damage(`the file has ${this.bytes.length} of ${end} bytes`);
    }
    // Versions 0 and 1 hold a symbol table entry, in which the address follows the offset of the name.
    return this.address(version < 2 ? at + 5 * this.O : at + 3 * this.O);
  }

  // ---- objects

  object(path: string, address: number, depth: number): H5Node {
    if (++this.objects > this.limits.objects) this.refuseObjects(path);
    if (depth > this.limits.depth) {
      this.refuse(path, `groups are nested more than ${this.limits.depth} deep`, LIMIT_FIX);
    }
    const messages = this.within(path, () => this.header(address));
    const known = this.datasets.get(address);
    if (known !== undefined) return known;
    const isDataset = messages.some((m) => m.type === 0x08);
    const isGroup = messages.some((m) => m.type === 0x11 || m.type === 0x02 || m.type === 0x06);
    if (isDataset) {
      const dataset = this.within(path, () => this.dataset(path, messages));
      this.datasets.set(address, dataset);
      return dataset;
    }
    // A new-style group without links has neither a table nor a link; a named type has a type.
    if (!isGroup && messages.some((m) => m.type === 0x03)) {
      this.unsupported(path, "it is a named datatype, neither a group nor a dataset");
    }
    return this.group(path, address, messages, depth);
  }

  group(path: string, address: number, messages: readonly Message[], depth: number): H5Group {
    if (this.above.includes(address)) this.refuse(path, "the group contains itself", LINK_FIX);
    const attributes = this.within(path, () => this.attributes(path, messages));
    const links = this.within(path, () => this.links(path, messages));
    this.above.push(address);
    const children = new Map<string, H5Node>();
    for (const { name, to } of links) {
      const child = `${path === "/" ? "" : path}/${name}`;
      if (name === "" || name === "." || name.includes("/") || children.has(name)) {
        this.within(path, () => {
          throw new Damage(`it lists an object called ${JSON.stringify(name)}`);
        });
      }
      if ("soft" in to) this.refuse(child, `it is a soft link to ${JSON.stringify(to.soft)}`, LINK_FIX);
      if ("external" in to) this.refuse(child, `it is an external link into ${JSON.stringify(to.external)}`, LINK_FIX);
      children.set(name, this.object(child, to.address, depth + 1));
    }
    this.above.pop();
    return { kind: "group", children, attributes };
  }

  /** The messages of an object header, with those of its continuation blocks. */
  header(address: number): Message[] {
    this.step();
    const messages: Message[] = [];
    /** Blocks yet to be read: where their messages begin and end. */
    const blocks: [number, number][] = [];
    const second = this.bytes[address] === 0x4f;
    let headBytes = 8;
    if (second) {
      this.signature(address, "OHDR");
      this.version(address + 4, "the object header", 2);
      const flags = this.u8(address + 5);
      headBytes = flags & 4 ? 6 : 4;
      let at = address + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
      const size = this.uint(at, 1 << (flags & 3));
      at += 1 << (flags & 3);
      this.part(at, size + 4);
      blocks.push([at, at + size]);
    } else {
      this.version(address, "the object header", 1);
      const size = this.u32(address + 8);
      this.part(address + 16, size);
      blocks.push([address + 16, address + 16 + size]);
    }
    const seen = new Set<number>();
    for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
      let [at, end] = block;
      if (seen.has(at)) throw new Damage("the object header goes round in circles");
      seen.add(at);
      while (at + headBytes <= end) {
        this.step();
        const type = second ? this.u8(at) : this.u16(at);
        const size = this.u16(at + (second ? 1 : 2));
        const shared = (this.u8(at + (second ? 3 : 4)) & 2) !== 0;
        const body = at + headBytes;
        if (body + size > end) throw new Damage(`a message at byte ${at} is longer than its block`);
        if (type === 0x10) {
          const next = this.address(body);
          const bytes = this.length(body + this.O);
          this.part(next, bytes);
          if (second) this.signature(next, "OCHK");
          blocks.push(second ? [next + 4, next + bytes - 4] : [next, next + bytes]);
        } else if (type !== 0) {
          messages.push({ type, at: body, size, shared });
        }
        at = body + size;
      }
    }
    return messages;
  }

  // ---- links

  links(path: string, messages: readonly Message[]): Link[] {
    const links: Link[] = [];
    const add = (link: Link): void => {
      links.push(link);
      if (this.objects + links.length > this.limits.objects) this.refuseObjects(path);
    };
    for (const { type, at, size } of messages) {
      if (type === 0x11) this.symbolTable(this.address(at), this.address(at + this.O), add);
      if (type === 0x06) add(this.link(at, at + size));
      if (type === 0x02) {
        const flags = this.u8(at + 1);
        const heap = at + 2 + (flags & 1 ? 8 : 0);
        this.heapEntries(this.address(heap), this.address(heap + this.O), (from, bytes) => {
          add(this.link(from, from + bytes));
        });
      }
    }
    if (links.every((link) => link.order !== undefined)) return links.sort((a, b) => a.order! - b.order!);
    return links.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  link(start: number, end: number): Link {
    this.version(start, "the link", 1);
    const flags = this.u8(start + 1);
    let at = start + 2;
    const type = flags & 8 ? this.u8(at++) : 0;
    const order = flags & 4 ? this.uint(at, 8) : undefined;
    if (flags & 4) at += 8;
    if (flags & 16) at++;
    const lengthBytes = 1 << (flags & 3);
    const length = this.uint(at, lengthBytes);
    at += lengthBytes;
    if (length < 0 || at + length > end) throw new Damage(`the name of the link at byte ${start} is too long`);
    const name = this.text(at, length);
    at += length;
    if (type === 0) return { name, order, to: { address: this.known(at) } };
    const value = this.text(at + 2, Math.min(this.u16(at), end - at - 2));
    if (type === 1) return { name, order, to: { soft: value } };
    // An external link: a byte of flags, the file, the object, each ended by a zero.
    return { name, order, to: { external: type === 64 ? value.slice(1).split("\0")[0] : `a link of type ${type}` } };
  }

  known(at: number): number {
    const address = this.address(at);
    if (address === NOWHERE) throw new Damage(`there is no address at byte ${at}`);
    return address;
  }

  /** The links of an old-style group: a B-tree of symbol table nodes, with names in a local heap. */
  symbolTable(tree: number, heap: number, add: (link: Link) => void): void {
    this.signature(heap, "HEAP");
    const heapBytes = this.length(heap + 8);
    const heapData = this.known(heap + 8 + 2 * this.L);
    this.part(heapData, heapBytes);
    const nameAt = (offset: number): string => {
      const most = this.part(heapData + offset, Math.max(0, Math.min(heapBytes - offset, 2 ** 16)));
      const end = most.indexOf(0);
      if (end < 0) throw new Damage("a name lies outside of its heap");
      this.step(1 + (end >> 6));
      return new TextDecoder().decode(most.subarray(0, end));
    };
    this.tree(tree, 0, this.L, (_key, node) => {
      this.signature(node, "SNOD");
      const count = this.u16(node + 6);
      const entryBytes = 2 * this.O + 24;
      this.part(node + 8, count * entryBytes);
      for (let i = 0; i < count; i++) {
        const at = node + 8 + i * entryBytes;
        const name = nameAt(this.uint(at, this.O));
        if (this.u32(at + 2 * this.O) === 2) {
          add({ name, order: undefined, to: { soft: nameAt(this.u32(at + 2 * this.O + 8)) } });
        } else {
          add({ name, order: undefined, to: { address: this.known(at + this.O) } });
        }
      }
    });
  }

  /** Visits what the leaves of a version 1 B-tree point to, with the place of the key before each. */
  tree(root: number, type: number, keyBytes: number, visit: (key: number, child: number) => void): void {
    const node = (address: number, level: number | undefined): void => {
      this.signature(address, "TREE");
      const own = this.u8(address + 5);
      if (this.u8(address + 4) !== type || (level !== undefined && own !== level)) {
        throw new Damage(`the tree node at byte ${address} is of the wrong kind`);
      }
      const count = this.u16(address + 6);
      const first = address + 8 + 2 * this.O;
      this.part(first, count * (keyBytes + this.O) + keyBytes);
      for (let i = 0; i < count; i++) {
        const key = first + i * (keyBytes + this.O);
        const child = this.known(key + keyBytes);
        if (own === 0) visit(key, child);
        else node(child, own - 1);
      }
    };
    node(root, undefined);
  }

  // ---- fractal heaps and version 2 B-trees: groups and attributes with many entries

  /** Visits the entries of a heap that the B-tree `tree` lists. */
  heapEntries(heapAt: number, tree: number, visit: (at: number, size: number) => void): void {
    if (heapAt === NOWHERE || tree === NOWHERE) return;
    const heap = this.heapHeader(heapAt);
    this.signature(tree, "BTHD");
    const type = this.u8(tree + 5);
    // The id of an entry stands behind its hash (links by name) or first (attributes by name).
    const idAt = type === 5 ? 4 : type === 8 ? 0 : -1;
    if (idAt < 0) throw new Damage(`the tree at byte ${tree} is of the unknown kind ${type}`);
    const nodeBytes = this.u32(tree + 6);
    const recordBytes = this.u16(tree + 10);
    const depth = this.u16(tree + 12);
    const rootAt = tree + 16;
    if (recordBytes < idAt + heap.idBytes || nodeBytes < 10 + recordBytes || depth > 16) {
      throw new Damage(`the tree at byte ${tree} makes no sense`);
    }
    const mostInLeaf = Math.floor((nodeBytes - 10) / recordBytes);
    const countBytes = bytesFor(mostInLeaf);
    // Bytes of the number of records below a child, and the most there can be, by level.
    const totalBytes = [0];
    let most = mostInLeaf;
    for (let level = 1; level <= depth; level++) {
      const pointerBytes = this.O + countBytes + totalBytes[level - 1];
      const mostHere = Math.floor((nodeBytes - 10 - pointerBytes) / (recordBytes + pointerBytes));
      most = (mostHere + 1) * most + mostHere;
      if (mostHere < 1 || most > Number.MAX_SAFE_INTEGER) throw new Damage(`the tree at byte ${tree} makes no sense`);
      totalBytes.push(bytesFor(most));
    }
    const node = (address: number, count: number, level: number): void => {
      this.signature(address, level === 0 ? "BTLF" : "BTIN");
      const records = address + 6;
      this.part(records, count * recordBytes);
      for (let i = 0; i < count; i++) {
        const entry = this.heapEntry(heap, records + i * recordBytes + idAt);
        visit(entry[0], entry[1]);
      }
      if (level === 0) return;
      const pointerBytes = this.O + countBytes + totalBytes[level - 1];
      for (let i = 0; i <= count; i++) {
        const at = records + count * recordBytes + i * pointerBytes;
        node(this.known(at), this.uint(at + this.O, countBytes), level - 1);
      }
    };
    const root = this.address(rootAt);
    if (root !== NOWHERE) node(root, this.u16(rootAt + this.O), depth);
  }

  heapHeader(at: number): Heap {
    this.signature(at, "FRHP");
    const { O, L } = this;
    const mostManaged = this.u32(at + 10);
    const table = at + 14 + 2 * O + 10 * L;
    const maxDirect = this.length(table + 2 + L);
    const offsetBits = this.u16(table + 2 + 2 * L);
    const heap = {
      idBytes: this.u16(at + 5),
      offsetBytes: Math.ceil(offsetBits / 8),
      lengthBytes: bytesFor(Math.min(maxDirect, mostManaged)),
      width: this.u16(table),
      start: this.length(table + 2),
      maxDirect,
      root: this.address(table + 6 + 2 * L),
      rows: this.u16(table + 6 + 2 * L + O),
      filtered: this.u16(at + 7) !== 0,
    };
    const rowsFit = heap.rows <= 64 && heap.width > 0 && heap.start > 0 && heap.start <= maxDirect;
    if (!rowsFit || offsetBits > 64 || maxDirect > 2 ** 40) throw new Damage(`the heap at byte ${at} makes no sense`);
    return heap;
  }

  /** Where the entry with the id at `id` lies, and its size. */
  heapEntry(heap: Heap, id: number): [number, number] {
    const kind = (this.u8(id) >> 4) & 3;
    if (kind === 2) return [id + 1, (this.u8(id) & 15) + 1];
    if (kind !== 0 || heap.filtered) throw new Damage("a heap holds entries of an unknown kind");
    const offset = this.uint(id + 1, heap.offsetBytes);
    const size = this.uint(id + 1 + heap.offsetBytes, heap.lengthBytes);
    const at = heap.rows === 0 ? heap.root + offset : this.inHeap(heap, heap.root, heap.rows, 0, offset);
    if (offset < 0 || heap.root === NOWHERE) throw new Damage("an entry lies outside of its heap");
    this.part(at, size);
    return [at, size];
  }

  /** Where the heap's byte `offset` lies, below an indirect block whose own bytes begin at `from`. */
  inHeap(heap: Heap, block: number, rows: number, from: number, offset: number): number {
    this.signature(block, "FHIB");
    const entries = block + 5 + this.O + heap.offsetBytes;
    let base = from;
    for (let row = 0; row < rows; row++) {
      const size = heap.start * 2 ** Math.max(0, row - 1);
      if (offset < base + size * heap.width) {
        const column = Math.floor((offset - base) / size);
        const child = this.known(entries + (row * heap.width + column) * this.O);
        const start = base + column * size;
        if (size <= heap.maxDirect) return child + offset - start;
        const below = Math.round(Math.log2(size / (heap.start * heap.width))) + 1;
        if (below < 1 || below >= rows) throw new Damage("a heap makes no sense");
        return this.inHeap(heap, child, below, start, offset);
      }
      base += size * heap.width;
    }
    throw new Damage("an entry lies outside of its heap");
  }

  // ---- types and extents

  type(at: number, end: number): Type {
    const kind = this.u8(at) & 15;
    const version = this.u8(at) >> 4;
    const bits = this.u8(at + 1) | (this.u8(at + 2) << 8);
    const size = this.u32(at + 4);
    const other: Type = { kind: "other", size, bigEndian: false, opaque: false };
    if (size === 0 || at + 8 > end) throw new Damage(`the type at byte ${at} makes no sense`);
    if (kind === 0) {
      const whole = this.u16(at + 8) === 0 && this.u16(at + 10) === 8 * size;
      const dtype = `${bits & 8 ? "" : "u"}int${8 * size}`;
      if (!whole || !isDtype(dtype)) return other;
      return { kind: "number", size, dtype, bigEndian: (bits & 1) !== 0, opaque: false };
    }
    if (kind === 1) {
      // Of a float: where its sign, exponent and fraction are, and the exponent's bias.
      const form = [bits >> 8, ...[12, 13, 14, 15].map((i) => this.u8(at + i)), this.u32(at + 16)].join();
      const dtype = FLOATS.get(form);
      if (dtype === undefined || bits & 0x40) return other;
      return { kind: "number", size, dtype, bigEndian: (bits & 1) !== 0, opaque: false };
    }
    if (kind === 3) return { ...other, kind: "text" };
    if (kind === 5) return { ...other, opaque: size === 2 };
    if (kind === 8 && size === 1 && bits === 2) {
      // The base type takes 12 bytes; then names and values, FALSE and TRUE when h5py wrote it.
      const names = this.text(at + 20, Math.min(24, end - at - 20))
        .split("\0")
        .filter(Boolean);
      const is = version < 3 ? names[0] === "FALSE" && names[1] === "TRUE" : names.join().startsWith("FALSE,TRUE");
      return is ? { kind: "number", size, dtype: "bool", bigEndian: false, opaque: false } : other;
    }
    if (kind === 9 && (bits & 15) === 1) return { ...other, kind: "long-text" };
    return other;
  }

  /** The shape at `at`, or nothing when there is no value. */
  shape(path: string, at: number, end: number): number[] | undefined {
    const version = this.version(at, "the extent", 1, 2);
    const rank = this.u8(at + 1);
    if (version === 2 && this.u8(at + 3) === 2) return undefined;
    const first = at + (version === 1 ? 8 : 4);
    if (rank > 32 || first + rank * this.L > end) throw new Damage(`the shape at byte ${at} makes no sense`);
    const shape = Array.from({ length: rank }, (_, i) => this.length(first + i * this.L));
    if (!Number.isSafeInteger(shape.reduce((n, size) => n * size, 1))) {
      this.refuse(path, `it declares the impossible shape [${shape.join(", ")}]`, SIZE_FIX);
    }
    return shape;
  }

  // ---- attributes

  attributes(path: string, messages: readonly Message[]): H5Attributes {
    const attributes = new Map<string, H5Value>();
    const add = (at: number, size: number): void => {
      this.attributeCount++;
      if (this.attributeCount > this.limits.objects) {
        this.refuse(path, `the file has more than ${this.limits.objects} attributes`, LIMIT_FIX);
      }
      const [name, value] = this.attribute(path, at, at + size);
      if (value !== undefined) attributes.set(name, value);
    };
    for (const { type, at, size, shared } of messages) {
      if (type === 0x0c && !shared) add(at, size);
      if (type === 0x15) {
        const heap = at + 2 + (this.u8(at + 1) & 1 ? 2 : 0);
        this.heapEntries(this.address(heap), this.address(heap + this.O), add);
      }
    }
    return attributes;
  }

  /** The name and the value of an attribute; no value when it is of a kind that is not used here. */
  attribute(path: string, start: number, end: number): [string, H5Value | undefined] {
    const version = this.version(start, "the attribute", 1, 2, 3);
    const sizes = [2, 4, 6].map((i) => this.u16(start + i));
    const [nameBytes, typeBytes, shapeBytes] = version === 1 ? sizes.map((n) => (n + 7) & ~7) : sizes;
    const nameAt = start + (version === 3 ? 9 : 8);
    const typeAt = nameAt + nameBytes;
    const shapeAt = typeAt + typeBytes;
    const dataAt = shapeAt + shapeBytes;
    if (dataAt > end || sizes[0] === 0) throw new Damage(`the attribute at byte ${start} makes no sense`);
    const name = this.text(nameAt, sizes[0]).split("\0")[0];
    // Types and shapes that are kept elsewhere are of no interest in attributes.
    if (version > 1 && this.u8(start + 1) & 3) return [name, undefined];
    const type = this.type(typeAt, typeAt + typeBytes);
    const shape = this.shape(path, shapeAt, shapeAt + shapeBytes);
    if (shape === undefined || type.kind === "other") return [name, undefined];
    const count = shape.reduce((n, size) => n * size, 1);
    this.attributeBytes += count * type.size;
    if (this.attributeBytes > MOST_ATTRIBUTE_BYTES) this.refuseAttributes(path);
    if (dataAt + count * type.size > end) throw new Damage(`the attribute ${JSON.stringify(name)} is cut off`);
    const one = shape.length === 0;
    if (type.dtype !== undefined) {
      const data = convert(this.part(dataAt, count * type.size).slice(), type.dtype, type.bigEndian, this.where(path));
      if (!one) return [name, data];
      return [name, type.dtype === "bool" ? data[0] !== 0 : data[0]];
    }
    const texts = Array.from({ length: count }, (_, i) => {
      const at = dataAt + i * type.size;
      const text = type.kind === "text" ? this.text(at, type.size) : this.longText(path, at);
      return text.split("\0", 1)[0];
    });
    return [name, one ? texts[0] : texts];
  }

  refuseAttributes(path: string): never {
    this.refuse(path, `the attributes hold more than ${MOST_ATTRIBUTE_BYTES} bytes`, SIZE_FIX);
  }

  /** A text in a global heap: its length, the address of the collection, the number of the object in it. */
  longText(path: string, at: number): string {
    const length = this.u32(at);
    const collection = this.address(at + 4);
    const index = this.u32(at + 4 + this.O);
    if (length === 0) return "";
    this.signature(collection, "GCOL");
    const end = collection + this.length(collection + 8);
    this.part(collection, end - collection);
    this.attributeBytes += length;
    if (this.attributeBytes > MOST_ATTRIBUTE_BYTES) this.refuseAttributes(path);
    for (let object = collection + 8 + this.L; object + 8 + this.L <= end; ) {
      this.step();
      const number = this.u16(object);
      const size = this.length(object + 8);
      if (number === index) {
        if (length > size || object + 8 + this.L + size > end) break;
        return this.text(object + 8 + this.L, length);
      }
      // Number 0 is the free space, which ends the collection.
      if (number === 0) break;
      object += 8 + this.L + Math.ceil(size / 8) * 8;
    }
    throw new Damage("a text is not where it should be");
  }

  // ---- datasets

  dataset(path: string, messages: readonly Message[]): H5Dataset {
    const find = (type: number): Message | undefined => messages.find((m) => m.type === type);
    const need = (type: number, what: string): Message => {
      const message = find(type);
      if (message === undefined) throw new Damage(`the dataset has no ${what}`);
      if (message.shared) this.unsupported(path, `the ${what} of the dataset is kept in another object`);
      return message;
    };
    if (find(0x07) !== undefined) {
      this.refuse(path, "the numbers of the dataset lie in other files", "Store them inside of the file.");
    }
    const attributes = this.attributes(path, messages);
    const typeMessage = need(0x03, "type");
    const shapeMessage = need(0x01, "shape");
    const type = this.type(typeMessage.at, typeMessage.at + typeMessage.size);
    const dtype = type.opaque && attributes.get("dtype") === "bfloat16" ? "bfloat16" : type.dtype;
    const shape = this.shape(path, shapeMessage.at, shapeMessage.at + shapeMessage.size);
    if (shape === undefined || dtype === undefined) {
      const problem = shape === undefined ? "the dataset has no value" : "the dataset does not hold numbers";
      this.unsupported(path, problem, "Weights must be arrays of float, int or bool.");
    }
    const count = shape.reduce((n, size) => n * size, 1);
    const layout = this.layout(path, need(0x08, "layout"), shape.length);
    const raw = this.raw(path, layout, shape, type.size, count * type.size, messages);
    const data = convert(raw, dtype, type.bigEndian, this.where(path));
    return { kind: "dataset", data, shape, dtype, attributes };
  }

  layout(path: string, { at, size }: Message, rank: number): Layout {
    const none = { address: NOWHERE, bytes: 0, chunk: [], index: "tree", stored: 0, mask: 0 } as const;
    const version = this.version(at, "the layout", 1, 2, 3, 4, 5);
    const kind = this.u8(at + (version < 3 ? 2 : 1));
    if (kind === 3) {
      this.refuse(path, "it is a virtual dataset, made of parts of other datasets", "Store the numbers themselves.");
    }
    if (kind > 2) throw new Damage(`the layout has the unknown class ${kind}`);
    if (version < 3) {
      const dimensions = this.u8(at + 1);
      const sizes = at + 8 + (kind === 0 ? 0 : this.O);
      if (kind === 0) {
        const bytesAt = sizes + 4 * dimensions;
        return { ...none, kind: "inside", address: bytesAt + 4, bytes: this.u32(bytesAt) };
      }
      const address = this.address(at + 8);
      if (kind === 1) return { ...none, kind: "contiguous", address, bytes: Number.POSITIVE_INFINITY };
      return { ...none, kind: "chunks", address, chunk: this.chunk(sizes, dimensions, 4, rank) };
    }
    if (kind === 0) return { ...none, kind: "inside", address: at + 4, bytes: Math.min(this.u16(at + 2), size - 4) };
    if (kind === 1) {
      return { ...none, kind: "contiguous", address: this.address(at + 2), bytes: this.length(at + 2 + this.O) };
    }
    if (version === 3) {
      const chunk = this.chunk(at + 3 + this.O, this.u8(at + 2), 4, rank);
      return { ...none, kind: "chunks", address: this.address(at + 3), chunk };
    }
    const flags = this.u8(at + 2);
    const dimensions = this.u8(at + 3);
    const width = this.u8(at + 4);
    const chunk = this.chunk(at + 5, dimensions, width, rank);
    const index = at + 5 + dimensions * width;
    const form = this.u8(index);
    if (form === 1) {
      const filtered = (flags & 2) !== 0;
      const address = this.address(index + 1 + (filtered ? this.L + 4 : 0));
      const stored = filtered ? this.length(index + 1) : -1;
      const mask = filtered ? this.u32(index + 1 + this.L) : 0;
      return { ...none, kind: "chunks", address, chunk, index: "single", stored, mask };
    }
    if (form === 2) return { ...none, kind: "chunks", address: this.address(index + 1), chunk, index: "implicit" };
    if (form === 3) return { ...none, kind: "chunks", address: this.address(index + 2), chunk, index: "fixed" };
    return this.unsupported(path, "the dataset can grow and was written in HDF5's newest form");
  }

  /** The shape of a chunk. The sizes end with that of an element. */
  chunk(at: number, dimensions: number, width: number, rank: number): number[] {
    if (dimensions !== rank + 1 || width < 1 || width > 8) throw new Damage("the chunks do not fit the shape");
    const chunk = Array.from({ length: rank }, (_, i) => this.uint(at + i * width, width));
    if (chunk.some((size) => size <= 0)) throw new Damage("a chunk is empty");
    return chunk;
  }

  /** Counts the bytes that a dataset declares, against the file and against what came before. */
  declare(path: string, bytes: number, most: number): void {
    this.arrayBytes += bytes;
    if (bytes > most) {
      this.refuse(path, `it declares ${bytes} bytes in a file of ${this.bytes.length} bytes`, SIZE_FIX);
    }
    if (this.arrayBytes > this.limits.bytes) {
      this.refuse(path, `the arrays declare more than ${this.limits.bytes} bytes together`, LIMIT_FIX);
    }
  }

  /** The bytes of the array, in the byte order of the file. */
  raw(
    path: string,
    layout: Layout,
    shape: readonly number[],
    elementBytes: number,
    bytes: number,
    messages: readonly Message[],
  ): Uint8Array<ArrayBuffer> {
    const { kind, address } = layout;
    if (kind !== "chunks" && address !== NOWHERE) {
      this.plainBytes += bytes;
      this.declare(path, bytes, bytes + this.bytes.length - this.plainBytes);
      if (bytes > layout.bytes) throw new Damage(`the array has ${layout.bytes} of ${bytes} bytes`);
      return this.part(address, bytes).slice() as Uint8Array<ArrayBuffer>;
    }
    if (kind !== "chunks") {
      // Never written: small arrays are taken as what the file says to fill them with.
      this.declare(path, bytes, 2 ** 20);
      return this.filled(path, bytes, elementBytes, messages);
    }
    const chunkBytes = layout.chunk.reduce((n, size) => n * size, elementBytes);
    const grid = shape.map((size, i) => Math.ceil(size / layout.chunk[i]));
    const cells = grid.reduce((n, size) => n * size, 1);
    // Deflate packs at most 1032 to 1.
    this.declare(path, Math.max(bytes, cells * chunkBytes), Math.max(64 * 2 ** 20, 1000 * this.bytes.length));
    const out = this.filled(path, bytes, elementBytes, messages);
    if (address === NOWHERE || bytes === 0) return out;
    const filters = this.filters(path, messages);
    let seen = 0;
    const place = (at: number, stored: number, mask: number, cell: readonly number[]): void => {
      this.step();
      if (++seen > cells) throw new Damage("there are more chunks than fit");
      const packed = this.part(at, stored);
      const chunk = filters.length === 0 ? packed : unpack(packed, filters, mask, chunkBytes, elementBytes);
      if (chunk.length !== chunkBytes) throw new Damage(`a chunk has ${chunk.length} of ${chunkBytes} bytes`);
      copyChunk(out, shape, chunk, layout.chunk, cell, elementBytes);
    };
    this.eachChunk(layout, shape, grid, cells, chunkBytes, filters.length > 0, place);
    return out;
  }

  eachChunk(
    layout: Layout,
    shape: readonly number[],
    grid: readonly number[],
    cells: number,
    chunkBytes: number,
    filtered: boolean,
    place: (at: number, stored: number, mask: number, cell: readonly number[]) => void,
  ): void {
    const { address, chunk } = layout;
    const cellOf = (index: number): number[] => {
      const cell = grid.map(() => 0);
      for (let axis = grid.length - 1, rest = index; axis >= 0; axis--) {
        cell[axis] = (rest % grid[axis]) * chunk[axis];
        rest = Math.floor(rest / grid[axis]);
      }
      return cell;
    };
    if (layout.index === "tree") {
      const rank = shape.length;
      this.tree(address, 1, 8 + 8 * (rank + 1), (key, at) => {
        const cell = shape.map((_, i) => this.uint(key + 8 + 8 * i, 8));
        if (cell.some((start, i) => start < 0 || start >= shape[i] || start % chunk[i] !== 0)) {
          throw new Damage("a chunk lies outside of the array");
        }
        place(at, this.u32(key), this.u32(key + 4), cell);
      });
    } else if (layout.index === "single") {
      place(address, layout.stored < 0 ? chunkBytes : layout.stored, layout.mask, cellOf(0));
    } else if (layout.index === "implicit") {
      for (let i = 0; i < cells; i++) place(address + i * chunkBytes, chunkBytes, 0, cellOf(i));
    } else {
      this.signature(address, "FAHD");
      const entryBytes = this.u8(address + 6);
      const pageBits = this.u8(address + 7);
      const count = this.length(address + 8);
      const block = this.address(address + 8 + this.L);
      if (count !== cells) throw new Damage("the list of chunks has the wrong length");
      if (block === NOWHERE) return;
      if (count > 2 ** pageBits) throw new Damage("the list of chunks is in pages, which are not supported");
      this.signature(block, "FADB");
      const sizeBytes = entryBytes - this.O - 4;
      if (filtered ? sizeBytes < 1 || sizeBytes > 8 : entryBytes !== this.O)
        throw new Damage("the chunks make no sense");
      for (let i = 0; i < count; i++) {
        this.step();
        const at = block + 6 + this.O + i * entryBytes;
        const from = this.address(at);
        if (from === NOWHERE) continue;
        const stored = filtered ? this.uint(at + this.O, sizeBytes) : chunkBytes;
        place(from, stored, filtered ? this.u32(at + this.O + sizeBytes) : 0, cellOf(i));
      }
    }
  }

  /** An array of the fill value, which is 0 unless the file says otherwise. */
  filled(path: string, bytes: number, elementBytes: number, messages: readonly Message[]): Uint8Array<ArrayBuffer> {
    const out = allocate(bytes, this.where(path));
    const fill = messages.find((m) => m.type === 0x05 && !m.shared);
    if (fill === undefined) return out;
    const version = this.version(fill.at, "the fill value", 1, 2, 3);
    const defined = version === 3 ? this.u8(fill.at + 1) & 0x20 : this.u8(fill.at + 3);
    const at = fill.at + (version === 3 ? 2 : 4);
    if (!defined || at + 4 > fill.at + fill.size || this.u32(at) !== elementBytes) return out;
    const value = this.part(at + 4, elementBytes);
    if (value.some((byte) => byte !== 0)) for (let i = 0; i < bytes; i += elementBytes) out.set(value, i);
    return out;
  }

  /** The numbers of the filters of a dataset, in the order in which they were applied. */
  filters(path: string, messages: readonly Message[]): number[] {
    const message = messages.find((m) => m.type === 0x0b);
    if (message === undefined) return [];
    const version = this.version(message.at, "the filters", 1, 2);
    const ids: number[] = [];
    let at = message.at + (version === 1 ? 8 : 2);
    for (let i = this.u8(message.at + 1); i > 0; i--) {
      const id = this.u16(at);
      const named = version === 1 || id >= 256;
      const nameBytes = named ? this.u16(at + 2) : 0;
      const values = this.u16(at + (named ? 6 : 4));
      const head = at + (named ? 8 : 6);
      if (![1, 2, 3].includes(id)) {
        const name = this.text(head, nameBytes).split("\0")[0];
        this.unsupported(path, `it is packed with the filter ${id} "${name}"`, "Save it unpacked or with gzip.");
      }
      at = head + nameBytes + 4 * values + (version === 1 && values % 2 === 1 ? 4 : 0);
      if (at > message.at + message.size) throw new Damage("the list of filters is cut off");
      ids.push(id);
    }
    return ids;
  }
}

/** Sign, exponent and fraction of the floats: their places and sizes in bits, and the bias. */
const FLOATS = new Map<string, H5Dtype>([
  ["15,10,5,0,10,15", "float16"],
  ["15,7,8,0,7,127", "bfloat16"],
  ["31,23,8,0,23,127", "float32"],
  ["63,52,11,0,52,1023", "float64"],
]);

const INTEGERS: readonly string[] = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];

const isDtype = (name: string): name is H5Dtype => INTEGERS.includes(name);

/** Bytes that a number up to `most` takes. */
const bytesFor = (most: number): number => Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;

function allocate(bytes: number, where: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw fileError({
      where,
      problem: `there is no memory for ${bytes} bytes`,
      fix: "Close other programs, or give Node more memory.",
    });
  }
}

/** Undoes the filters of a chunk. Bit i of `mask` says that filter i was not applied. */
function unpack(
  packed: Uint8Array,
  filters: readonly number[],
  mask: number,
  chunkBytes: number,
  elementBytes: number,
): Uint8Array {
  let data = packed;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (mask & (1 << i)) continue;
    if (filters[i] === 1) {
      // Room for a checksum that may have been added before packing, and a byte to notice what is too long.
      data = unzlibSync(data, { out: new Uint8Array(chunkBytes + 5) });
      if (data.length > chunkBytes + 4) throw new Damage("a chunk unpacks to more than it declares");
    } else if (filters[i] === 2) {
      data = unshuffle(data, elementBytes);
    } else {
      // Fletcher32: a checksum at the end.
      if (data.length < 4) throw new Damage("a chunk has no checksum");
      data = data.subarray(0, data.length - 4);
    }
  }
  return data;
}

/** From all first bytes, all second bytes, … to one element after the other. */
function unshuffle(data: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(data.length / elementBytes);
  const out = data.slice();
  for (let byte = 0; byte < elementBytes; byte++) {
    for (let i = 0; i < count; i++) out[i * elementBytes + byte] = data[byte * count + i];
  }
  return out;
}

/** Copies the part of a chunk that lies inside of the array, one run of the last axis at a time. */
function copyChunk(
  out: Uint8Array,
  shape: readonly number[],
  chunk: Uint8Array,
  chunkShape: readonly number[],
  cell: readonly number[],
  elementBytes: number,
): void {
  const rank = shape.length;
  if (rank === 0) {
    out.set(chunk);
    return;
  }
  const copy = (axis: number, to: number, from: number): void => {
    const inside = Math.min(chunkShape[axis], shape[axis] - cell[axis]);
    if (axis === rank - 1) {
      out.set(
        chunk.subarray(from * chunkShape[axis] * elementBytes, (from * chunkShape[axis] + inside) * elementBytes),
        (to * shape[axis] + cell[axis]) * elementBytes,
      );
      return;
    }
    for (let i = 0; i < inside; i++) copy(axis + 1, to * shape[axis] + cell[axis] + i, from * chunkShape[axis] + i);
  };
  copy(0, 0, 0);
}

/** Bytes as numbers. `bytes` must be a copy of its own; its byte order is changed in place. */
function convert(bytes: Uint8Array, dtype: H5Dtype, bigEndian: boolean, where: string): H5Data {
  if (bigEndian) reverse(bytes, SIZES[dtype]);
  const buffer = bytes.buffer as ArrayBuffer;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "uint8":
    case "bool":
      return bytes;
    case "float16":
      return Float32Array.from(new Uint16Array(buffer), halfToFloat);
    case "bfloat16":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    case "int8":
      return Int32Array.from(new Int8Array(buffer));
    case "int16":
      return Int32Array.from(new Int16Array(buffer));
    case "uint16":
      return Int32Array.from(new Uint16Array(buffer));
    case "uint32":
      return BigInt64Array.from(Array.from(new Uint32Array(buffer), BigInt));
    case "uint64": {
      const values = new BigInt64Array(buffer);
      if (values.every((value) => value >= 0n)) return values;
      throw formatError({
        where,
        problem: "it holds uint64 numbers of 2^63 and more",
        fix: "Store them as int64 or float64.",
      });
    }
    default:
      return dtype satisfies never;
  }
}

const SIZES: Readonly<Record<H5Dtype, number>> = {
  bfloat16: 2,
  float16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

function reverse(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** The value of 16 bits as IEEE half precision. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
