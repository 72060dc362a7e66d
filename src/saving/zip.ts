/**
 * Reading ZIP archives, as maps from name to bytes. What an archive declares is checked before memory is taken for it;
 * names that lead out of a folder, members that overlap, and bombs are refused.
 */
import { inflateSync } from "fflate";
import { fileError, formatError, RhytonError, unsafeFile } from "../core/errors.ts";

/** What an archive may ask for at most. */
export interface ZipLimits {
  readonly entries: number;
  /** Bytes of all members together, unpacked. */
  readonly bytes: number;
  /** Unpacked to packed bytes of a member of more than 64 MiB. */
  readonly ratio: number;
}

export const ZIP_LIMITS: ZipLimits = { entries: 10_000, bytes: 2 * 2 ** 30, ratio: 1000 };

export const END = 0x06054b50;
export const CENTRAL = 0x02014b50;
export const LOCAL = 0x04034b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const RATIO_COUNTS_FROM = 64 * 2 ** 20;

const DAMAGED_FIX = "Copy or download the file again, or save the model again.";
const UNSAFE_FIX = "The file is damaged or was made to do harm; do not use it.";

/** Whether `bytes` begin as a ZIP archive does, even an empty one. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where its own header is, and where its content begins. */
  readonly header: number;
  readonly at: number;
}

/**
 * The members of an archive by name, without folders. Members that are stored are views of `bytes`, not copies.
 * `name` stands in error messages for the file.
 *
 * @throws RhytonError `file-format` when the archive is damaged, encrypted or packed by another method than deflate;
 *   `file-refused` for unsafe names, duplicates, links, overlapping members, and sizes beyond `limits`.
 */
export function readZip(
  bytes: Uint8Array,
  name = "ZIP file",
  limits: Partial<ZipLimits> = {},
): Map<string, Uint8Array> {
  try {
    return new Reader(bytes, name, { ...ZIP_LIMITS, ...limits }).read();
  } catch (error) {
    if (error instanceof RhytonError) throw error;
    // A place behind the end, or what fflate found wrong.
    throw damaged(name, error instanceof RangeError ? "a length makes no sense" : String(error));
  }
}

const damaged = (where: string, problem: string): RhytonError =>
  formatError({ where, problem: `the ZIP archive is damaged or cut off (${problem})`, fix: DAMAGED_FIX });

class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly name: string;
  readonly limits: ZipLimits;

  constructor(bytes: Uint8Array, name: string, limits: ZipLimits) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = name;
    this.limits = limits;
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  refuse(where: string, problem: string, fix = UNSAFE_FIX): never {
    throw unsafeFile({ where: where === "" ? this.name : `${this.name}: ${where}`, problem, fix });
  }

  read(): Map<string, Uint8Array> {
    const members = this.directory();
    this.check(members);
    const out = new Map<string, Uint8Array>();
    for (const member of members) {
      if (!member.name.endsWith("/")) out.set(member.name, this.unpack(member));
    }
    return out;
  }

  /** What the central directory lists. */
  directory(): Member[] {
    const end = this.end();
    const count = this.u16(end + 10);
    const size = this.u32(end + 12);
    const start = this.u32(end + 16);
    if (count === 0xffff || start === 0xffffffff) {
      throw formatError({
        where: this.name,
        problem: "the archive is a ZIP64 of 4 GiB or of 65535 members",
        fix: "Only smaller archives are read.",
      });
    }
    if (this.u16(end + 4) !== 0 || this.u16(end + 8) !== count || start + size !== end) {
      throw damaged(this.name, "the list of members is not where it should be");
    }
    if (count > this.limits.entries) this.refuse("", `it has ${count} members, more than ${this.limits.entries}`);
    const members: Member[] = [];
    let at = start;
    for (let i = 0; i < count; i++) {
      if (at + CENTRAL_BYTES > end || this.u32(at) !== CENTRAL) throw damaged(this.name, `member ${i} is not listed`);
      const nameBytes = this.u16(at + 28);
      const next = at + CENTRAL_BYTES + nameBytes + this.u16(at + 30) + this.u16(at + 32);
      if (next > end) throw damaged(this.name, "the list of members is cut off");
      const name = this.text(at + CENTRAL_BYTES, nameBytes);
      checkName(name, (problem) => this.refuse(JSON.stringify(name), problem));
      const flags = this.u16(at + 8);
      if (flags & 0x2041) {
        throw formatError({
          where: `${this.name}: ${name}`,
          problem: "the member is encrypted",
          fix: "Pack it without a password.",
        });
      }
      // The upper half of the attributes is the file's mode where Unix packed it: 0o12… is a link.
      if (this.u32(at + 38) >>> 28 === 0o12) this.refuse(name, "the member is a symbolic link");
      members.push({
        name,
        method: this.u16(at + 10),
        crc: this.u32(at + 16),
        packed: this.u32(at + 20),
        size: this.u32(at + 24),
        header: this.u32(at + 42),
        at: this.content(this.u32(at + 42), name, start, at + CENTRAL_BYTES, nameBytes),
      });
      at = next;
    }
    if (at !== end) throw damaged(this.name, "the list of members has the wrong length");
    return members;
  }

  /** Where the archive's last record is: its comment must reach to the end of the file. */
  end(): number {
    for (let at = this.bytes.length - END_BYTES; at >= Math.max(0, this.bytes.length - END_BYTES - 0xffff); at--) {
      if (this.u32(at) === END && at + END_BYTES + this.u16(at + 20) === this.bytes.length) return at;
    }
    throw damaged(this.name, "its end is missing");
  }

  text(at: number, length: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes.subarray(at, at + length));
    } catch {
      return this.refuse("", "a member has a name that is not UTF-8");
    }
  }

  /** Where the content of the member whose own header is at `at` begins. */
  content(at: number, name: string, end: number, listedName: number, nameBytes: number): number {
    if (at + LOCAL_BYTES > end || this.u32(at) !== LOCAL) throw damaged(this.name, `${name} is not where it should be`);
    const own = this.bytes.subarray(at + LOCAL_BYTES, at + LOCAL_BYTES + this.u16(at + 26));
    const listed = this.bytes.subarray(listedName, listedName + nameBytes);
    if (own.length !== listed.length || own.some((byte, i) => byte !== listed[i])) {
      this.refuse(name, "the member is listed under another name than its own");
    }
    return at + LOCAL_BYTES + own.length + this.u16(at + 28);
  }

  /** Checks what the members declare, together. */
  check(members: readonly Member[]): void {
    const { limits } = this;
    const names = new Set<string>();
    let total = 0;
    for (const { name, packed, size } of members) {
      if (names.has(name)) this.refuse(name, "there are two members of this name");
      names.add(name);
      total += size;
      if (total > limits.bytes) {
        const fix = "If the file is trustworthy, raise the limit.";
        this.refuse(name, `the members unpack to more than ${limits.bytes} bytes`, fix);
      }
      if (size > RATIO_COUNTS_FROM && size > limits.ratio * packed) {
        this.refuse(name, `${packed} bytes unpack to ${size}`);
      }
    }
    const sorted = [...members].sort((a, b) => a.header - b.header);
    for (let i = 1; i < sorted.length; i++) {
      if (sorted[i - 1].at + sorted[i - 1].packed > sorted[i].header) {
        this.refuse(sorted[i].name, `the member lies inside of ${JSON.stringify(sorted[i - 1].name)}`);
      }
    }
  }

  unpack({ name, method, crc, packed, size, at }: Member): Uint8Array {
    const where = `${this.name}: ${name}`;
    if (at + packed > this.bytes.length) throw damaged(where, "the member goes beyond the end of the file");
    const content = this.bytes.subarray(at, at + packed);
    const out = method === 0 ? content : method === 8 ? inflate(content, size, where) : undefined;
    if (out === undefined) {
      throw formatError({
        where,
        problem: `the member is packed by the method ${method}`,
        fix: "Pack it again, stored or with deflate.",
      });
    }
    if (out.length !== size) throw damaged(where, `the member has ${out.length} of ${size} bytes`);
    if (crc32(out) !== crc) throw damaged(where, "the checksum does not fit");
    return out;
  }
}

function inflate(content: Uint8Array, size: number, where: string): Uint8Array {
  let out: Uint8Array;
  try {
    // One byte more, to notice what is longer than declared.
    out = new Uint8Array(size + 1);
  } catch {
    throw fileError({
      where,
      problem: `there is no memory for ${size} bytes`,
      fix: "Close other programs, or give Node more memory.",
    });
  }
  try {
    return inflateSync(content, { out });
  } catch (error) {
    throw damaged(where, error instanceof Error ? error.message : String(error));
  }
}

/** Calls `refuse` when a name could lead out of a folder, or is written in an unusual way. */
export function checkName(name: string, refuse: (problem: string) => never): void {
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  if (name === "") refuse("a member has no name");
  if (name.includes("\\")) refuse("the name has a backslash");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(name)) refuse("the name has control characters");
  if (name.startsWith("/")) refuse("the name is an absolute path");
  if (/^[A-Za-z]:/.test(name)) refuse("the name has a drive letter");
  if (parts.includes("..")) refuse("the name leads out of its folder");
  if (parts.includes("") || parts.includes(".")) refuse("the name has empty parts");
  if (name.length > 1024) refuse("the name is longer than 1024 characters");
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/**
 * The checksum that ZIP uses (CRC-32).
 *
 * @param before - that of the bytes before these.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
