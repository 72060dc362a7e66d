/**
 * PNG pictures: reading them in gray or in colours, writing them in gray; and laying small pictures out in a table.
 */
import { decode, encode } from "fast-png";
import { Unzlib } from "fflate";
import { argumentError, dataFormat, RhytonError } from "../core/errors.ts";

/** A grayscale picture: one byte a pixel, row after row, 0 is black. */
export interface GrayImage {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const IHDR = 0x49484452;
const IDAT = 0x49444154;
const ICCP = 0x69434350;
const HEADER_END = 33; // signature, then the IHDR chunk: length, name, 13 bytes, CRC
const COLOUR_TYPES: Readonly<Record<number, string>> = {
  0: "grayscale",
  2: "RGB",
  3: "palette",
  4: "grayscale with alpha",
  6: "RGB with alpha",
};
/** By colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };
/** Of a picture that is unpacked. */
const MAX_BYTES = 2 ** 28;

/**
 * A grayscale PNG file of `pixels`, compressed as well as deflate can.
 *
 * @param pixels One byte a pixel, `width * height` of them.
 * @throws RhytonError `argument` when the sizes are not whole numbers above 0 or do not match `pixels`.
 */
export function encodeGray(pixels: Uint8Array, width: number, height: number): Uint8Array {
  for (const [argument, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 1) {
      throw argumentError({ where: "encodeGray", argument, value, expected: "a whole number above 0" });
    }
  }
  if (pixels.length !== width * height) {
    throw argumentError({
      where: "encodeGray",
      argument: "pixels.length",
      value: pixels.length,
      expected: `${width} × ${height} = ${width * height}`,
    });
  }
  return encode({ data: pixels, width, height, depth: 8, channels: 1 }, { zlib: { level: 9 } });
}

/**
 * The picture in the bytes of an 8-bit grayscale PNG. Checksums are checked.
 *
 * @param name What errors call the data: a file name, say.
 * @throws RhytonError `data-format` when the bytes are not such a PNG, or are damaged.
 */
export function decodeGray(bytes: Uint8Array, name = "PNG data"): GrayImage {
  const { data, width, height } = decodePng(bytes, name, {
    colours: [0],
    depths: [8],
    expected: "8-bit grayscale without alpha",
    fix: "Convert the picture to 8-bit grayscale.",
  });
  return { pixels: data as Uint8Array, width, height };
}

/** A picture in gray (1 channel) or in colours (3: red, green, blue): one byte a channel, pixel after pixel. */
export interface Picture extends GrayImage {
  readonly channels: 1 | 3;
}

/**
 * The picture in the bytes of a PNG, gray or RGB, of 8 or 16 bits a channel. Of 16 bits the 8 nearest remain; alpha is
 * left out. Checksums are checked.
 *
 * @param name What errors call the data: a file name, say.
 * @throws RhytonError `data-format` when the bytes are not such a PNG, or are damaged.
 */
export function decodePicture(bytes: Uint8Array, name: string): Picture {
  const { data, width, height, channels } = decodePng(bytes, name, {
    colours: [0, 2, 4, 6],
    depths: [8, 16],
    expected: "gray or RGB, with or without alpha, of 8 or 16 bits a channel",
    fix: "Convert the picture to 8-bit gray or RGB.",
  });
  const kept = channels > 2 ? 3 : 1;
  if (data instanceof Uint8Array && kept === channels) return { pixels: data, width, height, channels: kept };
  const toByte = data instanceof Uint8Array ? 1 : 255 / 65535;
  const pixels = new Uint8Array(width * height * kept);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < kept; c++) pixels[i * kept + c] = Math.round(data[i * channels + c] * toByte);
  }
  return { pixels, width, height, channels: kept };
}

/** The kinds of PNG that are wanted, by their numbers in the header, and the words for them. */
interface Wanted {
  readonly colours: readonly number[];
  readonly depths: readonly number[];
  readonly expected: string;
  readonly fix: string;
}

interface DecodedPng {
  /** `width * height * channels` values. */
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

function decodePng(bytes: Uint8Array, name: string, wanted: Wanted): DecodedPng {
  const fail = (got: string, expected: string, fix = "The file is damaged or not a PNG.") =>
    dataFormat({ where: name, got, expected, fix });

  if (bytes.length < HEADER_END) throw fail(`${bytes.length} bytes`, `at least ${HEADER_END}, the header of a PNG`);
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw fail(`the first bytes ${bytes.subarray(0, 8).join(" ")}`, `the PNG signature ${SIGNATURE.join(" ")}`);
  }
  // The header is read here first, and must be the only one, so that a lie about the size costs no memory.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [bytes.subarray(0, 8)];
  const packed: Uint8Array[] = [];
  for (let at = 8, end = 0; at + 12 <= bytes.length; at = end) {
    end = at + 12 + view.getUint32(at);
    if (end > bytes.length) throw fail(`a chunk at byte ${at} that ends behind the file`, "a whole PNG");
    const type = view.getUint32(at + 4);
    if ((type === IHDR) !== (at === 8)) throw fail(`a chunk out of place at byte ${at}`, "IHDR first");
    if (type === IDAT) packed.push(bytes.subarray(at + 8, end - 4));
    // A colour profile is packed too, and says nothing that is wanted here.
    if (type !== ICCP) parts.push(bytes.subarray(at, end));
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colour] = [bytes[24], bytes[25]];
  if (!wanted.colours.includes(colour) || !wanted.depths.includes(depth)) {
    const got = `a PNG of colour type ${colour} (${COLOUR_TYPES[colour] ?? "unknown"}) with ${depth} bits a channel`;
    throw fail(got, wanted.expected, wanted.fix);
  }
  const channels = CHANNELS[colour];
  const pixelBytes = (channels * depth) / 8;
  const most = Math.floor(MAX_BYTES / pixelBytes);
  if (width === 0 || height === 0 || width * height > most) {
    throw fail(`${width} × ${height} pixels`, `1 to ${most} pixels`);
  }
  let data: ArrayLike<number>;
  try {
    const expected = rowBytes(width, height, pixelBytes, bytes[28] === 1);
    const unpacked = unpackedBytes(packed, expected);
    if (unpacked !== expected) {
      const got = unpacked > expected ? `more than ${expected}` : unpacked;
      throw fail(`rows of ${got} bytes`, `${expected} bytes for ${width} × ${height} pixels`);
    }
    data = decode(joined(parts), { checkCrc: true }).data;
  } catch (error) {
    if (error instanceof RhytonError) throw error;
    throw fail(`damaged data (${error instanceof Error ? error.message : String(error)})`, "a whole PNG");
  }
  const right = depth === 8 ? data instanceof Uint8Array : data instanceof Uint16Array;
  if (!right || data.length !== width * height * channels) {
    throw fail(`${data.length} values`, `${width} × ${height} × ${channels} = ${width * height * channels}`);
  }
  return { data: data as Uint8Array | Uint16Array, width, height, channels };
}

/** Where each of the seven passes of an interlaced picture begins, and its steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** The bytes of all rows before they are packed: those of their pixels, and one more for the filter of each row. */
function rowBytes(width: number, height: number, pixelBytes: number, interlaced: boolean): number {
  let bytes = 0;
  for (const [x, y, dx, dy] of interlaced ? PASSES : [[0, 0, 1, 1]]) {
    const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    if (columns > 0 && rows > 0) bytes += rows * (columns * pixelBytes + 1);
  }
  return bytes;
}

/** Deflate makes at most 1032 bytes of one: 16 MB of a piece. */
const PIECE = 16384;

/** How many bytes the packed parts make, without keeping them; counting ends soon above `most`. */
function unpackedBytes(packed: readonly Uint8Array[], most: number): number {
  let bytes = 0;
  const inflator = new Unzlib((piece) => {
    bytes += piece.length;
  });
  for (const part of packed) {
    for (let at = 0; at < part.length && bytes <= most; at += PIECE) inflator.push(part.subarray(at, at + PIECE));
  }
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `image` with every pixel drawn as a square of `factor` × `factor` pixels. */
export function enlarge(image: GrayImage, factor: number): GrayImage {
  if (!Number.isInteger(factor) || factor < 1) {
    throw argumentError({ where: "enlarge", argument: "factor", value: factor, expected: "a whole number above 0" });
  }
  if (factor === 1) return image;
  const [width, height] = [image.width * factor, image.height * factor];
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < image.height; y++) {
    const top = y * factor * width;
    for (let x = 0; x < image.width; x++) {
      pixels.fill(image.pixels[y * image.width + x], top + x * factor, top + (x + 1) * factor);
    }
    for (let copy = 1; copy < factor; copy++) pixels.copyWithin(top + copy * width, top, top + width);
  }
  return { pixels, width, height };
}

export interface GridOptions {
  /** Pictures a row. */
  readonly columns: number;
  /** Pixels between columns. Default 1. */
  readonly gap?: number;
  /** Pixels between rows. Default: `gap`. */
  readonly rowGap?: number;
  /** Pixels around everything. Default 0. */
  readonly margin?: number;
  /** The gray level, 0 to 255, where there is no picture. Default 0. */
  readonly background?: number;
}

/**
 * `images` laid out row by row. A column is as wide as its widest picture, a row as high as its highest;
 * smaller pictures are centred.
 *
 * @throws RhytonError `argument` when there are no images or `columns` is not a whole number above 0.
 */
export function grid(images: readonly GrayImage[], options: GridOptions): GrayImage {
  const { columns, gap = 1, rowGap = gap, margin = 0, background = 0 } = options;
  if (images.length === 0) {
    throw argumentError({ where: "grid", argument: "images", value: [], expected: "at least one picture" });
  }
  if (!Number.isInteger(columns) || columns < 1) {
    throw argumentError({ where: "grid", argument: "columns", value: columns, expected: "a whole number above 0" });
  }
  const widths = new Array<number>(Math.min(columns, images.length)).fill(0);
  const heights = new Array<number>(Math.ceil(images.length / columns)).fill(0);
  images.forEach((image, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    widths[column] = Math.max(widths[column], image.width);
    heights[row] = Math.max(heights[row], image.height);
  });
  const lefts = starts(widths, gap, margin);
  const tops = starts(heights, rowGap, margin);
  const width = lefts[lefts.length - 1] - gap + margin;
  const height = tops[tops.length - 1] - rowGap + margin;

  const pixels = new Uint8Array(width * height).fill(background);
  images.forEach((image, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const left = lefts[column] + ((widths[column] - image.width) >> 1);
    const top = tops[row] + ((heights[row] - image.height) >> 1);
    for (let y = 0; y < image.height; y++) {
      pixels.set(image.pixels.subarray(y * image.width, (y + 1) * image.width), (top + y) * width + left);
    }
  });
  return { pixels, width, height };
}

/** Where each cell begins, and where one more would. */
function starts(sizes: readonly number[], gap: number, margin: number): number[] {
  const result = [margin];
  for (const size of sizes) result.push(result[result.length - 1] + size + gap);
  return result;
}
