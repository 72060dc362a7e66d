/**
 * The compiled steps of one model: each is built once and kept.
 */
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

/** Which of a step's arrays are the targets and weights; nothing where an output is not judged. */
export type Targets = readonly (Target | undefined)[];

export class Programs {
  readonly #device: Device;
  readonly #network: Traceable;
  readonly #seed: number;
  readonly #made = new Map<string, Compute>();

  /** @param seed - of the randomness in the layers. */
  constructor(device: Device, network: Traceable, seed: number) {
    this.#device = device;
    this.#network = network;
    this.#seed = seed;
  }

  /** Training on targets of these shapes. The optimizer gets its slots here. */
  training(targets: Targets, { judgements, optimizer }: Compiled): Compute {
    return this.#once(`training ${JSON.stringify(targets)}`, () =>
      trainingStep(this.#network, targets, judgements, optimizer, this.#seed),
    );
  }

  evaluation(targets: Targets, { judgements }: Compiled): Compute {
    return this.#once(`evaluation ${JSON.stringify(targets)}`, () =>
      evaluationStep(this.#network, targets, judgements),
    );
  }

  prediction(): Compute {
    return this.#once("prediction", () => ({ graph: predictionStep(this.#network), reports: [] }));
  }

  #once(key: string, make: () => Step): Compute {
    let compute = this.#made.get(key);
    if (compute === undefined) {
      const { graph, reports } = make();
      compute = { program: this.#device.compile(graph), reports };
      this.#made.set(key, compute);
    }
    return compute;
  }
}
