/**
 * The compiled steps of one model: each is built once and kept.
 */
import type { Device, Program } from "../device/device.ts";
import type { Compiled } from "./compile.ts";
import type { Target } from "./data.ts";
import { evaluationStep, predictionStep, type Step, type Traceable, trainingStep } from "./step.ts";

/** A compiled step and what its totals are. */
export interface Compute {
  readonly program: Program;
  readonly names: readonly string[];
}

export class Programs {
  readonly #device: Device;
  readonly #network: Traceable;
  readonly #made = new Map<string, Compute>();

  constructor(device: Device, network: Traceable) {
    this.#device = device;
    this.#network = network;
  }

  /** Training on targets of these shapes. The optimizer gets its slots here. */
  training(targets: readonly Target[], { judgements, optimizer }: Compiled): Compute {
    return this.#once(`training ${JSON.stringify(targets)}`, () =>
      trainingStep(this.#network, targets, judgements, optimizer),
    );
  }

  evaluation(targets: readonly Target[], { judgements }: Compiled): Compute {
    return this.#once(`evaluation ${JSON.stringify(targets)}`, () =>
      evaluationStep(this.#network, targets, judgements),
    );
  }

  prediction(): Compute {
    return this.#once("prediction", () => ({ graph: predictionStep(this.#network), names: [] }));
  }

  #once(key: string, make: () => Step): Compute {
    let compute = this.#made.get(key);
    if (compute === undefined) {
      const { graph, names } = make();
      compute = { program: this.#device.compile(graph), names };
      this.#made.set(key, compute);
    }
    return compute;
  }
}
