/** The metrics that have names: those that are public, and the accuracy that fits the output. */
export * from "./metrics.ts";
export { automaticAccuracy } from "./metrics-accuracy.ts";
