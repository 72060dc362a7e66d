/** Graphs around ops: leaves with values, and one call that runs any tensors on any device. */
export * from "../../src/doctor/run.ts";
