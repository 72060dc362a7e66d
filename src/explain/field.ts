/**
 * The receptive field, both ways: which cells of earlier tensors cells of a result depend on, and which cells of later
 * ones a cell has a say in. Found by walking the graph and asking each op.
 */
import { topological } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Cells, inside, simplified } from "./cells.ts";
import { cellsRead, cellsReading } from "./reads.ts";

/**
 * What cells of `y` depend on: for every tensor on the way to `ends` its cells.
 *
 * @param beyond - keeps positions beyond the edges of `ends`, where padding is read.
 */
export function dependsOn(
  y: Tensor,
  cells: Cells,
  ends: readonly Tensor[],
  beyond = false,
): ReadonlyMap<Tensor, Cells> {
  const onTheWay = leadingFrom(ends, [y]);
  const found = new Map<Tensor, Cells>([[y, cells]]);
  for (const t of topological([y]).reverse()) {
    const own = found.get(t);
    if (own === undefined || ends.includes(t)) continue;
    new Set(t.inputs).forEach((x) => {
      if (!onTheWay.has(x)) return;
      const read = t.inputs.flatMap((input, k) => (input === x ? cellsRead(t, own, k) : []));
      found.set(x, simplified([...(found.get(x) ?? []), ...read]));
    });
  }
  if (!beyond) for (const [t, own] of found) found.set(t, inside(own, t.shape));
  return found;
}

/** What cells of `x` have a say in: for every tensor on the way to `ends` its cells. */
export function influences(x: Tensor, cells: Cells, ends: readonly Tensor[]): ReadonlyMap<Tensor, Cells> {
  const found = new Map<Tensor, Cells>([[x, cells]]);
  for (const t of topological(ends)) {
    if (t === x) continue;
    const reading = t.inputs.flatMap((input, k) => {
      const own = found.get(input);
      return own === undefined ? [] : cellsReading(t, own, k);
    });
    if (reading.length > 0) found.set(t, simplified(reading));
  }
  return found;
}

/** The tensors that follow from one of `starts`, these included. */
function leadingFrom(starts: readonly Tensor[], ends: readonly Tensor[]): ReadonlySet<Tensor> {
  const found = new Set(starts);
  for (const t of topological(ends)) if (t.inputs.some((x) => found.has(x))) found.add(t);
  return found;
}
