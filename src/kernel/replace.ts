/** Puts other buffers in the place of some and of their aliases, throughout a lowered program; some kernels a piece. */
import { enough, type Pieces } from "../core/pieces.ts";
import { rewrite, withOperands } from "../expr/expr.ts";
import type { Buffer, Kernel, KernelExpr, Lowered } from "./kernel.ts";
import { type Load, readsOf } from "./reads.ts";

export function* replaceBuffers(lowered: Lowered, replacement: (buffer: Buffer) => Buffer): Pieces<Lowered> {
  const aliases = new Map<Buffer, Buffer>();
  const now = (buffer: Buffer): Buffer => {
    if (!buffer.aliasOf) return replacement(buffer);
    const owner = now(buffer.aliasOf);
    if (owner === buffer.aliasOf) return buffer;
    const alias = aliases.get(buffer) ?? { ...buffer, place: owner.place, aliasOf: owner };
    aliases.set(buffer, alias);
    return alias;
  };
  const inLoad = (load: Load): Load => {
    const source = now(load.source as Buffer);
    return source === load.source ? load : { ...load, source };
  };
  const inExpr = (e: KernelExpr): KernelExpr =>
    rewrite<Buffer, Buffer>(e, (node, operands) =>
      node.kind === "load" ? inLoad(node) : withOperands(node, operands),
    );
  const inKernel = (k: Kernel): Kernel => {
    const out = now(k.out);
    if (out === k.out && readsOf(k).every((b) => now(b) === b)) return k;
    switch (k.kind) {
      case "nest":
        return {
          ...k,
          out,
          value: k.value && inExpr(k.value),
          result: inExpr(k.result),
          others: k.others?.map((s) => ({ ...s, result: inExpr(s.result) })),
        };
      case "clear":
        return { ...k, out };
      case "collect":
        return { ...k, out, from: now(k.from) };
      case "route":
        return { ...k, out, x: now(k.x), y: now(k.y), dy: now(k.dy), result: inExpr(k.result) };
    }
  };
  const kernels: Kernel[] = [];
  for (const k of lowered.kernels) {
    kernels.push(inKernel(k));
    if (enough()) yield;
  }
  yield;
  return {
    kernels,
    inputs: lowered.inputs.map(now),
    outputs: lowered.outputs.map(now),
    totals: lowered.totals.map(now),
    guard: lowered.guard && now(lowered.guard),
    updates: lowered.updates.map((u) => ({ variable: u.variable, from: now(u.from), to: now(u.to) })),
    variables: lowered.variables,
    bufferOf: new Map([...lowered.bufferOf].map(([t, b]) => [t, now(b)])),
  };
}
