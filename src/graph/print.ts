/**
 * A graph as short, stable text: one line a tensor, the same in tests, on the command line and in the documentation.
 *
 *   %3 = convolve %0 %1 {strides=[1,1] …} : sample [28,28,16]
 */
import { type Graph, rootsOf, topological } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

const showItem = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(showItem).join(",")}]` : String(value);
const showAttribute = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : showItem(value));

export function showAttributes(t: Tensor): string {
  if (t.op.print) return t.op.print(t.attributes);
  const parts = Object.entries(t.attributes).map(([key, value]) => `${key}=${showAttribute(value)}`);
  return parts.length > 0 ? `{${parts.join(" ")}}` : "";
}

export const showKind = (t: Tensor): string => `${t.perSample ? "sample" : "shared"} [${t.shape.join(",")}]`;

export function printGraph(graph: Graph): string {
  const order = topological(rootsOf(graph));
  const name = new Map(order.map((t, i) => [t, `%${i}`]));
  const lines = order.map((t) => {
    const words = [t.op.name, ...t.inputs.map((x) => name.get(x)), showAttributes(t)].filter((w) => w !== "");
    return `${name.get(t)} = ${words.join(" ")} : ${showKind(t)}`;
  });
  for (const t of graph.outputs) lines.push(`output ${name.get(t)}`);
  for (const t of graph.totals) lines.push(`total ${name.get(t)}`);
  if (graph.guard) lines.push(`guard ${name.get(graph.guard)}`);
  for (const u of graph.updates) lines.push(`update ${u.variable.name} = ${name.get(u.value)}`);
  return `${lines.join("\n")}\n`;
}
