/**
 * Writing ZIP archives. It is our own: fflate makes an archive in one go, which keeps the calling thread for long, or puts
 * sizes and checksums behind the contents, where readers that go from member to member do not find them.
 */
import { argumentError } from "../core/errors.ts";
import { cut, lengthOf, type Parts } from "../core/parts.ts";
import type { Pieces } from "../core/pieces.ts";
import { Bytes } from "./bytes.ts";
import { CENTRAL, checkName, crc32, END, LOCAL } from "./zip.ts";

/** The version of the format that has all we use: 2.0. */
const VERSION = 20;
/** Names are UTF-8. */
const UTF8 = 0x0800;
/** 1980-01-01, 00:00:00, as DOS counts: the first date that there is. */
const DATE = 0x00210000;

const utf8 = new TextEncoder();

/**
 * An archive of `entries`, stored and not packed, in their order, dated 1980-01-01: the same entries give the same bytes.
 *
 * @throws RhytonError `argument` for a name that `readZip` would refuse, or more than 4 GiB.
 */
export function* writingZip(entries: Iterable<readonly [string, Parts]>): Pieces<Parts> {
  const archive: Uint8Array[] = [];
  const central = new Bytes();
  const names = new Set<string>();
  let end = 0;
  let total = 0;
  for (const [name, content] of entries) {
    checkNew(name, names);
    names.add(name);
    const encoded = utf8.encode(name);
    const size = lengthOf(content);
    total += size + 2 * encoded.length + 128;
    if (total >= 2 ** 32) {
      throw argumentError({ where: "ZIP file", argument: "size", value: total, expected: "less than 4 GiB" });
    }
    let crc = 0;
    for (const part of cut(content)) {
      crc = crc32(part, crc);
      yield;
    }
    // What both the member's own header and the list of members have.
    const common = new Bytes()
      .u16(VERSION)
      .u16(encoded.length === name.length ? 0 : UTF8)
      .u16(0)
      .u32(DATE)
      .u32(crc)
      .u32(size)
      .u32(size)
      .u16(encoded.length)
      .u16(0)
      .done();
    const header = new Bytes().u32(LOCAL).bytes(common).bytes(encoded).done();
    // No comment, on the first disk, no attributes.
    central.u32(CENTRAL).u16(VERSION).bytes(common).u16(0).u16(0).u16(0).u32(0).u32(end).bytes(encoded);
    archive.push(header, ...content);
    end += header.length + size;
  }
  const { length } = central;
  central.u32(END).u16(0).u16(0).u16(names.size).u16(names.size).u32(length).u32(end).u16(0);
  return [...archive, central.done()];
}

function checkNew(name: string, names: ReadonlySet<string>): void {
  const refuse = (problem: string): never => {
    throw argumentError({
      where: "ZIP file",
      argument: "name",
      value: name,
      expected: "a relative path",
      fix: `Here ${problem}.`,
    });
  };
  checkName(name, refuse);
  if (name.endsWith("/") || names.has(name)) refuse("it is a folder, or there already");
}
