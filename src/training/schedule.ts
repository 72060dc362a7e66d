/** What a schedule is, for optimizers; `schedules.ts` has those of Keras. */
import { isRecord, type Serialized } from "../layers/options.ts";

/** A learning rate that changes with the iterations. */
export interface Schedule {
  /** The name of its class in Keras. */
  readonly className: string;
  /** The arguments in Keras' keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The learning rate of the iteration, counted from 0. */
  at(iteration: number): number;
}

export const isSchedule = (value: unknown): value is Schedule => isRecord(value) && typeof value.at === "function";

/** As it stands in a file. */
export const scheduleConfig = ({ className, config }: Schedule): Serialized => ({
  module: "keras.optimizers.schedules",
  class_name: className,
  config,
  registered_name: null,
});
