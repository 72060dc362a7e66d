/** Every op as a function over tensors. Axes are counted without the batch. */
export { contractAxis } from "./contract.ts";
export {
  convolve,
  convolveInput,
  convolveKernel,
  matmulLast,
} from "./convolution.ts";
export {
  absolute,
  add,
  cosine,
  divide,
  equal,
  erf,
  exponential,
  floor,
  greater,
  greaterEqual,
  identity,
  logarithm,
  maximum,
  minimum,
  multiply,
  negative,
  relu,
  round,
  sigmoid,
  sign,
  sine,
  softplus,
  squareRoot,
  stopGradient,
  subtract,
  tanh,
  where,
} from "./elementwise.ts";
export { batchSize, constantTensor, fill, placeholder, sampleIndex, stepScalar, variableTensor } from "./leaf.ts";
export { broadcastTo, concatenate, pad, reshape, slice, transpose } from "./movement.ts";
export { cellNumbers, randomNormal, randomUniform, take } from "./random.ts";
export { max, mean, sum, sumSamples } from "./reduce.ts";
export { averagePool, maxPool, upSampleNearest, windowSum } from "./window.ts";
