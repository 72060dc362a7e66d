import { readFileSync } from "node:fs";
import { encode } from "fast-png";
import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { crc32 } from "../saving/zip.ts";
import { decodeGray, encodeGray, enlarge, grid } from "./png.ts";

/** A PNG with the data of some chunks replaced, and right checksums. */
function withChunks(file: Uint8Array, changes: Readonly<Record<string, (data: Uint8Array) => Uint8Array>>): Uint8Array {
  const bytes = Buffer.from(file);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    const old = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at));
    const data = changes[type]?.(old) ?? old;
    const chunk = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(chunk), 4);
    parts.push(ends.subarray(0, 4), chunk, ends.subarray(4));
  }
  return new Uint8Array(Buffer.concat(parts));
}

const gray = (width: number, height: number, pixels: number[]) => ({ pixels: Uint8Array.from(pixels), width, height });
const format = expect.objectContaining({ code: "data-format" });

describe("encodeGray and decodeGray", () => {
  test("round trip", () => {
    const pixels = Uint8Array.from({ length: 35 * 21 }, (_, i) => (i * i * 31) & 255);
    const file = encodeGray(pixels, 35, 21);
    expect(decodeGray(file)).toEqual({ pixels, width: 35, height: 21 });
    expect(decodeGray(Buffer.concat([Buffer.alloc(5), file]).subarray(5)).pixels).toEqual(pixels);
  });

  test("encodeGray refuses sizes that do not match", () => {
    expect(() => encodeGray(new Uint8Array(5), 2, 3)).toThrow("encodeGray: pixels.length is 5, expected 2 × 3 = 6.");
    expect(() => encodeGray(new Uint8Array(0), 0, 3)).toThrow(
      "encodeGray: width is 0, expected a whole number above 0.",
    );
  });

  test("every truncation and every flipped bit is an error", () => {
    const file = encodeGray(Uint8Array.of(0, 50, 100, 150, 200, 250), 3, 2);
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeGray(file.subarray(0, length)), `${length} bytes`).toThrow(format);
    }
    for (let bit = 0; bit < file.length * 8; bit++) {
      const broken = file.slice();
      broken[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodeGray(broken), `bit ${bit}`).toThrow(format);
    }
  });

  test("other kinds of PNG are refused by name", () => {
    const rgb = encode({ data: new Uint8Array(12), width: 2, height: 2, channels: 3 });
    expect(() => decodeGray(rgb, "photo.png")).toThrow(
      "photo.png: got a PNG of colour type 2 (RGB) with 8 bits a channel, expected 8-bit grayscale without alpha.",
    );
    const deep = encode({ data: new Uint16Array(4), width: 2, height: 2, channels: 1, depth: 16 });
    expect(() => decodeGray(deep)).toThrow("16 bits a channel");
    expect(() => decodeGray(new TextEncoder().encode("<!doctype html><html><body></body></html>"))).toThrow(
      "signature",
    );
  });

  test("a lie about the size, or a second header, costs no memory", () => {
    const file = encodeGray(new Uint8Array(4), 2, 2);
    const big = file.slice();
    big.fill(255, 16, 24);
    expect(() => decodeGray(big)).toThrow("4294967295 × 4294967295 pixels");
    const twice = Uint8Array.from([...file.subarray(0, 33), ...big.subarray(8, 33), ...file.subarray(33)]);
    expect(() => decodeGray(twice)).toThrow("a chunk out of place at byte 33");
    const wide = withChunks(file, { IHDR: (data) => Uint8Array.of(0, 0, 64, 0, 0, 0, 64, 0, ...data.subarray(8)) });
    expect(() => decodeGray(wide)).toThrow("rows of 6 bytes, expected 268451840 bytes for 16384 × 16384 pixels.");
  });

  test("rows that unpack to more or less than the picture has are refused", () => {
    const file = encodeGray(new Uint8Array(4), 2, 2);
    const rows = (bytes: number) => withChunks(file, { IDAT: () => zlibSync(new Uint8Array(bytes), { level: 9 }) });
    expect(decodeGray(rows(6)).pixels).toEqual(new Uint8Array(4));
    expect(() => decodeGray(rows(5))).toThrow("rows of 5 bytes, expected 6 bytes for 2 × 2 pixels.");
    expect(() => decodeGray(rows(1e7))).toThrow("rows of more than 6 bytes");
  });

  test("interlaced pictures are read, and colour profiles are not unpacked", () => {
    const corpus = new URL("../../test/fuzz/corpus/", import.meta.url);
    const read = (name: string) => decodeGray(new Uint8Array(readFileSync(new URL(name, corpus)))).pixels;
    expect(read("interlaced.png")).toHaveLength(64);
    expect(read("chunks.png")).toEqual(read("gray.png"));
    const file = new Uint8Array(readFileSync(new URL("chunks.png", corpus)));
    const bomb = withChunks(file, { iCCP: () => Uint8Array.of(0x69, 0, 0, ...zlibSync(new Uint8Array(1e7))) });
    expect(decodeGray(bomb).pixels).toEqual(read("gray.png"));
  });

  test("a wrong checksum is an error", () => {
    const file = encodeGray(new Uint8Array(4), 2, 2);
    file[32] ^= 1;
    expect(() => decodeGray(file, "a.png")).toThrow(/a\.png: got damaged data \(CRC mismatch.*expected a whole PNG/);
  });
});

describe("enlarge", () => {
  test("repeats pixels in squares", () => {
    expect(enlarge(gray(2, 1, [1, 2]), 2)).toEqual(gray(4, 2, [1, 1, 2, 2, 1, 1, 2, 2]));
    expect(() => enlarge(gray(1, 1, [1]), 1.5)).toThrow("enlarge: factor is 1.5");
  });
});

describe("grid", () => {
  test("lays out rows, with gaps, a margin and holes", () => {
    const [a, b, c] = [1, 2, 3].map((level) => gray(1, 1, [level]));
    expect(grid([a, b, c], { columns: 2, background: 9, margin: 1 })).toEqual(
      gray(5, 5, [9, 9, 9, 9, 9, 9, 1, 9, 2, 9, 9, 9, 9, 9, 9, 9, 3, 9, 9, 9, 9, 9, 9, 9, 9]),
    );
    expect(grid([a, b, c], { columns: 1, gap: 0 })).toEqual(gray(1, 3, [1, 2, 3]));
    expect(grid([a, b, c], { columns: 7, gap: 0 })).toEqual(gray(3, 1, [1, 2, 3]));
  });

  test("centres smaller pictures", () => {
    const wide = gray(3, 1, [1, 2, 3]);
    expect(grid([wide, gray(1, 1, [4])], { columns: 1, gap: 0 })).toEqual(gray(3, 2, [1, 2, 3, 0, 4, 0]));
  });

  test("refuses nothing to draw", () => {
    expect(() => grid([], { columns: 1 })).toThrow("at least one picture");
    expect(() => grid([gray(1, 1, [1])], { columns: 0 })).toThrow("columns is 0");
  });
});
