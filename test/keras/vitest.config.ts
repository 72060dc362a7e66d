import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Tests that start Python: one file at a time, each call may take seconds to import TensorFlow.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/keras/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: "forks",
    fileParallelism: false,
  },
});
