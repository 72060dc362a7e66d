/**
 * What is measured. A job is a network with its data; its measures are what engines do with it. `losses` are those of the
 * first training steps on the first batch as Keras 3.15 on TensorFlow has them (adam): every engine must arrive there.
 *
 * A measure: `kind` "train" or "predict", `batch`, and perhaps `steps`, how many batches one call of `fit` or `predict`
 * goes over, for engines that have such calls. Without it a measure is one call for one batch.
 */
import { layerMeasures, scalingMeasures } from "./layers.mjs";
import { big, mobilenet, operations, seed } from "./networks.mjs";

const networks = {
  seed: {
    network: seed(),
    data: "digits",
    loss: "binary_crossentropy",
    losses: [0.7205309, 0.6639429, 0.6222261],
    samples: 128 * 100,
    measures: [
      { name: "seed train", kind: "train", batch: 128, steps: 100 },
      { name: "seed predict", kind: "predict", batch: 128, steps: 100 },
      { name: "seed predict 1", kind: "predict", batch: 1 },
    ],
  },
  big: {
    network: big(),
    data: "noise",
    loss: "mean_squared_error",
    losses: [0.2024887, 0.2543071, 0.1841452],
    samples: 16,
    measures: [
      { name: "big train", kind: "train", batch: 16 },
      { name: "big predict", kind: "predict", batch: 16 },
      { name: "big predict 1", kind: "predict", batch: 1 },
    ],
  },
  mobilenet: {
    network: mobilenet(),
    data: "noise",
    samples: 8,
    measures: [
      { name: "mobilenet predict 1", kind: "predict", batch: 1 },
      { name: "mobilenet predict 8", kind: "predict", batch: 8 },
    ],
  },
};

/** The jobs that every engine is asked for, by name. */
export const networkJobs = Object.fromEntries(
  Object.entries(networks).map(([name, { measures, ...job }]) => {
    const flops = operations(job.network);
    const counted = measures.map((m) => ({ ...m, operations: flops[m.kind] * m.batch }));
    return [name, { name, ...job, measures: counted }];
  }),
);

const batches = [1, 2, 3, 5, 8, 16, 32, 64, 100, 128, 256, 512, 1000, 1024];

/** The jobs of Rhyton alone. `scaling` is in two parts: a network over growing batches, and layers. */
export const ownJobs = {
  layers: [{ name: "layers", measures: layerMeasures }],
  scaling: [
    {
      ...networkJobs.seed,
      name: "scaling batch",
      samples: batches.at(-1),
      losses: undefined,
      measures: batches.flatMap((batch) =>
        ["predict", "train"].map((kind) => ({
          name: `scaling seed ${kind} ${batch}`,
          kind,
          batch,
          operations: operations(networkJobs.seed.network)[kind] * batch,
        })),
      ),
    },
    { name: "scaling", measures: scalingMeasures },
  ],
};
