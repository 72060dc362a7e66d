/**
 * Vector constants inside loops, set once before them. V8 puts such a constant together from two 64-bit numbers wherever
 * it is used, which costs about five instructions each time; a sigmoid has eighteen. Zero costs nothing and stays.
 */
import { Expr, type Func, type Local, local, type Statement } from "./assembler.ts";

/** `statements` with the constants of their loops in locals. */
export function hoistConstants(func: Func, statements: readonly Statement[]): Statement[] {
  const locals = new Map<string, Local<"v128">>();
  const sets: Statement[] = [];
  const hoisted = (e: Expr): Expr | undefined => {
    if (e.immediate.kind !== "v128" || e.immediate.lanes.every((lane) => Object.is(lane, 0))) return undefined;
    const { shape, lanes } = e.immediate;
    const key = `${shape} ${lanes.map((lane) => (Object.is(lane, -0) ? "-0" : lane)).join()}`;
    let l = locals.get(key);
    if (l === undefined) {
      l = func.local("v128");
      locals.set(key, l);
      sets.push(local.set(l, e as Expr<"v128">));
    }
    return l.read;
  };
  const visit = (e: Expr, looped: boolean): Expr => {
    const { instruction, immediate } = e;
    const inside = looped || instruction.name === "loop";
    if (inside) {
      const read = hoisted(e);
      if (read) return read;
    }
    const operands = visitAll(e.operands, inside);
    if (immediate.kind !== "block") {
      return operands === e.operands ? e : new Expr(instruction, e.type, operands, immediate);
    }
    const body = visitAll(immediate.body, inside);
    const otherwise = visitAll(immediate.otherwise, inside);
    if (operands === e.operands && body === immediate.body && otherwise === immediate.otherwise) return e;
    return new Expr(instruction, e.type, operands, { ...immediate, body, otherwise });
  };
  /** The list itself where nothing of it changes, as in most of the code. */
  const visitAll = (list: readonly Expr[], looped: boolean): readonly Expr[] => {
    let changed: Expr[] | undefined;
    for (let k = 0; k < list.length; k++) {
      const now = visit(list[k], looped);
      if (now === list[k]) continue;
      changed ??= [...list];
      changed[k] = now;
    }
    return changed ?? list;
  };
  const body = visitAll(statements, false) as readonly Statement[];
  return [...sets, ...body];
}
