import { defineConfig } from "vitest/config";

/** Tests that run beside each other, after those of lower groups have ended. */
const group = (groupOrder: number, include: readonly string[], exclude: readonly string[] = []) => ({
  test: {
    ...{ name: `accidents ${groupOrder}`, include: [...include], exclude: [...exclude] },
    ...{ testTimeout: 600_000, hookTimeout: 120_000, pool: "forks" as const, maxWorkers: 2 },
    sequence: { groupOrder },
  },
});

const alone = ["test/accidents/timer.test.ts"];

// `npm run test:accidents`: processes that are killed, disks that are full, thousands of calls. Needs Linux. What is
// measured in time runs alone.
export default defineConfig({
  test: { projects: [group(0, alone), group(1, ["test/accidents/**/*.test.ts"], alone)] },
});
