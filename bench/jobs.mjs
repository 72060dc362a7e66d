/** What is measured: jobs, and the engines that have a file for them in engines/. */
export const jobs = {
  seed: { measures: ["seed train", "seed predict", "seed predict 1"], engines: ["rhyton"] },
};
