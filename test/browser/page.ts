/** What the test page offers to the test. */
import { doctor } from "../../src/doctor/doctor.ts";
import { RhytonError } from "../../src/index.ts";
import { type TrainingName, train, trainAndStop } from "./training.ts";

const page = {
  train,
  trainAndStop,
  /** The code of the error that a training gives. */
  codeOf: (name: TrainingName) =>
    train(name).then(
      () => "none",
      (error: unknown) => (error instanceof RhytonError ? `${error.code}: ${error.message}` : String(error)),
    ),
  doctor: () => doctor(),
  isolated: () => crossOriginIsolated,
};
export type Page = typeof page;

Object.assign(globalThis, { page });
