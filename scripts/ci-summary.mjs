// `node scripts/ci-summary.mjs FOLDER NAME…`: adds up what vitest counted in FOLDER/NAME.json. Prints what each run
// had and left out, and at last one line: `N passed, 0 failed`. A run that is missing, empty or failed is an error.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const [folder, ...names] = process.argv.slice(2);
let sum = 0;
for (const name of names) {
  const run = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: todo } = run;
  if (!run.success || failed > 0 || passed === 0) {
    console.error(`ci-summary: ${name}: ${passed} passed, ${failed} failed`);
    process.exit(1);
  }
  const left = pending + todo > 0 ? `, ${pending + todo} left out` : "";
  console.log(`${name}: ${passed} tests in ${run.numTotalTestSuites} groups${left}`);
  sum += passed;
}
console.log(`\n${sum} passed, 0 failed`);
