/** What to change where an output and its target differ in size. */
import { advised } from "../core/errors.ts";
import { mirrorAdvice, mirrorWords } from "../layers/mirror.ts";
import { layerNameIn, runsOf } from "../layers/network-runs.ts";
import type { SizedNetwork } from "../layers/sized-network.ts";
import type { WrongTarget } from "./step.ts";

/** The error about a wrong target, with advice where layers can be changed so that the sizes meet. */
export function advisedOf({ network, inputs }: SizedNetwork, { output, shape, error }: WrongTarget): unknown {
  const { runs, outputs } = runsOf(
    network,
    inputs.map((input) => input.shape),
  );
  const mirror = mirrorAdvice(runs, outputs[output], shape);
  return mirror === undefined ? error : advised(error, `${mirrorWords(mirror, layerNameIn(runs))}.`);
}
