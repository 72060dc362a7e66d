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
    const { instruction, operands, immediate } = e;
    const inside = looped || instruction.name === "loop";
    if (inside) {
      const read = hoisted(e);
      if (read) return read;
    }
    const changed = operands.map((x) => visit(x, inside));
    if (immediate.kind === "block") {
      const within = (body: readonly Expr[]) => body.map((x) => visit(x, inside));
      const now = { ...immediate, body: within(immediate.body), otherwise: within(immediate.otherwise) };
      return new Expr(instruction, e.type, changed, now);
    }
    return changed.some((x, i) => x !== operands[i]) ? new Expr(instruction, e.type, changed, immediate) : e;
  };
  const body = statements.map((s) => visit(s, false) as Statement);
  return [...sets, ...body];
}
