/**
 * Gradients against finite differences, as JAX's `check_grads` does it.
 *
 * The inputs move along a random direction: `x + ε·v` with a step scalar ε. Then f(ε) is a number, and f′(0) by the
 * gradient pass must equal the differences of f; f″(0), by differentiating once more, those of f′. All of it runs in
 * one program on `interp("float64")`.
 */
import { expect } from "vitest";
import { sameShape } from "../../src/core/array.ts";
import { interp } from "../../src/device/interp.ts";
import { lossOf, makeOperands, type Operand } from "../../src/doctor/operands.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { add, multiply, stepScalar } from "../../src/ops/index.ts";
import { gradients } from "../../src/passes/gradient.ts";
import { compile, withSamples } from "./run.ts";

export * from "../../src/doctor/operands.ts";

export interface GradientCheck {
  readonly operands: readonly Operand[];
  readonly build: (inputs: readonly Tensor[]) => Tensor;
  readonly seed?: number;
  readonly samples?: number;
  /** 2 also checks the gradient of the gradient. */
  readonly order?: 1 | 2;
  readonly tolerance?: number;
  /** Step scalars of the subject's own. */
  readonly scalars?: readonly (readonly [Tensor, number])[];
}

export async function checkGradient(check: GradientCheck): Promise<void> {
  const { operands, build, seed = 1, samples = 3, order = 1, tolerance = 1e-7, scalars = [] } = check;
  const base = makeOperands(operands, samples, seed);
  const direction = makeOperands(
    operands.map((o) => ({ ...o, domain: "any" as const })),
    samples,
    seed + 77,
  );
  const epsilon = stepScalar("epsilon");
  const moved = base.tensors.map((x, i) => add(x, multiply(epsilon, direction.tensors[i])));
  for (const curved of [false, true]) {
    const loss = lossOf(build(moved), seed + 5, curved);
    gradients(loss, moved).forEach((g, i) => {
      expect(
        sameShape(g.shape, moved[i].shape),
        `gradient ${i} has the shape [${g.shape}] for [${moved[i].shape}]`,
      ).toBe(true);
      if (!moved[i].perSample) expect(g.perSample, `the gradient of shared input ${i} is per sample`).toBe(false);
    });
    const [slope] = gradients(loss, [epsilon]);
    const derivatives = [loss, slope, ...(order === 2 && curved ? gradients(slope, [epsilon]) : [])];
    const feeds = withSamples([...base.feeds, ...direction.feeds], samples);
    const program = compile(interp("float64"), [], { feeds, scalars: [[epsilon, 0], ...scalars] }, derivatives);
    const at = async (value: number): Promise<Float64Array> =>
      (await program([value, ...scalars.map(([, v]) => v)])).totals;
    const h = 2 ** -15;
    const [here, up, down, up2, down2] = [await at(0), await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
    for (let k = 0; k + 1 < derivatives.length; k++) {
      const numeric = (8 * (up[k] - down[k]) - (up2[k] - down2[k])) / (12 * h);
      const scale = Math.max(1, Math.abs(here[k]), Math.abs(numeric));
      const label = `derivative ${k + 1} of ${curved ? "the curved" : "the plain"} loss`;
      expect(
        Math.abs(here[k + 1] - numeric) / scale,
        `${label}: ${here[k + 1]}, differences say ${numeric}`,
      ).toBeLessThan(tolerance);
    }
  }
}
