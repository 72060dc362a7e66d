/** A file that is read: its bytes, what was counted so far, and how it is refused. */
import { formatError, RhytonError, unsafeFile } from "../core/errors.ts";
import type { H5Dataset, H5Limits } from "./hdf5.ts";

/** An address that points nowhere: all bits set. */
export const NOWHERE = -1;

/** More structures than this are in no sensible file, whatever its limits. */
const MOST_STEPS = 20_000_000;
export const MOST_ATTRIBUTE_BYTES = 64 * 2 ** 20;

export const LIMIT_FIX = "If the file is trustworthy, raise the limit.";
export const SIZE_FIX = "The file is damaged or was made to exhaust memory; do not use it.";
export const LINK_FIX = "Save the file again with the data in place of the link.";
const REWRITE_FIX = "Save it again with h5py's default settings.";

/** Why the bytes make no sense; becomes a RhytonError with the path of the object. */
export class Damage extends Error {}

export class H5File {
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
  /** Bytes of arrays that lie in the file as they are, and of those that are packed or only declared. */
  plainBytes = 0;
  grownBytes = 0;
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

  /** An address that is one. */
  known(at: number): number {
    const address = this.address(at);
    if (address === NOWHERE) throw new Damage(`there is no address at byte ${at}`);
    return address;
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

  refuseAttributes(path: string): never {
    this.refuse(path, `the attributes hold more than ${MOST_ATTRIBUTE_BYTES} bytes`, SIZE_FIX);
  }

  /** Counts the bytes of an array that lies in the file as it is: all of them together cannot be more than the file. */
  declarePlain(path: string, bytes: number): void {
    this.plainBytes += bytes;
    this.announce(path, bytes, this.plainBytes <= this.bytes.length);
  }

  /** Counts the bytes of an array that is packed or was never written. Deflate packs at most 1032 to 1. */
  declareGrown(path: string, bytes: number): void {
    this.grownBytes += bytes;
    this.announce(path, bytes, this.grownBytes <= Math.max(64 * 2 ** 20, 1000 * this.bytes.length));
  }

  private announce(path: string, bytes: number, isPlausible: boolean): void {
    this.arrayBytes += bytes;
    if (!isPlausible) {
      this.refuse(path, `it declares ${bytes} bytes in a file of ${this.bytes.length} bytes`, SIZE_FIX);
    }
    if (this.arrayBytes > this.limits.bytes) {
      this.refuse(path, `the arrays declare more than ${this.limits.bytes} bytes together`, LIMIT_FIX);
    }
  }
}

/** Bytes that a number up to `most` takes. */
export const bytesFor = (most: number): number => Math.floor(Math.log2(Math.max(1, most)) / 8) + 1;
