/** Which buffers a kernel reads. */
import { operandsOf, visitExpr } from "../expr/expr.ts";
import type { Buffer, Kernel, KernelExpr, NestKernel, Store } from "./kernel.ts";

export type Load = Extract<KernelExpr, { kind: "load" }>;

/** A class whose constructor answers the object that it is given, so that a class made from it adds its fields to that. */
const Given = class {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: it is what this class is for
    return object;
  }
};

/**
 * Every pass asks the same of every kernel, and neither kernels nor their terms ever change. Answers are private fields
 * of what was asked about, which must not be frozen: of single collections of garbage, V8 spent up to 10 ms on the many
 * entries of weak maps.
 */
export function remembered<K extends object, V>(find: (key: K) => V): (key: K) => V {
  class Answered extends Given {
    readonly #answer: V;

    constructor(key: K, answer: V) {
      super(key);
      this.#answer = answer;
    }

    static of(key: K): V {
      return #answer in key ? (key as unknown as Answered).#answer : (new Answered(key, find(key)) as Answered).#answer;
    }
  }
  return Answered.of;
}

const loadsIn = remembered((e: KernelExpr): readonly Load[] => {
  const loads: Load[] = [];
  visitExpr(e, (node) => {
    if (node.kind === "load") loads.push(node as Load);
  });
  return loads;
});

/** All loads of expressions, each node once. */
export function loadsOf(...expressions: (KernelExpr | undefined)[]): readonly Load[] {
  const given = expressions.filter((e) => e !== undefined);
  return given.length === 1 ? loadsIn(given[0]) : [...new Set(given.flatMap(loadsIn))];
}

const sourcesOf = (...expressions: (KernelExpr | undefined)[]): Buffer[] =>
  loadsOf(...expressions).map((load) => load.source as Buffer);

/** All results of a nest. */
export const storesOf = (kernel: NestKernel): readonly Store[] => [kernel, ...(kernel.others ?? [])];

/** The buffers that a kernel reads, each once, its own accumulation aside. */
export const readsOf = remembered((kernel: Kernel): readonly Buffer[] => [...new Set(readsIn(kernel))]);

function readsIn(kernel: Kernel): Buffer[] {
  switch (kernel.kind) {
    case "nest":
      return sourcesOf(kernel.value, ...storesOf(kernel).map((s) => s.result));
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
