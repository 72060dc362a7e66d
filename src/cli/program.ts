/**
 * What all commands share: how they answer, and how wrong usage and failures show themselves.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 130 and 143 stopped by Ctrl-C and by SIGTERM.
 */
import { Command, CommanderError } from "commander";
import { RhytonError, VERSION } from "../index.ts";
import { hasColours, paint, styled } from "./colours.ts";
import { guess } from "./guess.ts";

/** The command was called wrongly in a way that only its work can find out: what is wrong, and what to do. */
export class UsageError extends Error {
  readonly fix: string;

  constructor(what: string, fix: string) {
    super(what);
    this.fix = fix;
  }
}

/** The program without its commands. */
export function makeProgram(): Command {
  return new Command("rhyton")
    .description("Keras for TypeScript, with a compiler inside: train and run networks as WebAssembly SIMD.")
    .version(VERSION, "--version", "print the version")
    .helpOption("--help", "show this help")
    .helpCommand(false)
    .option("--json", "answer in JSON: one value on standard output, also for an error")
    .option("--debug", "show where in the code an error came from")
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => styled("bold", title) })
    .configureOutput({
      getOutHasColors: () => hasColours(process.stdout),
      getErrHasColors: () => hasColours(process.stderr),
      // `report` says it.
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText("after", example("rhyton train", "rhyton doctor", "rhyton COMMAND --help"));
}

/** Adds `rhyton help`, which says it when there is no such command. */
export function addHelp(program: Command): void {
  program
    .command("help")
    .summary("show the help of a command")
    .description("Show the help of a command.")
    .argument("[command]", "its name")
    .addHelpText("after", example("rhyton help train"))
    .action((name?: string) => {
      const found = name === undefined ? program : program.commands.find((command) => command.name() === name);
      if (found === undefined) {
        throw new UsageError(
          `unknown command '${name}'`,
          guess(
            name ?? "",
            program.commands.map((c) => c.name()),
          ),
        );
      }
      found.outputHelp();
    });
}

/** The end of a help text: what could be typed. */
export const example = (...lines: readonly string[]): string =>
  `\nExample${lines.length > 1 ? "s" : ""}:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;

/** Whether `--json` was given, before or after the name of the command. */
export const wantsJson = (command: Command): boolean => command.optsWithGlobals().json === true;

/** Prints what a command found: its text, or with `--json` the value. */
export function answer(command: Command, value: unknown, text: string): void {
  process.stdout.write(wantsJson(command) ? `${JSON.stringify(value, undefined, 2)}\n` : text);
}

/** Parses the command line, runs the command and sets the exit code. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  quietPipes();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    // Commander ends like this after --help and --version, too.
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : report(error, program, argv);
  }
}

/** What is told of a failure. */
interface Failure {
  readonly code: string;
  readonly message: string;
  /** What to do, where the message does not say it. */
  readonly fix?: string;
  readonly details?: unknown;
}

/** Says what went wrong, and answers the exit code. */
function report(error: unknown, program: Command, argv: readonly string[]): number {
  const debug = program.opts().debug === true;
  const failure = failureOf(error, program, argv);
  // Without any command the help was shown.
  if (!(error instanceof CommanderError && error.code === "commander.help")) {
    const text = debug && error instanceof Error ? (error.stack ?? error.message) : failure.message;
    process.stderr.write(`${paint("red", "error:", process.stderr)} ${text}\n`);
    if (failure.fix !== undefined) process.stderr.write(`${failure.fix}\n`);
  }
  // What cannot be parsed has set no options.
  if (argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: failure }, undefined, 2)}\n`);
  return failure.code === "usage" ? 2 : 1;
}

function failureOf(error: unknown, program: Command, argv: readonly string[]): Failure {
  if (error instanceof CommanderError) return usageFailure(error, program, argv);
  if (error instanceof UsageError) return { code: "usage", message: error.message, fix: error.fix };
  if (error instanceof RhytonError) return { code: error.code, message: error.message, details: error.details };
  const message = error instanceof Error ? error.message : String(error);
  const fix = "This looks like a defect of Rhyton; run again with --debug and please report it.";
  return { code: "internal", message, fix };
}

/**
 * Commander's words, of which there are two kinds: `error: unknown option '--epoch'\n(Did you mean --epochs?)`, and for
 * values `error: option '--epochs <n>' argument '0' is invalid. Expected a whole number …`.
 */
function usageFailure(error: CommanderError, program: Command, argv: readonly string[]): Failure {
  const said =
    error.code === "commander.help"
      ? "no command was given"
      : error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  const [, what, fix] =
    /^(.*?)\.? \((Did you mean .*)\)$/.exec(said) ?? /^(.* is invalid(?: for argument '.*')?)\. (.*)$/.exec(said) ?? [];
  const command = program.commands.find((c) => argv.slice(2).find((word) => !word.startsWith("-")) === c.name());
  const path = command === undefined ? "rhyton" : `rhyton ${command.name()}`;
  const usage = `Usage: ${path} ${(command ?? program).usage()}.`;
  return { code: "usage", message: what ?? said, fix: `${fix ?? usage} See ${path} --help.` };
}

/**
 * A reader that has seen enough (`rhyton show … | head`) closes the pipe, which is no error. Without a reader of results
 * there is nothing left to do; without one of progress the work goes on. Results that cannot be written (a full disk) are a
 * failure.
 */
function quietPipes(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    process.stderr.write(
      `${paint("red", "error:", process.stderr)} standard output cannot be written: ${error.message}\n`,
    );
    process.exit(1);
  });
  process.stderr.on("error", () => {});
}
