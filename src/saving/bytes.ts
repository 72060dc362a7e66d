/** Bytes that are written one value after the other, little-endian. */

const utf8 = new TextEncoder();

/** Grows as it is written. */
export class Bytes {
  length = 0;
  private data = new Uint8Array(64);
  private view = new DataView(this.data.buffer);

  /** Makes room for so many bytes, which are zeros, and answers where they begin. */
  private room(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.data.length) {
      const larger = new Uint8Array(Math.max(4 * this.data.length, this.length));
      larger.set(this.data.subarray(0, at));
      this.data = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(...values: number[]): this {
    for (const value of values) {
      const at = this.room(1);
      this.view.setUint8(at, value);
    }
    return this;
  }

  u16(value: number): this {
    const at = this.room(2);
    this.view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.room(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  u64(...values: (number | bigint)[]): this {
    for (const value of values) {
      const at = this.room(8);
      this.setU64(at, value);
    }
    return this;
  }

  /** Writes over what is there. */
  setU64(at: number, value: number | bigint): void {
    this.view.setBigUint64(at, BigInt(value), true);
  }

  ascii(text: string): this {
    return this.bytes(utf8.encode(text));
  }

  bytes(data: Uint8Array): this {
    const at = this.room(data.length);
    this.data.set(data, at);
    return this;
  }

  /** Zeros up to a multiple of 8. */
  pad(): this {
    this.room((8 - (this.length % 8)) % 8);
    return this;
  }

  zeros(count: number): this {
    this.room(count);
    return this;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.data.subarray(0, this.length);
  }
}
