import { argumentError } from "../../core/errors.ts";
import { checkBoolean, checkOptions } from "../../layers/options.ts";
import type { Callback, Logs } from "../callbacks.ts";
import type { Model } from "../model.ts";

function swap({ optimizer }: Model, into: boolean): void {
  if (!optimizer.useEma) {
    throw argumentError({
      where: "SwapEMAWeights",
      argument: "useEma",
      value: false,
      expected: `true: the optimizer "${optimizer.name}" keeps no moving averages`,
    });
  }
  optimizer.swapAverages(into);
}

/** Puts the moving averages of an optimizer with `useEma` in the weights' place while the model is judged or asked. */
export class SwapEMAWeights implements Callback {
  readonly #onEpoch: boolean;

  /** @param options - `swapOnEpoch`: also from the end of an epoch to the next, for callbacks that save. Default false. */
  constructor(
    options: {
      /** Whether also from the end of an epoch to the next, for callbacks that save. Default false. */
      readonly swapOnEpoch?: boolean;
    } = {},
  ) {
    checkOptions("SwapEMAWeights", options, ["swapOnEpoch"]);
    this.#onEpoch = checkBoolean("SwapEMAWeights", "swapOnEpoch", options.swapOnEpoch ?? false);
  }

  onEpochBegin(_: number, __: Logs, model: Model): void {
    if (this.#onEpoch) swap(model, false);
  }

  onEpochEnd(_: number, __: Logs, model: Model): void {
    if (this.#onEpoch) swap(model, true);
  }

  onTestBegin(_: Logs, model: Model): void {
    swap(model, true);
  }

  onTestEnd(_: Logs, model: Model): void {
    swap(model, false);
  }

  onPredictBegin(_: Logs, model: Model): void {
    swap(model, true);
  }

  onPredictEnd(_: Logs, model: Model): void {
    swap(model, false);
  }
}
