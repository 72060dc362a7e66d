/** How files name a layer, and how it is made from what they hold of it. */
import type { Layer } from "./layer.ts";
import { type Config, readConfig } from "./options.ts";

/** How a layer is made from what `getConfig` gave. */
export interface LayerRecord {
  /** @throws RhytonError when the config asks for something that Rhyton has not, naming layer and key. */
  readonly fromConfig: (config: Config) => Layer;
}

/** A record that says what it takes. */
export interface ArgumentsRecord extends LayerRecord {
  /** The names of the constructor's arguments and options. */
  readonly known: readonly string[];
}

/** A record under the name of its class in Keras. */
export type NamedRecord = readonly [className: string, record: ArgumentsRecord];

/**
 * The record of a class, from the names of its arguments (in camelCase) and what makes a layer from those that a config
 * holds.
 */
export const recordOf = (
  className: string,
  known: readonly string[],
  make: (given: Record<string, unknown>) => Layer,
): NamedRecord => [className, { known, fromConfig: (config) => make(readConfig(className, config, known)) }];
