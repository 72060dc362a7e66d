/**
 * Reads HDF5 files without the HDF5 library, which can be made to loop for ever by a damaged file.
 *
 * Understood is what numeric files are made of: superblocks 0 to 3, object headers 1 and 2, groups as symbol tables, as
 * link messages and as fractal heaps, arrays that lie contiguous, compact or in chunks (with deflate and shuffle).
 * Every address and length is checked against the file, every step is counted, and nothing outside of the file is read.
 * The names are those of the "HDF5 File Format Specification", version 3.
 */
import type { H5Dataset, H5Group, H5Limits, H5Node } from "./hdf5.ts";
import { readAttributes, readShape, readType } from "./hdf5-attributes.ts";
import { readArray, readLayout } from "./hdf5-chunks.ts";
import { Damage, H5File, LIMIT_FIX, LINK_FIX } from "./hdf5-file.ts";
import { readLinks } from "./hdf5-groups.ts";
import { type Message, readHeader } from "./hdf5-header.ts";
import { convert } from "./hdf5-numbers.ts";

/** The tree of `bytes`, which are known to begin with the signature of HDF5. */
export function readTree(bytes: Uint8Array, name: string, limits: H5Limits): H5Group {
  const file: H5File = new H5File(bytes, name, limits);
  const root = file.within("/", () => readSuperblock(file));
  const node = readObject(file, "/", root, 0);
  if (node.kind !== "group") file.unsupported("/", "the root of the file is not a group");
  return node;
}

/** The address of the root group. */
function readSuperblock(file: H5File): number {
  const version = file.version(8, "the superblock", 0, 1, 2, 3);
  const sizesAt = version < 2 ? 13 : 9;
  file.O = file.u8(sizesAt);
  file.L = file.u8(sizesAt + 1);
  if (![4, 8].includes(file.O) || ![4, 8].includes(file.L)) {
    throw new Damage(`addresses of ${file.O} bytes and lengths of ${file.L} bytes are not possible`);
  }
  const at = version === 0 ? 24 : version === 1 ? 28 : 12;
  if (file.uint(at, file.O) !== 0) throw new Damage("the file does not begin at its first byte");
  const end = file.uint(at + 2 * file.O, file.O);
  if (end > file.bytes.length) {
    throw new Damage(`the file has ${file.bytes.length} of ${end} bytes`);
  }
  // Versions 0 and 1 hold a symbol table entry, in which the address follows the offset of the name.
  return file.address(version < 2 ? at + 5 * file.O : at + 3 * file.O);
}

function readObject(file: H5File, path: string, address: number, depth: number): H5Node {
  if (++file.objects > file.limits.objects) file.refuseObjects(path);
  if (depth > file.limits.depth) {
    file.refuse(path, `groups are nested more than ${file.limits.depth} deep`, LIMIT_FIX);
  }
  const messages = file.within(path, () => readHeader(file, address));
  const known = file.datasets.get(address);
  if (known !== undefined) return known;
  const isDataset = messages.some((m) => m.type === 0x08);
  const isGroup = messages.some((m) => m.type === 0x11 || m.type === 0x02 || m.type === 0x06);
  if (isDataset) {
    const dataset = file.within(path, () => readDataset(file, path, messages));
    file.datasets.set(address, dataset);
    return dataset;
  }
  // A new-style group without links has neither a table nor a link; a named type has a type.
  if (!isGroup && messages.some((m) => m.type === 0x03)) {
    file.unsupported(path, "it is a named datatype, neither a group nor a dataset");
  }
  return readGroup(file, path, address, messages, depth);
}

function readGroup(file: H5File, path: string, address: number, messages: readonly Message[], depth: number): H5Group {
  if (file.above.includes(address)) file.refuse(path, "the group contains itself", LINK_FIX);
  const attributes = file.within(path, () => readAttributes(file, path, messages));
  const links = file.within(path, () => readLinks(file, path, messages));
  file.above.push(address);
  const children = new Map<string, H5Node>();
  for (const { name, to } of links) {
    const child = `${path === "/" ? "" : path}/${name}`;
    if (name === "" || name === "." || name.includes("/") || children.has(name)) {
      file.within(path, () => {
        throw new Damage(`it lists an object called ${JSON.stringify(name)}`);
      });
    }
    if ("soft" in to) file.refuse(child, `it is a soft link to ${JSON.stringify(to.soft)}`, LINK_FIX);
    if ("external" in to) file.refuse(child, `it is an external link into ${JSON.stringify(to.external)}`, LINK_FIX);
    children.set(name, readObject(file, child, to.address, depth + 1));
  }
  file.above.pop();
  return { kind: "group", children, attributes };
}

function readDataset(file: H5File, path: string, messages: readonly Message[]): H5Dataset {
  const find = (type: number): Message | undefined => messages.find((m) => m.type === type);
  const need = (type: number, what: string): Message => {
    const message = find(type);
    if (message === undefined) throw new Damage(`the dataset has no ${what}`);
    if (message.shared) file.unsupported(path, `the ${what} of the dataset is kept in another object`);
    return message;
  };
  if (find(0x07) !== undefined) {
    file.refuse(path, "the numbers of the dataset lie in other files", "Store them inside of the file.");
  }
  const attributes = readAttributes(file, path, messages);
  const typeMessage = need(0x03, "type");
  const shapeMessage = need(0x01, "shape");
  const type = readType(file, typeMessage.at, typeMessage.at + typeMessage.size);
  const dtype = type.opaque && attributes.get("dtype") === "bfloat16" ? "bfloat16" : type.dtype;
  const shape = readShape(file, path, shapeMessage.at, shapeMessage.at + shapeMessage.size);
  if (shape === undefined || dtype === undefined) {
    const problem = shape === undefined ? "the dataset has no value" : "the dataset does not hold numbers";
    file.unsupported(path, problem, "Weights must be arrays of float, int or bool.");
  }
  const count = shape.reduce((n, size) => n * size, 1);
  const layout = readLayout(file, path, need(0x08, "layout"), shape.length);
  const raw = readArray(file, path, layout, shape, type.size, count * type.size, messages);
  const data = convert(raw, dtype, type.bigEndian, file.where(path));
  return { kind: "dataset", data, shape, dtype, attributes };
}
