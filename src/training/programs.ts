/**
 * The compiled steps of one model: each is built once for a size of the inputs, and kept as long as the network at that
 * size is.
 */
import type { NdArray } from "../core/array.ts";
import { inTurns, type Pieces } from "../core/pieces.ts";
import type { Device, Program } from "../device/device.ts";
import type { Compiled } from "./compile.ts";
import type { Report } from "./metric.ts";
import type { Target } from "./samples.ts";
import { evaluationStep, predictionStep, type Step, type Traceable, trainingStep } from "./step.ts";

/** A compiled step and what its totals are. */
export interface Compute {
  readonly program: Program;
  readonly reports: readonly Report[];
}

/** What the model is fed: its sizes say which program runs. */
export type Inputs = readonly NdArray[];

/** Which of a step's arrays are the targets and weights; nothing where an output is not judged. */
export type Targets = readonly (Target | undefined)[];

export class Programs {
  readonly #device: Device;
  readonly #seed: number;
  readonly #made = new WeakMap<Traceable, Map<string, Promise<Compute>>>();

  /** @param seed - of the randomness in the layers. */
  constructor(device: Device, seed: number) {
    this.#device = device;
    this.#seed = seed;
  }

  /** Training on targets of these shapes. The optimizer gets its slots here. */
  training(network: Traceable, targets: Targets, { judgements, optimizer }: Compiled): Promise<Compute> {
    return this.#once(network, `training ${JSON.stringify(targets)}`, () =>
      trainingStep(network, targets, judgements, optimizer, this.#seed),
    );
  }

  evaluation(network: Traceable, targets: Targets, { judgements }: Compiled): Promise<Compute> {
    return this.#once(network, `evaluation ${JSON.stringify(targets)}`, () =>
      evaluationStep(network, targets, judgements),
    );
  }

  prediction(network: Traceable): Promise<Compute> {
    return this.#once(network, "prediction", function* () {
      const graph = predictionStep(network);
      yield;
      return { graph, reports: [] };
    });
  }

  #once(network: Traceable, key: string, step: () => Pieces<Step>): Promise<Compute> {
    const made = this.#made.get(network) ?? new Map<string, Promise<Compute>>();
    this.#made.set(network, made);
    const known = made.get(key);
    if (known !== undefined) return known;
    const compute = this.#make(step());
    made.set(key, compute);
    compute.catch(() => made.delete(key));
    return compute;
  }

  async #make(step: Pieces<Step>): Promise<Compute> {
    const { graph, reports } = await inTurns(step);
    return { program: this.#device.compile(graph), reports };
  }
}
