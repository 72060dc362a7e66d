/** Kernels as short, stable text. */
import { type Affine, type Loop, visitExpr } from "../expr/expr.ts";
import type { Buffer, Kernel, KernelExpr, Lowered, Store } from "./kernel.ts";
import { sharedNodes, storesOf } from "./reads.ts";
import { planStages } from "./stages.ts";

function showAffine(a: Affine): string {
  const parts = a.terms.map(([loop, c]) => (c === 1 ? loop.name : c === -1 ? `-${loop.name}` : `${c}${loop.name}`));
  if (a.offset !== 0 || parts.length === 0) parts.push(String(a.offset));
  return parts.join("+").replaceAll("+-", "-");
}

const showIndex = (index: readonly Affine[]): string => `[${index.map(showAffine).join(",")}]`;
const showLoops = (loops: readonly Loop[]): string => loops.map((l) => `${l.name}<${l.size}`).join(" ");
const symbols: Record<string, string> = { add: "+", sub: "-", mul: "*", div: "/", gt: ">", ge: ">=", eq: "==" };

/** The text of terms; `named` are shown by their names. */
function shower(named: ReadonlyMap<KernelExpr, string>) {
  const whole = (e: KernelExpr): string => {
    switch (e.kind) {
      case "const":
        return String(e.value);
      case "reduced":
        return "reduced";
      case "load":
        return `${(e.source as Buffer).name}${showIndex(e.index)}${e.outside === "skip" ? "?" : ""}`;
      case "unary":
        return `${e.name}(${show(e.x)})`;
      case "binary": {
        const [a, b, symbol] = [show(e.a), show(e.b), symbols[e.name]];
        return symbol ? `(${a} ${symbol} ${b})` : `${e.name}(${a}, ${b})`;
      }
      case "gather":
        return `${((e.from as { source?: Buffer }).source as Buffer).name}[at ${show(e.cell)}]`;
      case "random":
        return `random(${e.key.join(",")}; ${show(e.step)}, ${show(e.sample)}, ${show(e.cell)})`;
      case "select":
        return `(${show(e.condition)} ? ${show(e.yes)} : ${show(e.no)})`;
    }
  };
  const show = (e: KernelExpr): string => named.get(e) ?? whole(e);
  return { show, whole };
}

/** Terms, each after what it is assigned to; what they use several times comes first, under names. */
function showTerms(...terms: readonly (readonly [to: string, e: KernelExpr])[]): string {
  const all = terms.map(([, e]) => e);
  const shared = sharedNodes(...all);
  const named = new Map<KernelExpr, string>();
  const { show, whole } = shower(named);
  const lines: string[] = [];
  const seen = new Set<KernelExpr>();
  const name = (node: KernelExpr): void => {
    if (!shared.has(node)) return;
    const text = whole(node);
    named.set(node, `t${named.size}`);
    lines.push(`${named.get(node)} = ${text}; `);
  };
  for (const e of all) visitExpr(e, (node) => name(node as KernelExpr), seen);
  return `${lines.join("")}${terms.map(([to, e]) => `${to}${show(e)}`).join("; ")}`;
}

/** A term by itself. */
function showExpr(e: KernelExpr): string {
  const text = showTerms(["", e]);
  return text.includes("; ") ? `(${text})` : text;
}

function showKernel(k: Kernel): string {
  switch (k.kind) {
    case "nest": {
      const value = k.value ? ` reduced = ${k.combine}{${showLoops(k.reduce)}} ${showExpr(k.value)};` : "";
      const to = ({ index }: Store) => `${k.out.name}${showIndex(index)} ${k.accumulate ? "+=" : "="} `;
      if (!k.others) return `for ${showLoops(k.loops)}:${value} ${to(k)}${showExpr(k.result)}`;
      return `for ${showLoops(k.loops)}: ${showTerms(...storesOf(k).map((s) => [to(s), s.result] as const))}`;
    }
    case "clear":
      return `${k.out.name} = 0`;
    case "collect":
      return `${k.out.name} = sum of ${k.from.name} over shards`;
    case "route": {
      const windows = k.windows.map((w) => `${w.output}x${w.kernel}/${w.stride}-${w.before}`).join(" ");
      return `route ${windows}: reduced = ${k.dy.name} where ${k.x.name} is the first ${k.y.name}; ${k.out.name}[${k.cell.map((l) => l.name).join(",")}] = ${showExpr(k.result)}`;
    }
  }
}

export function printKernels(lowered: Lowered): string {
  const lines: string[] = [];
  planStages(lowered).forEach((stage, i) => {
    lines.push(`stage ${i}: ${stage.commit ? "update" : stage.perSample ? "every sample" : "once"}`);
    stage.levels.forEach((level, n) => {
      if (n > 0) lines.push("  wait");
      for (const k of level) lines.push(`  ${showKernel(k)}`);
    });
  });
  return `${lines.join("\n")}\n`;
}
