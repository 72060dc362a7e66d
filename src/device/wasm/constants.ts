/**
 * Vector constants inside loops, set once before them. V8 puts such a constant together from two 64-bit numbers wherever
 * it is used, which costs about five instructions each time; a sigmoid has eighteen. Zero costs nothing and stays.
 */
import { type Expr, type Func, type Local, local, type Statement } from "./assembler.ts";

/** `statements` with the constants of their loops in locals: exchanged in place, since nobody else has these. */
export function hoistConstants(func: Func, statements: readonly Statement[]): Statement[] {
  const locals = new Map<string, Local<"v128">>();
  const sets: Statement[] = [];
  const localOf = (e: Expr): Local<"v128"> | undefined => {
    if (e.immediate.kind !== "v128" || e.immediate.lanes.every((lane) => Object.is(lane, 0))) return undefined;
    const { shape, lanes } = e.immediate;
    const key = `${shape} ${lanes.map((lane) => (Object.is(lane, -0) ? "-0" : lane)).join()}`;
    let l = locals.get(key);
    if (l === undefined) {
      l = func.local("v128");
      locals.set(key, l);
      sets.push(local.set(l, e as Expr<"v128">));
    }
    return l;
  };
  const visit = ({ instruction, operands, immediate }: Expr, looped: boolean): void => {
    for (let k = 0; k < operands.length; k++) {
      const operand = operands[k];
      const hoisted = looped ? localOf(operand) : undefined;
      if (hoisted) (operands as Expr[])[k] = hoisted.read;
      else if (!isLeaf(operand)) visit(operand, looped);
    }
    if (immediate.kind !== "block") return;
    const inside = looped || instruction.name === "loop";
    visitAll(immediate.body, inside);
    visitAll(immediate.otherwise, inside);
  };
  const visitAll = (list: readonly Expr[], looped: boolean): void => {
    for (let k = 0; k < list.length; k++) visit(list[k], looped);
  };
  visitAll(statements, false);
  return [...sets, ...statements];
}

const isLeaf = (e: Expr): boolean => e.operands.length === 0 && e.immediate.kind !== "block";
