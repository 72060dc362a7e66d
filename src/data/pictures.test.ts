import { describe, expect, test } from "vitest";
import { ndarray } from "../core/array.ts";
import { reconstructionSheet } from "./pictures.ts";
import { decodeGray } from "./png.ts";

const zeros = (shape: number[]) => ndarray(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape);

describe("reconstructionSheet", () => {
  test("twenty digits with codes of 4 × 4 × 8", () => {
    const pictures = zeros([20, 28, 28, 1]);
    const sheet = decodeGray(
      reconstructionSheet({ originals: pictures, codes: zeros([20, 4, 4, 8]), reconstructions: pictures }),
    );
    expect(sheet.width).toBe(8 + 20 * 56 + 19 * 4 + 8);
    expect(sheet.height).toBe(8 + 56 + 8 + (4 * 4 * 6 + 3 * 2) + 8 + 56 + 8); // channels 2 wide, 4 high, enlarged 6 times
  });

  test("without codes there are two rows, and bytes and floats look alike", () => {
    const bytes = Uint8Array.from({ length: 3 * 64 }, (_, i) => i);
    const floats = Float32Array.from(bytes, (byte) => byte / 255);
    const shape = [3, 8, 8, 1];
    const sheet = decodeGray(
      reconstructionSheet({ originals: ndarray(bytes, shape, 1 / 255), reconstructions: ndarray(floats, shape) }),
    );
    expect([sheet.width, sheet.height]).toEqual([8 + 3 * 56 + 2 * 4 + 8, 8 + 56 + 8 + 56 + 8]);
    const row = (y: number) => [...sheet.pixels.subarray(y * sheet.width, (y + 1) * sheet.width)];
    for (let y = 8; y < 64; y++) expect(row(y)).toEqual(row(y + 64));
    expect(row(8)[8 + 7]).toBe(1); // enlarged seven times: the second pixel
    const raw = reconstructionSheet({ originals: ndarray(bytes, shape), reconstructions: ndarray(floats, shape) });
    expect(decodeGray(raw)).toEqual(sheet);
  });

  test("values outside [0, 1] are clamped, and what is no number is black", () => {
    const wild = ndarray(Float32Array.of(-5, 7, Number.NaN, 0.5), [1, 1, 4, 1]);
    const { pixels, width } = decodeGray(reconstructionSheet({ originals: wild, reconstructions: wild }));
    expect([0, 1, 2, 3].map((x) => pixels[8 * width + 8 + x * 14])).toEqual([0, 255, 0, 128]);
  });

  test("codes go from black to white over the whole sheet", () => {
    const pictures = zeros([2, 56, 56, 1]);
    const codes = ndarray(Float32Array.of(-1, 0, 1, 3), [2, 2]);
    const { pixels, width } = decodeGray(
      reconstructionSheet({ originals: pictures, codes, reconstructions: pictures }),
    );
    // One channel above the other, 56 × 56 each with a gap of 1.
    const at = (column: number, channel: number) => pixels[(72 + channel * 57) * width + 8 + column * 60];
    expect([at(0, 0), at(0, 1), at(1, 0), at(1, 1)]).toEqual([0, 64, 128, 255]);
  });

  test.each([1, 2, 3, 7, 8, 12, 64])("%i channels of any size can be drawn", (channels) => {
    const pictures = zeros([2, 10, 6, 1]);
    for (const shape of [
      [2, channels],
      [2, 3, 2, channels],
      [2, 40, 40, channels],
    ]) {
      const sheet = reconstructionSheet({ originals: pictures, codes: zeros(shape), reconstructions: pictures });
      expect(decodeGray(sheet).height).toBeGreaterThan(8 + 60 + 8 + 8 + 60 + 8);
    }
  });

  test("arrays that do not match are refused", () => {
    const pictures = zeros([2, 4, 4, 1]);
    const colour = zeros([2, 4, 4, 3]);
    expect(() => reconstructionSheet({ originals: colour, reconstructions: colour })).toThrow(
      "reconstructionSheet, originals: got (2, 4, 4, 3), expected [n, height, width, 1].",
    );
    expect(() => reconstructionSheet({ originals: pictures, reconstructions: zeros([2, 4, 5, 1]) })).toThrow(
      "expected (2, 4, 4, 1), like the originals",
    );
    expect(() => reconstructionSheet({ originals: pictures, codes: zeros([3, 4]), reconstructions: pictures })).toThrow(
      "reconstructionSheet, codes: got (3, 4)",
    );
    const none = zeros([0, 4, 4, 1]);
    expect(() => reconstructionSheet({ originals: none, reconstructions: none })).toThrow("n is 0");
  });
});
