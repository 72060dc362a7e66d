import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { decodeGray, encodeGray, enlarge, grid } from "./png.ts";

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
