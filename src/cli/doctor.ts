/** `rhyton doctor`: what this machine offers, what is missing, and whether every op gives the right numbers on it. */
import type { Command } from "commander";
import { type Diagnosis, doctor, type Finding } from "../doctor/doctor.ts";
import { paint } from "./colours.ts";
import { answer, example } from "./program.ts";

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("examine this machine and test every op on it")
    .description(
      "Say what this machine offers to training, what each missing thing costs and how to get it; and test every op on " +
        "it, forward and gradient, against its plain definition. Ends with 1 when an op gives wrong numbers.",
    )
    .addHelpText(
      "after",
      '\nIn a browser: import { doctor } from "rhyton/doctor"; console.log(await doctor()).\n' +
        example("rhyton doctor", "rhyton doctor --json > report.json"),
    )
    .action(async (_: object, command: Command) => {
      const bar = new Bar();
      const diagnosis = await doctor({ onProgress: (done, all) => bar.show(done, all) }).finally(() => bar.clear());
      answer(command, diagnosis, textOf(diagnosis));
      if (!diagnosis.healthy) process.exitCode = 1;
    });
}

/** How far the self-test is: on a terminal only, and gone when it is done. */
class Bar {
  #shown = false;

  show(done: number, all: number): void {
    if (!process.stderr.isTTY) return;
    this.#shown = true;
    process.stderr.write(`\rTesting every op: ${done} of ${all} cases`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write(`\r${" ".repeat(60)}\r`);
  }
}

const mark = (good: boolean): string => (good ? paint("green", "✓") : paint("yellow", "–"));

const findingText = ({ name, found, good, costs, remedy }: Finding): string =>
  [`${mark(good)} ${name.padEnd(14)} ${found}`, costs, remedy]
    .filter((line) => line !== undefined)
    .map((line, i) => (i === 0 ? `${line}\n` : `${" ".repeat(17)}${line}\n`))
    .join("");

function textOf({ version, healthy, findings, selfTest, threads }: Diagnosis): string {
  const { ops, cases, compared, disagreements, seconds } = selfTest;
  const failure = paint("red", "✗");
  const wrong = disagreements.map(
    (d) =>
      `${failure} ${d.case}: ${d.what}${Number.isFinite(d.difference) ? ` differs by ${d.difference.toExponential(1)}` : ""}\n`,
  );
  const agrees = `${ops} ops in ${cases} cases, values and gradients: ${compared} arrays agree with the plain definition`;
  const tested =
    disagreements.length === 0
      ? `${mark(true)} ${"self-test".padEnd(14)} ${agrees} (${seconds.toFixed(1)} s)\n`
      : `${failure} ${"self-test".padEnd(14)} ${disagreements.length} of ${compared} arrays are wrong:\n${wrong.join("")}`;
  const together =
    threads.count === 1
      ? ""
      : threads.same
        ? `${mark(true)} ${"".padEnd(14)} training on ${threads.count} threads leaves the bits of one thread\n`
        : `${failure} ${"".padEnd(14)} training on ${threads.count} threads: ${threads.error ?? "other bits than on one"}\n`;
  const end = healthy
    ? "This machine is fit for training.\n"
    : "Do not trust results of this machine. Please report this: rhyton doctor --json.\n";
  return `Rhyton ${version}\n\n${findings.map(findingText).join("")}${tested}${together}\n${end}`;
}
