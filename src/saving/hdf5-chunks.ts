/** The bytes of arrays: inside of the header, in one piece, or in chunks that filters have packed. */
import { unzlibSync } from "fflate";
import { fileError } from "../core/errors.ts";
import { Damage, type H5File, NOWHERE } from "./hdf5-file.ts";
import { visitTree } from "./hdf5-groups.ts";
import type { Message } from "./hdf5-header.ts";

export interface Layout {
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

export function readLayout(file: H5File, path: string, { at, size }: Message, rank: number): Layout {
  const none = { address: NOWHERE, bytes: 0, chunk: [], index: "tree", stored: 0, mask: 0 } as const;
  const version = file.version(at, "the layout", 1, 2, 3, 4, 5);
  const kind = file.u8(at + (version < 3 ? 2 : 1));
  if (kind === 3) {
    file.refuse(path, "it is a virtual dataset, made of parts of other datasets", "Store the numbers themselves.");
  }
  if (kind > 2) throw new Damage(`the layout has the unknown class ${kind}`);
  if (version < 3) {
    const dimensions = file.u8(at + 1);
    const sizes = at + 8 + (kind === 0 ? 0 : file.O);
    if (kind === 0) {
      const bytesAt = sizes + 4 * dimensions;
      return { ...none, kind: "inside", address: bytesAt + 4, bytes: file.u32(bytesAt) };
    }
    const address = file.address(at + 8);
    if (kind === 1) return { ...none, kind: "contiguous", address, bytes: Number.POSITIVE_INFINITY };
    return { ...none, kind: "chunks", address, chunk: readChunkShape(file, sizes, dimensions, 4, rank) };
  }
  if (kind === 0) return { ...none, kind: "inside", address: at + 4, bytes: Math.min(file.u16(at + 2), size - 4) };
  if (kind === 1) {
    return { ...none, kind: "contiguous", address: file.address(at + 2), bytes: file.length(at + 2 + file.O) };
  }
  if (version === 3) {
    const chunk = readChunkShape(file, at + 3 + file.O, file.u8(at + 2), 4, rank);
    return { ...none, kind: "chunks", address: file.address(at + 3), chunk };
  }
  const flags = file.u8(at + 2);
  const dimensions = file.u8(at + 3);
  const width = file.u8(at + 4);
  const chunk = readChunkShape(file, at + 5, dimensions, width, rank);
  const index = at + 5 + dimensions * width;
  const form = file.u8(index);
  if (form === 1) {
    const filtered = (flags & 2) !== 0;
    const address = file.address(index + 1 + (filtered ? file.L + 4 : 0));
    const stored = filtered ? file.length(index + 1) : -1;
    const mask = filtered ? file.u32(index + 1 + file.L) : 0;
    return { ...none, kind: "chunks", address, chunk, index: "single", stored, mask };
  }
  if (form === 2) return { ...none, kind: "chunks", address: file.address(index + 1), chunk, index: "implicit" };
  if (form === 3) return { ...none, kind: "chunks", address: file.address(index + 2), chunk, index: "fixed" };
  return file.unsupported(path, "the dataset can grow and was written in HDF5's newest form");
}

/** The shape of a chunk. The sizes end with that of an element. */
function readChunkShape(file: H5File, at: number, dimensions: number, width: number, rank: number): number[] {
  if (dimensions !== rank + 1 || width < 1 || width > 8) throw new Damage("the chunks do not fit the shape");
  const chunk = Array.from({ length: rank }, (_, i) => file.uint(at + i * width, width));
  if (chunk.some((size) => size <= 0)) throw new Damage("a chunk is empty");
  return chunk;
}

/** The bytes of the array, in the byte order of the file. */
export function readArray(
  file: H5File,
  path: string,
  layout: Layout,
  shape: readonly number[],
  elementBytes: number,
  bytes: number,
  messages: readonly Message[],
): Uint8Array<ArrayBuffer> {
  const { kind, address } = layout;
  if (kind !== "chunks" && address !== NOWHERE) {
    file.declarePlain(path, bytes);
    if (bytes > layout.bytes) throw new Damage(`the array has ${layout.bytes} of ${bytes} bytes`);
    return file.part(address, bytes).slice() as Uint8Array<ArrayBuffer>;
  }
  if (kind !== "chunks") {
    // Never written: taken as what the file says to fill it with.
    file.declareGrown(path, bytes);
    return filled(file, path, bytes, elementBytes, messages);
  }
  const chunkBytes = layout.chunk.reduce((n, size) => n * size, elementBytes);
  const grid = shape.map((size, i) => Math.ceil(size / layout.chunk[i]));
  const cells = grid.reduce((n, size) => n * size, 1);
  file.declareGrown(path, Math.max(bytes, cells * chunkBytes));
  const out = filled(file, path, bytes, elementBytes, messages);
  if (address === NOWHERE || bytes === 0) return out;
  const filters = readFilters(file, path, messages);
  let seen = 0;
  const place = (at: number, stored: number, mask: number, cell: readonly number[]): void => {
    file.step();
    if (++seen > cells) throw new Damage("there are more chunks than fit");
    const packed = file.part(at, stored);
    const chunk = filters.length === 0 ? packed : unpack(packed, filters, mask, chunkBytes, elementBytes);
    if (chunk.length !== chunkBytes) throw new Damage(`a chunk has ${chunk.length} of ${chunkBytes} bytes`);
    copyChunk(out, shape, chunk, layout.chunk, cell, elementBytes);
  };
  eachChunk(file, layout, shape, grid, cells, chunkBytes, filters.length > 0, place);
  return out;
}

function eachChunk(
  file: H5File,
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
    visitTree(file, address, 1, 8 + 8 * (rank + 1), (key, at) => {
      const cell = shape.map((_, i) => file.uint(key + 8 + 8 * i, 8));
      if (cell.some((start, i) => start < 0 || start >= shape[i] || start % chunk[i] !== 0)) {
        throw new Damage("a chunk lies outside of the array");
      }
      place(at, file.u32(key), file.u32(key + 4), cell);
    });
  } else if (layout.index === "single") {
    place(address, layout.stored < 0 ? chunkBytes : layout.stored, layout.mask, cellOf(0));
  } else if (layout.index === "implicit") {
    for (let i = 0; i < cells; i++) place(address + i * chunkBytes, chunkBytes, 0, cellOf(i));
  } else {
    file.signature(address, "FAHD");
    const entryBytes = file.u8(address + 6);
    const pageBits = file.u8(address + 7);
    const count = file.length(address + 8);
    const block = file.address(address + 8 + file.L);
    if (count !== cells) throw new Damage("the list of chunks has the wrong length");
    if (block === NOWHERE) return;
    if (count > 2 ** pageBits) throw new Damage("the list of chunks is in pages, which are not supported");
    file.signature(block, "FADB");
    const sizeBytes = entryBytes - file.O - 4;
    if (filtered ? sizeBytes < 1 || sizeBytes > 8 : entryBytes !== file.O) throw new Damage("the chunks make no sense");
    for (let i = 0; i < count; i++) {
      file.step();
      const at = block + 6 + file.O + i * entryBytes;
      const from = file.address(at);
      if (from === NOWHERE) continue;
      const stored = filtered ? file.uint(at + file.O, sizeBytes) : chunkBytes;
      place(from, stored, filtered ? file.u32(at + file.O + sizeBytes) : 0, cellOf(i));
    }
  }
}

/** An array of the fill value, which is 0 unless the file says otherwise. */
function filled(
  file: H5File,
  path: string,
  bytes: number,
  elementBytes: number,
  messages: readonly Message[],
): Uint8Array<ArrayBuffer> {
  const out = allocate(bytes, file.where(path));
  const fill = messages.find((m) => m.type === 0x05 && !m.shared);
  if (fill === undefined) return out;
  const version = file.version(fill.at, "the fill value", 1, 2, 3);
  const defined = version === 3 ? file.u8(fill.at + 1) & 0x20 : file.u8(fill.at + 3);
  const at = fill.at + (version === 3 ? 2 : 4);
  if (!defined || at + 4 > fill.at + fill.size || file.u32(at) !== elementBytes) return out;
  const value = file.part(at + 4, elementBytes);
  if (value.some((byte) => byte !== 0)) for (let i = 0; i < bytes; i += elementBytes) out.set(value, i);
  return out;
}

/** The numbers of the filters of a dataset, in the order in which they were applied. */
function readFilters(file: H5File, path: string, messages: readonly Message[]): number[] {
  const message = messages.find((m) => m.type === 0x0b);
  if (message === undefined) return [];
  const version = file.version(message.at, "the filters", 1, 2);
  const ids: number[] = [];
  let at = message.at + (version === 1 ? 8 : 2);
  for (let i = file.u8(message.at + 1); i > 0; i--) {
    const id = file.u16(at);
    const named = version === 1 || id >= 256;
    const nameBytes = named ? file.u16(at + 2) : 0;
    const values = file.u16(at + (named ? 6 : 4));
    const head = at + (named ? 8 : 6);
    if (![1, 2, 3].includes(id)) {
      const name = file.text(head, nameBytes).split("\0")[0];
      file.unsupported(path, `it is packed with the filter ${id} "${name}"`, "Save it unpacked or with gzip.");
    }
    at = head + nameBytes + 4 * values + (version === 1 && values % 2 === 1 ? 4 : 0);
    if (at > message.at + message.size) throw new Damage("the list of filters is cut off");
    ids.push(id);
  }
  return ids;
}

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
