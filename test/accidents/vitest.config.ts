import { defineConfig } from "vitest/config";

// `npm run test:accidents`: processes that are killed, disks that are full, thousands of calls. Needs Linux.
export default defineConfig({
  test: {
    include: ["test/accidents/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
