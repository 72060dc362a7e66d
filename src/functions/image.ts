/** Functions of pictures, one or a batch of them: `ops.image`. */
export { hsvToRgb, rgbToGrayscale, rgbToHsv } from "./image-colours.ts";
export { affineTransform, mapCoordinates, perspectiveTransform } from "./image-sampling.ts";
export { cropImages, padImages, resize, scaleAndTranslate } from "./image-size.ts";
export { extractPatches, extractPatches3d, gaussianBlur, sobelEdges, ssim } from "./image-windows.ts";
