/** For tests of layers. */
import { type Config, isRecord } from "./options.ts";

/** Keys that later versions of Keras 3 write and earlier ones refuse; we leave them out. */
const late = new Set(["input_axes", "output_axes", "quantization_config", "ragged", "optional"]);

/** What Keras saved as an early version of it would have saved it. */
export const early = (value: unknown): unknown =>
  isRecord(value)
    ? Object.fromEntries(Object.entries(value as Config).flatMap(([k, v]) => (late.has(k) ? [] : [[k, early(v)]])))
    : Array.isArray(value)
      ? value.map(early)
      : value;
