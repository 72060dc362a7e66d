import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // These need Python, a browser or time: `npm run test:keras`, `test:browser` and `test:accidents`.
    exclude: ["test/keras/**", "test/browser/**", "test/accidents/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
