/**
 * What groups hold: links as messages, in symbol tables (B-trees of version 1 with a local heap), and in fractal heaps
 * (with B-trees of version 2). The trees and heaps also serve chunks and attributes.
 */
import { bytesFor, Damage, type H5File, NOWHERE } from "./hdf5-file.ts";
import type { Message } from "./hdf5-header.ts";

export interface Link {
  readonly name: string;
  readonly order: number | undefined;
  readonly to: { readonly address: number } | { readonly soft: string } | { readonly external: string };
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

export function readLinks(file: H5File, path: string, messages: readonly Message[]): Link[] {
  const links: Link[] = [];
  const add = (link: Link): void => {
    links.push(link);
    if (file.objects + links.length > file.limits.objects) file.refuseObjects(path);
  };
  for (const { type, at, size } of messages) {
    if (type === 0x11) readSymbolTable(file, file.address(at), file.address(at + file.O), add);
    if (type === 0x06) add(readLink(file, at, at + size));
    if (type === 0x02) {
      const flags = file.u8(at + 1);
      const heap = at + 2 + (flags & 1 ? 8 : 0);
      visitHeap(file, file.address(heap), file.address(heap + file.O), (from, bytes) => {
        add(readLink(file, from, from + bytes));
      });
    }
  }
  if (links.every((link) => link.order !== undefined)) return links.sort((a, b) => a.order! - b.order!);
  return links.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function readLink(file: H5File, start: number, end: number): Link {
  file.version(start, "the link", 1);
  const flags = file.u8(start + 1);
  let at = start + 2;
  const type = flags & 8 ? file.u8(at++) : 0;
  const order = flags & 4 ? file.uint(at, 8) : undefined;
  if (flags & 4) at += 8;
  if (flags & 16) at++;
  const lengthBytes = 1 << (flags & 3);
  const length = file.uint(at, lengthBytes);
  at += lengthBytes;
  if (length < 0 || at + length > end) throw new Damage(`the name of the link at byte ${start} is too long`);
  const name = file.text(at, length);
  at += length;
  if (type === 0) return { name, order, to: { address: file.known(at) } };
  const value = file.text(at + 2, Math.min(file.u16(at), end - at - 2));
  if (type === 1) return { name, order, to: { soft: value } };
  // An external link: a byte of flags, the file, the object, each ended by a zero.
  return { name, order, to: { external: type === 64 ? value.slice(1).split("\0")[0] : `a link of type ${type}` } };
}

/** The links of an old-style group: a B-tree of symbol table nodes, with names in a local heap. */
function readSymbolTable(file: H5File, tree: number, heap: number, add: (link: Link) => void): void {
  file.signature(heap, "HEAP");
  const heapBytes = file.length(heap + 8);
  const heapData = file.known(heap + 8 + 2 * file.L);
  file.part(heapData, heapBytes);
  const nameAt = (offset: number): string => {
    const most = file.part(heapData + offset, Math.max(0, Math.min(heapBytes - offset, 2 ** 16)));
    const end = most.indexOf(0);
    if (end < 0) throw new Damage("a name lies outside of its heap");
    file.step(1 + (end >> 6));
    return new TextDecoder().decode(most.subarray(0, end));
  };
  visitTree(file, tree, 0, file.L, (_key, node) => {
    file.signature(node, "SNOD");
    const count = file.u16(node + 6);
    const entryBytes = 2 * file.O + 24;
    file.part(node + 8, count * entryBytes);
    for (let i = 0; i < count; i++) {
      const at = node + 8 + i * entryBytes;
      const name = nameAt(file.uint(at, file.O));
      if (file.u32(at + 2 * file.O) === 2) {
        add({ name, order: undefined, to: { soft: nameAt(file.u32(at + 2 * file.O + 8)) } });
      } else {
        add({ name, order: undefined, to: { address: file.known(at + file.O) } });
      }
    }
  });
}

/** Visits what the leaves of a version 1 B-tree point to, with the place of the key before each. */
export function visitTree(
  file: H5File,
  root: number,
  type: number,
  keyBytes: number,
  visit: (key: number, child: number) => void,
): void {
  const node = (address: number, level: number | undefined): void => {
    file.signature(address, "TREE");
    const own = file.u8(address + 5);
    if (file.u8(address + 4) !== type || (level !== undefined && own !== level)) {
      throw new Damage(`the tree node at byte ${address} is of the wrong kind`);
    }
    const count = file.u16(address + 6);
    const first = address + 8 + 2 * file.O;
    file.part(first, count * (keyBytes + file.O) + keyBytes);
    for (let i = 0; i < count; i++) {
      const key = first + i * (keyBytes + file.O);
      const child = file.known(key + keyBytes);
      if (own === 0) visit(key, child);
      else node(child, own - 1);
    }
  };
  node(root, undefined);
}

/** Visits the entries of a heap that the B-tree `tree` lists. */
export function visitHeap(file: H5File, heapAt: number, tree: number, visit: (at: number, size: number) => void): void {
  if (heapAt === NOWHERE || tree === NOWHERE) return;
  const heap = readHeap(file, heapAt);
  file.signature(tree, "BTHD");
  const type = file.u8(tree + 5);
  // The id of an entry stands behind its hash (links by name) or first (attributes by name).
  const idAt = type === 5 ? 4 : type === 8 ? 0 : -1;
  if (idAt < 0) throw new Damage(`the tree at byte ${tree} is of the unknown kind ${type}`);
  const nodeBytes = file.u32(tree + 6);
  const recordBytes = file.u16(tree + 10);
  const depth = file.u16(tree + 12);
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
    const pointerBytes = file.O + countBytes + totalBytes[level - 1];
    const mostHere = Math.floor((nodeBytes - 10 - pointerBytes) / (recordBytes + pointerBytes));
    most = (mostHere + 1) * most + mostHere;
    if (mostHere < 1 || most > Number.MAX_SAFE_INTEGER) throw new Damage(`the tree at byte ${tree} makes no sense`);
    totalBytes.push(bytesFor(most));
  }
  const node = (address: number, count: number, level: number): void => {
    file.signature(address, level === 0 ? "BTLF" : "BTIN");
    const records = address + 6;
    file.part(records, count * recordBytes);
    for (let i = 0; i < count; i++) {
      const entry = findEntry(file, heap, records + i * recordBytes + idAt);
      visit(entry[0], entry[1]);
    }
    if (level === 0) return;
    const pointerBytes = file.O + countBytes + totalBytes[level - 1];
    for (let i = 0; i <= count; i++) {
      const at = records + count * recordBytes + i * pointerBytes;
      node(file.known(at), file.uint(at + file.O, countBytes), level - 1);
    }
  };
  const root = file.address(rootAt);
  if (root !== NOWHERE) node(root, file.u16(rootAt + file.O), depth);
}

function readHeap(file: H5File, at: number): Heap {
  file.signature(at, "FRHP");
  const { O, L } = file;
  const mostManaged = file.u32(at + 10);
  const table = at + 14 + 2 * O + 10 * L;
  const maxDirect = file.length(table + 2 + L);
  const offsetBits = file.u16(table + 2 + 2 * L);
  const heap = {
    idBytes: file.u16(at + 5),
    offsetBytes: Math.ceil(offsetBits / 8),
    lengthBytes: bytesFor(Math.min(maxDirect, mostManaged)),
    width: file.u16(table),
    start: file.length(table + 2),
    maxDirect,
    root: file.address(table + 6 + 2 * L),
    rows: file.u16(table + 6 + 2 * L + O),
    filtered: file.u16(at + 7) !== 0,
  };
  const rowsFit = heap.rows <= 64 && heap.width > 0 && heap.start > 0 && heap.start <= maxDirect;
  if (!rowsFit || offsetBits > 64 || maxDirect > 2 ** 40) throw new Damage(`the heap at byte ${at} makes no sense`);
  return heap;
}

/** Where the entry with the id at `id` lies, and its size. */
function findEntry(file: H5File, heap: Heap, id: number): [number, number] {
  const kind = (file.u8(id) >> 4) & 3;
  if (kind === 2) return [id + 1, (file.u8(id) & 15) + 1];
  if (kind !== 0 || heap.filtered) throw new Damage("a heap holds entries of an unknown kind");
  const offset = file.uint(id + 1, heap.offsetBytes);
  const size = file.uint(id + 1 + heap.offsetBytes, heap.lengthBytes);
  const at = heap.rows === 0 ? heap.root + offset : findInHeap(file, heap, heap.root, heap.rows, 0, offset);
  if (offset < 0 || heap.root === NOWHERE) throw new Damage("an entry lies outside of its heap");
  file.part(at, size);
  return [at, size];
}

/** Where the heap's byte `offset` lies, below an indirect block whose own bytes begin at `from`. */
function findInHeap(file: H5File, heap: Heap, block: number, rows: number, from: number, offset: number): number {
  file.signature(block, "FHIB");
  const entries = block + 5 + file.O + heap.offsetBytes;
  let base = from;
  for (let row = 0; row < rows; row++) {
    const size = heap.start * 2 ** Math.max(0, row - 1);
    if (offset < base + size * heap.width) {
      const column = Math.floor((offset - base) / size);
      const child = file.known(entries + (row * heap.width + column) * file.O);
      const start = base + column * size;
      if (size <= heap.maxDirect) return child + offset - start;
      const below = Math.round(Math.log2(size / (heap.start * heap.width))) + 1;
      if (below < 1 || below >= rows) throw new Damage("a heap makes no sense");
      return findInHeap(file, heap, child, below, start, offset);
    }
    base += size * heap.width;
  }
  throw new Damage("an entry lies outside of its heap");
}
