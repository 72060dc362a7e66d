import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Tests in a real Chromium: `npm run test:browser`. They fail where there is none.
export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    fileParallelism: false,
  },
});
