/** Loaded into a process by NODE_OPTIONS: at its end it writes the most memory that it had to a file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isMainThread } from "node:worker_threads";

const folder = process.env.RHYTON_BENCH_MEMORY;
if (isMainThread && folder) {
  process.once("exit", () => {
    const about = { script: process.argv[1] ?? "", peak: process.resourceUsage().maxRSS * 1024 };
    writeFileSync(join(folder, `memory-${process.pid}.json`), JSON.stringify(about));
  });
}
