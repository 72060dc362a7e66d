/** Which buffers a kernel reads. */
import { operandsOf, visitExpr } from "../expr/expr.ts";
import type { Buffer, Kernel, KernelExpr } from "./kernel.ts";

export type Load = Extract<KernelExpr, { kind: "load" }>;

/** All loads of an expression, each node once. */
export function loadsOf(...expressions: (KernelExpr | undefined)[]): Load[] {
  const loads: Load[] = [];
  const seen = new Set<KernelExpr>();
  for (const e of expressions) {
    if (e) {
      visitExpr(
        e,
        (node) => {
          if (node.kind === "load") loads.push(node as Load);
        },
        seen,
      );
    }
  }
  return loads;
}

const sourcesOf = (...expressions: (KernelExpr | undefined)[]): Buffer[] =>
  loadsOf(...expressions).map((load) => load.source as Buffer);

/** Every pass asks this of every kernel, and kernels never change. */
const known = new WeakMap<Kernel, readonly Buffer[]>();

/** The buffers that a kernel reads, each once, its own accumulation aside. */
export function readsOf(kernel: Kernel): readonly Buffer[] {
  let reads = known.get(kernel);
  if (reads === undefined) {
    reads = [...new Set(readsIn(kernel))];
    known.set(kernel, reads);
  }
  return reads;
}

function readsIn(kernel: Kernel): Buffer[] {
  switch (kernel.kind) {
    case "nest":
      return sourcesOf(kernel.value, kernel.result);
    case "clear":
      return [];
    case "collect":
      return [kernel.from];
    case "route":
      return [kernel.x, kernel.y, kernel.dy, ...sourcesOf(kernel.result)];
  }
}

/** Arithmetic that several terms of an expression use. */
export function sharedNodes(...expressions: (KernelExpr | undefined)[]): Set<KernelExpr> {
  const seen = new Set<KernelExpr>();
  const shared = new Set<KernelExpr>();
  const visit = (e: KernelExpr): void => {
    const operands = operandsOf(e);
    if (operands.length === 0) return;
    if (seen.has(e)) {
      shared.add(e);
      return;
    }
    seen.add(e);
    operands.forEach(visit);
  };
  for (const e of expressions) if (e) visit(e);
  return shared;
}
