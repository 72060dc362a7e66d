/**
 * What multiplies the channels of a convolution goes into its kernel, and what is added to them becomes one bias:
 *
 *   (conv(x, w) + b) · s + c = conv(x, w·s) + (b·s + c)
 *
 * for s and c that follow from the weights alone. So batch normalisation costs nothing at inference. For programs that
 * change no variables: there the new kernel is computed once, and nobody wants the gradient of the old one.
 */
import { sameShape } from "../core/array.ts";
import type { Pieces } from "../core/pieces.ts";
import { countReaders, type Graph, rewriting, topological, withInputs } from "../graph/graph.ts";
import { apply } from "../graph/op.ts";
import type { Tensor } from "../graph/tensor.ts";
import { convolveInputOp, convolveOp } from "../ops/convolution.ts";
import { add, negative, ops } from "../ops/elementwise.ts";
import { constantOp, fillOp, variableOp } from "../ops/leaf.ts";
import { reshape } from "../ops/movement.ts";

/** A tensor as a convolution and what is added to each of its channels. */
interface Parts {
  readonly convolution: Tensor;
  readonly shift: Tensor | undefined;
}

/** In pieces. */
export function* foldScales(graph: Graph): Pieces<Graph> {
  const readers = yield* countReaders(graph);
  const partsOf = new Map<Tensor, Parts>();
  return yield* rewriting(graph, (t, inputs) => {
    const rebuilt = withInputs(t, inputs, (xs) => apply(t.op, xs, t.attributes));
    if (canScale(rebuilt)) partsOf.set(rebuilt, { convolution: rebuilt, shift: undefined });
    const k = inputs.findIndex((x, i) => partsOf.has(x) && readers.get(t.inputs[i]) === 1);
    const now = k < 0 ? undefined : joined(rebuilt, partsOf.get(inputs[k]) as Parts, k);
    if (!now) return rebuilt;
    const { convolution, shift } = now;
    // A bias by itself stays as it is.
    const moved = convolution !== partsOf.get(inputs[k])?.convolution || shift !== rebuilt.inputs[1 - k];
    const result = moved && shift ? add(convolution, shift) : moved ? convolution : rebuilt;
    partsOf.set(result, now);
    return result;
  });
}

/** Whether every channel of a convolution has weights of its own. */
const canScale = ({ op, inputs, attributes }: Tensor): boolean =>
  (op === convolveOp || (op === convolveInputOp && attributes.groups === 1)) && fromWeights(inputs[1]);

const constants: readonly unknown[] = [variableOp, constantOp, fillOp];

/** Whether a tensor is the same in every step until somebody sets weights. */
const fromWeights = (t: Tensor): boolean =>
  !t.perSample && topological([t]).every(({ op, inputs }) => inputs.length > 0 || constants.includes(op));

/** `t`, whose operand `k` has these parts, in parts of its own; undefined when it is something else. */
function joined(t: Tensor, { convolution, shift }: Parts, k: number): Parts | undefined {
  const { op, inputs } = t;
  const fits = op === ops.add || op === ops.mul || (k === 0 && (op === ops.sub || op === ops.div));
  const other = fits ? perChannel(inputs[1 - k], convolution) : undefined;
  if (!other || !sameShape(t.shape, convolution.shape)) return undefined;
  if (op === ops.mul || op === ops.div) {
    const scaled = shift && apply(op, [shift, other], {});
    return { convolution: withKernel(convolution, (kernel, s) => apply(op, [kernel, s], {}), other), shift: scaled };
  }
  const shifted = op === ops.sub ? negative(other) : other;
  return { convolution, shift: shift ? add(shift, shifted) : shifted };
}

/** `t` as one number for each channel of `y`, or one for all; undefined when it differs elsewhere. */
function perChannel(t: Tensor, y: Tensor): Tensor | undefined {
  const [channels] = y.shape.slice(-1);
  const size = t.shape.reduce((n, m) => n * m, 1);
  const last = t.shape.at(-1) ?? 1;
  if (size !== last || (last !== 1 && last !== channels) || !fromWeights(t)) return undefined;
  return reshape(t, last === 1 ? [] : [channels]);
}

function withKernel(y: Tensor, scale: (kernel: Tensor, s: Tensor) => Tensor, s: Tensor): Tensor {
  const [x, kernel] = y.inputs;
  // A transposed convolution has the channels of its result before those of its input.
  const along = y.op === convolveInputOp && s.shape.length > 0 ? reshape(s, [s.shape[0], 1]) : s;
  return apply(y.op, [x, scale(kernel, along)], y.attributes);
}
