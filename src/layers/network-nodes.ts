/**
 * Cutting a network out of the calls that layers have noted: which runs of layers and ops lie between given inputs and
 * outputs, in Keras' order.
 */
import { showShape } from "../core/array.ts";
import { describe, networkError } from "../core/errors.ts";
import { apply } from "../graph/op.ts";
import { type OpenTensor, Tensor } from "../graph/tensor.ts";
import { enterAt, InputLayer } from "./input.ts";
import type { Layer, LayerCall } from "./layer.ts";

/** A layer, or an op that stands between layers. */
export type Operation = Layer | OpenTensor;

/** One run of an operation within a network. */
export interface NetworkNode {
  readonly operation: Operation;
  /** How many runs of the operation in this network come before (Keras' node index). */
  readonly index: number;
  /** Tensors that come from other nodes; constants and weights that an op reads are not among them. */
  readonly inputs: readonly OpenTensor[];
  readonly outputs: readonly OpenTensor[];
  /** Whether a layer got its inputs as a list. */
  readonly listed: boolean;
  /** The longest way to an output, in nodes. */
  readonly depth: number;
}

/** A node of which every size is known. */
export interface SizedNode extends NetworkNode {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** What a node is before it is known which nodes there are. */
interface Step {
  readonly operation: Operation;
  readonly call: LayerCall | undefined;
  readonly inputs: readonly OpenTensor[];
  readonly outputs: readonly OpenTensor[];
}

/** The nodes between inputs and outputs, inputs before users, and the operations, farthest from the outputs first. */
export function cutNetwork(inputs: readonly OpenTensor[], outputs: readonly OpenTensor[]) {
  checkEnds(inputs, outputs);
  const { steps, visits } = collect(inputs, outputs);
  const { nodeDepths, operationDepths } = depths(steps);
  const order = (a: Operation, b: Operation): number =>
    operationDepths.get(b)! - operationDepths.get(a)! || visits.get(a)! - visits.get(b)!;
  return { operations: [...operationDepths.keys()].sort(order), nodes: numbered(steps, nodeDepths) };
}

/**
 * Runs nodes again, for other tensors.
 *
 * @param given - what stands in the place of the inputs, and of other tensors that are known already.
 * @param run - what a layer makes of a tensor, or of a list, in the place of these outputs.
 * @returns what stands in the place of every tensor.
 */
export function rerun(
  nodes: readonly NetworkNode[],
  given: ReadonlyMap<OpenTensor, OpenTensor>,
  run: (
    layer: Layer,
    x: OpenTensor | readonly OpenTensor[],
    outputs: readonly OpenTensor[],
  ) => OpenTensor | readonly OpenTensor[],
): ReadonlyMap<OpenTensor, OpenTensor> {
  const now = new Map(given);
  for (const { operation, inputs, outputs, listed } of nodes) {
    if (outputs.every((t) => now.has(t))) continue;
    if (operation instanceof Tensor) {
      const rebuilt = operation.inputs.map((t) => now.get(t) ?? t);
      now.set(operation, apply(operation.op, rebuilt as readonly Tensor[], operation.attributes));
      continue;
    }
    const own = inputs.map((t) => now.get(t)!);
    const result = run(operation, listed ? own : own[0], outputs);
    const list = result instanceof Tensor ? [result] : result;
    outputs.forEach((t, i) => {
      if (!now.has(t)) now.set(t, list[i]);
    });
  }
  return now;
}

function checkEnds(inputs: readonly OpenTensor[], outputs: readonly OpenTensor[]): void {
  for (const [kind, list] of [
    ["input", inputs],
    ["output", outputs],
  ] as const) {
    if (list.length === 0)
      throw networkError({ problem: `the model has no ${kind}s`, fix: `Give at least one ${kind}.` });
    const wrong = list.findIndex((t) => !(t instanceof Tensor));
    if (wrong >= 0) {
      throw networkError({
        problem: `${kind} ${wrong} is ${describe(list[wrong])}, not a tensor`,
        fix: "Give what input(...) returned, and what layers returned for it.",
      });
    }
  }
  if (new Set(inputs).size < inputs.length) {
    throw networkError({ problem: "one tensor is given as an input twice", fix: "Give every input once." });
  }
  const shared = inputs.findIndex((t) => !t.perSample);
  if (shared >= 0) {
    throw networkError({
      problem: `input ${shared} does not belong to a sample: it is the same for all of them`,
      fix: "Give what input(...) returned.",
    });
  }
}

/** The steps that the outputs need, inputs before users, and when each operation was first met on the way back. */
function collect(inputs: readonly OpenTensor[], outputs: readonly OpenTensor[]) {
  const steps: Step[] = [];
  const visits = new Map<Operation, number>();
  const finished = new Set<object>();
  const inputSteps = new Map(inputs.map((t) => [t, inputStep(t)]));
  const made = new Map<object, Step>();
  const stepOf = (t: OpenTensor): Step => {
    const key = inputSteps.get(t) ?? t.origin?.call ?? t;
    let step = made.get(key);
    if (step === undefined) {
      step = inputSteps.get(t) ?? stepFor(t);
      made.set(key, step);
    }
    return step;
  };
  // An explicit stack: networks of hundreds of layers are deeper than the call stack is safe for.
  const stack: { readonly step: Step; next: number }[] = [];
  const push = (t: OpenTensor, user: Step | undefined): void => {
    const step = stepOf(t);
    if (finished.has(step)) return;
    finished.add(step);
    checkLeaf(step, t, user, inputSteps.has(t));
    if (!visits.has(step.operation)) visits.set(step.operation, visits.size);
    stack.push({ step, next: 0 });
  };
  for (const output of outputs) {
    push(output, undefined);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.step.inputs.length) push(top.step.inputs[top.next++], top.step);
      else {
        steps.push(top.step);
        stack.pop();
      }
    }
  }
  // Inputs that no output needs are kept, at the end, as Keras does.
  for (const step of inputSteps.values()) {
    if (finished.has(step)) continue;
    steps.push(step);
    visits.set(step.operation, -1);
  }
  return { steps, visits };
}

/** A tensor from within another network becomes the output of an `InputLayer` of this one. */
function inputStep(t: OpenTensor): Step {
  const call = t.origin?.call as LayerCall | undefined;
  const entry = call?.layer instanceof InputLayer ? call : enterAt(new InputLayer(t.shape), t);
  return { operation: entry.layer, call: entry, inputs: [], outputs: [t] };
}

function stepFor(t: OpenTensor): Step {
  const call = t.origin?.call as LayerCall | undefined;
  if (call) return { operation: call.layer, call, inputs: call.inputs, outputs: call.outputs };
  // Constants and weights are part of the op that reads them.
  const inputs = t.inputs.filter((x) => x.perSample || x.inputs.length > 0);
  return { operation: t, call: undefined, inputs, outputs: [t] };
}

function checkLeaf(step: Step, t: OpenTensor, user: Step | undefined, isInput: boolean): void {
  if (isInput || step.inputs.length > 0 || !t.perSample) return;
  const needs = user === undefined ? "an output is" : `${describeOperation(user.operation)} needs`;
  throw networkError({
    problem: `${needs} ${describeOperation(step.operation)}, which does not follow from the inputs of the model`,
    fix: "Add that input to the model's inputs, or build the outputs from the inputs that it has.",
  });
}

const describeOperation = (operation: Operation): string =>
  operation instanceof Tensor
    ? `the op ${operation.op.name} of shape ${showShape(operation.shape, true)}`
    : operation instanceof InputLayer
      ? `the input of shape ${showShape(operation.shape, true)} ("${operation.name}")`
      : operation.where;

/** Keras' depth of a node, the longest way to an output; a shared layer counts where it is used first. */
function depths(steps: readonly Step[]) {
  const nodeDepths = new Map<Step, number>();
  const operationDepths = new Map<Operation, number>();
  const giver = new Map<OpenTensor, Step>();
  for (const step of steps) for (const t of step.outputs) giver.set(t, step);
  for (const step of [...steps].reverse()) {
    const depth = Math.max(nodeDepths.get(step) ?? 0, operationDepths.get(step.operation) ?? 0);
    nodeDepths.set(step, depth);
    operationDepths.set(step.operation, depth);
    for (const t of step.inputs) {
      const from = giver.get(t)!;
      nodeDepths.set(from, Math.max(depth + 1, nodeDepths.get(from) ?? 0));
    }
  }
  return { nodeDepths, operationDepths };
}

function numbered(steps: readonly Step[], nodeDepths: ReadonlyMap<Step, number>): NetworkNode[] {
  const runs = new Map<Operation, Step[]>();
  for (const step of steps) runs.set(step.operation, [...(runs.get(step.operation) ?? []), step]);
  return steps.map((step) => {
    const { operation, inputs, outputs, call } = step;
    const earlier = runs.get(operation)!.filter((other) => (other.call?.index ?? 0) < (call?.index ?? 0));
    const depth = nodeDepths.get(step)!;
    return { operation, index: earlier.length, inputs, outputs, listed: call?.listed ?? false, depth };
  });
}
