/** Pictures in other colours. */
import { shapeError } from "../core/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as own from "../ops/index.ts";
import { unary } from "./define.ts";
import { axesOf, type FormatOption } from "./pictures.ts";
import { part } from "./places.ts";

const { add, divide, equal, multiply, subtract, where: choose } = own;

/** One channel of red, green and blue: 0.2989·r + 0.587·g + 0.114·b. Grey pictures stay. */
export const rgbToGrayscale = unary(
  "image.rgbToGrayscale",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { channels } = axesOf("rgbToGrayscale", images, dataFormat);
    if (images.shape[channels] === 1) return images;
    needColours("rgbToGrayscale", images, channels);
    return own.contractAxis(images, channels, 1, Float32Array.of(0.2989, 0.587, 0.114));
  },
  ["dataFormat"],
);

function needColours(name: string, x: Tensor, channels: number): void {
  if (x.shape[channels] === 3) return;
  throw shapeError({
    where: `ops.image.${name}`,
    got: `${x.shape[channels]} channels`,
    expected: "3: red, green and blue, or hue, saturation and value",
    fix: "Check dataFormat.",
  });
}

/** Hue, saturation and value, each from 0 to 1, of red, green and blue from 0 to 1. */
export const rgbToHsv = unary(
  "image.rgbToHsv",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { channels } = axesOf("rgbToHsv", images, dataFormat);
    needColours("rgbToHsv", images, channels);
    const [r, g, b] = [0, 1, 2].map((i) => part(images, channels, i, 1));
    const value = own.maximum(own.maximum(r, g), b);
    const range = subtract(value, own.minimum(own.minimum(r, g), b));
    const saturation = choose(own.greater(value, 0), divide(range, choose(own.greater(value, 0), value, 1)), 0);
    const sixth = divide(1 / 6, choose(own.greater(range, 0), range, 1));
    const ofRed = multiply(sixth, subtract(g, b));
    const ofGreen = add(multiply(sixth, subtract(b, r)), 1 / 3);
    const ofBlue = add(multiply(sixth, subtract(r, g)), 2 / 3);
    const turn = choose(equal(r, value), ofRed, choose(equal(g, value), ofGreen, ofBlue));
    const hue = choose(own.greater(range, 0), choose(own.greater(0, turn), add(turn, 1), turn), 0);
    return own.concatenate([hue, saturation, value], channels);
  },
  ["dataFormat"],
);

/** Red, green and blue of hue, saturation and value, each from 0 to 1. */
export const hsvToRgb = unary(
  "image.hsvToRgb",
  (images: Tensor, { dataFormat }: FormatOption = {}) => {
    const { channels } = axesOf("hsvToRgb", images, dataFormat);
    needColours("hsvToRgb", images, channels);
    const [hue, saturation, value] = [0, 1, 2].map((i) => part(images, channels, i, 1));
    const six = multiply(hue, 6);
    const limited = (x: Tensor): Tensor => own.minimum(own.maximum(x, 0), 1);
    const shares = [
      subtract(own.absolute(subtract(six, 3)), 1),
      subtract(2, own.absolute(subtract(six, 2))),
      subtract(2, own.absolute(subtract(six, 4))),
    ].map(limited);
    const grey = subtract(1, saturation);
    return own.concatenate(
      shares.map((share) => multiply(add(grey, multiply(saturation, share)), value)),
      channels,
    );
  },
  ["dataFormat"],
);
