/** Loops as the emitter sees them: neighbours merged where every address moves evenly, counts split into groups. */
import type { Loop } from "../../expr/expr.ts";
import type { Access } from "./access.ts";
import { brIf, type Func, i32, type Local, local, loop as repeat, type Statement } from "./assembler.ts";

export interface MergedLoops {
  /** Outermost first; loops of one iteration are gone. */
  readonly loops: readonly Loop[];
  /** The merged loop that contains a loop. */
  partOf(loop: Loop): Loop | undefined;
  /** The innermost loop of each merged one: its neighbours lie as those of the merged loop do. */
  readonly innermost: ReadonlyMap<Loop, Loop>;
}

/**
 * Merges each loop with the next where, for all accesses, the outer one's stride is the length of the inner one.
 *
 * @param apart - a loop that stays on its own.
 */
export function mergeLoops(loops: readonly Loop[], accesses: readonly Access[], apart?: Loop): MergedLoops {
  const groups: { merged: Loop; parts: Loop[]; innermost: Loop }[] = [];
  for (const l of loops) {
    if (l.size === 1) continue;
    const last = groups[groups.length - 1];
    const alone = apart !== undefined && (l === apart || last?.innermost === apart);
    if (last && !alone && accesses.every((a) => a.strideOf(last.innermost) === a.strideOf(l) * l.size)) {
      last.merged = { name: `${last.merged.name}${l.name}`, size: last.merged.size * l.size };
      last.parts.push(l);
      last.innermost = l;
    } else groups.push({ merged: l, parts: [l], innermost: l });
  }
  return {
    loops: groups.map((g) => g.merged),
    partOf: (l) => groups.find((g) => g.parts.includes(l))?.merged,
    innermost: new Map(groups.map((g) => [g.merged, g.innermost])),
  };
}

/** So many as `count` groups of `size` and a rest. */
export interface Groups {
  readonly size: number;
  readonly count: number;
  readonly rest: number;
}

export const groupsOf = (total: number, size: number): Groups => ({
  size,
  count: Math.floor(total / size),
  rest: total % size,
});

/** `total` as nearly equal groups, as few as there can be of at most `size`; the largest first. */
export function balancedGroups(total: number, size: number): number[] {
  const parts = Math.ceil(total / size);
  const bound = (k: number): number => Math.floor((k * total) / parts);
  return Array.from({ length: parts }, (_, k) => bound(k + 1) - bound(k)).sort((a, b) => b - a);
}

export const bump = (pointer: Local<"i32">, bytes: number): Statement[] =>
  bytes === 0 ? [] : [local.set(pointer, i32.add(pointer, bytes))];

/** `body`, `n` times over (n ≥ 1). */
export function countedLoop(func: Func, n: number | Local<"i32">, body: readonly Statement[]): Statement[] {
  if (n === 1) return [...body];
  const counter = func.local("i32");
  return [local.set(counter, n), repeat((again) => [...body, brIf(again, local.tee(counter, i32.sub(counter, 1)))])];
}
