/** The part of docs/coverage.md on `keras.ops`: what there is of it, how much is compared with Keras, and what is missing. */
import { readFileSync } from "node:fs";
import * as ops from "../../src/functions/index.ts";
import { camelCase } from "../../src/layers/options.ts";

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Every name in `keras.ops` of Keras 3.15.1 and in its `image`. (Those in its `linalg` stand in `ops`, too.) */
const keras = words(`
  abs absolute adaptive_average_pool adaptive_max_pool add all allclose amax amin angle any append arange arccos arccosh
  arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort array array_split associative_scan average
  average_pool bartlett batch_normalization binary_crossentropy bincount bitwise_and bitwise_invert bitwise_left_shift
  bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman broadcast_to cast categorical_crossentropy cbrt cdist
  ceil celu cholesky cholesky_inverse clip concatenate cond conj conjugate conv conv_transpose convert_to_numpy
  convert_to_tensor copy corrcoef correlate cos cosh count_nonzero cross ctc_decode ctc_loss cumprod cumsum
  custom_gradient deg2rad depth_to_space depthwise_conv det diag diagflat diagonal diff digitize divide divide_no_nan dot
  dot_product_attention dsplit dstack dtype eig eigh einsum elu empty empty_like equal erf erfc erfinv exp exp2
  expand_dims expm1 extract_sequences eye fabs fft fft2 flip fliplr flipud floor floor_divide fmax fmin fmod fold
  fori_loop full full_like gcd gelu geomspace get_item glu greater greater_equal hamming hanning hard_shrink hard_sigmoid
  hard_silu hard_swish hard_tanh heaviside histogram hsplit hstack hypot i0 identity ifft2 imag in_top_k inner inv irfft
  is_tensor isclose isfinite isin isinf isnan isneginf isposinf isreal istft jvp kaiser kron layer_normalization lcm
  ldexp leaky_relu left_shift less less_equal linspace log log10 log1p log2 log_sigmoid log_softmax logaddexp logaddexp2
  logdet logical_and logical_not logical_or logical_xor logspace logsumexp lstsq lu_factor map matmul matrix_rank max
  max_pool maximum mean median meshgrid min minimum mod moments moveaxis multi_hot multiply nan_to_num nanargmax nanargmin
  nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndim negative
  nextafter nonzero norm normalize not_equal one_hot ones ones_like outer pad percentile pinv polar power prod psnr ptp qr
  quantile rad2deg ravel real rearrange reciprocal relu relu6 repeat reshape rfft right_shift rms_normalization roll rot90
  round rsqrt saturate_cast scan scatter scatter_update searchsorted segment_max segment_min segment_prod segment_sum
  select selu separable_conv shape sigmoid sign signbit silu sin sinc sinh size slice slice_update slogdet soft_shrink
  softmax softplus softsign solve solve_triangular sort space_to_depth sparse_categorical_crossentropy sparse_plus
  sparse_sigmoid sparsemax split sqrt square squareplus squeeze stack std stft stop_gradient subtract sum svd swapaxes swish
  switch take take_along_axis tan tanh tanh_shrink tensordot threshold tile top_k trace transpose trapezoid tri tril triu
  true_divide trunc unfold unique unravel_index unstack vander var vdot vectorize vectorized_map view view_as_complex
  view_as_real vsplit vstack where while_loop zeros zeros_like image.affine_transform image.crop_images
  image.elastic_transform image.extract_patches image.extract_patches_3d image.gaussian_blur image.hsv_to_rgb
  image.map_coordinates image.pad_images image.perspective_transform image.resize image.rgb_to_grayscale image.rgb_to_hsv
  image.scale_and_translate image.sobel_edges image.ssim`);

/** Why something is missing: the first that matches. */
const reasons: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /^(associative_scan|cond|fori_loop|map|scan|switch|vectorize|vectorized_map|while_loop|jvp|custom_gradient)$/,
    "takes functions: JavaScript's own loops and conditions build the graph, and `where` chooses by value",
  ],
  [/bit|shift$|^(gcd|lcm|nextafter)$/, "works on whole numbers or their bits; float32 is the only kind of number"],
  [/^(polar|view_as.*)$/, "there are no complex numbers: transforms take and give pairs [real part, imaginary part]"],
  [/^ctc/, "a loop over time that depends on values, which the compiler has not"],
  [
    /^(cholesky|det|eig|inv|logdet|lstsq|lu_factor|matrix_rank|pinv|qr|slogdet|solve|svd)/,
    "decompositions of matrices are loops over their rows, which the compiler has not",
  ],
  [/^(convert_to_numpy|dtype|view)$/, "there is one kind of number, and plain data is an array already"],
  [/^image\.elastic/, "draws numbers of Keras' own: as the layers of augmentation, seeded, in training"],
];
const reasonFor = (name: string): string => reasons.find(([pattern]) => pattern.test(name))?.[1] ?? "not there yet";

const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/ops.json", import.meta.url), "utf8")) as {
  readonly cases: readonly { readonly op: string }[];
};

const ours = (name: string): string => name.split(".").map(camelCase).join(".");
const isThere = (name: string): boolean =>
  ours(name)
    .split(".")
    .reduce<unknown>((from, key) => (from as Record<string, unknown> | undefined)?.[key], ops) !== undefined;

/** The section on `keras.ops`. */
export function opsSection(): string {
  const there = keras.filter(isThere);
  const counts = new Map<string, number>();
  for (const { op } of cases) counts.set(op, (counts.get(op) ?? 0) + 1);
  const shown = there.map((name) => `\`${ours(name)}\`${counts.has(name) ? ` ${counts.get(name)}` : ""}`);
  const missing = new Map<string, string[]>();
  for (const name of keras.filter((one) => !isThere(one))) {
    missing.set(reasonFor(name), [...(missing.get(reasonFor(name)) ?? []), name]);
  }
  const compared = there.filter((name) => counts.has(name)).length;
  return [
    `## Functions of \`keras.ops\`: ${there.length} of ${keras.length}`,
    `As \`ops\`, for tensors and for plain data. Behind a name stands how many cases are compared with Keras; ${compared} names ` +
      "have some. The gradients of those that are composed are compared with finite differences.",
    `${shown.join(", ")}.`,
    "Missing:",
    [...missing].map(([reason, names]) => `- ${names.join(", ")}: ${reason}.`).join("\n"),
  ].join("\n\n");
}
